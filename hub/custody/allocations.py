"""Allocations of a handover, and who is accountable for what lies in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.custody.assets import move_asset
from hub.custody.compartments import bar
from hub.custody.parties import HUB, UNKNOWN
from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.model.states import AllocationOutcome, Occupancy
from hub.store import Reader, Tx

_COLUMNS = """
id, handover_id, idx, compartment, items, outcome, custody, live, created, ended, apart, assets
FROM allocation
"""
_ONE = f"SELECT {_COLUMNS} WHERE id = ?"
_OF = f"SELECT {_COLUMNS} WHERE handover_id = ? ORDER BY idx, id"
_CHAIN = """
SELECT giver, holder, evidence, at, condition, compartment FROM custody_chain
WHERE allocation_id = ? ORDER BY step
"""

_HELD = "SELECT compartment, handover_id, outcome, custody, live FROM allocation WHERE id = ?"
_GIVING = """
SELECT a.compartment, a.handover_id, a.custody, a.moves, a.assets, c.hold = 'soft' AND c.allocation_id = a.id
FROM allocation AS a LEFT JOIN compartment AS c ON c.id = a.compartment WHERE a.id = ?
"""
_END = "UPDATE allocation SET live = 0, ended = ?, outcome = ? WHERE id = ?"
# What a sensor says, what is unknown, the stock of a product compartment, and what the hub still keeps for
# somebody (?1 is NULL) outlive the allocation.
_FREE = """
UPDATE compartment SET hold = 'free', allocation_id = NULL,
  apart = CASE WHEN coalesce(?1, occupancy) = 'empty' AND (occupancy = 'empty' OR occupancy_by <> 'sensor')
    AND occupancy <> 'unknown' THEN '' ELSE apart END,
  occupancy_by = CASE WHEN ?1 IS NULL OR product IS NOT NULL OR occupancy = 'unknown'
    OR occupancy_by = 'sensor' THEN occupancy_by ELSE 'presumption' END,
  occupancy = CASE WHEN ?1 IS NULL OR product IS NOT NULL OR occupancy = 'unknown'
    OR occupancy_by = 'sensor' THEN occupancy ELSE ?1 END
WHERE id = ?2 AND allocation_id = ?3
"""
_OUTCOME = "UPDATE allocation SET outcome = ? WHERE id = ?"
_CUSTODY = "UPDATE allocation SET custody = ?, moves = moves + 1 WHERE id = ?"
_STEP = """
INSERT INTO custody_chain (allocation_id, step, giver, holder, evidence, at, condition, compartment)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_HARDEN = """
UPDATE compartment SET hold = 'hard' WHERE id = ? AND allocation_id = ? AND hold = 'soft' RETURNING 1
"""
_PRESUME = """
UPDATE compartment SET occupancy = ?1, occupancy_by = 'presumption'
WHERE id = ?2 AND allocation_id = ?3 AND product IS NULL
  AND (occupancy_by <> 'sensor' OR ?1 = 'unknown') AND occupancy <> ?1
"""
_FORGET = """
UPDATE compartment SET occupancy = 'unknown', occupancy_by = 'presumption' WHERE id = ?
RETURNING allocation_id
"""


class NoAllocation(StepFailed):
    """There is no allocation of that id. `reason` is unknown_allocation."""

    def __init__(self, allocation_id: str) -> None:
        super().__init__("unknown_allocation", allocation_id)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A compartment with items, held for a handover. `live` until it is freed.

    `apart` is the word by which it keeps its distance; `assets` are the ids of those among the items.
    """

    id: str
    handover_id: str
    idx: int
    compartment: str
    items: tuple[Mapping[str, Json], ...]
    outcome: AllocationOutcome
    custody: str
    live: bool
    created: int
    ended: int | None
    apart: str = ""
    assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustodyStep:
    """Accountability went from `giver` to `holder`; `evidence` refers to the effect or use that shows it.

    `condition` is what was said of the item then, `compartment` where it was.
    """

    giver: str
    holder: str
    evidence: str | None
    at: int
    condition: str = ""
    compartment: str = ""


def allocation(reader: Reader, allocation_id: str) -> Allocation:
    """One allocation; raises NoAllocation."""
    row = reader.execute(_ONE, (allocation_id,)).fetchone()
    if row is None:
        raise NoAllocation(allocation_id)
    return _from_row(row)


def allocations_of(reader: Reader, handover_id: str) -> list[Allocation]:
    """All allocations that a handover has or had, in order."""
    return [_from_row(row) for row in reader.execute(_OF, (handover_id,)).fetchall()]


def chain_of(reader: Reader, allocation_id: str) -> list[CustodyStep]:
    """Who became accountable for the allocation's items, in order."""
    return [CustodyStep(*row) for row in reader.execute(_CHAIN, (allocation_id,)).fetchall()]


def free(
    tx: Tx, allocation_id: str, at: int, *, outcome: AllocationOutcome | None = None,
    occupancy: Occupancy | None = None,
) -> bool:
    """End the hold on the compartment; False when it had ended.

    The compartment is presumed to be `occupancy` from then on: without it empty, unless the hub is still
    accountable for what lies inside. A sensor's word, a content that is unknown (see `breach`) and the
    stock of a product stand. A barred compartment stays barred. Raises NoAllocation.
    """
    compartment, handover_id, known, custody, live = _held(tx, allocation_id)
    if not live:
        return False
    left = known if outcome is None else outcome.value
    presumed = occupancy.value if occupancy else None if custody == HUB else Occupancy.EMPTY.value
    tx.execute(_END, (at, left, allocation_id))
    tx.execute(_FREE, (presumed, compartment, allocation_id))
    body: dict[str, Json] = {"allocation": allocation_id, "compartment": compartment, "outcome": left}
    tx.journal("handover/" + handover_id, journal.ALLOCATION_FREED, body, at)
    return True


def harden(tx: Tx, allocation_id: str, at: int) -> bool:
    """Make a soft hold hard: goods are on their way into it. False when it was hard. Raises NoAllocation."""
    compartment, handover_id = _held(tx, allocation_id)[:2]
    return _harden(tx, allocation_id, compartment, handover_id, at)


def set_outcome(tx: Tx, allocation_id: str, outcome: AllocationOutcome, at: int) -> bool:
    """Record how the allocation went: released, collected, refused or left. False when it is known."""
    _, handover_id, known, _, _ = _held(tx, allocation_id)
    if known == outcome.value:
        return False
    tx.execute(_OUTCOME, (outcome.value, allocation_id))
    body: dict[str, Json] = {"allocation": allocation_id, "outcome": outcome.value}
    tx.journal("handover/" + handover_id, journal.ALLOCATION_SETTLED, body, at)
    return True


def transfer_custody(
    tx: Tx, allocation_id: str, to: str, at: int, *, evidence: str | None = None,
    condition: str | None = None, due: int | None = None,
) -> bool:
    """Make the party `to` (see `parties`) accountable for the items, in the `condition` that was seen.

    What the hub takes over is presumed inside, what it gives to a person is presumed gone; a sensor's
    word stands against both. A soft hold becomes hard with the goods. Assets among the items move along, to
    be back by `due` (UTC microseconds). False, and nothing written, when `to` has custody already and no
    new condition was seen. Raises NoAllocation.
    """
    compartment, handover_id, giver, moves, assets, soft = _held(tx, allocation_id, _GIVING)
    if giver == to and condition is None:
        return False
    tx.execute(_CUSTODY, (to, allocation_id))
    leg = (allocation_id, moves + 1, giver, to, evidence, at, condition or "", compartment)
    tx.execute(_STEP, leg)
    presumed = _presumed(giver, to)
    if presumed is not None:
        tx.execute(_PRESUME, (presumed.value, compartment, allocation_id))
    if to == HUB and soft:
        _harden(tx, allocation_id, compartment, handover_id, at)
    if assets != "[]":
        place = compartment if to == HUB else None
        for one in json.loads(assets):
            move_asset(
                tx, one, at, to=to, compartment=place, condition=condition, due=due,
                handover_id=handover_id, allocation_id=allocation_id,
            )
    body: dict[str, Json] = {
        "allocation": allocation_id, "compartment": compartment, "from": giver, "to": to,
        "evidence": evidence, "condition": condition,
    }
    tx.journal("handover/" + handover_id, journal.CUSTODY_TRANSFERRED, body, at)
    return True


def breach(tx: Tx, compartment_id: str, at: int) -> str | None:
    """An opening that nobody commanded (S13): bar the compartment, its content and custody are unknown.

    Returns the allocation that it concerns, or None.
    """
    bar(tx, compartment_id, "breach", at)
    concerned: str | None = tx.execute(_FORGET, (compartment_id,)).fetchall()[0][0]
    if concerned is not None:
        transfer_custody(tx, concerned, UNKNOWN, at)
    return concerned


def _harden(tx: Tx, allocation_id: str, compartment: str, handover_id: str, at: int) -> bool:
    if not tx.execute(_HARDEN, (compartment, allocation_id)).fetchall():
        return False
    body: dict[str, Json] = {"allocation": allocation_id, "compartment": compartment}
    tx.journal("handover/" + handover_id, journal.ALLOCATION_HARDENED, body, at)
    return True


def _held(tx: Tx, allocation_id: str, sql: str = _HELD) -> Any:
    row = tx.execute(sql, (allocation_id,)).fetchone()
    if row is None:
        raise NoAllocation(allocation_id)
    return row


def _presumed(giver: str, to: str) -> Occupancy | None:
    if to == HUB:
        return Occupancy.OCCUPIED
    if to == UNKNOWN:
        return Occupancy.UNKNOWN
    return Occupancy.EMPTY if giver == HUB else None


def _from_row(row: Any) -> Allocation:
    (id_, handover_id, idx, compartment, items, outcome, custody, live, created, ended, apart,
     assets) = row
    return Allocation(
        id_, handover_id, idx, compartment, tuple(json.loads(items)), AllocationOutcome(outcome), custody,
        bool(live), created, ended, apart, tuple(json.loads(assets)),
    )
