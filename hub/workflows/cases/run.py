"""Runs one case on the real runner: a rehearsed site, virtual time, and what the case says of the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from hub.config.marks import Mark
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.model.failures import StepFailed
from hub.workflows.cases.act import Player
from hub.workflows.cases.compare import differences
from hub.workflows.cases.look import look
from hub.workflows.cases.parse import FIRST, Case, Happening
from hub.workflows.cases.stage import plan_of, prepare, rail_of
from hub.workflows.cases.trace import TraceLine, trace_of
from hub.workflows.machine import Machine
from hub.workflows.rehearsal import Ground, Rehearsal, Script
from hub.workflows.run.advance import Executor, Run
from hub.workflows.tracing.lines import Lines
from hub.workflows.versions.written import Written

#: Cases are rehearsals, not lotteries: the same PINs and ids each time.
_SEED = 7


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that did not hold, and where it stands in the cases file."""

    mark: Mark
    key: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went. `trace` is complete, also for a case that passed."""

    case: Case
    differences: tuple[Difference, ...]
    trace: tuple[TraceLine, ...]

    @property
    def passed(self) -> bool:
        """Whether everything that was expected holds."""
        return not self.differences


def run_case(case: Case, *, detailed: bool = False) -> CaseResult:
    """Run one case to its end. A failing one's trace has details; that of one that passed if `detailed`."""
    return run_virtual(lambda clock: _Play(case, clock).run(detailed), case.start)


class _Play:
    """One performance of a case."""

    def __init__(self, case: Case, clock: Any) -> None:
        assert case.compiled.machine is not None
        self.case = case
        self.machine: Machine = case.compiled.machine
        self.clock = clock
        ground = Ground(Script(case.answers), clock.now, rail_of(case))
        self.site = Rehearsal(
            plan_of(case), ground, clock, SeededEntropy(_SEED), wrap=_failing(case.fails)
        )
        self.player = Player(case, self.site)
        self.wrong: list[Difference] = []

    async def run(self, detailed: bool) -> CaseResult:
        await self.site.begin()
        try:
            await self.site.store.write(lambda tx: prepare(tx, self.case))
            if not self._begins_itself():
                await self.player.start_first()
            for one in self.case.when:
                await self._happen(one)
            await self.site.rest()
            await self._expect(self.case.then, (*self.case.path, "then"), FIRST)
            trace = await self._trace(detailed or bool(self.wrong))
        finally:
            await self.site.end()
        return CaseResult(self.case, tuple(self.wrong), trace)

    def _begins_itself(self) -> bool:
        """Whether what happens begins the handover, so that nothing of itself does."""
        first = next((one for one in self.case.when if one.action), None)
        return first is not None and first.action == "start" and first.handover == FIRST

    async def _happen(self, one: Happening) -> None:
        await self.site.rest()
        now = self.clock.now()
        if one.at is not None:
            await self.site.until(max(one.at.of(self.case.start, now, self.case.zone), now))
        elif one.after is not None:
            await self.site.until(now + one.after)
        elif one.action:
            await self.site.quiet()
        if one.action:
            await self.player.act(one)
            await self.site.rest()
            await self.player.adopt(one.handover)
        await self._expect(one.then, (*one.path, "then"), one.handover)

    async def _expect(self, then: Mapping[str, Any], path: tuple[str | int, ...], about: str) -> None:
        if not then:
            return
        await self.site.quiet()
        found = await self._found(about)
        for key, expected, actual in differences(
            {key: value for key, value in then.items() if key != "handovers"}, found
        ):
            self.wrong.append(Difference(self.case.document.marks.key((*path, key)), key, expected, actual))
        for name, inner in then.get("handovers", {}).items():
            await self._expect(inner, (*path, "handovers", name), name)

    async def _found(self, about: str) -> dict[str, Any]:
        handover = self.player.handovers.get(about, "")
        found = await self.site.read(lambda r: look(r, handover, self.clock.now()))
        return {**found, "told": self.player.told, "refused": self.player.refused}

    async def _trace(self, detailed: bool) -> tuple[TraceLine, ...]:
        marks = self.case.compiled.marks
        told = Lines(self.machine, Written.of(self.case.compiled.sources, marks)) if detailed else None
        places = {state: str(marks.key(("states", state))) for state in self.machine.states}
        lines = list(self.player.notes)
        several = len(self.player.handovers) > 1
        for name, handover in self.player.handovers.items():
            lines += await self.site.read(partial(
                trace_of, handover=handover, machine=self.machine, places=places,
                label=name if several else "", lines=told,
            ))
        return tuple(sorted(lines, key=lambda line: (line.at, line.seq)))


def _failing(fails: Mapping[str, tuple[str, ...]]) -> Callable[[dict[str, Executor]], None]:
    """Makes database steps fail the first times, each with its reason."""
    left = {step: list(reasons) for step, reasons in fails.items()}

    def wrap(table: dict[str, Executor]) -> None:
        for step in left:
            table[step] = _first_fails(table[step], left[step])

    return wrap


def _first_fails(real: Executor, reasons: list[str]) -> Executor:
    def execute(run: Run, args: Mapping[str, Any]) -> None:
        if reasons:
            raise StepFailed(reasons.pop(0))
        real(run, args)

    return execute
