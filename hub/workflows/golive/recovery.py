"""GL-05: network drop, door fault and disputed pickup, rehearsed to the end of handover and record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping

from hub import custody, desk
from hub.core.clock import MINUTE, SECOND, Clock
from hub.core.commands import Accepted
from hub.core.virtual import run_virtual
from hub.model.observations import DoorSeen, FaultCleared, FaultRaised
from hub.model.states import FaultKind, Hold, Method, Service
from hub.store import StoreError
from hub.workflows.golive.credentials import MOMENT, stations_of
from hub.workflows.golive.findings import Finding, Outcome
from hub.workflows.golive.people import may_resolve, owners
from hub.workflows.golive.stage import STOPPED, NotReached, Stage
from hub.workflows.rehearsal import Answer, Plan
from hub.workflows.run import records
from hub.workflows.run.replay import replay
from hub.workflows.simulate.checks import Checks, Violation

CHECK = "GL-05"
_ROUNDS = 6
#: What somebody says who went there: a stuck door did not open, a line is back, anything else is settled.
_VERDICTS = {"stuck": "refuted", "door_in_doubt": "refuted", "offline": "closed"}
Trouble = Callable[[Stage, tuple[int, int]], Awaitable[str]]


class _Wrong(Exception):
    """What did not go as it must; the text is for the report."""


def check(plan: Plan, workflow: str, passed: Callable[[str], None]) -> Iterator[Finding]:
    """Every finding about one workflow's recovery."""
    machine = plan.workflows[workflow][0]
    acts = {call.type for state in machine.states.values() for call in state.enter if call.effect}
    if not acts & {"open", "dispense"}:
        yield Finding(CHECK, workflow, Outcome.NOT_NEEDED, "no door opens and nothing drops in this workflow")
        return
    stations, _ = stations_of(plan, workflow)
    last = (len(stations) - 1, stations[-1][1] if stations else 0)
    for word, trouble in _TROUBLES.items():
        if trouble is _drop_meanwhile and not stations:
            continue
        passed(f"{CHECK} {workflow}: {word}")
        outcome, detail = _rehearse(plan, workflow, last, trouble)
        mend = "" if outcome is not Outcome.FAIL else _MEND
        yield Finding(CHECK, f"{workflow}: {word}", outcome, detail, mend)


_MEND = "see that people.yaml and policy name who owns and may resolve it, then run this again"


def _rehearse(plan: Plan, workflow: str, station: tuple[int, int], trouble: Trouble) -> tuple[Outcome, str]:
    async def play(clock: Clock) -> tuple[Outcome, str]:
        async with Stage(plan, workflow, clock) as stage:
            try:
                happened = await trouble(stage, station)
                handled = await _recover(stage)
                record = await _reconcile(stage)
            except STOPPED as stopped:
                return Outcome.NOT_YET, str(stopped)
            except (_Wrong, Violation, StoreError) as wrong:
                return Outcome.FAIL, str(wrong)
            return Outcome.PASS, f"{happened}; {handled}; {record}"

    return run_virtual(play, MOMENT)


# Troubles: each says what happened, with the handover in trouble afterwards

async def _network_drop(stage: Stage, station: tuple[int, int]) -> str:
    """The line to the doors is down while somebody wants one opened; then it comes back."""
    held = await _before(stage, station)
    await _line_down(stage)
    before = len(stage.ground.opened)
    told = await _act(stage, held)
    await stage.begin_work()
    if len(stage.ground.opened) > before:
        raise _Wrong("a door opened over a line that was down")
    await _owned(stage)
    await _line_back(stage)
    return f"line down: {told or 'nothing'}, nothing opened"


async def _drop_meanwhile(stage: Stage, station: tuple[int, int]) -> str:
    """The line goes down while the door stands open; it is shut unseen, and the line comes back."""
    held = await _before(stage, station)
    assert held is not None
    told = (await stage.site.present(stage.reader, *held)).code
    await stage.site.quiet()
    opened = bool(stage.ground.opened)
    await _line_down(stage)
    await stage.settle()
    await stage.site.until(stage.site.clock.now() + 10 * MINUTE)
    await _owned(stage)
    await _line_back(stage)
    return f"line lost with the door {'open' if opened else 'shut'} ({told}), found shut when it came back"


async def _line_down(stage: Stage) -> None:
    for board in _boards(stage):
        stage.ground.dark.add(board)
        await stage.site.observe(FaultRaised(board, FaultKind.OFFLINE))


async def _line_back(stage: Stage) -> None:
    """The boards answer again, and tell how their doors stand."""
    stage.ground.dark.clear()
    for board, doors in _boards(stage).items():
        await stage.site.observe(FaultCleared(board, FaultKind.OFFLINE))
        for door in doors:
            await stage.site.observe(DoorSeen(board, door, stage.ground.seen(board, door)))
    await stage.settle()
    stage.try_again()


def _boards(stage: Stage) -> Mapping[str, tuple[str, ...]]:
    """Every device that opens or drops, with its doors."""
    return {**stage.plan.boards, **dict.fromkeys(stage.plan.motors, ())}


async def _door_fault(stage: Stage, station: tuple[int, int]) -> str:
    """The lock does not move, again and again; then it is mended."""
    held = await _before(stage, station)
    stage.script.answers = {
        "open": (Answer("stuck", 5 * SECOND),), "dispense": (Answer("motor fault", 5 * SECOND),),
    }
    before = len(stage.ground.opened)
    told = await _act(stage, held)
    await stage.begin_work()
    if len(stage.ground.opened) > before:
        raise _Wrong("a door opened that was said to be stuck")
    if not await _owned(stage):
        raise _Wrong("no incident was opened while the lock was stuck: nobody would have heard of it")
    stage.script.answers = {}
    stage.try_again()
    return f"lock stuck: {told or 'nothing'}, nothing opened"


async def _disputed(stage: Stage, station: tuple[int, int]) -> str:
    """It was handed over; then somebody says that it was not."""
    await _act(stage, await _before(stage, station))
    await stage.settle()
    if not await stage.command("dispute", {"why": "the compartment was empty"}):
        raise _Wrong("the dispute was not taken on record")
    kinds = await _owned(stage)
    if "disputed" not in kinds:
        raise _Wrong("nobody owns the dispute")
    return "a person says that nothing was there"


_TROUBLES: dict[str, Trouble] = {
    "network drop": _network_drop, "network drop, door open": _drop_meanwhile,
    "door fault": _door_fault, "disputed pickup": _disputed,
}


async def _before(stage: Stage, station: tuple[int, int]) -> tuple[Method, str] | None:
    """Up to the moment before the act: the last place where a credential is taken, else the beginning."""
    number, held = station
    if number < 0:
        return None
    await stage.arrive()
    pocket = await stage.to_station(number)
    return pocket[min(held, len(pocket) - 1)]


async def _act(stage: Stage, held: tuple[Method, str] | None) -> str:
    if held is not None:
        return await stage.tell(*held)
    await stage.arrive()
    await stage.begin_work()
    return "begun"


# Recovery

async def _owned(stage: Stage) -> list[str]:
    """The kinds of the open incidents. Raises _Wrong when one of them is nobody's."""
    open_ones = await stage.site.read(lambda r: desk.incidents(r, only_open=True))
    people = stage.plan.people
    for one in open_ones:
        if not owners(people, one.owner):
            raise _Wrong(f"incident {one.kind} belongs to {one.owner}, and nobody of the site has that role")
    refused = may_resolve(stage.plan.policy, people, stage.machine.workflow) if open_ones else ""
    if refused:
        raise _Wrong(f"incident {open_ones[0].kind}: {refused}")
    return [one.kind for one in open_ones]


async def _recover(stage: Stage) -> str:
    """Everything that is open gets its verdict, and the handover is played to its end."""
    settled: dict[str, str] = {}
    for _ in range(_ROUNDS):
        await _owned(stage)
        for one in await stage.site.read(lambda r: desk.incidents(r, only_open=True)):
            verdict = _VERDICTS.get(one.kind, "confirmed")
            answer = await stage.site.call(
                "incident.resolve", one.id, stage.staff, {"verdict": verdict, "why": "rehearsal"}
            )
            if isinstance(answer, Accepted):
                settled[one.kind] = ", ".join(p.key for p in owners(stage.plan.people, one.owner))
            await stage.settle()
        await _back_into_service(stage)
        stage.try_again()
        ended = await stage.to_the_end()
        left = await stage.site.read(lambda r: desk.incidents(r, only_open=True))
        if ended and not left:
            break
    else:
        snapshot = await stage.snapshot()
        still = ", ".join(one.kind for one in left) or "none"
        if left:
            raise _Wrong(f"after all verdicts these incidents are still open: {still}")
        raise NotReached(f"nothing ends it within the rehearsal: it stands in state '{snapshot.state}'")
    if not settled:
        raise _Wrong("no incident was opened: nobody would have heard of it")
    return "owned by " + "; ".join(f"{who} ({kind})" for kind, who in sorted(settled.items()))


async def _back_into_service(stage: Stage) -> None:
    """What was barred for the fault is mended, and free to be used again."""
    for place in await stage.site.read(custody.compartments):
        if place.service is Service.BARRED and place.hold is Hold.FREE:
            await stage.site.call("compartment.unbar", place.id, stage.staff, {"why": "rehearsal"})


async def _reconcile(stage: Stage) -> str:
    """The record verifies, every promise holds, and the journal alone leads to the same handover."""
    machines = records.Machines()
    now = stage.site.clock.now()
    await stage.site.read(lambda r: Checks(machines).look(r, now))
    stored = await stage.snapshot()
    again = await stage.site.read(lambda r: replay(r, machines, stage.handover))
    if (again.state, again.status, again.ended) != (stored.state, stored.status, stored.ended):
        raise _Wrong(f"the journal leads to {again.state!r}, the database says {stored.state!r}")
    rows, _ = stage.site.memory.verify()
    return f"ended {stored.status or stored.state}; {rows} rows of the record verify"
