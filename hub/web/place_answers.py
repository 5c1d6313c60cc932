"""What the API answers of banks and compartments."""

from __future__ import annotations

import msgspec

from hub.model.states import Door, Hold, Occupancy, Service, Size, Thermal
from hub.web.answers import Time


class ProductView(msgspec.Struct):
    """What a compartment sells. `stock` is null when nobody is sure of it."""

    sku: str
    name: str
    selection: str | None
    stock: int | None


class DoorView(msgspec.Struct):
    """What the sensor says of the door, since when (null: never seen), and where the lock is."""

    state: Door
    since: Time | None
    device: str
    name: str


class ServiceView(msgspec.Struct):
    """In service, or barred and why."""

    state: Service
    reasons: list[str]


class HoldView(msgspec.Struct):
    """Free, or held for a handover: soft is a place without goods, which may still be exchanged."""

    state: Hold
    handover: str | None


class OccupancyView(msgspec.Struct):
    """What is inside, and how that is known: sensor, person or presumption."""

    state: Occupancy
    by: str


class AssetInside(msgspec.Struct):
    """An asset that lies in a compartment."""

    id: str
    kind: str
    name: str


class FoundView(msgspec.Struct):
    """Something that was found in a compartment and is still there; `by` is who found it."""

    id: str
    what: str
    by: str
    at: Time
    handover: str | None


class CompartmentView(msgspec.Struct):
    """A compartment with its four separate facts, and what is known to be inside.

    `apart` is the word by which its content keeps its distance from neighbours with another one.
    """

    id: str
    name: str
    size: Size
    low: bool
    door: DoorView
    service: ServiceView
    allocation: HoldView
    occupancy: OccupancyView
    product: ProductView | None
    assets: list[AssetInside]
    found: list[FoundView]
    apart: str


class CompartmentAnswer(msgspec.Struct):
    """The compartment after an accepted command; `stock` is null without a product or a certain count."""

    id: str
    service: Service
    reasons: list[str]
    occupancy: Occupancy
    stock: int | None


class TemperatureView(msgspec.Struct):
    """A measured temperature in thousandths of a degree Celsius; `permille` relative humidity."""

    device: str
    millicelsius: int
    permille: int | None


class BankView(msgspec.Struct):
    """A bank and its compartments, in the order of site.yaml."""

    name: str
    thermal: Thermal
    temperature: TemperatureView | None
    compartments: list[CompartmentView]


class Banks(msgspec.Struct):
    """All banks of the site."""

    banks: list[BankView]
