"""Price, deposit and later charges; money taken upstream; refunds after a capture."""

from __future__ import annotations

from typing import Any

import pytest

from hub import commerce
from hub.commerce import LegState
from hub.model.effects import Rail, Receipt, Resolution
from hub.model.states import EffectKind
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import records
from hub.workflows.run.advance import Run
from hub.workflows.run.money import refund_now
from hub.workflows.run.replay import replay
from hub.workflows.run.service import Order

HEAD = """
blueprint: {name: Paid, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
initial: paying
states:
"""
#: Every state tells what happened by its name; `why` keeps the reason of a refuted act.
PAID_AND_BACK = HEAD + """
  paying:
    status: reserved
    enter: [{authorise: {amount: "{{ data.price }}", within: {seconds: 60}}}]
    on:
      effect.confirmed: [{when: "{{ 'deposit' in data }}", to: depositing}, {to: taking}]
      effect.refuted: denied
      effect.in_doubt: recovery
  depositing:
    enter: [{authorise: {amount: "{{ data.deposit }}", purpose: deposit, within: {seconds: 60}}}]
    on: {effect.confirmed: taking, effect.refuted: short, effect.in_doubt: recovery}
  short:
    enter: [{set: {why: "{{ event.reason }}"}}, {void: {}}]
    on: {effect.confirmed: gone, effect.refuted: gone, effect.in_doubt: recovery}
  denied:
    enter: [{set: {why: "{{ event.reason }}"}}]
    on: {entered: gone}
  taking:
    enter: [{capture: {}}]
    on: {effect.confirmed: taken, effect.refuted: gone, effect.in_doubt: recovery}
  taken:
    status: completed
    on:
      command.cancel: back
      command.load: deposit_back
      command.open: gone
      command.dispose: again
      command.complete: taking
  again:
    enter: [{authorise: {amount: 1, purpose: deposit, within: {seconds: 60}}}]
    on: {effect.confirmed: taken, effect.refuted: denied, effect.in_doubt: recovery}
  deposit_back:
    enter: [{void: {purpose: deposit}}]
    on: {effect.confirmed: taken, effect.refuted: taken, effect.in_doubt: recovery}
  back:
    enter: [{refund: {amount: "{{ data.back }}"}}]
    on: {effect.confirmed: taken, effect.refuted: owing, effect.in_doubt: recovery}
  owing:
    enter: [{set: {why: "{{ event.reason }}"}}]
    on: {command.cancel: back, incident.resolved: taken}
  gone: {status: cancelled, final: true}
"""


@pytest.fixture
def paid() -> Any:
    """Offer the blueprint above and begin handovers of it."""

    async def begin(site: Any, data: dict[str, int], *, paid: int | None = None, **more: Any) -> str:
        if "paid" not in site.handovers.offered:
            found = compile_blueprint(PAID_AND_BACK, "paid", {})
            assert found.machine, [str(problem) for problem in found.problems]
            offered = {name: (w.machine, "") for name, w in site.handovers.offered.items()}
            await site.handovers.offer({**offered, "paid": (found.machine, "")})
        values: dict[str, Any] = {"data": data}
        if paid is not None:
            values["paid"] = {"reference": "ch_1", "amount": paid, "currency": "EUR", **more}
        handover = await site.handovers.create(Order("paid", terminal="front", vars=values))
        await site.settled(3)
        return handover

    return begin


async def _states(site: Any, handover: str) -> dict[str, LegState]:
    return {leg.purpose.value: leg.state for leg in await site.legs(handover)}


async def _why(site: Any, handover: str) -> Any:
    return (await site.snapshot(handover)).vars.get("why")


def test_money_taken_upstream_is_authorised_and_captured_without_a_device(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300}, paid=300)
        assert await site.state(handover) == "taken"
        assert site.terminal.calls == []
        [leg] = await site.legs(handover)
        assert (leg.state, leg.rail, leg.reference) == (LegState.CAPTURED, "upstream", "ch_1")
        assert "use" not in (await site.snapshot(handover)).vars  # who paid elsewhere does not stand here

    world(main)


@pytest.mark.parametrize(("amount", "more"), [
    (299, {}), (300, {"currency": "CHF"}), (300, {"reference": ""}),
])
def test_a_payment_that_does_not_cover_it_is_denied(world: Any, paid: Any, amount: int, more: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300}, paid=amount, **more)
        assert (await site.state(handover), await _why(site, handover)) == ("gone", "denied")
        assert await site.legs(handover) == []
        assert site.terminal.calls == []

    world(main)


def test_price_and_deposit_do_not_spend_the_same_money_twice(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        both = await paid(site, {"price": 300, "deposit": 200}, paid=500)
        assert await _states(site, both) == {"price": LegState.CAPTURED, "deposit": LegState.APPROVED}
        legs = (await site.snapshot(both)).vars["legs"]
        assert (legs["price"]["amount"], legs["deposit"]["amount"]) == (300, 200)
        again = await paid(site, {"price": 1}, paid=500)
        assert await site.state(again) == "gone"

    world(main)


def test_a_deposit_given_back_upstream_is_requested_and_owned(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300, "deposit": 200}, paid=500)
        await site.ask(handover, "load")
        assert await site.state(handover) == "taken"
        assert await _states(site, handover) == {"price": LegState.CAPTURED, "deposit": LegState.REFUND_OWED}
        [asked] = await site.noted(f"handover/{handover}", "payment.refund_requested")
        assert (asked["reference"], asked["amount"], asked["purpose"]) == ("ch_1", 200, "deposit")
        owed = await site.incident("refund_owed")
        assert (owed.handover_id, owed.owner) == (handover, "role:staff")
        await site.desk("incident.resolve", owed.id, verdict="confirmed", why="paid by the shop")
        assert (await _states(site, handover))["deposit"] is LegState.VOIDED

    world(main)


def test_money_of_an_ended_handover_that_was_paid_upstream_is_requested_back(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300, "deposit": 200}, paid=500)
        await site.ask(handover, "open")
        assert await site.state(handover) == "gone"
        assert (await _states(site, handover))["deposit"] is LegState.REFUND_OWED
        [asked] = await site.noted(f"handover/{handover}", "payment.refund_requested")
        assert asked["amount"] == 200
        assert await site.incidents() == ["refund_owed"]

    world(main)


def test_a_void_that_the_terminal_refuses_is_owed_and_owned(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        site.terminal.rail = Rail(query=False, hold=True, partial_capture=False, refund=False)
        handover = await paid(site, {"price": 300, "deposit": 200})
        site.terminal.answers[EffectKind.VOID] = [Resolution.refuted("rejected")]
        await site.ask(handover, "load")
        assert (await _states(site, handover))["deposit"] is LegState.REFUND_OWED
        assert await site.incidents() == ["refund_owed"]

    world(main)


def test_a_terminal_that_holds_no_money_takes_no_deposit(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300, "deposit": 200})
        assert (await site.state(handover), await _why(site, handover)) == ("gone", "no_hold")
        assert site.terminal.calls == ["authorise", "void"]
        assert await _states(site, handover) == {"price": LegState.VOIDED}

    world(main)


def test_a_terminal_that_holds_money_takes_the_deposit_as_a_leg_of_its_own(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        site.terminal.rail = Rail(query=False, hold=True, partial_capture=False, refund=False)
        handover = await paid(site, {"price": 300, "deposit": 200})
        assert await _states(site, handover) == {"price": LegState.CAPTURED, "deposit": LegState.APPROVED}
        await site.ask(handover, "load")
        assert (await _states(site, handover))["deposit"] is LegState.VOIDED
        assert site.terminal.calls == ["authorise", "authorise", "capture", "void"]

    world(main)


def test_a_rail_without_refunds_owes_them(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300, "back": 100})
        await site.ask(handover, "cancel")
        assert (await site.state(handover), await _why(site, handover)) == ("owing", "no_refund")
        assert await _states(site, handover) == {"price": LegState.REFUND_OWED}
        assert site.terminal.calls == ["authorise", "capture"]
        owed = await site.incident("refund_owed")
        await site.desk("incident.resolve", owed.id, verdict="confirmed", why="paid in cash")
        assert await site.state(handover) == "taken"
        [leg] = await site.legs(handover)
        assert (leg.state, leg.decided.decision, leg.decided.amount) == (LegState.CAPTURED, "capture", 300)

    world(main)


def test_the_desk_refunds_in_whatever_state(world: Any, paid: Any, refunding: Any) -> None:
    async def main(site: Any) -> None:
        refunding(site)
        handover = await paid(site, {"price": 300})
        snapshot, engine = await site.snapshot(handover), site.handovers.engine

        def write(tx: Any) -> None:
            run = Run(tx, engine.machines.get(tx, snapshot.machine), snapshot, site.clock.now())
            refund_now(engine, site.handovers.intents.money, run, {"amount": 120})

        await site.store.write(write)
        await site.settled(5)
        assert await site.state(handover) == "taken"
        [leg] = await site.legs(handover)
        refunds = await site.store.read(lambda r: commerce.refunds_of(r, leg.id))
        assert [(r.amount, r.state) for r in refunds] == [(120, "paid")]
        assert leg.state is LegState.CAPTURED

    world(main)


def test_money_that_hangs_is_decided_before_more_is_asked_for(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300, "deposit": 200, "again": 1}, paid=500)
        assert await site.state(handover) == "taken"
        await site.ask(handover, "dispose", why="x")
        assert (await site.state(handover), await _why(site, handover)) == ("gone", "busy")
        assert len(await site.legs(handover)) == 2

    world(main)


@pytest.fixture
def refunding() -> Any:
    """Make the scripted terminal one that can pay back."""

    def change(site: Any) -> None:
        async def refund(self: Any, intent: Any, deadline: float) -> Receipt:
            return self._called(intent)

        able = type("RefundingTerminal", (type(site.terminal),), {"refund": refund})
        site.terminal.__class__ = able
        site.terminal.rail = Rail(query=True, hold=True, partial_capture=True, refund=True)

    return change


def test_parts_are_paid_back_up_to_what_was_captured(world: Any, paid: Any, refunding: Any) -> None:
    async def main(site: Any) -> None:
        refunding(site)
        handover = await paid(site, {"price": 300, "back": 200})
        await site.ask(handover, "cancel")
        assert await site.state(handover) == "taken"
        assert await _states(site, handover) == {"price": LegState.CAPTURED}
        await site.ask(handover, "cancel")
        assert (await site.state(handover), await _why(site, handover)) == ("owing", "too_much")
        assert site.terminal.calls == ["authorise", "capture", "refund"]
        [leg] = await site.legs(handover)
        assert leg.decided.decision == "capture"

    world(main)


def test_a_refused_refund_is_owed_and_owned(world: Any, paid: Any, refunding: Any) -> None:
    async def main(site: Any) -> None:
        refunding(site)
        site.terminal.answers[EffectKind.REFUND] = [Resolution.refuted("rejected")]
        handover = await paid(site, {"price": 300, "back": 300})
        await site.ask(handover, "cancel")
        assert (await site.state(handover), await _why(site, handover)) == ("owing", "rejected")
        assert await _states(site, handover) == {"price": LegState.REFUND_OWED}
        assert await site.incidents() == ["refund_owed"]

    world(main)


def test_a_refund_is_repeated_until_it_is_definite(world: Any, paid: Any, refunding: Any) -> None:
    async def main(site: Any) -> None:
        refunding(site)
        site.terminal.answers[EffectKind.REFUND] = [Resolution.unknown("no_answer")] * 400
        handover = await paid(site, {"price": 300, "back": 300})
        await site.ask(handover, "cancel")
        await site.settled(180)
        assert await site.state(handover) == "recovery"
        assert await site.incidents() == ["refund_owed"]
        site.terminal.answers.clear()
        await site.settled(3600)
        assert await site.state(handover) == "taken"
        assert await _states(site, handover) == {"price": LegState.REFUNDED}
        assert await site.incidents() == []
        [leg] = await site.legs(handover)
        refunds = await site.store.read(lambda r: commerce.refunds_of(r, leg.id))
        assert [(r.amount, r.state) for r in refunds] == [(300, "paid")]

    world(main)


@pytest.mark.parametrize("upstream", [True, False])
def test_replaying_the_journal_gives_the_legs_as_they_are(world: Any, paid: Any, upstream: bool) -> None:
    async def main(site: Any) -> None:
        site.terminal.rail = Rail(query=False, hold=True, partial_capture=False, refund=False)
        data = {"price": 300, "deposit": 200, "back": 100}
        handover = await paid(site, data, paid=500 if upstream else None)
        await site.ask(handover, "load")
        await site.ask(handover, "cancel")
        again = await site.store.read(lambda r: replay(r, records.Machines(), handover))
        assert again == await site.snapshot(handover)
        assert again.state == "owing"

    world(main)


def test_money_that_was_captured_is_not_asked_for_again(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300})
        await site.ask(handover, "complete")
        await site.settled(3)
        assert await site.state(handover) == "taken"
        assert site.terminal.calls.count("capture") == 1
        assert await _states(site, handover) == {"price": LegState.CAPTURED}

    world(main)


def test_money_that_was_paid_back_is_not_captured_again(world: Any, paid: Any) -> None:
    async def main(site: Any) -> None:
        handover = await paid(site, {"price": 300, "back": 300})
        await site.ask(handover, "cancel")
        await site.settled(3)
        await site.incident("refund_owed")
        await site.ask(handover, "resolve", verdict="confirmed", why="paid in cash")
        await site.settled(3)
        assert await site.state(handover) == "taken"
        await site.ask(handover, "complete")
        await site.settled(3)
        assert site.terminal.calls.count("capture") == 1
        assert await _states(site, handover) == {"price": LegState.REFUNDED}

    world(main)
