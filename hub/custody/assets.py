"""Assets: things that go out and come back. Each lies in a compartment or is with a holder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.custody.fitting import NothingFits
from hub.custody.parties import HUB, UNKNOWN, is_person
from hub.model import journal
from hub.model.effects import Json
from hub.model.states import Size, Thermal
from hub.store import Reader, Tx

#: The condition in which an asset may be issued; so may one of which nothing is said.
GOOD = "good"


class AssetState(StrEnum):
    """Whether an asset can be issued: with the site, with a person, not fit for use, not to be found."""

    IN = "in"
    OUT = "out"
    QUARANTINE = "quarantine"
    LOST = "lost"


_COLUMNS = """
id, kind, name, size, thermal, code, state, compartment, holder, condition, due, since, issued, removed
FROM asset
"""
_ONE = f"SELECT {_COLUMNS} WHERE id = ?"
_ALL = f"SELECT {_COLUMNS} ORDER BY kind, id"
_IN = f"SELECT {_COLUMNS} WHERE compartment = ? ORDER BY id"
_CODE = f"SELECT {_COLUMNS} WHERE code = ?"
_OVERDUE = f"SELECT {_COLUMNS} WHERE due < ? AND state = 'out' ORDER BY due, id"
# The least issued first, so that all of a kind wear alike.
_FREE = """
SELECT a.id FROM asset AS a JOIN compartment AS c ON c.id = a.compartment
WHERE a.state = 'in' AND a.compartment IS NOT NULL AND a.kind = ?1 AND a.removed = 0
  AND c.bank = ?2 AND c.hold = 'free' AND c.service = 'in_service' AND c.occupancy <> 'empty'
ORDER BY a.issued, a.id LIMIT 1
"""
_KIND = """
SELECT count(*), total(a.state = 'out'), total(a.state = 'quarantine'), total(a.state = 'lost'),
  total(a.state = 'in' AND (c.id IS NULL OR c.bank <> ?2)),
  total(a.state = 'in' AND c.bank = ?2 AND c.hold <> 'free'),
  total(a.state = 'in' AND c.bank = ?2 AND c.hold = 'free' AND c.service = 'barred'),
  total(a.state = 'in' AND c.bank = ?2 AND c.hold = 'free' AND c.service = 'in_service')
FROM asset AS a LEFT JOIN compartment AS c ON c.id = a.compartment WHERE a.kind = ?1 AND a.removed = 0
"""
_MOVE = """
UPDATE asset SET state = ?1, compartment = ?2, holder = ?3, condition = ?4, due = ?5, since = ?6,
  issued = issued + ?7 WHERE id = ?8
"""
_WITH_ASSETS = "SELECT assets FROM allocation WHERE handover_id = ? AND assets <> '[]' ORDER BY idx, id"


class NoAsset(NothingFits):
    """There is no asset that could be used. `reason` is no_asset."""

    def __init__(self, detail: str) -> None:
        super().__init__("no_asset", detail)


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset: in a `compartment`, or with a `holder` (see `parties`), `since` then.

    `due` is when it is to be back; `issued` how often it went out; `removed` that the site names it no more.
    """

    id: str
    kind: str
    name: str
    size: Size
    thermal: Thermal | None
    code: str | None
    state: AssetState
    compartment: str | None
    holder: str | None
    condition: str
    due: int | None
    since: int
    issued: int
    removed: bool

    def overdue(self, at: int) -> bool:
        """Whether it is out longer than was agreed."""
        return self.state is AssetState.OUT and self.due is not None and self.due < at


def asset(reader: Reader, asset_id: str) -> Asset:
    """One asset; raises NoAsset."""
    row = reader.execute(_ONE, (asset_id,)).fetchone()
    if row is None:
        raise NoAsset(f"there is no asset {asset_id!r}")
    return _from_row(row)


def assets(reader: Reader) -> list[Asset]:
    """All assets, by kind and id."""
    return [_from_row(row) for row in reader.execute(_ALL).fetchall()]


def assets_in(reader: Reader, compartment_id: str) -> list[Asset]:
    """The assets that are recorded as lying in a compartment."""
    return [_from_row(row) for row in reader.execute(_IN, (compartment_id,)).fetchall()]


def asset_of_code(reader: Reader, code: str) -> Asset | None:
    """The asset that carries this code or tag, or None."""
    row = reader.execute(_CODE, (code,)).fetchone()
    return None if row is None else _from_row(row)


def overdue_assets(reader: Reader, at: int) -> list[Asset]:
    """The assets that should have been back before `at`, the longest overdue first (WF-14)."""
    return [_from_row(row) for row in reader.execute(_OVERDUE, (at,)).fetchall()]


def free_asset(reader: Reader, kind: str, bank: str) -> str | None:
    """The asset of `kind` to issue next from `bank`: the least used one that is in, fit and not promised."""
    row = reader.execute(_FREE, (kind, bank)).fetchone()
    return None if row is None else str(row[0])


def why_no_asset(reader: Reader, kind: str, bank: str) -> NothingFits:
    """Why `free_asset` found none: no_asset, or barred when only barred doors stand between."""
    row = reader.execute(_KIND, (kind, bank)).fetchone()
    total, out, quarantine, lost, elsewhere, held, barred, unseen = (int(number) for number in row)
    if not total:
        return NoAsset(f"the site has no asset of kind '{kind}'")
    parts = [
        (out, "out"), (held, "promised to somebody"), (barred, "behind a barred door"),
        (quarantine, "in quarantine"), (lost, "lost"), (unseen, "not where it should be"),
        (elsewhere, f"not in {bank}"),
    ]
    said = ", ".join(f"{n} {'is' if n == 1 else 'are'} {text}" for n, text in parts if n)
    detail = f"of {total} of kind '{kind}', {said}"
    return NothingFits("barred", detail) if barred and not held else NoAsset(detail)


def move_asset(
    tx: Tx, asset_id: str, at: int, *, to: str, compartment: str | None = None, condition: str | None = None,
    due: int | None = None, handover_id: str | None = None, allocation_id: str | None = None,
) -> Asset:
    """Record that the party `to` has the asset now: HUB, with the `compartment` where it lies, or a holder.

    `condition` None leaves it as it was, and so does `due` None while the holder stays the same. `due` (UTC
    microseconds) counts with a person outside the staff only. In any condition but GOOD what comes back is
    in quarantine; with UNKNOWN it is lost. Raises NoAsset.
    """
    before = asset(tx, asset_id)
    if (to == HUB) != (compartment is not None):
        raise ValueError("the hub keeps an asset in a compartment, everybody else without one")
    kept = before.condition if condition is None else condition
    state = _state(to, kept)
    out = state is AssetState.OUT
    holder = None if compartment is not None else to
    until = before.due if due is None and holder == before.holder else due
    issued = int(out and before.state is not AssetState.OUT)
    since = before.since if (compartment, holder) == (before.compartment, before.holder) else at
    until = until if out else None
    tx.execute(_MOVE, (state.value, compartment, holder, kept, until, since, issued, asset_id))
    body: dict[str, Json] = {
        "from": before.compartment or before.holder, "to": compartment or to, "state": state.value,
        "condition": kept, "due": until, "handover": handover_id, "allocation": allocation_id,
    }
    tx.journal(f"asset/{asset_id}", journal.ASSET_MOVED, body, at)
    return asset(tx, asset_id)


def set_due(tx: Tx, asset_id: str, due: int, at: int) -> bool:
    """Move the time by which an asset that is out is to be back. False when it is not out. Raises NoAsset."""
    found = asset(tx, asset_id)
    if found.state is not AssetState.OUT or found.holder is None:
        return False
    move_asset(tx, asset_id, at, to=found.holder, due=due)
    return True


def extend_due(tx: Tx, handover_id: str, before: int, until: int, at: int) -> list[str]:
    """A deadline of the handover moved from `before` to `until`, and with it what was to be back by then."""
    moved = []
    for (listed,) in tx.execute(_WITH_ASSETS, (handover_id,)).fetchall():
        for one in json.loads(listed):
            if one not in moved and asset(tx, one).due == before and set_due(tx, one, until, at):
                moved.append(one)
    return moved


def _state(to: str, condition: str) -> AssetState:
    if to == UNKNOWN:
        return AssetState.LOST
    if is_person(to):
        return AssetState.OUT
    return AssetState.IN if condition in ("", GOOD) else AssetState.QUARANTINE


def _from_row(row: Any) -> Asset:
    (id_, kind, name, size, thermal, code, state, compartment, holder, condition, due, since, issued,
     removed) = row
    return Asset(
        id_, kind, name, Size(size), None if thermal is None else Thermal(thermal), code, AssetState(state),
        compartment, holder, condition, due, since, issued, bool(removed),
    )
