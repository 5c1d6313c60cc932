"""Bad data, broken rows and people who end a case: nobody else waits for it, and nothing is left behind."""

from __future__ import annotations

from typing import Any

from hub import access, desk
from hub.model.observations import KeysEntered
from hub.workflows.run.service import Order


def test_an_order_that_no_step_can_use_is_refused_as_a_failed_step(world: Any) -> None:
    async def main(site: Any) -> None:
        item = {"sku": "parcel", "quantity": 1, "size": "gigantic", "thermal": "ambient"}
        handover = await site.handovers.create(Order("parcels", (item,)))
        assert await site.state(handover) == "no_room"
        assert await site.incidents() == ["no_room"]

    world(main)


def test_a_handover_that_cannot_be_read_keeps_nobody_elses_deadline_from_being_kept(world: Any) -> None:
    async def main(site: Any) -> None:
        broken, _, _ = await site.waiting()
        other, _, _ = await site.waiting()
        await site.store.write(
            lambda tx: tx.execute("UPDATE handover SET snapshot = x'00' WHERE id = ?", (broken,))
        )
        await site.settled(48 * 3600 + 60)
        assert (await site.snapshot(other)).status == "expired"
        assert "workflow_failed" in await site.incidents()

    world(main)


def test_a_verdict_that_cannot_be_handed_over_is_somebodys_task(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["stuck"]
        await site.handovers.observe(KeysEntered("scanner", pin))
        await site.store.write(
            lambda tx: tx.execute("UPDATE handover SET snapshot = x'00' WHERE id = ?", (handover,))
        )
        await site.settled(30)
        assert await site.incidents() == ["workflow_failed"]

    world(main)


def test_a_case_that_the_desk_closes_leaves_no_pin_in_the_outbox(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["unknown"]
        await site.key(pin)
        await site.settled(60)
        await site.ask(handover, "resolve", verdict="closed", why="handed over at the desk")
        assert (await site.snapshot(handover)).ended
        left = await site.store.read(lambda r: desk.due_messages(r, site.clock.now()))
        assert [message for message in left if message.pin or message.code] == []
        grants = await site.store.read(lambda r: access.grants_of(r, handover))
        assert all(grant.closed for grant in grants)

    world(main)


def test_a_bank_that_no_terminal_serves_gets_no_credential_good_at_every_other(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await site.order()
        site.handovers._places.terminals.clear()
        await site.ask(handover, "load")
        await site.use_door(await site.door_of(handover))
        assert await site.state(handover) == "not_announced"
        assert await site.incidents() == ["no_credential"]

    world(main)
