"""What the contracts of acting devices share: a started rig on virtual time, and how it is brought up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.model.effects import Intent, Resolution


class Bench:
    """A started rig with its driver and what every test does with it."""

    def __init__(self, kit: Any, rig: Any, driver: Any) -> None:
        self.kit = kit
        self.rig = rig
        self.driver = driver
        self._sequence = 0

    async def resolve(self, intent: Intent) -> Resolution:
        """Ask what became of it."""
        resolution: Resolution = await self.driver.resolve(intent, self.deadline())
        return resolution

    def deadline(self) -> float:
        """From now."""
        return float(self.kit.clock.monotonic() + self.rig.within)


class BenchContract:
    """Gives each test of a contract a `bench` of the contract's own kind."""

    bench_of: type[Bench] = Bench

    async def build(self, kit: Any) -> Any:
        """The device under test, its driver not started."""
        raise NotImplementedError

    @pytest.fixture
    def bench(self, hub_virtual: Callable[..., Any]) -> Callable[..., Any]:
        """Runs a coroutine function with a started bench."""

        def run(play: Callable[[Any], Any]) -> None:
            async def main(kit: Any) -> None:
                rig = await self.build(kit)
                driver = await kit.start(rig.create(rig.context))
                await play(self.bench_of(kit, rig, driver))

            hub_virtual(main)

        return run
