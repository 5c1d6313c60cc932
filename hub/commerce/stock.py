"""How much of its product each compartment holds. Never below zero, and in doubt rather than wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.store import Reader, Tx

_ADJUST = """
UPDATE stock SET quantity = quantity + ?1, changed = ?2 WHERE compartment = ?3 AND quantity + ?1 >= 0
RETURNING quantity
"""
_BEGIN = """
INSERT INTO stock (compartment, quantity, changed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1
"""
_COUNT = """
INSERT INTO stock (compartment, quantity, changed) VALUES (?1, ?2, ?3)
ON CONFLICT (compartment) DO UPDATE SET quantity = ?2, uncertain = 0, changed = ?3
"""
_DOUBT = """
UPDATE stock SET uncertain = 1, changed = ?1 WHERE compartment = ?2 AND uncertain = 0 RETURNING quantity
"""
_ONE = "SELECT compartment, quantity, uncertain, changed FROM stock WHERE compartment = ?"
_ALL = "SELECT compartment, quantity, uncertain, changed FROM stock ORDER BY compartment"
_TOTAL = """
SELECT coalesce(sum(s.quantity), 0) FROM compartment AS c JOIN stock AS s ON s.compartment = c.id
WHERE c.product = ? AND c.service = 'in_service' AND c.hold = 'free' AND s.uncertain = 0
"""


class StockShort(StepFailed):
    """There is not that much. `reason` is sold_out."""

    def __init__(self, compartment: str) -> None:
        super().__init__("sold_out", f"{compartment} does not hold that much")


@dataclass(frozen=True, slots=True)
class Stock:
    """What a compartment holds. While `uncertain` nothing is sold from it until it is counted."""

    compartment: str
    quantity: int
    uncertain: bool
    changed: int


def adjust_stock(tx: Tx, compartment: str, by: int, reason: str, at: int) -> int:
    """Add `by` (negative: take away) and return the new quantity. Raises StockShort below zero."""
    changed = tx.execute(_ADJUST, (by, at, compartment)).fetchall()
    if changed:
        quantity: int = changed[0][0]
    elif by >= 0 and tx.execute(_BEGIN, (compartment, by, at)).fetchall():
        quantity = by
    else:
        raise StockShort(compartment)
    body: dict[str, Json] = {"by": by, "quantity": quantity, "reason": reason}
    tx.journal("compartment/" + compartment, journal.STOCK_ADJUSTED, body, at)
    return quantity


def count_stock(tx: Tx, compartment: str, quantity: int, at: int, *, who: str = "") -> int | None:
    """Record what somebody counted; certain from now on. Returns what the books said, or None."""
    if quantity < 0:
        raise ValueError("nobody counts less than nothing")
    before = stock_of(tx, compartment)
    tx.execute(_COUNT, (compartment, quantity, at))
    was = None if before is None else before.quantity
    body: dict[str, Json] = {"quantity": quantity, "was": was, "who": who}
    tx.journal("compartment/" + compartment, journal.STOCK_COUNTED, body, at)
    return was


def doubt_stock(tx: Tx, compartment: str, reason: str, at: int) -> bool:
    """Nobody knows any longer what is inside: sell nothing from it until it is counted."""
    doubted = tx.execute(_DOUBT, (at, compartment)).fetchall()
    if doubted:
        tx.journal("compartment/" + compartment, journal.STOCK_UNCERTAIN, {"reason": reason}, at)
    return bool(doubted)


def ensure_stock(tx: Tx, quantities: Mapping[str, int], at: int) -> None:
    """Give compartments that have no stock record yet the quantity that the site starts with."""
    for compartment, quantity in quantities.items():
        if tx.execute(_BEGIN, (compartment, quantity, at)).fetchall():
            body: dict[str, Json] = {"quantity": quantity, "was": None, "who": "site"}
            tx.journal("compartment/" + compartment, journal.STOCK_COUNTED, body, at)


def stock_of(reader: Reader, compartment: str) -> Stock | None:
    """The stock of a compartment, or None when it keeps none."""
    row = reader.execute(_ONE, (compartment,)).fetchone()
    return None if row is None else Stock(row[0], row[1], bool(row[2]), row[3])


def stocks(reader: Reader) -> dict[str, Stock]:
    """All stock by compartment."""
    return {row[0]: Stock(row[0], row[1], bool(row[2]), row[3]) for row in reader.execute(_ALL).fetchall()}


def total_stock(reader: Reader, sku: str) -> int:
    """How many units could be sold now: in service, not held by a handover, not in doubt."""
    total: int = reader.execute(_TOTAL, (sku,)).fetchone()[0]
    return total
