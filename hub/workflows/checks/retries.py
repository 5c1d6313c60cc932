"""No act is repeated while its first outcome is not known, and a blind one never (DESIGN section 4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems
from hub.workflows.checks.graph import Edge, Graph, effect_of
from hub.workflows.machine import StepCall
from hub.workflows.steps.types import EffectClass, StepType


def check_retries(
    graph: Graph, document: Document, steps: Mapping[str, StepType], problems: Problems
) -> None:
    """Refuse a way from an effect in doubt, or from a blind one, to the same act without a person between."""
    for state in graph.machine.states.values():
        call = effect_of(state)
        if call is None:
            continue
        blind = steps[call.type].class_for(call.args) is EffectClass.BLIND
        for edge in graph.out[state.name]:
            if edge.event == "effect.in_doubt":
                again = _leads_to(graph, edge, call)
                what = f"{call.type} is repeated in '{again}' while that of '{state.name}' is in doubt"
                mend = "let in_doubt go to recovery, or to a state that waits for incident.resolved"
            elif blind and edge.event in ("effect.refuted", "verdict.refuted"):
                again = _leads_to(graph, edge, call)
                what = f"{call.type} in '{state.name}' is blind: nothing observes it, it is never retried"
                mend = "ask for better evidence (door_sensor), or lead to a state that waits for a person"
            else:
                continue
            if again:
                path: YamlPath = edge.path
                problems.add(document.marks.key(path[:4]), what, mend, path)


def _leads_to(graph: Graph, first: Edge, call: StepCall) -> str:
    """The state that repeats the act after `first`, reached without anybody deciding it; empty if none."""
    seen = {first.target}
    waiting = deque(seen)
    while waiting:
        name = waiting.popleft()
        effect = effect_of(graph.machine.states[name])
        if effect is not None and _same_act(effect, call):
            return name
        for edge in graph.out[name]:
            if _by_itself(edge.event) and edge.target not in seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    return ""


def _same_act(one: StepCall, other: StepCall) -> bool:
    """Money acts with different purposes are about different legs."""
    return one.type == other.type and one.args.get("purpose") == other.args.get("purpose")


def _by_itself(event: str) -> bool:
    """Whether an event comes without a person or a device's news."""
    return event in ("entered", "each.done") or event.endswith(".failed") or event.startswith(
        ("after.", "deadline.", "effect.")
    )
