"""A task ends when its handover can hear of it: not in the middle of an act."""

from __future__ import annotations

from typing import Any

from hub.core.commands import Accepted, Actor, Command, Refused

SUPERVISOR = Actor("token:desk", frozenset({"supervisor"}))


def test_a_clear_out_is_not_over_while_its_door_is_being_opened(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        await site.ask(handover, "cancel")
        task = await site.incident("clear_out")
        opening = await site.verbs(Command("handover.open", SUPERVISOR, handover, {}))
        assert isinstance(opening, Accepted)
        early = await site.desk_verbs(
            Command("incident.resolve", SUPERVISOR, task.id, {"verdict": "confirmed", "why": "empty"})
        )
        assert isinstance(early, Refused)
        assert early.code == "not-now"
        await site.settled(20)
        late = await site.desk("incident.resolve", task.id, verdict="confirmed", why="empty")
        assert isinstance(late, Accepted)
        assert await site.state(handover) == "cleared"

    world(main)
