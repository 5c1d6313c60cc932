"""Turns on a supply, and the release that waits for nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.api import Driver
from hub.core.clock import SECOND
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.effects.emergency import EmergencyRelease
from hub.effects.supplies import Supply, SupplyGates
from hub.model.effects import Intent, JsonMap, Receipt, Resolution
from hub.model.states import Door
from hub.store import Store

START = 1_790_000_000_000_000


class Doors(Driver):
    doors = ("1", "2", "3")

    def __init__(self, clock: Any, broken: str = "") -> None:
        self.clock, self.broken = clock, broken
        self.times: list[tuple[str, float]] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def door_state(self, door: str) -> Door:
        return Door.CLOSED

    def baseline(self, door: str) -> JsonMap:
        return {}

    async def open(self, intent: Intent, deadline: float) -> Receipt:
        return Receipt()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        return Resolution.unknown()

    async def outputs_off(self) -> None: ...

    async def release_now(self, door: str) -> None:
        if door == self.broken:
            raise OSError("the wire is cut")
        self.times.append((door, round(self.clock.monotonic(), 3)))


class One:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def driver(self, device: str) -> Driver:
        return self._driver


def test_one_lock_at_a_time_per_supply_with_the_gap_after_each() -> None:
    async def main(clock: Any) -> list[float]:
        gates = SupplyGates({"psu": Supply("psu", 1, 2 * SECOND)}, {"a": "psu", "b": "psu"})
        starts = []

        async def act(device: str) -> None:
            async with gates.turn(device, clock.monotonic() + 60):
                starts.append(round(clock.monotonic(), 3))

        await asyncio.gather(act("a"), act("b"), act("a"))
        return starts

    assert run_virtual(main, START) == [0.0, 2.0, 4.0]


def test_a_turn_that_does_not_come_before_the_deadline_is_given_up_without_acting() -> None:
    async def main(clock: Any) -> None:
        gates = SupplyGates({"psu": Supply("psu", 1, 60 * SECOND)}, {"a": "psu"})
        async with gates.turn("a", clock.monotonic() + 1):
            pass
        with pytest.raises(TimeoutError):
            async with gates.turn("a", clock.monotonic() + 5):
                raise AssertionError("nobody may act here")

    run_virtual(main, START)


def test_emergency_release_is_staggered_and_one_dead_door_does_not_keep_the_others_shut() -> None:
    async def main(clock: Any) -> None:
        driver = Doors(clock, broken="2")
        store = await Store.open(":memory:", clock, SeededEntropy(1))
        expected: dict[tuple[str, str], int] = {}
        emergency = EmergencyRelease(
            clock, store, One(driver), {"psu": Supply("psu", 1, SECOND)}, {"locks": "psu"}, expected,  # type: ignore[arg-type]
        )
        results = await emergency.release([("locks", d) for d in ("1", "2", "3")], "fire contact")
        assert driver.times == [("1", 0.0), ("3", 2.0)]
        assert results["locks/1"] == "released" and results["locks/2"].startswith("failed")
        rows = await store.read(lambda r: r.execute("SELECT type FROM journal").fetchall())
        assert "emergency.released" in [row[0] for row in rows]
        assert list(expected) == [("locks", "1"), ("locks", "2"), ("locks", "3")]
        await store.close()

    run_virtual(main, START)


def test_emergency_release_opens_although_nothing_can_be_stored() -> None:
    async def main(clock: Any) -> None:
        driver = Doors(clock)
        store = await Store.open(":memory:", clock, SeededEntropy(1))
        await store.close()
        emergency = EmergencyRelease(clock, store, One(driver), {}, {}, {})  # type: ignore[arg-type]
        await emergency.release([("locks", "1")], "person inside")
        assert [door for door, _ in driver.times] == ["1"]

    run_virtual(main, START)
