"""A thousand orders at the same moment: as many as there are compartments get one, the others none."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest


@pytest.mark.req("AS-01", "RL-01")
def test_a_thousand_orders_at_once_share_no_compartment(world: Any) -> None:
    async def main(site: Any) -> None:
        orders = await asyncio.gather(*(site.order(external_ref=f"order-{n}") for n in range(1000)))
        states: Counter[str] = Counter()
        doors = []
        for handover in orders:
            snapshot = await site.snapshot(handover)
            states[snapshot.state] += 1
            if snapshot.state == "loading":
                doors.append(snapshot.vars["allocation"]["compartment"])
        assert states == {"loading": 2, "no_room": 998}
        assert sorted(doors) == ["main/A1", "main/A2"]
        assert len(set(orders)) == 1000

    world(main)


@pytest.mark.req("AS-01")
def test_whoever_owns_the_task_reads_why_there_was_no_room(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.order()
        await site.desk("compartment.bar", "main/A2", why="cleaning")
        assert await site.state(await site.order()) == "no_room"
        why = (await site.incident("no_room")).detail
        assert why == "of 2 in main that fit, 1 is taken, 1 is barred (desk)"

    world(main)
