"""What lies in a compartment though nobody expected it, and who says that a compartment is empty."""

from __future__ import annotations

from dataclasses import dataclass

from hub.custody.assets import assets_in, move_asset
from hub.custody.compartments import bar, compartment, set_occupancy, unbar
from hub.custody.parties import HUB, UNKNOWN
from hub.model import journal
from hub.model.failures import StepFailed
from hub.model.states import Occupancy
from hub.store import Reader, Tx

#: The reason of the bar that lasts until what was found has gone.
FOUND = "found"

_COLUMNS = "id, compartment, what, finder, at, handover_id, taken_to, taken_by, taken_at FROM found"
_OPEN = f"SELECT {_COLUMNS} WHERE compartment = ? AND taken_at IS NULL ORDER BY at, id"
_OF = f"SELECT {_COLUMNS} WHERE compartment = ? ORDER BY at, id"
_ALL_OPEN = f"SELECT {_COLUMNS} WHERE taken_at IS NULL ORDER BY at, id"
_INSERT = "INSERT INTO found (id, compartment, what, finder, at, handover_id) VALUES (?, ?, ?, ?, ?, ?)"
_TAKE = "UPDATE found SET taken_to = ?, taken_by = ?, taken_at = ? WHERE id = ?"
_CUSTODY = "SELECT custody FROM allocation WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was found: `what` and `taken_to` are the staff's words, of the thing and not of a
    person.
    """

    id: str
    compartment: str
    what: str
    finder: str
    at: int
    handover_id: str | None
    taken_to: str | None
    taken_by: str | None
    taken_at: int | None


def record_found(tx: Tx, compartment_id: str, what: str, who: str, at: int) -> str:
    """Somebody (`who`) saw something inside that nobody expected; returns the record's id.

    The compartment is occupied, by a person's word, and barred (`found`) until `declare_empty`.
    Raises NoCompartment, StepFailed `stocked` where it holds a product.
    """
    place = compartment(tx, compartment_id)
    if place.product is not None:
        raise StepFailed("stocked", f"{place.name} holds {place.product}: count it instead")
    found_id = tx.new_id(at)
    tx.execute(_INSERT, (found_id, compartment_id, what, who, at, place.handover_id))
    set_occupancy(tx, compartment_id, Occupancy.OCCUPIED, "person", at)
    bar(tx, compartment_id, FOUND, at)
    body = {"found": found_id, "who": who, "handover": place.handover_id}
    tx.journal(f"compartment/{compartment_id}", journal.COMPARTMENT_FOUND, body, at)
    return found_id


def declare_empty(tx: Tx, compartment_id: str, who: str, at: int, *, taken_to: str = "") -> tuple[str, ...]:
    """Somebody (`who`) looked and nothing is inside; what was found there went `taken_to`.

    Lifts the bar `found` and no other one. Returns the assets that should have been inside: they are lost
    from now on. Raises NoCompartment, StepFailed: `kept` while the hub keeps goods of a handover there,
    `stocked` where it holds a product, `sensor` where a sensor says that something is inside.
    """
    place = compartment(tx, compartment_id)
    if place.product is not None:
        raise StepFailed("stocked", f"{place.name} holds {place.product}: count it instead")
    if place.allocation_id is not None and tx.execute(_CUSTODY, (place.allocation_id,)).fetchone()[0] == HUB:
        raise StepFailed("kept", f"{place.name} keeps goods of a handover: end that one, it is cleared there")
    if place.occupancy is Occupancy.OCCUPIED and place.occupancy_by == "sensor":
        raise StepFailed("sensor", f"the sensor of {place.name} says that something is inside")
    for found in found_in(tx, compartment_id):
        tx.execute(_TAKE, (taken_to, who, at, found.id))
        body = {"found": found.id, "who": who}
        tx.journal(f"compartment/{compartment_id}", journal.COMPARTMENT_CLEARED, body, at)
    missing = tuple(asset.id for asset in assets_in(tx, compartment_id))
    for asset_id in missing:
        move_asset(tx, asset_id, at, to=UNKNOWN)
    set_occupancy(tx, compartment_id, Occupancy.EMPTY, "person", at)
    unbar(tx, compartment_id, at, reason=FOUND)
    return missing


def found_in(reader: Reader, compartment_id: str, *, past: bool = False) -> list[Found]:
    """What was found in a compartment and is still there; with `past` also what has gone."""
    rows = reader.execute(_OF if past else _OPEN, (compartment_id,)).fetchall()
    return [Found(*row) for row in rows]


def found_items(reader: Reader) -> list[Found]:
    """Everything that was found and is still in its compartment, oldest first."""
    return [Found(*row) for row in reader.execute(_ALL_OPEN).fetchall()]
