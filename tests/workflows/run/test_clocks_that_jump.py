"""The machine's clock is set while handovers run: nothing fires early twice, nothing is stranded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.core.clock import DAY, HOUR
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.store import Store
from hub.workflows.run.records import Machines
from hub.workflows.run.replay import replay


class JumpingClock:
    """The virtual clock, put forward or back by whoever sets the machine's clock."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.ahead = 0

    def now(self) -> int:
        return int(self._clock.now()) + self.ahead

    def monotonic(self) -> float:
        return float(self._clock.monotonic())


@pytest.fixture
def jumping(make_world: Callable[..., Any]) -> Callable[[Callable[[Any], Any]], None]:
    """Run `main(site)` on a clock with `site.clock.ahead`."""

    def run(main: Callable[[Any], Any]) -> None:
        async def inside(clock: Any) -> None:
            moved = JumpingClock(clock)
            site = make_world(moved, await Store.open(":memory:", moved, SeededEntropy(7)))
            site.handovers.timers.longest = 30.0
            await site.begin()
            try:
                await main(site)
            finally:
                await site.end()

        run_virtual(inside, 1_790_000_000_000_000)

    return run


async def _same_again(site: Any, handover: str) -> None:
    again = await site.store.read(lambda r: replay(r, Machines(), handover))
    assert again == await site.snapshot(handover)


def test_a_clock_put_forward_lets_promises_expire_and_somebody_clears_out(jumping: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        site.clock.ahead += 10 * DAY
        await site.settled(60)
        assert (await site.snapshot(handover)).status == "expired"
        assert "clear_out" in await site.incidents()
        await _same_again(site, handover)

    jumping(main)


def test_a_clock_put_back_keeps_promises_open_and_doors_served(jumping: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.clock.ahead -= 3 * HOUR
        await site.settled(60)
        assert await site.state(handover) == "waiting"
        site.clock.ahead += 3 * HOUR
        assert (await site.key(pin)).code == "accepted"
        await site.settled(5)
        assert await site.state(handover) == "collecting"
        await _same_again(site, handover)

    jumping(main)


def test_a_clock_that_comes_back_after_promises_expired_revives_none(jumping: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.clock.ahead += 10 * DAY
        await site.settled(60)
        site.clock.ahead -= 10 * DAY
        await site.settled(60)
        assert (await site.snapshot(handover)).status == "expired"
        assert (await site.key(pin)).code != "accepted"
        await site.ask(handover, "open")
        await site.use_door(await site.door_of(handover))
        await site.settled(400)
        assert (await site.snapshot(handover)).ended
        await _same_again(site, handover)

    jumping(main)
