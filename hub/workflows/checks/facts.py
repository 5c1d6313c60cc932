"""What a step needs must hold on every way that leads to it: a compartment, an authorisation."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems
from hub.workflows.checks.graph import Edge, Graph, effect_of
from hub.workflows.machine import State
from hub.workflows.steps.types import RESULTS, StepType

_SAY = {
    "allocation": ("no compartment is assigned yet", "assign one in a state that comes before on every way"),
    "authorisation": ("no payment is authorised", "come here only through authorise's effect.confirmed"),
    "question": ("no payment was asked for", "a state with authorise must come before on every way"),
    "credential": ("no credential is issued yet", "issue one in a state that comes before on every way"),
}


def check_needs(graph: Graph, document: Document, steps: Mapping[str, StepType], problems: Problems) -> None:
    """Report each step whose needs some way through the machine does not meet."""
    for name, holds in _holding(graph, steps).items():
        state = graph.machine.states[name]
        known = set(holds)
        for index, call in enumerate(state.enter):
            kind = steps[call.type]
            for need in kind.needs:
                if need not in known:
                    path: YamlPath = ("states", name, "enter", index, call.type)
                    what, mend = _SAY.get(need, (f"'{need}' is not given yet", ""))
                    problems.add(document.marks.key(path), f"{call.type} in '{name}': {what}", mend, path)
            if not call.effect:
                known |= set(kind.gives)


def _holding(graph: Graph, steps: Mapping[str, StepType]) -> dict[str, frozenset[str]]:
    """For every reachable state what certainly holds on entering it (greatest fixed point)."""
    holds: dict[str, frozenset[str]] = {graph.initial: frozenset()}
    waiting = deque([graph.initial])
    while waiting:
        name = waiting.popleft()
        for edge in graph.out[name]:
            after = _after(graph.machine.states[name], edge, holds[name], steps)
            before = holds.get(edge.target)
            now = after if before is None else before & after
            if now != before:
                holds[edge.target] = now
                waiting.append(edge.target)
    return holds


def _after(
    state: State, edge: Edge, before: frozenset[str], steps: Mapping[str, StepType]
) -> frozenset[str]:
    """What holds after taking `edge`: a failed entry leaves what was, a result adds what it proves."""
    if edge.event.endswith(".failed"):
        return before
    holds = set(before)
    for call in state.enter:
        if not call.effect:
            holds |= set(steps[call.type].gives)
    effect = effect_of(state)
    if effect is not None and (edge.event in RESULTS or edge.event.startswith("verdict.")):
        holds |= set(steps[effect.type].leaves)
        if edge.event.endswith(".confirmed"):
            holds |= set(steps[effect.type].gives)
    return frozenset(holds)
