"""A money decision that stands is told to its device, however long that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

Run = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]


@pytest.mark.req("PY-03")
def test_a_payment_is_taken_when_its_terminal_is_back(world: Run) -> None:
    async def main(site: Any) -> None:
        terminal = _away_when_the_door_opens(site)
        sale = (await site.key("11")).handover_id
        await site.settled(20)
        assert await site.state(sale) == "settling"
        site.devices._drivers["card"] = terminal
        await site.settled(5)
        assert [leg.state for leg in await site.legs(sale)] == ["captured"]
        assert len(await site.openings(sale)) == 1

    world(main)


@pytest.mark.req("PY-03")
def test_a_refund_is_not_given_up_because_the_terminal_just_starts(world: Run) -> None:
    async def main(site: Any) -> None:
        site.lock.script = ["stuck"] * 4
        asked = site.terminal.resolve

        async def then_it_starts(intent: Any, deadline: float) -> Any:
            site.devices.down = {"card"} if intent.kind.value == "authorise" else set()
            return await asked(intent, deadline)

        site.terminal.resolve = then_it_starts
        sale = (await site.key("11")).handover_id
        await site.settled(60)
        assert [leg.state for leg in await site.legs(sale)] == ["voided"]
        assert await site.state(sale) == "refunded"

    world(main)


def _away_when_the_door_opens(site: Any) -> Any:
    terminal, opened = site.terminal, site.lock.open

    async def open_and_unplug(intent: Any, deadline: float) -> Any:
        site.devices._drivers.pop("card", None)
        await asyncio.sleep(0)
        return await opened(intent, deadline)

    site.lock.open = open_and_unplug
    return terminal
