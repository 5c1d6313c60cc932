"""The states of a machine as a graph, with the ways through the inherited recovery included."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from hub.config.marks import YamlPath
from hub.workflows.engine import EACH_DONE, NEXT, RECOVERY
from hub.workflows.machine import Arrow, Machine, State, StepCall

#: The edge to the next turn of a loop: another allocation, so nothing is repeated and it ends by itself.
TURN = "turn"
#: Ways through recovery: the desk's verdict takes the arrow of the state that asked (S25).
VERDICTS = {"effect.confirmed": "verdict.confirmed", "effect.refuted": "verdict.refuted"}


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a state to another. `event` after.N for timers; `path` leads to it in the source."""

    source: str
    event: str
    target: str
    path: YamlPath
    when: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A machine and the edges out of each of its states."""

    machine: Machine
    out: Mapping[str, tuple[Edge, ...]]

    @classmethod
    def of(cls, machine: Machine) -> Graph:
        """Read the edges of every state, inherited ones among them."""
        out = {name: tuple(_edges(machine, state)) for name, state in machine.states.items()}
        return cls(machine, out)

    def reachable(
        self, starts: Iterable[str], follow: Callable[[Edge], bool] = lambda edge: True
    ) -> set[str]:
        """The states that can be reached from `starts` over edges that `follow` accepts."""
        seen = set(starts)
        waiting = deque(seen)
        while waiting:
            for edge in self.out[waiting.popleft()]:
                if follow(edge) and edge.target not in seen:
                    seen.add(edge.target)
                    waiting.append(edge.target)
        return seen

    @property
    def initial(self) -> str:
        """The state that a handover begins in."""
        return entered(self.machine, self.machine.initial)


def effect_of(state: State) -> StepCall | None:
    """The effect step of a state, if it has one."""
    return next((call for call in state.enter if call.effect), None)


def calls_of(state: State) -> Iterator[tuple[StepCall, YamlPath]]:
    """Every step of a state with its source path, those in the branches of a `choose` among them."""
    yield from _calls(state.enter, ("states", state.name, "enter"))


def _calls(calls: Iterable[StepCall], path: YamlPath) -> Iterator[tuple[StepCall, YamlPath]]:
    for index, call in enumerate(calls):
        where: YamlPath = (*path, index, call.type)
        yield call, where
        for at, case in enumerate(call.cases):
            yield from _calls(case.do, (*where, at, "do"))


def entered(machine: Machine, target: str) -> str:
    """The state that an arrow to `target` really enters: a parent's first child."""
    return machine.states[target].initial or target


def arrows_of(machine: Machine, state: State) -> Iterator[tuple[str, Arrow, YamlPath]]:
    """Every arrow that an event in this state may take, inherited ones among them, with its source path."""
    parent = machine.states.get(state.parent)
    for owner in (state, parent) if parent is not None else (state,):
        for event, arrows in owner.on.items():
            for index, arrow in enumerate(arrows):
                yield event, arrow, ("states", owner.name, "on", event, index)
    for index, timer in enumerate(state.after):
        for arrow in timer.arrows:
            yield f"after.{index}", arrow, ("states", state.name, "after", index)


def _targets(machine: Machine, state: State, target: str) -> Iterator[tuple[str, bool]]:
    """Where an arrow can come out, and whether that is the next turn of a loop over allocations (S28)."""
    parent = machine.states.get(state.parent if target == NEXT else target)
    if parent is None or not parent.each:
        yield entered(machine, target), False
        return
    if target == NEXT:
        yield parent.initial, True
    else:
        yield parent.initial, False
    for arrow in parent.on.get(EACH_DONE, ()):  # no turn left, or no allocation that takes part
        if arrow.to and arrow.to != parent.name:
            yield entered(machine, arrow.to), False


def _edges(machine: Machine, state: State) -> Iterator[Edge]:
    if state.initial or state.final:
        return
    effect = effect_of(state)
    asked_recovery = effect is not None and RECOVERY in machine.states
    for event, arrow, path in arrows_of(machine, state):
        if event == "effect.in_doubt" and not arrow.when:
            asked_recovery = asked_recovery and arrow.to == RECOVERY
        if not arrow.to:
            continue
        for target, turn in _targets(machine, state, arrow.to):
            yield Edge(state.name, TURN if turn else event, target, path, arrow.when)
            if event in VERDICTS and state.name != RECOVERY and not turn:
                yield Edge(state.name, VERDICTS[event], target, path, arrow.when)
    if asked_recovery:
        yield Edge(state.name, "effect.in_doubt", RECOVERY, ("states", state.name), "")
