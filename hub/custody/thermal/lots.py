"""The clock of each lot: from its deposit, across moves, until a person disposes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub.custody.compartments import bar
from hub.custody.thermal.exposure import Known, Segment, Why, counted
from hub.custody.thermal.limits import Limits
from hub.model import journal
from hub.model.states import Thermal
from hub.store import Reader, Tx

#: The reason for which a compartment is barred whose goods were out of their class too long.
BARRED_FOR = "thermal_breach"

_COLUMNS = """
l.allocation, l.handover_id, l.bank, l.compartment, l.thermal, l.deposited, l.used, l.since, l.why, l.warned,
l.breached, l.told, l.disposed, l.moved_to
FROM thermal_lot AS l JOIN allocation AS a ON a.id = l.allocation
"""
# What is in nobody's custody is still inside.
_INSIDE = "a.live = 1 AND a.custody IN ('hub', 'unknown') AND l.disposed IS NULL AND l.moved_to IS NULL"
_ONE = f"SELECT {_COLUMNS} WHERE l.allocation = ?"
_LIVE_ONE = f"SELECT {_COLUMNS} WHERE l.allocation = ? AND {_INSIDE}"
_LIVE_ALL = f"SELECT {_COLUMNS} WHERE {_INSIDE}"
_LIVE = f"SELECT {_COLUMNS} WHERE l.bank = ? AND {_INSIDE} ORDER BY l.deposited, l.allocation"
_OF = f"SELECT {_COLUMNS} WHERE l.handover_id = ? ORDER BY l.deposited, l.allocation"
# The same goods lay somewhere else before: same handover, same items, neither disposed of nor moved on.
_BEFORE = f"""
SELECT {_COLUMNS} JOIN allocation AS n ON n.id = ?1
WHERE l.handover_id = n.handover_id AND a.items = n.items AND l.allocation <> n.id AND a.live = 0
  AND l.disposed IS NULL AND l.moved_to IS NULL ORDER BY l.deposited DESC LIMIT 1
"""
_NEW = "SELECT handover_id, compartment FROM allocation WHERE id = ?"
_LEFT = """
SELECT max(at) FROM custody_chain WHERE allocation_id = ? AND giver IN ('hub', 'unknown')
  AND holder NOT IN ('hub', 'unknown')
"""
_GIVER = "SELECT giver FROM custody_chain WHERE allocation_id = ? ORDER BY step DESC LIMIT 1"
_INSERT = """
INSERT INTO thermal_lot (allocation, handover_id, bank, compartment, thermal, deposited, used, since, why,
  warned, breached)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_USED = "UPDATE thermal_lot SET used = used + ?, since = ?, why = ? WHERE allocation = ?"
_PLACE = "UPDATE thermal_lot SET bank = ?, compartment = ?, thermal = ? WHERE allocation = ?"
_KEEP = """
INSERT INTO thermal_bank (bank, seen, read_at, outside, graces, defrosted) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (bank) DO UPDATE SET seen = excluded.seen, read_at = excluded.read_at,
  outside = excluded.outside, graces = excluded.graces, defrosted = excluded.defrosted
"""
_DISPOSE = """
UPDATE thermal_lot SET disposed = ?1 WHERE handover_id = ?2 AND disposed IS NULL AND moved_to IS NULL
  AND allocation NOT IN (SELECT id FROM allocation WHERE handover_id = ?2 AND custody LIKE 'recipient:%')
RETURNING allocation
"""


@dataclass(frozen=True, slots=True)
class Lot:
    """The goods of one allocation. `used` is their time out of class so far, in microseconds.

    `since` and `why` tell the last stretch that counted. A breach is never taken back.
    """

    allocation: str
    handover_id: str
    bank: str
    compartment: str
    thermal: Thermal
    deposited: int
    used: int
    since: int | None
    why: str
    warned: int | None
    breached: int | None
    told: bool
    disposed: int | None
    moved_to: str | None


def lot(reader: Reader, allocation_id: str, *, inside: bool = False) -> Lot | None:
    """The lot of an allocation, None where no clock runs; with `inside`, only while it lies there."""
    row = reader.execute(_LIVE_ONE if inside else _ONE, (allocation_id,)).fetchone()
    return None if row is None else _from_row(row)


def lots_of(reader: Reader, handover_id: str) -> list[Lot]:
    """All lots that a handover has or had, oldest first."""
    return [_from_row(row) for row in reader.execute(_OF, (handover_id,)).fetchall()]


def live_lots(reader: Reader, bank: str) -> list[Lot]:
    """The lots that lie in a bank now, oldest first."""
    return [_from_row(row) for row in reader.execute(_LIVE, (bank,)).fetchall()]


def barred_for_good(reader: Reader, allocation_id: str, limits: Limits | None = None) -> bool:
    """Whether nobody may collect what lies there: its lot was out of class too long, told or not yet."""
    found = lot(reader, allocation_id)
    if found is None:
        return False
    return found.breached is not None or (limits is not None and found.used >= limits.allowed)


def banks_with_lots(reader: Reader) -> dict[str, Thermal]:
    """The banks in which something lies whose clock runs, with its class."""
    found = [_from_row(row) for row in reader.execute(_LIVE_ALL).fetchall()]
    return {one.bank: one.thermal for one in found}


def deposit(tx: Tx, allocation_id: str, bank: str, limits: Limits, at: int) -> Lot:
    """Start the clock of what was just put in, or go on with it when it lay somewhere before.

    On the way from one compartment to another nothing measures the goods: beyond the grace for filling that
    time counts. A breach moves with them.
    """
    known = lot(tx, allocation_id)
    if known is not None:
        _resume(tx, known, bank, limits, at)
    else:
        _begin(tx, allocation_id, bank, limits, at)
    found = lot(tx, allocation_id)
    assert found is not None
    return found


def _resume(tx: Tx, known: Lot, bank: str, limits: Limits, at: int) -> None:
    """The same allocation again, perhaps in another compartment."""
    compartment = tx.execute(_NEW, (known.allocation,)).fetchone()[1]
    if compartment != known.compartment:
        tx.execute(_PLACE, (bank, compartment, limits.thermal.value, known.allocation))
        if known.breached is not None:
            bar(tx, compartment, BARRED_FOR, at)
    giver = tx.execute(_GIVER, (known.allocation,)).fetchone()
    away = 0 if giver is None or giver[0] == "unknown" else _away(tx, known, limits, at)
    if away:
        tx.execute(_USED, (away, at - away, Why.SILENT.value, known.allocation))


def _begin(tx: Tx, allocation_id: str, bank: str, limits: Limits, at: int) -> None:
    handover_id, compartment = tx.execute(_NEW, (allocation_id,)).fetchone()
    row = tx.execute(_BEFORE, (allocation_id,)).fetchone()
    used, since, why, warned, breached = 0, None, "", None, None
    if row is not None:
        before = _from_row(row)
        away = _away(tx, before, limits, at)
        used, since, why = before.used + away, before.since, before.why
        if away:
            since, why = at - away, Why.SILENT.value
        warned, breached = before.warned, before.breached
        tx.execute(
            "UPDATE thermal_lot SET moved_to = ? WHERE allocation = ?", (allocation_id, before.allocation)
        )
    tx.execute(_INSERT, (
        allocation_id, handover_id, bank, compartment, limits.thermal.value, at, used, since, why, warned,
        breached,
    ))
    if breached is not None:
        bar(tx, compartment, BARRED_FOR, at)
    tx.journal(f"handover/{handover_id}", journal.THERMAL_DEPOSITED, {
        "allocation": allocation_id, "compartment": compartment, "thermal": limits.thermal.value,
        "used": used,
    }, at)


def _away(tx: Tx, before: Lot, limits: Limits, at: int) -> int:
    """How long the goods were out of the hub's custody, beyond the grace for filling."""
    left = tx.execute(_LEFT, (before.allocation,)).fetchone()[0]
    return 0 if left is None else max(0, at - left - limits.filling)


def expose(
    tx: Tx, bank: str, segments: Iterable[Segment], known: Known, limits: Limits, since: int | None
) -> None:
    """Count segments of a bank's air for every lot that lies there. `since` is when the bad stretch began.

    Good air over an empty bank is not worth a write: a lot counts from its deposit.
    """
    bad = [segment for segment in segments if segment.why is not Why.GOOD]
    lots = live_lots(tx, bank)
    if not lots and not bad:
        return
    for one in lots:
        for segment in bad:
            more = counted(segment, one.deposited, limits, known.graces)
            if more:
                began = max(one.deposited, segment.start if since is None else min(since, segment.start))
                tx.execute(_USED, (more, began, segment.why.value, one.allocation))
    keep_air(tx, bank, known)


def keep_air(tx: Tx, bank: str, known: Known) -> None:
    """Store what has to outlive the hub."""
    tx.execute(_KEEP, (
        bank, known.seen, known.read_at, int(known.outside), json.dumps(known.graces), known.defrosted,
    ))


def known_air(reader: Reader, bank: str) -> Known | None:
    """What an earlier start knew of a bank's air, None when nothing was ever kept."""
    row = reader.execute(
        "SELECT seen, read_at, outside, graces, defrosted FROM thermal_bank WHERE bank = ?", (bank,)
    ).fetchone()
    if row is None:
        return None
    graces = tuple((int(since), int(until)) for since, until in json.loads(row[3]))
    return Known(row[0], row[1], bool(row[2]), graces, row[4])


def warn(tx: Tx, found: Lot, left: int, at: int) -> None:
    """Record that somebody was warned with `left` microseconds to go."""
    tx.execute("UPDATE thermal_lot SET warned = ? WHERE allocation = ?", (at, found.allocation))
    tx.journal(f"handover/{found.handover_id}", journal.THERMAL_WARNED, {
        "allocation": found.allocation, "compartment": found.compartment, "thermal": found.thermal.value,
        "why": found.why, "left": left,
    }, at)


def breach(tx: Tx, found: Lot, at: int) -> None:
    """The goods are lost: their compartment is barred. Only `dispose` ends it, no reading ever does."""
    tx.execute("UPDATE thermal_lot SET breached = ? WHERE allocation = ?", (at, found.allocation))
    bar(tx, found.compartment, BARRED_FOR, at)
    tx.journal(f"handover/{found.handover_id}", journal.THERMAL_BREACHED, {
        "allocation": found.allocation, "compartment": found.compartment, "thermal": found.thermal.value,
        "since": found.since, "why": found.why, "used": found.used,
    }, at)


def told(tx: Tx, found: Lot) -> None:
    """The handover has taken the breach."""
    tx.execute("UPDATE thermal_lot SET told = 1 WHERE allocation = ?", (found.allocation,))


def dispose(tx: Tx, handover_id: str, who: str, at: int) -> list[str]:
    """A person says that the handover's goods are thrown away; the allocations that it concerns.

    What is put in afterwards has a clock of its own.
    """
    gone = sorted(row[0] for row in tx.execute(_DISPOSE, (at, handover_id)).fetchall())
    if gone:
        tx.journal(f"handover/{handover_id}", journal.THERMAL_DISPOSED, {"allocations": gone, "who": who}, at)
    return gone


def _from_row(row: Any) -> Lot:
    (allocation, handover_id, bank, compartment, thermal, deposited, used, since, why, warned, breached,
     told_, disposed, moved_to) = row
    return Lot(
        allocation, handover_id, bank, compartment, Thermal(thermal), deposited, used, since, why, warned,
        breached, bool(told_), disposed, moved_to,
    )
