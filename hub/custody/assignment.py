"""Which compartment takes an item. The first row of an index is the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.model.states import Hold, Size, Thermal
from hub.store import Tx

# The smallest that fits, a low door last unless one is asked for, then the least used, then by id.
# The conditions repeat those of the partial indexes, so the first index row that passes is the answer.
_EMPTY = """
SELECT id FROM compartment
WHERE hold = 'free' AND service = 'in_service' AND occupancy = 'empty' AND product IS NULL
  AND bank = ?1 AND size_rank >= ?2 AND (?3 IS NULL OR thermal = ?3) AND low >= ?4
ORDER BY size_rank, low, wear, id LIMIT 1
"""
# Stock that nobody is sure of is not for sale.
_STOCKED = """
SELECT c.id FROM compartment AS c JOIN stock AS s ON s.compartment = c.id
WHERE c.hold = 'free' AND c.service = 'in_service' AND c.product IS NOT NULL
  AND c.bank = ?1 AND c.product = ?5 AND s.quantity > 0 AND s.uncertain = 0
  AND c.size_rank >= ?2 AND (?3 IS NULL OR c.thermal = ?3) AND c.low >= ?4
ORDER BY c.wear, c.id LIMIT 1
"""
_HOLD = "UPDATE compartment SET hold = ?, allocation_id = ?, wear = wear + 1 WHERE id = ?"
_ALLOCATE = """
INSERT INTO allocation (id, handover_id, idx, compartment, items, custody, created)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_WHY_EMPTY = """
SELECT count(*), sum(size_rank >= ?2), sum(size_rank >= ?2 AND (?3 IS NULL OR thermal = ?3) AND low >= ?4),
  sum(size_rank >= ?2 AND (?3 IS NULL OR thermal = ?3) AND low >= ?4 AND service = 'in_service')
FROM compartment WHERE bank = ?1 AND product IS NULL AND removed = 0
"""
_WHY_STOCKED = """
SELECT sum(c.service = 'in_service'), sum(c.service = 'barred')
FROM compartment AS c JOIN stock AS s ON s.compartment = c.id
WHERE c.bank = ?1 AND c.product = ?2 AND c.removed = 0 AND s.quantity > 0 AND s.uncertain = 0
"""


class NothingFits(StepFailed):
    """No compartment can be assigned. `reason`: full, too_big, wrong_class, barred or sold_out."""


def assign(
    tx: Tx, handover_id: str, allocation_id: str, bank: str, size: Size | str | None,
    thermal: Thermal | str | None, low: bool, product: str | None, at: int, *,
    items: Sequence[Mapping[str, Json]] = (), idx: int = 0, hold: Hold = Hold.HARD,
) -> str:
    """Hold a compartment of `bank` for the new allocation `allocation_id` and return its id.

    `size` is the smallest that will do, `thermal` None leaves the class open, `low` demands a low door.
    With `product` (a SKU) only compartments that stock it for certain are taken, and the hub has custody;
    without, only empty ones that serve no product, and custody is with the staff until they load it.
    Raises NothingFits.
    """
    rank = 0 if size is None else Size(size).rank
    klass = None if thermal is None else str(Thermal(thermal))
    wanted = (bank, rank, klass, int(low))
    if product is None:
        found = tx.execute(_EMPTY, wanted).fetchone()
    else:
        found = tx.execute(_STOCKED, (*wanted, product)).fetchone()
    if found is None:
        raise _why(tx, bank, rank, klass, low, product)
    compartment: str = found[0]
    tx.execute(_HOLD, (hold.value, allocation_id, compartment))
    custody = "staff" if product is None else "hub"
    packed = json.dumps(list(items), separators=(",", ":"), ensure_ascii=False) if items else "[]"
    tx.execute(_ALLOCATE, (allocation_id, handover_id, idx, compartment, packed, custody, at))
    body: dict[str, Json] = {
        "allocation": allocation_id, "compartment": compartment, "hold": hold.value, "idx": idx,
    }
    tx.journal("handover/" + handover_id, journal.ALLOCATION_ASSIGNED, body, at)
    return compartment


def _why(tx: Tx, bank: str, rank: int, klass: str | None, low: bool, product: str | None) -> NothingFits:
    if product is not None:
        serving, barred = tx.execute(_WHY_STOCKED, (bank, product)).fetchone()
        if barred and not serving:
            return NothingFits("barred", f"every compartment of {bank} with {product} is out of service")
        return NothingFits("sold_out", f"{bank} has no {product} left to assign")
    total, big, suited, serving = tx.execute(_WHY_EMPTY, (bank, rank, klass, int(low))).fetchone()
    if total and not big:
        return NothingFits("too_big", f"{bank} has no compartment of that size")
    if total and not suited:
        return NothingFits("wrong_class", f"{bank} has none of class {klass or 'any'}, low {low}")
    if total and not serving:
        return NothingFits("barred", f"every compartment of {bank} that would fit is out of service")
    return NothingFits("full", f"no compartment of {bank} that would fit is empty and free")
