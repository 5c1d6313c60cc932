"""Brings the compartments of `site.yaml` into the store without touching what is live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hub.custody.compartments import bar, set_product, unbar
from hub.model import journal
from hub.model.effects import Json
from hub.model.ids import compartment_id
from hub.model.states import Size, Thermal
from hub.store import Tx

#: The reason for which a compartment is barred that left the configuration while in use.
REMOVED = "removed"

_INSERT = """
INSERT INTO compartment (door_device, door_name, size, size_rank, thermal, low, configured_product, product,
  position, bank, name, id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11)
"""
_UPDATE = """
UPDATE compartment SET door_device = ?1, door_name = ?2, size = ?3, size_rank = ?4, thermal = ?5, low = ?6,
  configured_product = ?7, position = ?8, removed = 0 WHERE id = ?9
"""
_KNOWN = """
SELECT id, door_device, door_name, size, thermal, low, configured_product, position, removed, hold, occupancy,
  product
FROM compartment
"""


@dataclass(frozen=True, slots=True)
class CompartmentSpec:
    """One compartment as the site writes it. `product` is the SKU that it stocks, if any.

    `stock` is how many it holds when the hub sees it for the first time; counting says so later.
    """

    bank: str
    name: str
    door_device: str
    door: str
    size: Size
    thermal: Thermal
    low: bool = False
    product: str | None = None
    stock: int = 0


def sync_compartments(tx: Tx, specs: Iterable[CompartmentSpec], at: int) -> None:
    """Add, change and remove compartments so that they match `specs`.

    The order of `specs` is that of the bank: it says which are neighbours. Live facts stay. A product
    set at the desk stays until the site's own product for that compartment changes. A compartment that
    left the site is deleted, or, while it is allocated or not known to be empty, stays visible and
    barred (`removed`); it comes back when the site names it again.
    """
    rows = {row[0]: row[1:] for row in tx.execute(_KNOWN).fetchall()}
    placed: Counter[str] = Counter()
    for spec in specs:
        placed[spec.bank] += 1
        position = placed[spec.bank]
        id_ = compartment_id(spec.bank, spec.name)
        row = rows.pop(id_, None)
        static = (
            spec.door_device, spec.door, spec.size.value, spec.thermal.value, int(spec.low), spec.product,
            position,
        )
        if row is None:
            tx.execute(_INSERT, (*_values(spec), position, spec.bank, spec.name, id_))
            tx.journal(f"compartment/{id_}", journal.COMPARTMENT_ADDED, _body(spec), at)
            continue
        if tuple(row[:7]) == static and not row[7]:
            continue
        tx.execute(_UPDATE, (*_values(spec), position, id_))
        if row[5] != spec.product:
            set_product(tx, id_, spec.product, at)
        if row[7]:
            unbar(tx, id_, at, reason=REMOVED)
        tx.journal(f"compartment/{id_}", journal.COMPARTMENT_CHANGED, _body(spec), at)
    for id_, row in rows.items():
        in_use = row[8] != "free" or _holds_something(row[9], row[10])
        _remove(tx, id_, removed=bool(row[7]), in_use=in_use, at=at)


def _holds_something(occupancy: str, product: str | None) -> bool:
    return product is None and occupancy != "empty"


def _remove(tx: Tx, id_: str, *, removed: bool, in_use: bool, at: int) -> None:
    if in_use:
        if not removed:
            tx.execute("UPDATE compartment SET removed = 1 WHERE id = ?", (id_,))
            bar(tx, id_, REMOVED, at)
        return
    tx.execute("DELETE FROM compartment WHERE id = ?", (id_,))
    tx.execute("DELETE FROM compartment_bar WHERE compartment = ?", (id_,))
    tx.journal(f"compartment/{id_}", journal.COMPARTMENT_REMOVED, {}, at)


def _values(spec: CompartmentSpec) -> tuple[str | int | None, ...]:
    return (
        spec.door_device, spec.door, spec.size.value, spec.size.rank, spec.thermal.value, int(spec.low),
        spec.product,
    )


def _body(spec: CompartmentSpec) -> dict[str, Json]:
    return {
        "door": f"{spec.door_device}/{spec.door}", "size": spec.size.value, "thermal": spec.thermal.value,
        "low": spec.low, "product": spec.product,
    }
