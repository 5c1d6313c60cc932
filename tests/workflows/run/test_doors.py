"""Doors that move: which openings are ours, which a breach, and what a cleared compartment is good for."""

from __future__ import annotations

from typing import Any

from hub.core.clock import SECOND
from hub.model.states import Door, Hold, Occupancy, Service


def test_a_door_forced_right_after_the_collection_is_a_breach(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.key(pin)
        await site.use_door(door)
        assert await site.incidents() == []
        await site.settled(8)
        await site.door(door, Door.OPEN, commanded=False)
        assert await site.incidents() == ["breach"]

    world(main)


def test_an_opening_that_the_driver_cannot_explain_is_ours_once_the_verdict_stands(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.key(pin)
        await site.door(door, Door.OPEN, commanded=False)
        assert await site.incidents() == []
        assert await site.state(handover) == "collecting"

    world(main)


def test_an_emergency_release_explains_its_own_opening_and_none_later(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.settled(60)
        site.handovers.facts.released["locks", door] = site.clock.now() + 30 * SECOND
        await site.door(door, Door.OPEN, commanded=False)
        await site.door(door, Door.CLOSED)
        assert await site.incidents() == []
        await site.settled(600)
        await site.door(door, Door.OPEN, commanded=False)
        assert await site.incidents() == ["breach"]

    world(main)


def test_a_compartment_that_was_cleared_out_serves_again(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.ask(handover, "cancel")
        await site.ask(handover, "open")
        await site.use_door(door)
        assert await site.state(handover) == "cleared"
        place = await site.compartment(f"main/A{door}")
        assert (place.service, place.hold, place.occupancy) == (
            Service.IN_SERVICE, Hold.FREE, Occupancy.EMPTY,
        )

    world(main)
