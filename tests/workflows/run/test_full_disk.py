"""While the disk takes nothing, doors go on moving: what they did is recorded afterwards, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.model.observations import DoorSeen
from hub.model.states import Door
from hub.store import DiskFull


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, bool], None]:
    """Make the disk of a site full, or give it room again."""

    def fill(site: Any, full: bool) -> None:
        async def refused(fn: Any, *, reserve: bool = False) -> Any:
            raise DiskFull("no room")

        if full:
            monkeypatch.setattr(site.store, "write", refused)
        else:
            monkeypatch.undo()

    return fill


@pytest.mark.req("PY-07")
def test_a_door_that_closed_while_the_disk_was_full_is_known_to_be_closed(world: Any, fill: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.key(pin)
        await site.door(door, Door.OPEN)
        fill(site, True)
        await site.door(door, Door.CLOSED)
        fill(site, False)
        assert await site.state(handover) == "collecting"
        await site.handovers.backlog.catch_up()
        assert await site.state(handover) == "collected"
        await site.settled(60)
        await site.door(door, Door.OPEN, commanded=False)
        assert await site.incidents() == ["breach"]

    world(main)


def test_facts_that_waited_are_recorded_in_their_order(world: Any, fill: Any) -> None:
    async def main(site: Any) -> None:
        fill(site, True)
        for state in (Door.OPEN, Door.CLOSED, Door.OPEN):
            await site.handovers.observe(DoorSeen("locks", "2", state))
        fill(site, False)
        await site.handovers.observe(DoorSeen("locks", "2", Door.CLOSED))
        await site.handovers.backlog.catch_up()
        moves = [kind for kind in await site.journal() if kind == "compartment.door"]
        assert len(moves) == 4
        assert (await site.compartment("main/A2")).door is Door.CLOSED

    world(main)
