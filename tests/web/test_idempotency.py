"""Sent twice, done once (S39)."""

from __future__ import annotations

import asyncio

import pytest

from hub.core.clock import DAY
from hub.web import handover_calls

KEY = {"Idempotency-Key": "order-4711"}


async def made(world) -> int:
    return len((await world.get("handovers")).body["handovers"])


@pytest.mark.req("IN-08", "IN-11")
async def test_the_same_key_and_body_get_the_same_answer_once(world, order):
    first = await world.post("handovers", order, headers=KEY)
    again = await world.post("handovers", order, headers=KEY)
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await made(world) == 1


async def test_spacing_and_the_order_of_keys_make_no_other_request(world, order):
    await world.post("handovers", order, headers=KEY)
    again = await world.post("handovers", dict(reversed(order.items())), headers=KEY)
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_the_same_key_with_another_body_is_refused(world, order):
    await world.post("handovers", order, headers=KEY)
    other = await world.post("handovers", order | {"external_ref": "x"}, headers=KEY)
    assert (other.status, other.kind) == (422, "idempotency-mismatch")
    assert await made(world) == 1


async def test_concurrent_twins_wait_and_get_the_same_answer(world, order):
    answers = await asyncio.gather(*(world.post("handovers", order, headers=KEY) for _ in range(8)))
    assert {a.status for a in answers} == {201}
    assert len({a.body["id"] for a in answers}) == 1
    assert await made(world) == 1


async def test_a_key_belongs_to_its_token_and_its_path(world, order):
    first = await world.post("handovers", order, headers=KEY)
    other = await world.post("handovers", order, headers=KEY, token="shop")
    assert other.body["id"] != first.body["id"]
    command = await world.post(f"handovers/{first.body['id']}/cancel", {"why": "x"}, headers=KEY)
    assert command.status == 200


async def test_a_key_is_kept_for_thirty_days(world, order):
    first = await world.post("handovers", order, headers=KEY)
    world.clock.ahead = 30 * DAY - DAY // 24
    assert (await world.post("handovers", order, headers=KEY)).body["id"] == first.body["id"]
    world.clock.ahead = 30 * DAY + DAY // 24
    assert (await world.post("handovers", order, headers=KEY)).body["id"] != first.body["id"]


async def test_the_row_commits_with_the_creation_or_neither_does(world, order, monkeypatch):
    def fails(*_):
        raise RuntimeError("the row cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(handover_calls, "keep", fails)
        assert (await world.post("handovers", order, headers=KEY)).status == 500
    assert await made(world) == 0
    assert (await world.post("handovers", order, headers=KEY)).status == 201


async def test_a_command_with_a_key_is_done_once(world):
    handover = await world.order()
    first = await world.post(f"handovers/{handover}/cancel", headers=KEY)
    again = await world.post(f"handovers/{handover}/cancel", headers=KEY)
    assert first.body == again.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await world.post(f"handovers/{handover}/cancel")).kind == "not-now"


async def test_a_refused_command_may_be_tried_again_with_its_key(world):
    handover = await world.order()
    for _ in range(2):
        assert (await world.post(f"handovers/{handover}/open", headers=KEY)).kind == "not-now"


async def test_an_empty_or_endless_key_is_refused(world, order):
    for key in ("", "k" * 256):
        answer = await world.post("handovers", order, headers={"Idempotency-Key": key})
        assert (answer.status, answer.kind) == (400, "bad-request")


@pytest.mark.req("IN-08")
async def test_a_repeated_external_reference_answers_with_a_link(world, order):
    first = await world.post("handovers", order | {"external_ref": "shop-1"})
    again = await world.post("handovers", order | {"external_ref": "shop-1"})
    assert (again.status, again.kind) == (409, "reference-taken")
    assert again.body["handover"] == first.body["id"]
    assert again.headers["Link"] == f'<{first.headers["Location"]}>; rel="related"'
    assert (await world.get(again.body["href"])).body["external_ref"] == "shop-1"
