"""Payments, refunds, silence, refusals and verdicts of the desk in any order: no money is lost or doubled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import commerce, desk
from hub.commerce import LegState, RefundState
from hub.core.clock import MINUTE
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.effects.records import effects_of
from hub.model.effects import Rail, Receipt, Resolution
from hub.store import Store
from hub.workflows.engine import RECOVERY
from hub.workflows.machine import Arrow, Machine, Start, State, StepCall
from hub.workflows.run import records
from hub.workflows.run.replay import replay
from hub.workflows.run.service import Order

START = 1_790_000_000_000_000


def _act(name: str, step: str, **args: Any) -> State:
    on = {f"effect.{result}": (Arrow("idle"),) for result in ("confirmed", "refuted")}
    on["effect.in_doubt"] = (Arrow(RECOVERY),)
    return State(name, enter=(StepCall(step, args, effect=True),), on=on)


#: Any act of money at any time, by commands: no blueprint may say that, so it is not compiled from one.
TILL = Machine(
    workflow="till", blueprint="Till", version="1.0.0", lang=1, initial="idle", start=(Start("api"),),
    states={state.name: state for state in (
        State("idle", status="reserved", on={
            "command.load": (Arrow("asking"),),
            "command.open": (Arrow("holding", "{{ data.deposit }}"), Arrow("asking")),
            "command.cancel": (Arrow("voiding", "{{ data.void }}"), Arrow("taking")),
            "command.dispose": (Arrow("freeing", "{{ data.release }}"), Arrow("backing")),
        }),
        _act("asking", "authorise", amount=300, within=MINUTE),
        _act("holding", "authorise", amount=200, within=MINUTE, purpose="deposit"),
        _act("taking", "capture"), _act("voiding", "void"), _act("freeing", "void", purpose="deposit"),
        _act("backing", "refund", amount="{{ data.back }}"),
        State(RECOVERY, on={"incident.resolved": (Arrow("idle", "{{ event.verdict == 'closed' }}"),)}),
    )},
)
_SILENCE = (Resolution.unknown("no_answer"),) * 600
_TROUBLE = st.dictionaries(
    st.sampled_from(["authorise", "capture", "void", "refund"]),
    st.sampled_from([
        (Resolution.refuted("rejected"),), _SILENCE, (Resolution.unknown("refund_failed"),),
        (Resolution.unknown("lost"), Resolution.refuted("late")),
    ]),
    max_size=3,
)
_STEPS = st.lists(
    st.one_of(
        st.sampled_from(["load", "open", "cancel", "cancel", "dispose", "dispose"]),
        st.sampled_from([130, 4000]),
        st.sampled_from(["confirmed", "refuted", "closed"]),
    ),
    min_size=3, max_size=12,
)
_DATA = st.fixed_dictionaries({
    "deposit": st.booleans(), "void": st.booleans(), "release": st.booleans(),
    "back": st.sampled_from([100, 300]),
})
_PAID = st.sampled_from([None, 300, 500, 1000])


async def _play(site: Any, steps: list[Any], data: dict[str, Any], paid: int | None, able: bool) -> str:
    async def refund(self: Any, intent: Any, deadline: float) -> Receipt:
        return self._called(intent)  # type: ignore[no-any-return]

    if able:
        site.terminal.__class__ = type("RefundingTerminal", (type(site.terminal),), {"refund": refund})
    site.terminal.rail = Rail(query=True, hold=True, partial_capture=True, refund=able)
    await site.handovers.offer({"till": (TILL, "")})
    values: dict[str, Any] = {"data": data}
    if paid is not None:
        values["paid"] = {"reference": "ch_1", "amount": paid, "currency": "EUR"}
    handover: str = await site.handovers.create(Order("till", terminal="front", vars=values))
    for step in ("load", *steps):
        if isinstance(step, int):
            await site.settled(step)
        elif step in ("confirmed", "refuted", "closed"):
            open_ones = await site.store.read(lambda r: desk.incidents(r, only_open=True))
            if open_ones:
                await site.desk("incident.resolve", open_ones[0].id, verdict=step, why="looked")
        else:
            await site.ask(handover, step, why="asked")
        await _holds(site, handover, paid)
    site.terminal.answers.clear()
    await site.settled(2 * 3600)
    await _holds(site, handover, paid)
    return handover


async def _holds(site: Any, handover: str, paid: int | None) -> None:
    """What is true after every step."""
    effects = await site.store.read(lambda r: effects_of(r, handover))
    known = await site.store.read(lambda r: desk.incidents_of(r, handover))
    legs = await site.legs(handover)
    decisions = Counter(entry["leg"] for entry in await site.noted(f"handover/{handover}", "leg.decided"))
    assert all(count == 1 for count in decisions.values())
    for leg in legs:
        refunds = await site.store.read(lambda r, leg=leg: commerce.refunds_of(r, leg.id))
        standing = [r for r in refunds if r.state is not RefundState.REFUSED]
        taken = leg.decided.amount if leg.decided and leg.decided.decision == "capture" else 0
        assert sum(r.amount for r in standing) <= taken
        if leg.state is LegState.REFUND_OWED:
            assert any(found.kind == desk.REFUND_OWED for found in known), "owed, and nobody was called"
        if leg.state in (LegState.CAPTURED, LegState.REFUNDED):
            assert leg.decided.decision == "capture"
        if leg.state is LegState.VOIDED:
            assert leg.decided.decision == "void"
    if paid is not None:
        spent = [leg.amount for leg in legs if leg.rail == commerce.UPSTREAM]
        assert sum(spent) <= paid
        assert site.terminal.calls == []
    doubted = {e["id"] for e in effects if e["state"] == "in_doubt"}
    assert doubted <= {found.effect_id for found in known if found.open}
    assert await site.store.read(lambda r: replay(r, records.Machines(), handover)) == (
        await site.snapshot(handover)
    )


@pytest.mark.req("PY-04", "PY-07")
def test_no_money_is_lost_or_doubled(make_world: Any) -> None:
    @given(_STEPS, _DATA, _PAID, st.booleans(), _TROUBLE)
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def run(steps: Any, data: Any, paid: int | None, able: bool, trouble: Any) -> None:
        async def main(clock: Any) -> None:
            site = make_world(clock, await Store.open(":memory:", clock, SeededEntropy(3)))
            await site.begin()
            site.terminal.answers = {kind: list(answers) for kind, answers in trouble.items()}
            handover = await _play(site, steps, data, paid, able)
            states = {e["state"] for e in await site.store.read(lambda r: effects_of(r, handover))}
            assert "intent" not in states
            await site.end()

        run_virtual(main, START)

    run()
