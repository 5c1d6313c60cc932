"""Every name that a state refers to must exist: states, events, deadlines, steps that can fail."""

from __future__ import annotations

from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems, suggest
from hub.workflows.checks.graph import calls_of, effect_of
from hub.workflows.engine import EACH_DONE, NEXT, RECOVERY
from hub.workflows.machine import Machine, State
from hub.workflows.shape import STAY
from hub.workflows.steps.types import RESULTS
from hub.workflows.vocabulary import COMMANDS, FACTS, INTERNAL

_RESERVED = {STAY: "do not leave the state", NEXT: "the next allocation's turn"}
#: Problems after which the nearest name is no longer looked for: with thousands of states it takes its time.
_SUGGESTED = 100


def check_targets(machine: Machine, document: Document, problems: Problems) -> None:
    """Unknown states in arrows, `initial`, `parent` and `from`; unknown events; misuse of recovery."""
    if machine.initial not in machine.states:
        _unknown(machine, machine.initial, ("initial",), document, problems)
    for name, deadline in machine.deadlines.items():
        if deadline.since and deadline.since not in machine.states:
            _unknown(machine, deadline.since, ("deadlines", name, "from"), document, problems)
    for state in machine.states.values():
        path: YamlPath = ("states", state.name)
        if path not in document.marks:
            continue  # an inherited state
        if state.name in _RESERVED:
            mend = f"it means: {_RESERVED[state.name]}; choose another name"
            problems.add(document.marks.key(path), f"'{state.name}' cannot name a state", mend, path)
        _families(machine, state, document, problems)
        _arrows(machine, state, document, problems)
        _events(machine, state, document, problems)


def _unknown(
    machine: Machine, name: str, path: YamlPath, document: Document, problems: Problems
) -> None:
    mend = "write the name of a state of this blueprint"
    if len(problems) < _SUGGESTED:
        mend = suggest(name, machine.states)
    problems.add(document.marks.value(path), f"unknown state '{name}'", mend, path)


def _families(machine: Machine, state: State, document: Document, problems: Problems) -> None:
    path: YamlPath = ("states", state.name)
    if state.each or state.where:
        _loop(state, document, problems)
    for key, other in (("parent", state.parent), ("initial", state.initial)):
        if other and other not in machine.states:
            _unknown(machine, other, (*path, key), document, problems)
    parent = machine.states.get(state.parent)
    if parent is not None and (parent.parent or not parent.initial):
        problems.add(
            document.marks.value((*path, "parent")), f"'{parent.name}' cannot be a parent",
            "a parent has `initial:` and no parent of its own", path,
        )
    child = machine.states.get(state.initial)
    if child is not None and child.parent != state.name:
        problems.add(
            document.marks.value((*path, "initial")), f"'{child.name}' is no child of '{state.name}'",
            f"add to {child.name}: parent: {state.name}", path,
        )
    if state.initial and (state.enter or state.after or state.final):
        problems.add(
            document.marks.key(path), f"'{state.name}' has children and does nothing itself",
            "move enter, after and final into its children", path,
        )


def _loop(state: State, document: Document, problems: Problems) -> None:
    """A loop over allocations has children, and an answer to its end (S28)."""
    path: YamlPath = ("states", state.name)
    if not state.each:
        problems.add(
            document.marks.key((*path, "where")), "`where` chooses among turns, and this is no loop",
            "add: each: allocation, or take the line away", path,
        )
    elif not state.initial:
        problems.add(
            document.marks.key((*path, "each")), f"'{state.name}' has no states to run for each allocation",
            f"add: initial: CHILD, and to that state: parent: {state.name}", path,
        )
    elif EACH_DONE not in state.on:
        problems.add(
            document.marks.key(path), f"nothing handles {EACH_DONE} in '{state.name}'",
            f"add to on: {EACH_DONE}: STATE  (event.released of event.of)", path,
        )


def _arrows(machine: Machine, state: State, document: Document, problems: Problems) -> None:
    lists = [(("states", state.name, "on", event), arrows) for event, arrows in state.on.items()]
    lists += [
        (("states", state.name, "after", str(index)), timer.arrows) for index, timer in enumerate(state.after)
    ]
    for path, arrows in lists:
        for index, arrow in enumerate(arrows):
            where = _target_path(document, path, index)
            if arrow.to == NEXT:
                parent = machine.states.get(state.parent)
                if parent is None or not parent.each:
                    problems.add(
                        document.marks.value(where), "'next' is for states of a loop over allocations",
                        "name the state that follows, or give this one a parent with each: allocation", where,
                    )
            elif arrow.to and arrow.to not in machine.states:
                _unknown(machine, arrow.to, where, document, problems)
            if arrow.to == RECOVERY and path[-1] != "effect.in_doubt":
                problems.add(
                    document.marks.value(where), "recovery waits for the verdict on an effect",
                    "only effect.in_doubt leads there; write a state of your own", where,
                )
            if not arrow.when and index < len(arrows) - 1:
                problems.add(
                    document.marks.value(_target_path(document, path, index + 1)),
                    "this arrow is never taken: the one before it has no `when`",
                    "put the arrow without `when` last", where,
                )


def _target_path(document: Document, path: tuple[str, ...], index: int) -> YamlPath:
    """Where the state's name of arrow `index` stands, however the arrow is written."""
    base: YamlPath = path
    if path[2:3] == ("after",):
        timer = int(path[3])
        base = (*path[:3], timer) if (*path[:3], timer) in document.marks else path[:3]
        base = (*base, "to")
    for candidate in ((*base, index, "to"), (*base, index), (*base, "to"), base):
        if candidate in document.marks:
            return candidate
    return base


def _events(machine: Machine, state: State, document: Document, problems: Problems) -> None:
    family = [state]
    if state.initial:
        family = [one for one in machine.states.values() if one.parent == state.name]
    own = [f"{call.type}.failed" for one in family for call, _ in calls_of(one) if not call.effect]
    deadlines = [f"deadline.{name}" for name in machine.deadlines]
    commands = [f"command.{word}" for word in COMMANDS]
    known = [*FACTS, *commands, *INTERNAL, *RESULTS, *own, *deadlines]
    effect = effect_of(state)
    for event in state.on:
        path: YamlPath = ("states", state.name, "on", event)
        mark = document.marks.key(path)
        if event not in known:
            what, mend = f"unknown event '{event}'", suggest(event, known)
            if event.startswith("deadline."):
                what = f"unknown deadline '{event.removeprefix('deadline.')}'"
                mend = suggest(event.removeprefix("deadline."), machine.deadlines, "add it under deadlines:")
            elif event.endswith(".failed"):
                what = f"'{event}' cannot happen here"
                mend = suggest(event, own, "no step of this state can fail")
            problems.add(mark, what, mend, path)
        elif event in RESULTS and effect is None and not state.initial and state.name != RECOVERY:
            problems.add(mark, f"'{event}' cannot happen here", "this state has no effect step", path)
        elif event == "entered" and effect is not None:
            mend = "the state waits for its effect: use effect.confirmed"
            problems.add(mark, "'entered' cannot happen here", mend, path)
