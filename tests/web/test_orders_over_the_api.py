"""Orders with lines and payments, and what a handover's body may say of them."""

from __future__ import annotations

import pytest

PAID = {"reference": "ch_1", "amount": 500, "currency": "EUR"}
LINE = {
    "sku": "parcel", "quantity": 2, "price": 250, "tax_class": "food", "deposit": 25, "minimum_age": 16,
    "lot": "L7", "use_by": "2031-01-01T00:00:00Z",
}


@pytest.mark.req("HY-06", "HY-08")
async def test_an_order_shows_its_lines_what_was_paid_and_its_handovers(world):
    handover = await world.order(items=[LINE], order_ref="web-7", paid=PAID)
    listed = (await world.get("orders")).body["orders"]
    [order] = [found for found in listed if found["order_ref"] == "web-7"]
    assert order["status"] == "reserved"
    assert order["paid"] == PAID
    assert order["lines"] == [
        {**LINE, "handover": handover, "use_by": "2031-01-01T00:00:00.000000Z"}
    ]
    assert [part["id"] for part in order["handovers"]] == [handover]
    shown = (await world.get(order["handovers"][0]["href"])).body
    assert (shown["id"], shown["order"]) == (handover, order["id"])
    await world.post(f"handovers/{handover}/cancel")
    assert (await world.get(f"orders/{order['id']}")).body["status"] == "cancelled"


async def test_the_data_of_a_handover_reaches_its_blueprint(world):
    handover = await world.order(
        data={"greeting": "Hello", "copies": 2}, due="2031-01-01T00:00:00Z",
        depositor={"name": "Bea"}, paid=PAID,
    )
    events = (await world.get(f"handovers/{handover}/events")).body["events"]
    values = events[0]["body"]["vars"]
    assert values["data"] == {"greeting": "Hello", "copies": 2}
    assert values["due"] == 1_924_992_000_000_000
    assert values["paid"] == PAID
    assert values["depositor_ref"] not in (None, values["recipient_ref"])


async def test_orders_come_in_pages(world):
    for number in range(3):
        await world.order(order_ref=f"web-{number}")
    first = (await world.get("orders?limit=2")).body
    rest = (await world.get(f"orders?limit=2&cursor={first['next']}")).body
    assert [order["order_ref"] for order in first["orders"] + rest["orders"]] == ["web-2", "web-1", "web-0"]
    assert rest["next"] is None


async def test_an_unknown_order_is_said_to_be_unknown(world):
    answer = await world.get("orders/nothing")
    assert (answer.status, answer.kind) == (404, "unknown-order")


@pytest.mark.parametrize("changes", [
    {"paid": {"reference": "x", "amount": 1}}, {"paid": {**PAID, "currency": "euro"}},
    {"paid": {**PAID, "amount": 2.5}}, {"depositor": {}}, {"data": {"Not a name": 1}},
    {"data": {"deep": {"er": 1}}}, {"items": [{**LINE, "price": -1}]},
])
async def test_what_cannot_be_meant_is_refused(world, order, changes):
    answer = await world.post("handovers", {**order, **changes}, token="shop")
    assert answer.status in (400, 422), answer.body


async def test_staff_begin_at_the_desk_what_the_blueprint_lets_them_begin_there(world):
    begun = await world.post("handovers", {
        "workflow": "parcels", "start": "desk", "recipient": {"name": "Ada"},
        "items": [{"sku": "parcel", "quantity": 1, "size": "S", "thermal": "ambient"}],
    })
    assert begun.status == 201
    events = (await world.get(f"handovers/{begun.body['id']}/events")).body["events"]
    assert "desk" in [event["body"]["start"] for event in events if event["type"] == "handover.created"]
    refused = await world.post("handovers", {"workflow": "shop", "start": "desk"})
    assert (refused.status, refused.body["type"].rpartition("/")[2]) == (422, "unknown-workflow")


@pytest.mark.parametrize(("body", "where"), [
    ({"items": [LINE]}, "$.recipient"),
    ({"recipient": {"name": "Ada"}}, "$.items"),
    ({"recipient": {"name": "Ada"}, "items": [LINE], "terminal": "moon"}, "$.terminal"),
])
async def test_what_only_staff_may_leave_out_is_asked_for(world, body, where):
    answer = await world.post("handovers", {"workflow": "parcels", **body})
    assert answer.status == 422
    assert where in answer.body["detail"]
