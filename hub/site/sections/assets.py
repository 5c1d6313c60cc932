"""`assets:`, things that go out and come back, by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from hub.config import Wrong, YamlPath, mapping, name, one_of, suggest, text
from hub.config.forms import form
from hub.custody import AssetSpec
from hub.model.states import Size, Thermal
from hub.site.sections.reading import Reading
from hub.site.specs import BankSpec, CompartmentSpec


@form({"type": "string", "pattern": "^[^/]+/[^/]+$"})
def _place(value: Any) -> tuple[str, str]:
    bank, slash, compartment = text(value).partition("/")
    if not (slash and bank and compartment) or "/" in compartment:
        raise Wrong(f"'{value}' is no place", "write BANK/COMPARTMENT, for example: main/A1")
    return bank, compartment


ASSET = mapping({
    vol.Required("kind", description="add: kind: drill  (a word for all that can stand in for each other)"):
        name,
    vol.Optional("name"): text,
    vol.Required("size", description=f"add: size: M  (one of {', '.join(Size)})"): one_of(Size, "size"),
    vol.Optional("thermal"): one_of(Thermal, "thermal class"),
    vol.Optional("code"): text,
    vol.Optional("at"): _place,
})


def read_assets(reading: Reading, banks: Mapping[str, BankSpec]) -> dict[str, AssetSpec]:
    """Every asset that is right; a code belongs to one asset, and so does the compartment that it lies in."""
    assets: dict[str, AssetSpec] = {}
    codes: dict[str, str] = {}
    places: dict[tuple[str, str], str] = {}
    for key, path in reading.entries("assets"):
        good = reading.check(ASSET, path)
        if good is None:
            continue
        size = Size(good["size"])
        thermal = Thermal(good["thermal"]) if "thermal" in good else None
        code = good.get("code")
        if code is not None:
            _check_once(reading, codes, code, f"code {code}", key, (*path, "code"))
        bank, place = good.get("at", (None, None))
        if bank is not None and _is_place(reading, bank, place, (*path, "at")):
            _check_once(reading, places, (bank, place), f"{bank}/{place}", key, (*path, "at"))
            if bank in banks:
                _check_fit(reading, banks[bank], place, size, thermal, (*path, "at"))
        assets[key] = AssetSpec(key, good["kind"], good.get("name", key), size, thermal, code, bank, place)
    return assets


def _check_once(
    reading: Reading, held: dict[Any, str], what: Any, said: str, key: str, path: YamlPath
) -> None:
    first = held.setdefault(what, key)
    if first != key:
        message = f"{said} already belongs to '{first}' ({reading.place(('assets', first))})"
        reading.bad(path, message, "give each asset its own")


def _is_place(reading: Reading, bank: str, place: str, path: YamlPath) -> bool:
    if not reading.refers("banks", "bank", bank, path):
        return False
    known = reading.document.at(("banks", bank, "compartments"))
    if not isinstance(known, dict):
        return False
    names = [str(key) for key in known]
    if place not in names:
        reading.bad(path, f"unknown compartment '{bank}/{place}'", suggest(place, names))
        return False
    return True


def _check_fit(
    reading: Reading, bank: BankSpec, place: str, size: Size, thermal: Thermal | None, path: YamlPath
) -> None:
    found: CompartmentSpec | None = next((c for c in bank.compartments if c.name == place), None)
    if found is None:
        return
    if found.product is not None:
        message = f"{bank.name}/{place} stocks '{found.product}'"
        reading.bad(path, message, "put the asset into a compartment without a product")
    elif found.size.rank < size.rank:
        message = f"it is of size {size}, {bank.name}/{place} of {found.size}"
        reading.bad(path, message, "put it into a larger compartment")
    elif thermal is not None and found.thermal is not thermal:
        message = f"it needs {thermal}, {bank.name} is {found.thermal}"
        reading.bad(path, message, "put it into another bank")
