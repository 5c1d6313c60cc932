"""Every expression must be sound before it is needed: syntax, known names, whole values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems, suggest
from hub.workflows import expressions
from hub.workflows.checks.graph import calls_of
from hub.workflows.machine import Machine
from hub.workflows.steps.types import StepType

#: What a handover holds from its start (the order) and what the engine adds to every expression.
ORDER_NAMES = (
    "item", "items", "recipient_ref", "depositor_ref", "window", "external_ref", "due", "paid", "data",
    "leg", "legs", "terminal", "allocation", "allocations", "asset", "credential", "credentials", "approval",
)
ENGINE_NAMES = ("inputs", "event", "now", "attempts", "state", "status", "phase")


def check_expressions(
    machine: Machine, document: Document, steps: Mapping[str, StepType], problems: Problems
) -> None:
    """Check every expression in steps and guards of the blueprint's own states."""
    known = {*ORDER_NAMES, *ENGINE_NAMES}
    for state in machine.states.values():
        for call, _ in calls_of(state):
            known |= {*steps[call.type].sets, *(call.args if call.type == "set" else ())}
    for path, text in _texts(machine):
        if path[:2] in document.marks:
            _check(text, path, known, machine, document, problems)


def _texts(machine: Machine) -> Iterator[tuple[YamlPath, str]]:
    for state in machine.states.values():
        for call, path in calls_of(state):
            yield from _strings(call.args, path)
            for index, case in enumerate(call.cases):
                if case.when:
                    yield (*path, index, "when"), case.when
        if state.where:
            yield ("states", state.name, "where"), state.where
        for event, arrows in state.on.items():
            for index, arrow in enumerate(arrows):
                if arrow.when:
                    yield ("states", state.name, "on", event, index, "when"), arrow.when
        for index, timer in enumerate(state.after):
            for at, arrow in enumerate(timer.arrows):
                if arrow.when:
                    yield ("states", state.name, "after", index, "to", at, "when"), arrow.when


def _strings(tree: object, path: YamlPath) -> Iterator[tuple[YamlPath, str]]:
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _strings(value, (*path, key))
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from _strings(value, (*path, index))


def _check(
    text: str, path: YamlPath, known: set[str], machine: Machine, document: Document, problems: Problems
) -> None:
    mark = document.marks.value(_place(document, path))
    source = expressions.body_of(text)
    if source is None:
        if "{{" in text or "{%" in text:
            mend = 'an expression is the whole value: "{{ item.size }}"'
            problems.add(mark, f"'{text}' mixes text with an expression", mend, path)
        return
    try:
        names = expressions.check(source)
    except expressions.ExpressionError as error:
        problems.add(mark, f"in the expression '{source}': {error}", "", path)
        return
    for name in sorted(names - known):
        problems.add(mark, f"unknown name '{name}' in '{source}'", suggest(name, known), path)
    for name in sorted(expressions.attributes_used(source, "inputs") - machine.inputs.keys()):
        problems.add(mark, f"unknown input '{name}' in '{source}'", suggest(name, machine.inputs), path)


def _place(document: Document, path: YamlPath) -> YamlPath:
    """A lone arrow may be written without a list: its position is then not in the source."""
    if path in document.marks or len(path) < 2:
        return path
    flat = tuple(step for step in path if not isinstance(step, int))
    return flat if flat in document.marks else path
