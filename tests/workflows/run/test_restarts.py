"""What a hub that was killed finds again: promises, open effects, money, and nothing twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.effects.records import open_intents
from hub.model.effects import Intent, Resolution
from hub.model.observations import DoorSeen, KeysEntered
from hub.model.states import Door, Service
from hub.store import Store

START = 1_790_000_000_000_000


async def _crash(site: Any) -> None:
    """End everything at once, with no chance to finish anything."""
    for task in list(site.tasks._tasks):
        task.cancel()
    await site.store.close()


async def _recovered(site: Any, intent: Intent) -> None:
    """What a device manager does with each open intent of a device that is back."""
    resolution = await site.effects.recover(intent)
    assert resolution is not None
    await site.effects.report(intent, resolution)


async def _again(make_world: Any, clock: Any, path: Path, seed: int) -> Any:
    site = make_world(clock, await Store.open(path, clock, SeededEntropy(seed), inline=True))
    await site.begin()
    return site


@pytest.mark.req("PY-07", "OF-01", "ES-01")
def test_a_deadline_passed_while_the_hub_was_down_is_kept_at_once(make_world: Any, tmp_path: Path) -> None:
    async def main(clock: Any) -> None:
        site = await _again(make_world, clock, tmp_path / "hub.db", 1)
        handover, _, _ = await site.waiting()
        await _crash(site)
        await site.settled(3 * 24 * 3600)
        site = await _again(make_world, clock, tmp_path / "hub.db", 2)
        await site.settled(1)
        assert (await site.snapshot(handover)).status == "expired"
        await site.end()

    run_virtual(main, START)


@pytest.mark.req("PY-07")
def test_an_opening_cut_off_in_mid_act_is_resolved_not_sent_again(make_world: Any, tmp_path: Path) -> None:
    async def main(clock: Any) -> None:
        site = await _again(make_world, clock, tmp_path / "hub.db", 1)
        handover, pin, _ = await site.waiting()

        async def dies(intent: Intent, resolution: Resolution) -> None:
            raise RuntimeError("killed before the verdict was stored")

        site.effects._on_result = dies
        await site.key(pin)
        assert len(site.lock.sent) == 2
        await _crash(site)

        site = await _again(make_world, clock, tmp_path / "hub.db", 2)
        intents = await site.store.read(lambda r: open_intents(r, "locks"))
        assert [intent.handover_id for intent in intents] == [handover]
        site.lock._last = "unknown"
        await _recovered(site, intents[0])
        assert site.lock.sent == []
        assert await site.state(handover) == "recovery"
        door = await site.door_of(handover)
        assert (await site.compartment(f"main/A{door}")).service is Service.BARRED
        await site.end()

    run_virtual(main, START)


def test_a_capture_cut_off_is_reported_again_until_it_is_definite(make_world: Any, tmp_path: Path) -> None:
    async def main(clock: Any) -> None:
        site = await _again(make_world, clock, tmp_path / "hub.db", 1)
        stored = site.handovers.settle

        async def dies(intent: Intent, resolution: Resolution) -> None:
            if intent.kind == "capture":
                raise RuntimeError("killed")
            await stored(intent, resolution)

        site.effects._on_result = dies
        handover = (await site.key("11")).handover_id
        await site.settled(20)
        await _crash(site)

        site = await _again(make_world, clock, tmp_path / "hub.db", 2)
        intents = await site.store.read(lambda r: open_intents(r, "card"))
        await _recovered(site, intents[0])
        assert site.terminal.calls == ["capture"]
        assert (await site.legs(handover))[0].state == "captured"
        assert len(await site.openings(handover)) == 1
        await site.end()

    run_virtual(main, START)


def test_an_intent_of_an_earlier_start_is_fenced_off(make_world: Any, tmp_path: Path) -> None:
    async def main(clock: Any) -> None:
        site = await _again(make_world, clock, tmp_path / "hub.db", 1)
        handover, pin, _ = await site.waiting()
        caught: list[Intent] = []
        object.__setattr__(site.handovers.engine, "begin_effect", caught.append)
        await site.key(pin)
        await _crash(site)
        site = await _again(make_world, clock, tmp_path / "hub.db", 2)
        site.effects.begin(caught[0])
        site.lock._last = "unknown"
        await site.settled(5)
        assert site.lock.sent == []
        assert await site.openings(handover) == ["confirmed", "in_doubt"]
        await site.end()

    run_virtual(main, START)


def test_a_door_found_open_that_no_act_explains_is_a_breach(make_world: Any, tmp_path: Path) -> None:
    async def main(clock: Any) -> None:
        site = await _again(make_world, clock, tmp_path / "hub.db", 1)
        handover, _, _ = await site.waiting()
        door = await site.door_of(handover)
        await _crash(site)
        await site.settled(7200)
        site = await _again(make_world, clock, tmp_path / "hub.db", 2)
        await site.handovers.observe(DoorSeen("locks", door, Door.OPEN))
        assert "breach" in await site.incidents()
        await site.end()

    run_virtual(main, START)


def test_a_hub_that_stops_waits_for_the_door_just_commanded(make_world: Any, tmp_path: Path) -> None:
    async def main(clock: Any) -> None:
        site = await _again(make_world, clock, tmp_path / "hub.db", 1)
        handover, pin, _ = await site.waiting()
        seen = site.lock.resolve

        async def slowly(intent: Intent, deadline: float) -> Resolution:
            await asyncio.sleep(3)
            verdict: Resolution = await seen(intent, deadline)
            return verdict

        site.lock.resolve = slowly
        await site.handovers.observe(KeysEntered("scanner", pin))
        await site.settled(0.1)
        await site.effects.drain(6.0)
        assert await site.openings(handover) == ["confirmed", "confirmed"]
        await site.effects.drain(6.0)
        await site.end()

    run_virtual(main, START)


def test_a_clock_that_was_set_back_does_not_hold_a_recovery_up(make_world: Any, tmp_path: Path) -> None:
    async def main(clock: Any) -> None:
        site = await _again(make_world, clock, tmp_path / "hub.db", 1)
        caught: list[Intent] = []
        object.__setattr__(site.handovers.engine, "begin_effect", caught.append)
        await site.key("11")
        late = replace(caught[0], deadline=caught[0].deadline + 30 * 86_400_000_000)

        async def waits(intent: Intent, deadline: float) -> Resolution:
            await asyncio.sleep(deadline - clock.monotonic())
            return Resolution.unknown("no_answer")

        site.terminal.resolve = waits
        began = clock.monotonic()
        assert await site.effects.recover(late) is not None
        assert clock.monotonic() - began < 600
        await site.end()

    run_virtual(main, START)
