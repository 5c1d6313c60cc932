"""One case: a story, a hub that is killed at a named point in it, the restart, the end, the judgement."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from kills.actor import Actor
from kills.follower import Follower
from kills.judge import Findings, Given, Truth, judge, match
from kills.pair import HubProcess, Pair, was_killed
from kills.record import Record
from kills.scenarios import EXPECTED, GOODS, SCENARIOS
from kills.world import HubGone, World

from hub.store import StoreError
from hub.store.audit import verify

DATABASE = "hub.db"
MUTANTS = {
    "intent not awaited": "intent_not_awaited.py", "blind retry": "blind_retry.py",
    "takes early": "takes_early.py", "flips the decision": "flips_decision.py",
}
SHORT_LOG = "short log"
SCRIPTS = {
    name: Path(__file__).parents[1] / "mutants" / file
    for name, file in {**MUTANTS, SHORT_LOG: "short_log.py"}.items()
}
#: A hub that dies more often than it was told to is not restarted for ever.
_LIVES = 4
#: How long recovery may take to bring everything to rest once the people have done their part.
_REST = 20.0
#: Where a handover waits for somebody, who may come or not.
_RESTING = frozenset({
    "collected", "loading", "waiting", "uncollected", "with_holder", "still_overdue", "in_session", "overdue",
    "expected",
})


@dataclass(frozen=True, slots=True)
class Case:
    """Kill at the `count`-th hit of `point` while `scenario` runs; `second` is armed for the next life.

    `script` names what runs the hub instead of its own command.
    """

    scenario: str
    point: str
    count: int
    slow: bool = False
    second: str = ""
    script: str = ""

    @property
    def key(self) -> str:
        words = [self.scenario, f"{self.point}:{self.count}", "slow" if self.slow else "quick"]
        return " ".join(word for word in (*words, self.second, self.script) if word)


@dataclass(slots=True)
class Result:
    """What came of a case. `reached` is False when the story ended before the point was hit."""

    case: dict[str, Any]
    reached: bool
    kills: int
    outcome: str
    violations: list[str]
    needless: list[str]
    incidents: list[str]
    seconds: float = 0.0
    deeds: list[str] = field(default_factory=list)


class Stage:
    """A pair on which cases are played one after the other."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._number = 0

    async def play(self, case: Case) -> Result:
        """Run one case to its judgement. The database is kept only if something was wrong."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._number += 1
        state = self._pair.folder / f"state-{self._number}"
        mark = await self._pair.tidy(GOODS.get(case.scenario, {}))
        async with aiohttp.ClientSession() as session:
            world = World(self._pair, session, case.slow)
            result = await self._lives(case, state, mark, world)
        result.seconds = round(loop.time() - began, 1)
        if result.violations:
            result.deeds = world.deeds
        else:
            shutil.rmtree(state)
        return result

    async def _lives(self, case: Case, state: Path, mark: int, world: World) -> Result:
        follower = Follower(self._pair.port, state / DATABASE)
        following = asyncio.create_task(follower.run())
        script = SCRIPTS[case.script] if case.script else None
        lives = _Lives(self._pair, state, [f"{case.point}:{case.count}", case.second], script)
        try:
            story = SCENARIOS[case.scenario](world)
            problems = await lives.through(_begin(world, story))
            kills = lives.kills
            if not problems:
                problems = await lives.through(_rest(world, story))
            first = self._judged(case, state, mark, world, problems)
            if not first.violations and first.outcome == "incident":
                problems = await lives.through(_staff(world, story, state, self._pair, mark))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await lives.end()
        final = self._judged(case, state, mark, world, problems)
        violations = list(dict.fromkeys([*first.violations, *final.violations, *follower.compare()]))
        violations += _chain(state / DATABASE)
        incidents = sorted({incident["kind"] for incident in Record.read(state / DATABASE).incidents})
        return Result(
            asdict(case), kills > 0, kills, first.outcome, violations, final.needless, incidents,
        )

    def _judged(
        self, case: Case, state: Path, mark: int, world: World, problems: list[str]
    ) -> Findings:
        record = Record.read(state / DATABASE)
        expected = EXPECTED.get(case.scenario, frozenset())
        findings = judge(record, self._pair.ledger(mark), Given.of(world), expected)
        findings.violations.extend(problem for problem in problems if problem not in findings.violations)
        return findings


class _Lives:
    """Starts the hub again whenever it was killed, with the next failpoint armed or none."""

    def __init__(self, pair: Pair, state: Path, armed: list[str], script: Path | None) -> None:
        self._pair = pair
        self._state = state
        self._armed = armed
        self._script = script
        self._hub: HubProcess | None = None
        self.kills = 0

    async def through(self, deeds: Any) -> list[str]:
        """Keep a hub alive until `deeds` are done. Says what was wrong: with the hub, or what they return."""
        task = asyncio.ensure_future(deeds)
        try:
            while not task.done():
                hub = self._hub = self._hub or await self._next()
                death = asyncio.ensure_future(hub.died())
                await asyncio.wait({task, death}, return_when=asyncio.FIRST_COMPLETED)
                if not death.done():
                    death.cancel()
                    break
                self._hub = None
                if not was_killed(death.result()):
                    return [f"the hub ended by itself with {death.result()}: {hub.last_words()}"]
                self.kills += 1
                if self.kills > _LIVES:
                    return ["the hub was killed again and again"]
            return list(await task)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            return [f"the story broke: {error!r} in {where.name}:{where.lineno}"]
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    async def end(self) -> None:
        if self._hub is not None:
            await self._hub.kill()

    async def _next(self) -> HubProcess:
        armed = self._armed.pop(0) if self._armed else ""
        return await self._pair.hub(self._state, armed, self._script)


async def _begin(world: World, story: Actor) -> list[str]:
    await world.up()
    await story.play()
    return []


async def _rest(world: World, story: Actor) -> list[str]:
    """Nobody does anything more: every handover must come to an end, or to something that somebody owns."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _REST
    moving: list[str] = []
    while loop.time() < until:
        try:
            moving = [words for handover in await _details(world) if (words := _moving(handover))]
        except HubGone:
            moving = ["the hub does not answer"]
        if not moving:
            return []
        await asyncio.sleep(0.1)
    return [f"never came to rest: {words}" for words in moving]


def _moving(handover: dict[str, Any]) -> str:
    """Why a handover is not at rest, or nothing."""
    words = f"{handover['workflow']} {handover['state']}"
    if any(effect["state"] == "intent" for effect in handover["effects"]):
        return f"{words} with an open intent"
    if handover["ended"] or handover["state"] in _RESTING:
        return ""
    return "" if any(incident["open"] for incident in handover["incidents"]) else words


async def _staff(world: World, story: Actor, state: Path, pair: Pair, mark: int) -> list[str]:
    """Somebody comes, looks, and says truthfully what had happened; then the story goes on."""
    for _ in range(3):
        record = Record.read(state / DATABASE)
        matched = match(record, Truth.of(pair.ledger(mark)))
        said = False
        for incident in record.incidents:
            effect = next((e for e in record.effects if e["id"] == incident["effect_id"]), None)
            if incident["state"] != "open" or effect is None or effect["state"] != "in_doubt":
                continue
            vends = matched.vends[effect["leg_id"]]
            acts: Counter[str] = sum((vend.acts for vend in vends), Counter())
            happened = {
                "open": matched.openings[effect["id"]] > 0,
                "authorise": acts["approved"] > acts["refunded"],
                "capture": acts["charged"] > 0,
                "void": acts["charged"] == 0,
            }[effect["kind"]]
            verdict = "confirmed" if happened else "refuted"
            body = {"verdict": verdict, "why": "somebody looked", "incident": incident["id"]}
            status, answer = await world.post(f"handovers/{incident['handover_id']}/resolve", body)
            if status >= 400:
                return [f"staff cannot resolve {incident['kind']}: {answer}"]
            said = True
        if not said:
            return []
        moving = await _rest(world, story)
        if moving:
            return [f"after staff had looked: {words}" for words in moving]
    return []


async def _details(world: World) -> list[dict[str, Any]]:
    listed = (await world.get("handovers"))["handovers"]
    return [await world.get(f"handovers/{handover['id']}") for handover in listed]


def _chain(database: Path) -> list[str]:
    try:
        report = verify(database)
    except StoreError as error:
        return [f"the record cannot be verified: {error}"]
    return [] if report.ok else [f"the audit chain is broken: {report.broken}"]
