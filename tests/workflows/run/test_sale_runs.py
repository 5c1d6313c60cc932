"""The shipped sale blueprint through the real runner: money follows the door, and never the other way."""

from __future__ import annotations

from typing import Any

import pytest

from hub.commerce import LegState
from hub.model.effects import Resolution
from hub.model.states import Door, Hold, Service


async def _bought(site: Any) -> str:
    """A customer keys the selection; the handover's id."""
    told = await site.key("11")
    assert told.code == "selected", told
    await site.settled(20)
    return str(told.handover_id)


@pytest.mark.req("WF-01", "WF-15", "PY-01", "IV-01")
def test_paid_opened_captured_and_one_less_in_stock(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _bought(site)
        door = await site.door_of(handover)
        assert site.terminal.calls == ["authorise", "capture"]
        assert site.lock.opened == [door]
        await site.use_door(door)
        assert await site.state(handover) == "completed"
        leg = (await site.legs(handover))[0]
        assert (leg.state, leg.decided.amount) == (LegState.CAPTURED, 180)
        assert (await site.compartment(f"main/A{door}")).hold is Hold.FREE

    world(main)


def test_the_amount_that_the_terminal_approved_is_the_one_that_is_taken(world: Any) -> None:
    async def main(site: Any) -> None:
        site.terminal.answers["authorise"] = [Resolution.confirmed(amount=150)]
        leg = (await site.legs(await _bought(site)))[0]
        assert (leg.amount, leg.approved, leg.decided.amount) == (180, 150, 150)

    world(main)


def test_a_denied_payment_opens_nothing_and_frees_the_compartment(world: Any) -> None:
    async def main(site: Any) -> None:
        site.terminal.answers["authorise"] = [Resolution.refuted("denied")]
        handover = await _bought(site)
        assert await site.state(handover) == "denied"
        assert site.lock.sent == []
        assert {(await site.compartment(f"main/A{n}")).hold for n in (3, 4)} == {Hold.FREE}
        assert (await site.key("11")).code == "selected"

    world(main)


@pytest.mark.req("PY-03")
def test_a_payment_that_nobody_knows_of_never_opens_a_door(world: Any) -> None:
    async def main(site: Any) -> None:
        site.terminal.answers["authorise"] = [Resolution.unknown("no_answer")]
        handover = await _bought(site)
        await site.settled(3600)
        assert await site.state(handover) == "recovery"
        assert site.lock.sent == []
        assert await site.incidents() == ["payment_unknown"]

    world(main)


def test_a_stuck_door_leads_to_another_compartment_with_the_same_product(world: Any) -> None:
    async def main(site: Any) -> None:
        site.lock.script = ["stuck", "stuck"]
        handover = await _bought(site)
        await site.settled(60)
        assert site.lock.opened == ["4"]
        assert (await site.compartment("main/A3")).service is Service.BARRED
        assert (await site.legs(handover))[0].state is LegState.CAPTURED
        assert await site.openings(handover) == ["refuted", "refuted", "confirmed"]

    world(main)


@pytest.mark.req("PY-08")
def test_when_no_compartment_opens_the_money_goes_back(world: Any) -> None:
    async def main(site: Any) -> None:
        site.lock.script = ["stuck"] * 4
        handover = await _bought(site)
        await site.settled(120)
        assert site.terminal.calls == ["authorise", "void"]
        assert (await site.legs(handover))[0].state is LegState.VOIDED
        assert (await site.snapshot(handover)).status == "refunded"

    world(main)


def test_a_refund_that_cannot_be_proved_is_owed_and_somebody_owns_it(world: Any) -> None:
    async def main(site: Any) -> None:
        site.lock.script = ["stuck"] * 4
        site.terminal.answers["void"] = [Resolution.unknown("refund_failed")]
        handover = await _bought(site)
        await site.settled(300)
        assert (await site.legs(handover))[0].state is LegState.REFUND_OWED
        assert "refund_owed" in await site.incidents()
        assert site.terminal.calls.count("void") == 1

    world(main)


@pytest.mark.req("PY-04", "PY-05")
def test_a_door_in_doubt_keeps_the_money_undecided_until_a_person_knows(world: Any) -> None:
    async def main(site: Any) -> None:
        site.lock.script = ["unknown"]
        handover = await _bought(site)
        await site.settled(600)
        assert await site.state(handover) == "recovery"
        assert (await site.legs(handover))[0].decided is None
        assert (await site.key("11")).code == "refused.busy"
        await site.ask(handover, "resolve", verdict="refuted", why="looked: the can is still inside")
        await site.settled(30)
        assert site.terminal.calls == ["authorise", "void"]
        assert (await site.legs(handover))[0].state is LegState.VOIDED
        assert len(site.lock.sent) == 1

    world(main)


def test_a_case_closed_by_the_desk_leaves_no_money_undecided(world: Any) -> None:
    async def main(site: Any) -> None:
        site.lock.script = ["unknown"]
        handover = await _bought(site)
        await site.settled(600)
        await site.ask(handover, "resolve", verdict="closed", why="customer was helped at the desk")
        assert (await site.snapshot(handover)).ended
        assert (await site.legs(handover))[0].state is LegState.REFUND_OWED
        assert "refund_owed" in await site.incidents()

    world(main)


def test_a_customer_who_closes_the_door_before_the_money_is_booked_is_done(world: Any) -> None:
    async def main(site: Any) -> None:
        site.terminal.answers["capture"] = [Resolution.unknown("no_answer")] * 4
        handover = await _bought(site)
        await site.door("3", Door.OPEN)
        await site.door("3", Door.CLOSED)
        site.terminal.answers["capture"] = []
        await site.settled(60)
        assert await site.state(handover) == "completed"

    world(main)


def test_a_product_that_is_gone_is_not_sold_again(world: Any) -> None:
    async def main(site: Any) -> None:
        for _ in range(2):
            handover = await _bought(site)
            await site.use_door(await site.door_of(handover))
        third = await _bought(site)
        assert await site.state(third) == "sold_out"
        assert site.terminal.calls.count("authorise") == 2

    world(main)


def test_an_offline_lock_is_found_before_anything_is_sent(world: Any) -> None:
    async def main(site: Any) -> None:
        site.devices.down.add("locks")
        handover = await _bought(site)
        await site.settled(60)
        assert site.lock.sent == []
        assert (await site.legs(handover))[0].state is LegState.VOIDED

    world(main)


def test_a_payment_that_the_desk_closes_unknown_is_owed_back(world: Any) -> None:
    async def main(site: Any) -> None:
        site.terminal.answers["authorise"] = [Resolution.unknown("no_answer")]
        handover = (await site.key("11")).handover_id
        await site.settled(120)
        await site.ask(handover, "resolve", verdict="closed", why="nobody knows, the customer left")
        assert (await site.snapshot(handover)).ended
        assert (await site.legs(handover))[0].state is LegState.REFUND_OWED
        assert await site.incidents() == ["refund_owed"]

    world(main)


def test_a_refund_that_the_desk_paid_by_hand_is_no_longer_owed(world: Any) -> None:
    async def main(site: Any) -> None:
        site.lock.script = ["unknown"]
        handover = (await site.key("11")).handover_id
        await site.settled(120)
        await site.ask(handover, "resolve", verdict="closed", why="customer was helped at the desk")
        assert (await site.legs(handover))[0].state is LegState.REFUND_OWED
        await site.ask(handover, "resolve", verdict="confirmed", why="paid back in cash, receipt 17")
        assert (await site.legs(handover))[0].state is LegState.VOIDED
        assert await site.incidents() == []

    world(main)

