"""A thousand orders over the API at the same moment, each twice: one handover and one compartment each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest


@pytest.mark.req("AS-01", "RL-01")
async def test_a_thousand_requests_at_once_book_no_compartment_twice(world, order):
    async def ask(number: int) -> Any:
        return await world.ask("POST", "handovers", {**order, "external_ref": f"order-{number % 500}"})

    answers = await asyncio.gather(*(ask(number) for number in range(1000)))
    assert sorted({answer.status for answer in answers}) == [201, 409]
    made = [answer.body["id"] for answer in answers if answer.status == 201]
    assert len(set(made)) == len(made) == 500
    banks = (await world.get("banks")).body["banks"]
    held = [place["allocation"]["handover"] for bank in banks for place in bank["compartments"]
            if place["allocation"]["handover"]]
    assert len(set(held)) == len(held) > 0
    states = [found["state"] for found in (await world.get("handovers?limit=500")).body["handovers"]]
    assert states.count("loading") == len(held)
    assert states.count("no_room") == 500 - len(held)
