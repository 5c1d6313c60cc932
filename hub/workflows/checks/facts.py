"""What a step needs must hold on every way that leads to it: a compartment, an authorisation."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping

from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems
from hub.workflows.checks.graph import Edge, Graph, effect_of
from hub.workflows.machine import State, StepCall
from hub.workflows.steps.types import RESULTS, StepType

#: A guard that asks whether a leg was approved: `leg.approved is defined`, or `legs.deposit.approved`.
_APPROVED = re.compile(r"\blegs?(?:\.[a-z]+)?\.approved is defined")
_SAY = {
    "allocation": ("no compartment is assigned yet", "assign one in a state that comes before on every way"),
    "authorisation": ("no payment is authorised", "come here only through authorise's effect.confirmed"),
    "question": ("no payment was asked for", "a state with authorise must come before on every way"),
    "capture": ("no payment is captured", "come here only through capture's effect.confirmed"),
    "credential": ("no credential is issued yet", "issue one in a state that comes before on every way"),
}


def check_needs(graph: Graph, document: Document, steps: Mapping[str, StepType], problems: Problems) -> None:
    """Report each step whose needs some way through the machine does not meet."""
    for name, holds in _holding(graph, steps).items():
        state = graph.machine.states[name]
        known = set(holds)
        _check_calls(state.enter, ("states", name, "enter"), name, known, document, steps, problems)


def _check_calls(
    calls: Iterable[StepCall], path: YamlPath, state: str, known: set[str], document: Document,
    steps: Mapping[str, StepType], problems: Problems,
) -> None:
    """Check the steps in order; `known` grows with what each gives, but not with what only a branch gives."""
    for index, call in enumerate(calls):
        where: YamlPath = (*path, index, call.type)
        for at, case in enumerate(call.cases):
            inner = known | _assumed(case.when)
            _check_calls(case.do, (*where, at, "do"), state, inner, document, steps, problems)
        kind = steps[call.type]
        for need in kind.needs:
            if need not in known:
                what, mend = _SAY.get(need, (f"'{need}' is not given yet", ""))
                problems.add(document.marks.key(where), f"{call.type} in '{state}': {what}", mend, where)
        if not call.effect:
            known |= _gives(call, steps)


def _gives(call: StepCall, steps: Mapping[str, StepType]) -> set[str]:
    """What holds after a database step; of a `choose` that always takes a branch, what each branch gives."""
    if not call.cases:
        return set(steps[call.type].gives)
    if call.cases[-1].when:
        return set()
    branches = [set().union(*(_gives(one, steps) for one in case.do)) for case in call.cases]
    return set.intersection(*branches)


def _assumed(when: str) -> set[str]:
    """What may be counted on because a `when` asks for it: `{{ allocation is defined }}`."""
    if {"or", "not"} & set(when.split()):
        return set()
    found = {name for name in _SAY if f"{name} is defined" in when}
    if _APPROVED.search(when):
        found |= {"question", "authorisation"}
    return found


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
    holds = set(before) | _assumed(edge.when)
    for call in state.enter:
        if not call.effect:
            holds |= _gives(call, steps)
    effect = effect_of(state)
    if effect is not None and (edge.event in RESULTS or edge.event.startswith("verdict.")):
        holds |= set(steps[effect.type].leaves)
        if edge.event.endswith(".confirmed"):
            holds |= set(steps[effect.type].gives)
    return frozenset(holds)
