"""The four separate facts of a compartment: door, service, allocation, occupancy (DESIGN section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.model.states import Door, Hold, Occupancy, Service, Size, Thermal
from hub.store import Reader, Tx

#: How an occupancy is known.
KnownBy = Literal["sensor", "person", "presumption"]

_COLUMNS = """
c.id, c.bank, c.name, c.door_device, c.door_name, c.size, c.thermal, c.low, c.product, c.door, c.door_at,
c.service, c.reason, c.hold, c.allocation_id, c.occupancy, c.occupancy_by, c.wear, c.openings, c.removed,
a.handover_id, c.position, c.apart
FROM compartment AS c LEFT JOIN allocation AS a ON a.id = c.allocation_id
"""
_ALL = f"SELECT {_COLUMNS} ORDER BY c.bank, c.name"
_ONE = f"SELECT {_COLUMNS} WHERE c.id = ?"
_BY_DOOR = "SELECT id FROM compartment WHERE door_device = ? AND door_name = ? ORDER BY removed LIMIT 1"
_BEHIND = """
SELECT c.id, a.handover_id FROM compartment AS c LEFT JOIN allocation AS a ON a.id = c.allocation_id
WHERE c.door_device = ? AND c.door_name = ? ORDER BY c.removed LIMIT 1
"""
_DOOR = "SELECT door, door_at FROM compartment WHERE id = ?"
_SET_DOOR = """
UPDATE compartment SET door = ?1, door_at = ?2, openings = openings + (?1 = 'open') WHERE id = ?3
"""
_OCCUPANCY = """
UPDATE compartment SET occupancy = ?1, occupancy_by = ?2,
  apart = CASE WHEN ?1 = 'empty' AND hold = 'free' THEN '' ELSE apart END
WHERE id = ?3 AND (occupancy <> ?1 OR occupancy_by <> ?2) RETURNING 1
"""
_PRODUCT = "UPDATE compartment SET product = ?1 WHERE id = ?2 AND product IS NOT ?1 RETURNING 1"
_BAR = """
INSERT INTO compartment_bar (compartment, reason, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1
"""
_UNBAR = "DELETE FROM compartment_bar WHERE compartment = ?1 AND (?2 IS NULL OR reason = ?2) RETURNING 1"
_SERVICE = """
UPDATE compartment SET
  reason = coalesce((SELECT group_concat(reason) FROM
    (SELECT reason FROM compartment_bar WHERE compartment = ?1 ORDER BY at, reason)), ''),
  service = CASE WHEN EXISTS (SELECT 1 FROM compartment_bar WHERE compartment = ?1)
    THEN 'barred' ELSE 'in_service' END
WHERE id = ?1 RETURNING service
"""


class NoCompartment(StepFailed):
    """There is no compartment of that id. `reason` is unknown_compartment."""

    def __init__(self, compartment: str) -> None:
        super().__init__("unknown_compartment", compartment)


@dataclass(frozen=True, slots=True)
class Compartment:
    """Everything known of one compartment. `reasons` say why it is barred, oldest first.

    Neighbours differ by one in `position`; `apart` is the word by which what is inside keeps its distance.
    """

    id: str
    bank: str
    name: str
    door_device: str
    door_name: str
    size: Size
    thermal: Thermal
    low: bool
    product: str | None
    door: Door
    door_at: int
    service: Service
    reasons: tuple[str, ...]
    hold: Hold
    allocation_id: str | None
    occupancy: Occupancy
    occupancy_by: str
    wear: int
    openings: int
    removed: bool
    handover_id: str | None
    position: int
    apart: str


def compartments(reader: Reader) -> list[Compartment]:
    """All compartments, by bank and name."""
    return [_from_row(row) for row in reader.execute(_ALL).fetchall()]


def compartment(reader: Reader, compartment_id: str) -> Compartment:
    """One compartment; raises NoCompartment."""
    row = reader.execute(_ONE, (compartment_id,)).fetchone()
    if row is None:
        raise NoCompartment(compartment_id)
    return _from_row(row)


def compartment_of_door(reader: Reader, device: str, door: str) -> str | None:
    """The id of the compartment behind a device's door, or None."""
    row = reader.execute(_BY_DOOR, (device, door)).fetchone()
    return None if row is None else str(row[0])


def behind_door(reader: Reader, device: str, door: str) -> tuple[str, str | None] | None:
    """The compartment behind a device's door and the handover that holds it, or None."""
    row: tuple[str, str | None] | None = reader.execute(_BEHIND, (device, door)).fetchone()
    return row


def door_of(reader: Reader, compartment_id: str) -> tuple[Door, int]:
    """What is known of the compartment's door, and since when. Raises NoCompartment."""
    row = reader.execute(_DOOR, (compartment_id,)).fetchone()
    if row is None:
        raise NoCompartment(compartment_id)
    return Door(row[0]), row[1]


def set_door(tx: Tx, compartment_id: str, door: Door, at: int) -> bool:
    """Record what the door sensor says. False, and nothing written, when it was known already."""
    if door_of(tx, compartment_id)[0] is door:
        return False
    tx.execute(_SET_DOOR, (door.value, at, compartment_id))
    _note(tx, compartment_id, journal.COMPARTMENT_DOOR, {"state": door.value}, at)
    return True


def set_occupancy(tx: Tx, compartment_id: str, occupancy: Occupancy, by: KnownBy, at: int) -> bool:
    """Record whether something is inside, and how that is known. False when nothing changed."""
    if not tx.execute(_OCCUPANCY, (occupancy.value, by, compartment_id)).fetchall():
        return _unchanged(tx, compartment_id)
    body: dict[str, Json] = {"occupancy": occupancy.value, "by": by}
    _note(tx, compartment_id, journal.COMPARTMENT_OCCUPANCY, body, at)
    return True


def bar(tx: Tx, compartment_id: str, reason: str, at: int) -> bool:
    """Take the compartment out of service for one more reason. False when it was barred for that one."""
    if not reason or "," in reason:
        raise ValueError(f"a reason is one word, not {reason!r}")
    if not tx.execute(_BAR, (compartment_id, reason, at)).fetchall():
        return False
    if not tx.execute(_SERVICE, (compartment_id,)).fetchall():
        raise NoCompartment(compartment_id)
    _note(tx, compartment_id, journal.COMPARTMENT_BARRED, {"reason": reason}, at)
    return True


def unbar(tx: Tx, compartment_id: str, at: int, *, reason: str | None = None) -> Service:
    """Lift one reason, or all, and return the service state that is left."""
    lifted = tx.execute(_UNBAR, (compartment_id, reason)).fetchall()
    if not lifted:
        return compartment(tx, compartment_id).service
    service = Service(tx.execute(_SERVICE, (compartment_id,)).fetchall()[0][0])
    body: dict[str, Json] = {"reason": reason or "", "service": service.value}
    _note(tx, compartment_id, journal.COMPARTMENT_RESTORED, body, at)
    return service


def set_product(tx: Tx, compartment_id: str, product: str | None, at: int) -> bool:
    """Dedicate the compartment to a product (SKU), or to none. False when it was so already."""
    if not tx.execute(_PRODUCT, (product, compartment_id)).fetchall():
        return _unchanged(tx, compartment_id)
    _note(tx, compartment_id, journal.COMPARTMENT_PRODUCT, {"product": product}, at)
    return True


def _unchanged(tx: Tx, compartment_id: str) -> bool:
    if tx.execute("SELECT 1 FROM compartment WHERE id = ?", (compartment_id,)).fetchone() is None:
        raise NoCompartment(compartment_id)
    return False


def _note(tx: Tx, compartment_id: str, type: str, body: dict[str, Json], at: int) -> None:
    tx.journal("compartment/" + compartment_id, type, body, at)


def _from_row(row: Any) -> Compartment:
    (id_, bank, name, device, door_name, size, thermal, low, product, door, door_at, service, reason, hold,
     allocation_id, occupancy, by, wear, openings, removed, handover_id, position, apart) = row
    return Compartment(
        id_, bank, name, device, door_name, Size(size), Thermal(thermal), bool(low), product, Door(door),
        door_at, Service(service), tuple(reason.split(",")) if reason else (), Hold(hold), allocation_id,
        Occupancy(occupancy), by, wear, openings, bool(removed), handover_id, position, apart,
    )
