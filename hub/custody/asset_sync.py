"""Brings the assets of `site.yaml` into the store without touching where they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub.custody.parties import STAFF
from hub.model import journal
from hub.model.ids import compartment_id
from hub.model.states import Size, Thermal
from hub.store import Tx

_KNOWN = "SELECT id, kind, name, size, thermal, code, removed, state, compartment FROM asset ORDER BY id"
_INSERT = """
INSERT INTO asset (kind, name, size, thermal, code, id, configured_at, state, compartment, holder, since)
VALUES (?, ?, ?, ?, ?, ?, ?, 'in', ?, ?, ?)
"""
_UPDATE = "UPDATE asset SET kind = ?, name = ?, size = ?, thermal = ?, code = ?, removed = 0 WHERE id = ?"
# Only a place that nobody uses: the file says where an asset lay once, the store what became of the place.
_FILL = """
UPDATE compartment SET occupancy = 'occupied', occupancy_by = 'person'
WHERE id = ? AND hold = 'free' AND occupancy = 'empty' AND product IS NULL RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class AssetSpec:
    """One asset as the site writes it. `bank` and `place` are where it lies when the hub first sees it.

    Without them it is with the staff until somebody puts it into a compartment.
    """

    id: str
    kind: str
    name: str
    size: Size
    thermal: Thermal | None = None
    code: str | None = None
    bank: str | None = None
    place: str | None = None


def sync_assets(tx: Tx, specs: Iterable[AssetSpec], at: int) -> list[str]:
    """Add, change and remove assets so that they match `specs`; where they are, and who has them, stays.

    One that left the site is deleted when it is with the staff, else it stays visible as `removed` and is
    not issued any more. Returns those whose place of `site.yaml` was in use when they came: they are with
    the staff.
    """
    rows = {row[0]: row[1:] for row in tx.execute(_KNOWN).fetchall()}
    astray: list[str] = []
    wanted = list(specs)
    names = {spec.id for spec in wanted}
    for id_ in [id_ for id_ in rows if id_ not in names]:
        _remove(tx, id_, rows.pop(id_), at)
    _vacate_codes(tx, wanted, rows)
    for spec in wanted:
        thermal = None if spec.thermal is None else spec.thermal.value
        static = (spec.kind, spec.name, spec.size.value, thermal, spec.code)
        row = rows.get(spec.id)
        if row is None:
            astray += _add(tx, spec, static, at)
        elif tuple(row[:5]) != static or row[5]:
            tx.execute(_UPDATE, (*static, spec.id))
            tx.journal(f"asset/{spec.id}", journal.ASSET_CHANGED, {"kind": spec.kind, "removed": False}, at)
    return astray


def _vacate_codes(tx: Tx, wanted: Iterable[AssetSpec], rows: dict[str, Any]) -> None:
    """Codes that change hands between two assets would stand against each other."""
    for spec in wanted:
        row = rows.get(spec.id)
        if row is not None and row[4] is not None and row[4] != spec.code:
            tx.execute("UPDATE asset SET code = NULL WHERE id = ?", (spec.id,))


def _add(tx: Tx, spec: AssetSpec, static: tuple[str | None, ...], at: int) -> list[str]:
    place = None if spec.bank is None or spec.place is None else compartment_id(spec.bank, spec.place)
    filled = place is not None and bool(tx.execute(_FILL, (place,)).fetchall())
    holder = None if filled else STAFF
    tx.execute(_INSERT, (*static, spec.id, place, place if filled else None, holder, at))
    body = {"kind": spec.kind, "compartment": place if filled else None, "holder": holder}
    tx.journal(f"asset/{spec.id}", journal.ASSET_ADDED, body, at)
    if filled:
        known = {"occupancy": "occupied", "by": "person"}
        tx.journal(f"compartment/{place}", journal.COMPARTMENT_OCCUPANCY, known, at)
    return [spec.id] if place is not None and not filled else []


def _remove(tx: Tx, id_: str, row: Any, at: int) -> None:
    kind, removed, state, compartment = row[0], row[5], row[6], row[7]
    if state == "in" and compartment is None:
        tx.execute("DELETE FROM asset WHERE id = ?", (id_,))
        tx.journal(f"asset/{id_}", journal.ASSET_REMOVED, {}, at)
    elif not removed:
        tx.execute("UPDATE asset SET removed = 1, code = NULL WHERE id = ?", (id_,))
        tx.journal(f"asset/{id_}", journal.ASSET_CHANGED, {"kind": kind, "removed": True}, at)
