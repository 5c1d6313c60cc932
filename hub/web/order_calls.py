"""Orders over the API: their lines, what was paid, and what became of their handovers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from hub import commerce
from hub.store import Reader
from hub.web import bodies
from hub.web.answers import Time, iso
from hub.web.calls import API, Api, Call, Reply
from hub.web.problems import Problem


class OrdersQuery(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A page of orders; `cursor` is the `next` of the page before."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: bodies.Word | None = None


class LineView(msgspec.Struct):
    """One line; price and deposit are minor units of one piece."""

    handover: str
    sku: str
    quantity: int
    price: int | None
    tax_class: str | None
    deposit: int | None
    minimum_age: int | None
    lot: str | None
    use_by: Time | None


class PartView(msgspec.Struct):
    """One handover of an order."""

    id: str
    workflow: str
    status: str
    ended: bool
    href: str


class PaidView(msgspec.Struct):
    """Money that the order's owner took; the amount in minor units."""

    reference: str
    amount: int
    currency: str


class OrderView(msgspec.Struct):
    """An order. Its status is derived from its handovers."""

    id: str
    order_ref: str
    status: str
    person_ref: str | None
    currency: str
    paid: PaidView | None
    created: Time
    lines: list[LineView]
    handovers: list[PartView]


class OrderPage(msgspec.Struct):
    """Orders, newest first; `next` is the cursor of the next page, null on the last one."""

    orders: list[OrderView]
    next: str | None


async def orders(api: Api, call: Call) -> Reply:
    """Orders, newest first."""
    query: OrdersQuery = call.query

    def read(reader: Reader) -> OrderPage:
        found = commerce.order_page(reader, limit=query.limit + 1, before=query.cursor)
        shown = [_order(order) for order in found[: query.limit]]
        return OrderPage(shown, shown[-1].id if len(found) > query.limit else None)

    return Reply(await api.ports.store.read(read))


async def one(api: Api, call: Call) -> Reply:
    """One order."""
    wanted = call.params["id"]
    try:
        return Reply(_order(await api.ports.store.read(lambda reader: commerce.order(reader, wanted))))
    except commerce.NoOrder:
        raise Problem("unknown-order", f"there is no order {wanted!r}") from None


def _order(found: commerce.CustomerOrder) -> OrderView:
    paid = found.paid
    return OrderView(
        found.id, found.reference, found.status.value, found.person_ref, found.currency,
        None if paid is None else PaidView(paid.reference, paid.amount, paid.currency), iso(found.created),
        [
            LineView(
                line.handover_id, line.sku, line.quantity, line.price, line.tax_class, line.deposit,
                line.minimum_age, line.lot, None if line.use_by is None else iso(line.use_by),
            )
            for line in found.lines
        ],
        [
            PartView(part.id, part.workflow, part.status.value, part.ended, f"{API}/handovers/{part.id}")
            for part in found.parts
        ],
    )
