"""Every handover about goods belongs to an order, and the order follows it."""

from __future__ import annotations

from typing import Any

import pytest

from hub import commerce
from hub.model.states import Status


async def _orders(site: Any) -> list[Any]:
    return await site.store.read(lambda r: commerce.order_page(r, limit=10))  # type: ignore[no-any-return]


@pytest.mark.req("HY-06")
def test_an_order_of_two_parcels_follows_both(world: Any) -> None:
    async def main(site: Any) -> None:
        first = await site.order(order_ref="web-7")
        second = await site.order(order_ref="web-7")
        [order] = await _orders(site)
        assert (order.reference, order.status) == ("web-7", Status.RESERVED)
        assert {part.id for part in order.parts} == {first, second}
        await site.ask(first, "cancel")
        await site.ask(second, "cancel")
        [order] = await _orders(site)
        assert order.status is Status.CANCELLED
        assert [line.sku for line in order.lines] == ["parcel", "parcel"]

    world(main)


def test_a_sale_at_the_terminal_is_an_order_of_its_own(world: Any) -> None:
    async def main(site: Any) -> None:
        sale = (await site.key("11")).handover_id
        [order] = await _orders(site)
        assert (order.reference, [line.sku for line in order.lines]) == (sale, ["cola"])

    world(main)


def test_an_order_says_what_was_paid_upstream(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.order(vars={"paid": {"reference": "ch_1", "amount": 500, "currency": "EUR"}})
        await site.order(vars={"paid": {"amount": 500}})
        assert {order.paid for order in await _orders(site)} == {None, commerce.Paid("ch_1", 500, "EUR")}

    world(main)
