"""Moves allocations: a promised place gives way to goods, a live one is exchanged for a better one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.custody.allocations import Allocation, allocation
from hub.custody.compartments import compartment
from hub.custody.fitting import NothingFits, Wish, find, why_nothing, wish
from hub.custody.parties import HUB
from hub.effects.records import unsettled_at
from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.model.states import Hold, Size, Thermal
from hub.store import Tx

# Nobody is at a soft hold's door, and nothing is inside: it is a promise of a place, not of this place.
_SOFT = """
SELECT c.id, c.door_device || '/' || c.door_name, a.id, a.handover_id, a.want_rank, a.want_thermal,
  a.want_low, a.apart
FROM compartment AS c JOIN allocation AS a ON a.id = c.allocation_id
WHERE c.hold = 'soft' AND c.service = 'in_service' AND c.occupancy = 'empty' AND c.product IS NULL
  AND c.door <> 'open' AND a.custody <> 'hub' AND a.assets = '[]'
  AND c.bank = ?1 AND c.size_rank >= ?2 AND (?3 IS NULL OR c.thermal = ?3) AND c.low >= ?4
ORDER BY c.size_rank, c.low, c.wear, c.id LIMIT 64
"""
_ALONE = "UPDATE compartment SET apart = '' WHERE id = ? AND occupancy = 'empty'"
_LEAVE = "UPDATE compartment SET hold = 'free', allocation_id = NULL WHERE id = ?"
_ENTER = "UPDATE compartment SET hold = ?, allocation_id = ?, apart = ?, wear = wear + 1 WHERE id = ?"
_MOVE = """
UPDATE allocation SET compartment = ?, want_rank = ?, want_thermal = ?, want_low = ?, apart = ? WHERE id = ?
"""
_WANTED = "SELECT want_rank, want_thermal, want_low, apart FROM allocation WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Moved:
    """An allocation of `handover_id` is in another compartment from now on."""

    allocation_id: str
    handover_id: str
    before: str
    compartment: str


def make_room(tx: Tx, wanted: Wish, at: int, displaced: Callable[[Moved], None]) -> str | None:
    """Move one soft hold so that `wanted` finds a compartment, and return that, still free; else None."""
    if wanted.product is not None:
        return None
    given = (wanted.bank, wanted.rank, wanted.thermal, int(wanted.low))
    hopeless: set[Wish] = set()
    for place, lease, soft, handover, rank, thermal, low, apart in tx.execute(_SOFT, given).fetchall():
        theirs = Wish(wanted.bank, rank, thermal, bool(low), None, apart)
        if theirs in hopeless or unsettled_at(tx, lease) is not None:
            continue
        if find(tx, theirs) is None:
            hopeless.add(theirs)
            continue
        try:
            with tx.savepoint():
                _move(tx, allocation(tx, soft), theirs, "displaced", at)
                found = find(tx, wanted)
                if found is None:
                    raise NothingFits("full")
        except NothingFits:
            continue
        displaced(Moved(soft, handover, place, allocation(tx, soft).compartment))
        return found
    return None


def reassign(
    tx: Tx, allocation_id: str, at: int, *, bank: str | None = None, size: Size | str | None = None,
    thermal: Thermal | str | None = None, low: bool | None = None, apart: str | None = None,
    displaced: Callable[[Moved], None] | None = None,
) -> str:
    """Give a live allocation another compartment and return its id; what is not said stays as it was wished.

    The allocation keeps its id, items and chain of custody. The compartment before is given back with its
    bars, and with the occupancy that is recorded of it. Goods that the hub keeps are taken out first, into
    the custody of the staff: raises StepFailed (`loaded`) otherwise, NothingFits when there is no other
    compartment, NoAllocation; the allocation is then where it was.
    """
    held = allocation(tx, allocation_id)
    before = compartment(tx, held.compartment)
    if not held.live:
        raise StepFailed("no_allocation", f"{held.compartment} was given back")
    if held.custody == HUB and before.product is None:
        raise StepFailed("loaded", f"{before.name} holds the goods: take them out first")
    rank, klass, was_low, word = tx.execute(_WANTED, (allocation_id,)).fetchone()
    wanted = wish(
        bank or before.bank, list(Size)[rank] if size is None else size,
        klass if thermal is None else thermal, bool(was_low) if low is None else low, before.product,
        word if apart is None else apart,
    )
    with tx.savepoint():
        try:
            with tx.savepoint():
                return _move(tx, held, wanted, "reassigned", at)
        except NothingFits:
            if displaced is None or before.hold is not Hold.HARD:
                raise
            if make_room(tx, wanted, at, displaced) is None:
                raise
        return _move(tx, held, wanted, "reassigned", at)


def _move(tx: Tx, held: Allocation, wanted: Wish, why: str, at: int) -> str:
    """Exchange the compartment, inside a savepoint; what is held is not free, so it goes elsewhere."""
    before = compartment(tx, held.compartment)
    tx.execute(_ALONE, (before.id,))  # it keeps no distance from itself
    found = find(tx, wanted)
    if found is None:
        raise why_nothing(tx, wanted)
    tx.execute(_LEAVE, (before.id,))
    tx.execute(_ENTER, (before.hold.value, held.id, wanted.apart, found))
    tx.execute(_MOVE, (found, wanted.rank, wanted.thermal, int(wanted.low), wanted.apart, held.id))
    body: dict[str, Json] = {"allocation": held.id, "from": before.id, "to": found, "why": why}
    tx.journal("handover/" + held.handover_id, journal.ALLOCATION_MOVED, body, at)
    return found
