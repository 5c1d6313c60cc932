"""S5: the journal alone leads to the snapshots that the hub runs on."""

from __future__ import annotations

from typing import Any

import pytest

from hub.core.clock import DAY
from hub.model.effects import Resolution
from hub.workflows.run import records
from hub.workflows.run.replay import replay


async def _same(site: Any, handover: str) -> None:
    again = await site.store.read(lambda r: replay(r, records.Machines(), handover))
    assert again == await site.snapshot(handover)


@pytest.mark.req("AU-01")
def test_replaying_a_collection_gives_the_stored_snapshot_at_every_stage(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        await _same(site, handover)
        await site.ask(handover, "extend", until=site.clock.now() + 5 * DAY)
        await site.ask(handover, "reissue")
        await _same(site, handover)
        pin, _ = await site.secrets()
        site.lock.script = ["stuck", "opens", "unknown"]
        await site.key(pin)
        await _same(site, handover)
        await site.settled(20)
        await site.use_door(await site.door_of(handover))
        await site.key(pin)
        await site.settled(20)
        assert await site.state(handover) == "recovery"
        await _same(site, handover)
        await site.ask(handover, "resolve", verdict="confirmed", why="seen on camera")
        await site.settled(300)
        assert (await site.snapshot(handover)).ended
        await _same(site, handover)

    world(main)


def test_replaying_a_deadline_that_waits_gives_it_as_pending(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["unknown"]
        await site.key(pin)
        await site.settled(49 * 3600)
        assert (await site.snapshot(handover)).pending == ("deadline.hold",)
        await _same(site, handover)

    world(main)


def test_replaying_sales_gives_legs_refusals_and_ends(world: Any) -> None:
    async def main(site: Any) -> None:
        bought = (await site.key("11")).handover_id
        await site.settled(20)
        await site.use_door(await site.door_of(bought))
        await _same(site, bought)
        site.devices.down.add("locks")
        site.terminal.answers["void"] = [Resolution.unknown("refund_owed")]
        away = (await site.key("11")).handover_id
        await site.settled(200)
        await _same(site, away)

    world(main)
