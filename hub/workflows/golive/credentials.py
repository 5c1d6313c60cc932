"""GL-01: credentials in time, early, late, revoked and at the wrong reader, wherever they are taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from hub.core.clock import DAY, HOUR, SECOND, Clock
from hub.core.virtual import run_virtual
from hub.model.states import Method
from hub.workflows.golive.findings import Finding, Outcome
from hub.workflows.golive.stage import ELSEWHERE_READER, STOPPED, Stage
from hub.workflows.rehearsal import Plan
from hub.workflows.simulate.run import START

CHECK = "GL-01"
#: Mid-morning of the Monday on which rehearsals begin: shops are open, nobody's quiet hours hold.
MOMENT = START + 9 * HOUR
_WINDOW = {"from": 2 * HOUR, "until": 26 * HOUR}
_FAR = 400 * DAY
_RENEWALS = 4
Tried = tuple[Outcome, str]
Doing = Callable[[Stage, Method, str], Awaitable[Tried]]


#: A state, and which of the things that people hold is accepted there.
Station = tuple[str, int]


def stations_of(plan: Plan, workflow: str) -> tuple[list[Station], str]:
    """Where people present something, and why there is nowhere or the play ended early."""

    async def play(clock: Clock) -> tuple[list[Station], str]:
        async with Stage(plan, workflow, clock) as stage:
            try:
                await stage.arrive()
                await stage.to_the_end()
            except STOPPED as stopped:
                return stage.stations, str(stopped)
            return stage.stations, ""

    return run_virtual(play, MOMENT)


def check(plan: Plan, workflow: str, passed: Callable[[str], None]) -> Iterator[Finding]:
    """Every finding about one workflow's credentials."""
    machine = plan.workflows[workflow][0]
    takes = any("credential.accepted" in state.on for state in machine.states.values())
    stations, stopped = stations_of(plan, workflow)
    if not stations:
        yield _none(workflow, takes, stopped)
        return
    for number, (station, held) in enumerate(stations):
        for word, doing in _TRIED.items():
            passed(f"{CHECK} {workflow}, {station}: {word}")
            outcome, detail = _try(plan, workflow, (number, held), doing, word == "early")
            mend = "" if outcome is not Outcome.FAIL else _MEND.format(station=station)
            yield Finding(CHECK, f"{workflow}, {station}: {word}", outcome, detail, mend)


def _none(workflow: str, takes: bool, stopped: str) -> Finding:
    if not takes:
        return Finding(CHECK, workflow, Outcome.NOT_NEEDED, "nobody presents a credential in this workflow")
    detail = stopped or "no credential was presented on the way from its beginning to its end"
    return Finding(CHECK, workflow, Outcome.NOT_YET, detail, "try it at the terminal: hub run SITE --twin")


_MEND = "look at state '{station}' of the blueprint: hub trace shows each arrow; then run this again"


def _try(
    plan: Plan, workflow: str, at: tuple[int, int], doing: Doing, windowed: bool
) -> Tried:
    number, held = at

    async def play(clock: Clock) -> Tried:
        async with Stage(plan, workflow, clock, window=_WINDOW if windowed else None) as stage:
            try:
                await stage.arrive()
                pocket = await stage.to_station(number)
                return await doing(stage, *pocket[min(held, len(pocket) - 1)])
            except STOPPED as stopped:
                return Outcome.NOT_YET, str(stopped)

    return run_virtual(play, MOMENT)


async def _in_time(stage: Stage, method: Method, text: str) -> Tried:
    right = next(iter(await stage.rights()))
    if right.since > stage.site.clock.now():
        await stage.site.until(right.since)
    code = await stage.tell(method, text)
    if code.startswith("refused"):
        return Outcome.FAIL, f"a valid {method} was refused: {_reason(code)}"
    return Outcome.PASS, f"{method} was accepted ({right.party})"


async def _early(stage: Stage, method: Method, text: str) -> Tried:
    """Before its window where the order's window holds for it; else with something that is not issued yet."""
    right = next(iter(await stage.rights()))
    if right.since > stage.site.clock.now():
        return await _refused(stage, method, text, "")
    outcome, detail = await _refused(stage, Method.QR, "golive:not-issued-yet", "")
    return outcome, f"not given out before it is valid; a code that is not issued: {detail}"


async def _late(stage: Stage, method: Method, text: str) -> Tried:
    """After its end. What a workflow makes good anew, such as an overdue return, stays good on purpose."""
    for _ in range(_RENEWALS):
        until = max((right.until for right in await stage.rights()), default=0)
        if until <= stage.site.clock.now():
            return await _refused(stage, method, text, "")
        if until - stage.site.clock.now() > _FAR:
            return Outcome.FAIL, "it is good for more than a year"
        await stage.site.until(until + SECOND)
        await stage.settle()
    state = (await stage.snapshot()).state
    return Outcome.PASS, f"the workflow keeps renewing it (state '{state}'): whoever is late may still come"


async def _wrong_reader(stage: Stage, method: Method, text: str) -> Tried:
    """At a terminal that it was not issued for: one of the site's own, else one that serves nothing."""
    right = next(iter(await stage.rights()))
    if right.since > stage.site.clock.now():
        await stage.site.until(right.since)
    others = [
        place for name, place in stage.plan.places.terminals.items()
        if name not in right.terminals and place.readers and place.readers[0] != ELSEWHERE_READER
    ]
    reader, where = (others[0].readers[0], others[0].name) if others else (ELSEWHERE_READER, "another site")
    outcome, detail = await _refused(stage, method, text, reader)
    return outcome, f"at {where}: {detail}"


async def _revoked(stage: Stage, method: Method, text: str) -> Tried:
    """Replaced by a fresh one, or the handover was cancelled."""
    if method is not Method.TAG and await stage.command("reissue"):
        how = "after a fresh one was issued"
    elif await stage.command("cancel"):
        how = "after cancelling"
    else:
        return Outcome.NOT_NEEDED, "nothing revokes it here: it can be neither reissued nor cancelled"
    outcome, detail = await _refused(stage, method, text, "")
    return outcome, f"{how}: {detail}"


async def _refused(stage: Stage, method: Method, text: str, reader: str) -> Tried:
    """It must open nothing, and the person must be told why."""
    before = await stage.opened()
    code = await stage.tell(method, text, reader)
    opened = await stage.opened() - before
    if opened:
        return Outcome.FAIL, f"{method} opened {opened} door(s)"
    if not code.startswith("refused."):
        # A person's own tag greets them or begins something else: no answer about this handover.
        other = method is Method.TAG and code
        said = f"{method} opened nothing of this handover; the terminal says: {code or 'nothing'}"
        return (Outcome.PASS if other else Outcome.FAIL), said
    return Outcome.PASS, f"{method} refused: {_reason(code)}; nothing opened"


def _reason(code: str) -> str:
    return code.partition(".")[2] or code


_TRIED: dict[str, Doing] = {
    "in time": _in_time, "early": _early, "late": _late, "revoked": _revoked, "wrong reader": _wrong_reader,
}
