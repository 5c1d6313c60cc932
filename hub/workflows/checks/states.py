"""What each state by itself must do: order of steps, answers to every result, ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems
from hub.workflows.checks.graph import arrows_of, calls_of, effect_of
from hub.workflows.machine import Arrow, Machine, State
from hub.workflows.steps.types import RESULTS, StepType

#: Events that come once and never again: some arrow must always be taken.
_ONCE = ("entered", "each.done", *RESULTS)


def check_states(
    machine: Machine, document: Document, steps: Mapping[str, StepType], problems: Problems
) -> None:
    """Check every state that the blueprint itself defines."""
    parent_names = {one.parent for one in machine.states.values()}
    for state in machine.states.values():
        if ("states", state.name) not in document.marks:
            continue
        _order(state, document, problems)
        if state.name not in parent_names:
            _answers(machine, state, document, steps, problems)
        _dead_ends(state, document, problems)
        _open_effect(state, document, problems)
        if state.final:
            _final(state, document, steps, problems, state.name in parent_names)


def _order(state: State, document: Document, problems: Problems) -> None:
    effects = [index for index, call in enumerate(state.enter) if call.effect]
    for index in effects[1:]:
        path: YamlPath = ("states", state.name, "enter", index, state.enter[index].type)
        problems.add(
            document.marks.key(path), f"'{state.name}' has a second effect step, {state.enter[index].type}",
            "give it a state of its own, entered by effect.confirmed", path,
        )
    if len(effects) == 1 and effects[0] != len(state.enter) - 1:
        path = ("states", state.name, "enter", effects[0], state.enter[effects[0]].type)
        problems.add(
            document.marks.key(path), f"the effect step {state.enter[effects[0]].type} is not the last one",
            "move it to the end of enter, or the steps after it into the state of effect.confirmed", path,
        )


def _answers(
    machine: Machine, state: State, document: Document, steps: Mapping[str, StepType], problems: Problems
) -> None:
    """Every step that can fail, and every result of the effect, needs an arrow."""
    handled = {event for event, _, _ in arrows_of(machine, state)}
    for call, path in calls_of(state):
        mark = document.marks.key(path)
        kind = steps[call.type]
        if kind.fails and f"{call.type}.failed" not in handled and not state.final:
            mend = f"add to on: {call.type}.failed: STATE  (reasons: {', '.join(kind.fails)})"
            problems.add(mark, f"nothing handles {call.type}.failed in '{state.name}'", mend, path)
        for result in kind.results:
            if result in handled or result == "effect.in_doubt":
                continue  # in doubt goes to the inherited recovery
            why = f"  (reasons: {', '.join(kind.refutes)})" if result == "effect.refuted" else ""
            what = f"nothing handles {result} in '{state.name}'"
            if call.type == "authorise" and result == "effect.refuted":
                what = f"nothing handles a denied payment in '{state.name}'"
            problems.add(mark, what, f"add to on: {result}: STATE{why}", path)


def _dead_ends(state: State, document: Document, problems: Problems) -> None:
    """An event that comes once must not be lost because every `when` is false."""
    for event, arrows in state.on.items():
        path: YamlPath = ("states", state.name, "on", event)
        once = event in _ONCE or event.endswith(".failed") or event.startswith("deadline.")
        if not once:
            continue
        if all(arrow.when for arrow in arrows):
            problems.add(
                document.marks.key(path), f"'{event}' is lost when every `when` is false",
                "add a last arrow without `when`", path,
            )
        if event in RESULTS and any(not arrow.to for arrow in arrows):
            problems.add(
                document.marks.key(path), f"'{event}' must lead to a state",
                "the effect is over: `stay` would wait for nothing", path,
            )


def _open_effect(state: State, document: Document, problems: Problems) -> None:
    """While an effect is open only its result leaves the state (S10, S24)."""
    effect = effect_of(state)
    if effect is None:
        return
    mend = f"wait for the result of {effect.type}: handle it in the state that follows"
    if state.after:
        path: YamlPath = ("states", state.name, "after")
        problems.add(
            document.marks.key(path), f"'after' would leave '{state.name}' while {effect.type} is open",
            f"use the step's own `within`; {mend}", path,
        )
    for event, arrows in state.on.items():
        path = ("states", state.name, "on", event)
        allowed = event in RESULTS or event.endswith(".failed") or event.startswith("deadline.")
        if not allowed and _leaves(arrows):
            problems.add(
                document.marks.key(path), f"'{event}' would leave '{state.name}' while {effect.type} is open",
                mend, path,
            )


def _leaves(arrows: Iterable[Arrow]) -> bool:
    return any(arrow.to for arrow in arrows)


def _final(
    state: State, document: Document, steps: Mapping[str, StepType], problems: Problems, is_parent: bool
) -> None:
    path: YamlPath = ("states", state.name)
    if state.on or state.after:
        key = "on" if state.on else "after"
        problems.add(
            document.marks.key((*path, key)), f"'{state.name}' is final: nothing can happen there",
            f"remove `{key}` or `final`", path,
        )
    for call, where in calls_of(state):
        if call.effect or steps[call.type].fails:
            what = "has an effect" if call.effect else "can fail"
            problems.add(
                document.marks.key(where), f"'{state.name}' is final and its step {call.type} {what}",
                "do it in the state before", where,
            )
