"""`machines:`, each a dispenser with slots. To the rest of the hub a machine is a bank of slots."""

from __future__ import annotations

from typing import Any

import voluptuous as vol

from hub.config import YamlPath, mapping, name, one_of, suggest, text, whole
from hub.model.states import Size, Thermal
from hub.site.sections.reading import Reading
from hub.site.specs import BankSpec, CompartmentSpec, ProductSpec

_CLASSES = ", ".join(Thermal)
MACHINE = mapping({
    vol.Required("thermal", description=f"add: thermal: ...  (one of {_CLASSES}; there is no default)"):
        one_of(Thermal, "thermal class"),
    vol.Required("device", description="add: device: DEVICE  (a dispenser)"): text,
    vol.Optional("thermometer"): text,
    vol.Required("slots", description="add: slots: {S1: {motor: '1', size: S, product: SKU}}"): dict,
})
SLOT = mapping({
    vol.Required("motor", description="add: motor: '1'  (what the board fires)"): text,
    vol.Required("size", description=f"add: size: S  (one of {', '.join(Size)})"): one_of(Size, "size"),
    vol.Required("product", description="add: product: SKU"): text,
    vol.Optional("stock", default=0): whole(0, 10_000),
})


def read_machines(reading: Reading, products: dict[str, ProductSpec]) -> dict[str, BankSpec]:
    """Every machine that is right, as a bank of its slots; a motor serves one slot."""
    machines: dict[str, BankSpec] = {}
    for key, path in reading.entries("machines"):
        if key in (reading.names("banks") or ()):
            mend = "give the machine another name: workflows name both alike"
            reading.bad(path, f"'{key}' is a bank of this site", mend, at_key=True)
        good = reading.check(MACHINE, path)
        raw = reading.document.at(path)
        raw = raw if isinstance(raw, dict) else {}
        device, thermometer = raw.get("device"), raw.get("thermometer")
        if isinstance(device, str):
            reading.refers_to_device(device, ("Dispenser",), (*path, "device"), "a machine")
        if isinstance(thermometer, str):
            where = (*path, "thermometer")
            reading.refers_to_device(thermometer, ("Thermometer",), where, "a thermometer")
        thermal = Thermal(raw["thermal"]) if raw.get("thermal") in tuple(Thermal) else None
        slots = _slots(reading, key, path, str(device), thermal, products)
        if good is not None and thermal is not None:
            machines[key] = BankSpec(key, thermal, tuple(slots), good.get("thermometer"))
    return machines


def _slots(
    reading: Reading, machine: str, path: YamlPath, device: str, thermal: Thermal | None,
    products: dict[str, ProductSpec],
) -> list[CompartmentSpec]:
    where = (*path, "slots")
    raw = reading.document.at(where)
    if isinstance(raw, dict) and not raw:
        reading.bad(where, "a machine without slots", "add: {S1: {motor: '1', size: S, product: SKU}}")
    found: list[CompartmentSpec] = []
    motors: dict[str, YamlPath] = {}
    for key in raw if isinstance(raw, dict) else ():
        place = (*where, key)
        try:
            name(str(key))
        except vol.Invalid as error:
            reading.bad(place, error.msg, getattr(error, "mend", ""), at_key=True)
        good = reading.check(SLOT, place)
        if good is None:
            continue
        first = motors.setdefault(good["motor"], place)
        if first != place:
            message = f"motor {good['motor']} already belongs to {first[-1]} ({reading.place(first)})"
            reading.bad((*place, "motor"), message, "give each slot its own motor")
        size = Size(good["size"])
        check_product(reading, (*place, "product"), good["product"], size, thermal, products)
        if thermal is not None:
            found.append(CompartmentSpec(
                machine, str(key), device, good["motor"], size, thermal, False, good["product"], good["stock"]
            ))
    return found


def check_product(
    reading: Reading, path: YamlPath, sku: str, size: Size, thermal: Thermal | None,
    products: dict[str, ProductSpec],
) -> None:
    """Report a product that is unknown, of another thermal class, or too large for its place."""
    if not reading.refers("products", "product", sku, path):
        return
    product = products.get(sku)
    if product is None:
        return
    if thermal is not None and product.thermal is not thermal:
        message = f"'{sku}' needs {product.thermal}, this bank is {thermal}"
        fitting = [key for key, other in products.items() if other.thermal is thermal]
        reading.bad(path, message, suggest("", fitting, "stock it in another bank"))
    if product.size.rank > size.rank:
        message = f"'{sku}' is of size {product.size}, this compartment of {size}"
        reading.bad(path, message, "stock it in a larger compartment")


def slot_names(reading: Reading) -> list[str]:
    """`machine/slot` of every slot that the site names, right or wrong inside."""
    machines: Any = reading.document.at(("machines",))
    return [
        f"{machine}/{slot}"
        for machine, entry in (machines.items() if isinstance(machines, dict) else ())
        if isinstance(entry, dict) and isinstance(entry.get("slots"), dict)
        for slot in entry["slots"]
    ]


def refers_to_bank(reading: Reading, value: str, path: YamlPath) -> None:
    """Report a name that is neither a bank nor a machine."""
    banks, machines = reading.names("banks"), reading.names("machines")
    if banks is None or machines is None or value in banks or value in machines:
        return
    mend = suggest(value, [*banks, *machines], "add it below `banks:` or `machines:`")
    reading.bad(path, f"unknown bank '{value}'", mend)
