"""Orders: a commercial request with lines and handovers, whose status is theirs (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.commerce.upstream import Paid
from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.model.states import Status
from hub.store import Reader, Tx

_COLUMNS = """
id, reference, person_ref, currency, paid_reference, paid_amount, paid_currency, created FROM "order"
"""
_ONE = f"SELECT {_COLUMNS} WHERE id = ?"
_NAMED = f"SELECT {_COLUMNS} WHERE reference = ?"
_PAGE = f"SELECT {_COLUMNS} WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2"
_INSERT = """
INSERT INTO "order" (id, reference, person_ref, currency, paid_reference, paid_amount, paid_currency, created)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_PAY = """
UPDATE "order" SET paid_reference = ?, paid_amount = ?, paid_currency = ?
WHERE id = ? AND paid_reference IS NULL
"""
_JOIN = "INSERT INTO order_handover (handover_id, order_id, at) VALUES (?, ?, ?)"
_LINE = """
INSERT INTO order_line
  (order_id, handover_id, idx, sku, quantity, price, tax_class, deposit, minimum_age, lot, use_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LINES = """
SELECT handover_id, sku, quantity, price, tax_class, deposit, minimum_age, lot, use_by
FROM order_line WHERE order_id = ? ORDER BY handover_id, idx
"""
_HANDOVERS = """
SELECT h.id, h.workflow, h.status, h.ended FROM order_handover AS o JOIN handover AS h ON h.id = o.handover_id
WHERE o.order_id = ? ORDER BY h.id
"""
_OF = "SELECT order_id FROM order_handover WHERE handover_id = ?"
_OPEN = (Status.CREATED, Status.RESERVED)
_GIVEN = (Status.COMPLETED, Status.PARTIALLY_COMPLETED)


class NoOrder(StepFailed):
    """There is no such order. `reason` is unknown_order."""

    def __init__(self, order_id: str) -> None:
        super().__init__("unknown_order", order_id)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line. Price and deposit are minor units of one piece; `use_by` is UTC microseconds."""

    handover_id: str
    sku: str
    quantity: int
    price: int | None = None
    tax_class: str | None = None
    deposit: int | None = None
    minimum_age: int | None = None
    lot: str | None = None
    use_by: int | None = None


@dataclass(frozen=True, slots=True)
class OrderPart:
    """One handover of an order."""

    id: str
    workflow: str
    status: Status
    ended: bool


@dataclass(frozen=True, slots=True)
class CustomerOrder:
    """One order with its lines and handovers. `reference` is the caller's own name for it."""

    id: str
    reference: str
    person_ref: str | None
    currency: str
    paid: Paid | None
    created: int
    lines: tuple[OrderLine, ...]
    parts: tuple[OrderPart, ...]

    @property
    def status(self) -> Status:
        """What its handovers come to."""
        return derived([part.status for part in self.parts])


def derived(statuses: Collection[Status]) -> Status:
    """The status of an order from those of its handovers.

    While one is open: partially_completed when another was given out, else reserved when one is, else
    created. When all have ended: completed if all were, partially_completed if some were, else refunded
    before expired before cancelled.
    """
    if not statuses:
        return Status.CREATED
    given = [status for status in statuses if status in _GIVEN]
    if all(status is Status.COMPLETED for status in statuses):
        return Status.COMPLETED
    if given:
        return Status.PARTIALLY_COMPLETED
    order = (Status.RESERVED, Status.CREATED) if any(s in _OPEN for s in statuses) else (
        Status.REFUNDED, Status.EXPIRED, Status.CANCELLED
    )
    return next(status for status in order if status in statuses)


def join_order(
    tx: Tx, handover_id: str, items: Sequence[Mapping[str, Any]], currency: str, at: int, *,
    reference: str | None = None, person_ref: str | None = None, paid: Paid | None = None,
) -> str:
    """Give a new handover its order, the one of that reference or one of its own, and return the order's id.

    Each item becomes a line. An order learns once how it was paid.
    """
    row = tx.execute(_NAMED, (reference,)).fetchone() if reference else None
    payment = (None, None, None) if paid is None else (paid.reference, paid.amount, paid.currency)
    if row is None:
        order_id = tx.new_id(at)
        name = reference or handover_id
        tx.execute(_INSERT, (order_id, name, person_ref, currency, *payment, at))
        opened: dict[str, Json] = {"reference": name, "person": person_ref, "currency": currency}
    else:
        opened = {}
        order_id = row[0]
        if paid is not None:
            tx.execute(_PAY, (*payment, order_id))
    tx.execute(_JOIN, (handover_id, order_id, at))
    lines = [_line(handover_id, item) for item in items]
    tx.executemany(_LINE, [
        (order_id, handover_id, index, line.sku, line.quantity, line.price, line.tax_class, line.deposit,
         line.minimum_age, line.lot, line.use_by)
        for index, line in enumerate(lines)
    ])
    joined: dict[str, Json] = {
        "handover": handover_id, "lines": [{"sku": line.sku, "quantity": line.quantity} for line in lines],
        "paid": None if paid is None else paid.reference,
    }
    # One row: most orders have one handover.
    kind = journal.ORDER_OPENED if opened else journal.ORDER_JOINED
    tx.journal("order/" + order_id, kind, {**opened, **joined}, at)
    return order_id


def order(reader: Reader, order_id: str) -> CustomerOrder:
    """One order; raises NoOrder."""
    row = reader.execute(_ONE, (order_id,)).fetchone()
    if row is None:
        raise NoOrder(order_id)
    return _whole(reader, row)


def order_of(reader: Reader, handover_id: str) -> str | None:
    """The order that a handover belongs to, or None."""
    row = reader.execute(_OF, (handover_id,)).fetchone()
    return None if row is None else str(row[0])


def order_page(reader: Reader, *, limit: int, before: str | None = None) -> list[CustomerOrder]:
    """At most `limit` orders, newest first, older than the order `before`."""
    return [_whole(reader, row) for row in reader.execute(_PAGE, (before, limit)).fetchall()]


def _line(handover_id: str, item: Mapping[str, Any]) -> OrderLine:
    facts = {
        key: item[key] for key in ("price", "tax_class", "deposit", "minimum_age", "lot", "use_by")
        if item.get(key) is not None
    }
    return OrderLine(handover_id, str(item.get("sku", "")), int(item.get("quantity", 1)), **facts)


def _whole(reader: Reader, row: Any) -> CustomerOrder:
    id_, reference, person_ref, currency, paid_reference, paid_amount, paid_currency, created = row
    paid = None if paid_reference is None else Paid(paid_reference, paid_amount, paid_currency)
    lines = tuple(OrderLine(*line) for line in reader.execute(_LINES, (id_,)).fetchall())
    parts = tuple(
        OrderPart(handover, workflow, Status(status), bool(ended))
        for handover, workflow, status, ended in reader.execute(_HANDOVERS, (id_,)).fetchall()
    )
    return CustomerOrder(id_, reference, person_ref, currency, paid, created, lines, parts)
