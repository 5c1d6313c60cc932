"""`banks:` and `terminals:`."""

from __future__ import annotations

from typing import Any

import voluptuous as vol

from hub.config import Wrong, YamlPath, flag, mapping, name, one_of, text, whole
from hub.config.forms import form
from hub.config.schema import kind_of
from hub.model.states import Size, Thermal
from hub.site.sections.machines import check_product, refers_to_bank
from hub.site.sections.reading import Reading
from hub.site.sections.thermal import read_limits
from hub.site.specs import BankSpec, CompartmentSpec, DeviceSpec, ProductSpec, TerminalSpec

_CLASSES = ", ".join(Thermal)
READERS = ("CodeReader", "TagReader", "Keypad")


@form({"type": "string", "pattern": "^[^/]+/[^/]+$"})
def _door(value: Any) -> tuple[str, str]:
    device, slash, door = text(value).partition("/")
    if not (slash and device and door) or "/" in door:
        raise Wrong(f"'{value}' is no door", "write DEVICE/DOOR, for example: locks_a/1")
    return device, door


def _names(what: str) -> Any:
    @form({"type": "array", "minItems": 1, "items": {"type": "string"}})
    def validate(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise Wrong(f"expected a list of {what}s, found {kind_of(value)}", "write it in brackets: [a, b]")
        if not value:
            raise Wrong(f"expected at least one {what}, found an empty list", f"name the {what}s: [a, b]")
        return tuple(vol.Schema([text])(value))

    return validate


BANK = mapping({
    vol.Required("thermal", description=f"add: thermal: ...  (one of {_CLASSES}; there is no default)"):
        one_of(Thermal, "thermal class"),
    vol.Optional("thermometer"): text,
    vol.Optional("thermal_limits"): object,
    vol.Required("compartments", description="add: compartments: {A1: {door: locks/1, size: M}}"): dict,
})
COMPARTMENT = mapping({
    vol.Required("door", description="add: door: DEVICE/DOOR"): _door,
    vol.Required("size", description=f"add: size: M  (one of {', '.join(Size)})"): one_of(Size, "size"),
    vol.Optional("low", default=False): flag,
    vol.Optional("product"): text,
    vol.Optional("stock", default=0): whole(0, 10_000),
})
TERMINAL = mapping({
    vol.Required("readers", description="add: readers: [DEVICE]  (a code reader, tag reader or keypad)"):
        _names("reader"),
    vol.Optional("payment"): text,
    vol.Optional("age_verifier"): text,
    vol.Required("banks", description="add: banks: [BANK]"): _names("bank"),
})


def read_banks(
    reading: Reading, devices: dict[str, DeviceSpec], products: dict[str, ProductSpec]
) -> dict[str, BankSpec]:
    """Every bank whose own keys are right, with its compartments; a door serves one compartment."""
    banks: dict[str, BankSpec] = {}
    doors: dict[tuple[str, str], YamlPath] = {}
    for key, path in reading.entries("banks"):
        good = reading.check(BANK, path)
        raw = reading.document.at(path)
        given = raw.get("thermal") if isinstance(raw, dict) else None
        thermal = Thermal(given) if given in tuple(Thermal) else None
        found = _compartments(reading, key, thermal, path, devices, products, doors)
        thermometer = raw.get("thermometer") if isinstance(raw, dict) else None
        if isinstance(thermometer, str):
            where = (*path, "thermometer")
            reading.refers_to_device(thermometer, ("Thermometer",), where, "a thermometer")
        if good is not None and thermal is not None:
            limits = read_limits(reading, path, thermal, good.get("thermometer"))
            reading.watched[key] = limits is not None
            banks[key] = BankSpec(key, thermal, tuple(found), good.get("thermometer"), limits)
    return banks


def _compartments(
    reading: Reading, bank: str, thermal: Thermal | None, path: YamlPath, devices: dict[str, DeviceSpec],
    products: dict[str, ProductSpec], doors: dict[tuple[str, str], YamlPath],
) -> list[CompartmentSpec]:
    where = (*path, "compartments")
    raw = reading.document.at(where)
    if isinstance(raw, dict) and not raw:
        reading.bad(where, "a bank without compartments", "add: {A1: {door: locks/1, size: M}}")
    found: list[CompartmentSpec] = []
    for key in raw if isinstance(raw, dict) else ():
        place = (*where, key)
        try:
            name(str(key))
        except vol.Invalid as error:
            reading.bad(place, error.msg, getattr(error, "mend", ""), at_key=True)
        good = reading.check(COMPARTMENT, place)
        if good is None:
            continue
        device, door = good["door"]
        _check_door(reading, (*place, "door"), device, door, devices, doors)
        size, sku = Size(good["size"]), good.get("product")
        if sku is not None:
            check_product(reading, (*place, "product"), sku, size, thermal, products)
        elif good["stock"]:
            reading.bad((*place, "stock"), "a stock of nothing", "add: product: ...", at_key=True)
        if thermal is not None:
            found.append(CompartmentSpec(
                bank, str(key), device, door, size, thermal, good["low"], sku, good["stock"]
            ))
    return found


def _check_door(
    reading: Reading, path: YamlPath, device: str, door: str, devices: dict[str, DeviceSpec],
    doors: dict[tuple[str, str], YamlPath],
) -> None:
    if not reading.refers_to_device(device, ("LockBank",), path, "a lock"):
        return
    first = doors.setdefault((device, door), path)
    if first != path:
        message = f"door {device}/{door} already belongs to {first[1]}/{first[3]} ({reading.place(first)})"
        reading.bad(path, message, "give each compartment its own door")
    spec = devices.get(device)
    count = (spec.profile or {}).get("doors") if spec is not None else None
    if isinstance(count, int) and door not in {str(number) for number in range(1, count + 1)}:
        reading.bad(path, f"device '{device}' has no door '{door}'", f"its doors are 1 to {count}")


def read_terminals(reading: Reading) -> dict[str, TerminalSpec]:
    """Every terminal that is right; what it names must exist and be able."""
    terminals: dict[str, TerminalSpec] = {}
    for key, path in reading.entries("terminals"):
        good = reading.check(TERMINAL, path)
        if good is None:
            continue
        for index, reader in enumerate(good["readers"]):
            reading.refers_to_device(reader, READERS, (*path, "readers", index), "a reader")
        for index, bank in enumerate(good["banks"]):
            refers_to_bank(reading, bank, (*path, "banks", index))
        payment = good.get("payment")
        if payment is not None:
            able = ("CashlessReader", "CashAcceptor")
            reading.refers_to_device(payment, able, (*path, "payment"), "the payment device")
        verifier = good.get("age_verifier")
        if verifier is not None:
            where = (*path, "age_verifier")
            reading.refers_to_device(verifier, ("AgeVerifier",), where, "an age verifier")
        terminals[key] = TerminalSpec(key, good["readers"], good["banks"], payment, verifier)
    return terminals
