"""Traces go by outcome: successful first, those with an incident never, nothing held or unread."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.core.clock import HOUR, MINUTE
from hub.store import cursors
from hub.workflows.run.retention import Evicted, evict, let_go
from hub.workflows.tracing import trace


async def _collected(site: Any) -> str:
    handover, pin, _ = await site.waiting()
    await site.key(pin)
    await site.use_door(await site.door_of(handover))
    await site.settled(400)
    assert (await site.snapshot(handover)).ended
    return str(handover)


async def _cancelled(site: Any) -> str:
    handover = await site.order()
    await site.ask(handover, "cancel")
    return str(handover)


async def _in_trouble(site: Any) -> str:
    orders = [await site.order() for _ in range(3)]
    await site.ask(orders[0], "cancel")
    await site.ask(orders[1], "cancel")
    return str(orders[2])


async def _evict(site: Any, most: int, **more: Any) -> Evicted:
    before = site.clock.now() + HOUR
    found: Evicted = await site.store.write(lambda tx: evict(tx, before, most, **more))
    return found


async def _has_trace(site: Any, handover: str) -> bool:
    story = await site.store.read(lambda r: trace(r, handover))
    return not any(turn.evicted for turn in story.turns)


def test_a_successful_trace_goes_before_an_older_one_that_ended_otherwise(world: Any) -> None:
    async def main(site: Any) -> None:
        cancelled = await _cancelled(site)
        collected = await _collected(site)
        assert (await _evict(site, 1)).handovers == 1
        assert not await _has_trace(site, collected)
        assert await site.noted(f"handover/{collected}", "effect.settled") != [None]
        assert await _has_trace(site, cancelled)
        assert (await _evict(site, 1)).handovers == 1
        assert not await _has_trace(site, cancelled)

    world(main)


def test_what_a_site_no_longer_keeps_goes_by_itself(world: Any) -> None:
    async def main(site: Any) -> None:
        collected = await _collected(site)
        task = asyncio.create_task(let_go(site.store, site.clock, 2 * HOUR))
        await asyncio.sleep(90 * 60)
        assert await _has_trace(site, collected)
        await asyncio.sleep(90 * 60)
        assert not await _has_trace(site, collected)
        task.cancel()

    world(main)


def test_a_trace_with_an_incident_is_never_let_go_of(world: Any) -> None:
    async def main(site: Any) -> None:
        trouble = await _in_trouble(site)
        assert await site.incidents() == ["no_room"]
        found = await _evict(site, 100)
        assert (found.handovers, found.kept) == (2, 1)
        assert await _has_trace(site, trouble)

    world(main)


def test_what_runs_still_or_ended_lately_or_is_held_stays(world: Any) -> None:
    async def main(site: Any) -> None:
        live, _, _ = await site.waiting()
        held = await _cancelled(site)
        early = await site.store.write(lambda tx: evict(tx, site.clock.now() - MINUTE, 100))
        assert early == Evicted()
        assert (await _evict(site, 100, held=[held])).handovers == 0
        assert await _has_trace(site, live)
        assert await _has_trace(site, held)

    world(main)


def test_a_reader_of_the_journal_gets_every_body_before_it_goes(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.store.write(lambda tx: cursors.register(tx, "uplink"))
        cancelled = await _cancelled(site)
        assert await _evict(site, 100) == Evicted(0, 0, 1)
        assert await _has_trace(site, cancelled)
        await site.store.write(lambda tx: cursors.advance(tx, "uplink", tx.head))
        assert (await _evict(site, 100)).handovers == 1

    world(main)
