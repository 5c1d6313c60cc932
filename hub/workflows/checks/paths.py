"""Ways through the machine: reachable, able to end, deadlines heard, no circle without a pause."""

from __future__ import annotations

from collections.abc import Iterator

from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems
from hub.workflows.checks.graph import Graph, effect_of
from hub.workflows.machine import State

#: States of a circle that are named.
_LONGEST = 12


def check_paths(graph: Graph, document: Document, problems: Problems) -> None:
    """Report unreachable states, states without a way out, unheard deadlines, circles."""
    reached = graph.reachable([graph.initial])
    parents = {graph.machine.states[name].parent for name in reached}
    for state in graph.machine.states.values():
        path: YamlPath = ("states", state.name)
        if path not in document.marks:
            continue
        if state.name not in reached and state.name not in parents:
            problems.add(
                document.marks.key(path), f"state '{state.name}' cannot be reached",
                "lead an arrow to it, or remove it", path,
            )
        elif _stuck(graph, state):
            problems.add(
                document.marks.key(path), f"state '{state.name}' has no way out",
                "add on: or after:, or final: true", path,
            )
    _ends(graph, reached, document, problems)
    _deadlines(graph, reached, document, problems)
    _circles(graph, document, problems)


def _stuck(graph: Graph, state: State) -> bool:
    if state.final or state.initial:
        return False
    return effect_of(state) is None and not any(edge.target != state.name for edge in graph.out[state.name])


def _ends(graph: Graph, reached: set[str], document: Document, problems: Problems) -> None:
    """From every reachable state some final state must be reachable."""
    back: dict[str, set[str]] = {}
    for name in reached:
        for edge in graph.out[name]:
            back.setdefault(edge.target, set()).add(name)
    ending = {name for name in reached if graph.machine.states[name].final}
    waiting = list(ending)
    while waiting:
        for before in back.get(waiting.pop(), ()):
            if before not in ending:
                ending.add(before)
                waiting.append(before)
    for name in reached - ending:
        path: YamlPath = ("states", name)
        if path in document.marks and not _stuck(graph, graph.machine.states[name]):
            problems.add(
                document.marks.key(path), f"from state '{name}' no final state can be reached",
                "lead an arrow towards a state with final: true", path,
            )


def _deadlines(graph: Graph, reached: set[str], document: Document, problems: Problems) -> None:
    for name, deadline in graph.machine.deadlines.items():
        states = graph.machine.states
        since = [one for one in reached if deadline.since in ("", one, states[one].parent)]
        heard = any(
            edge.event == f"deadline.{name}" for one in graph.reachable(since) for edge in graph.out[one]
        )
        if not heard:
            path: YamlPath = ("deadlines", name)
            problems.add(
                document.marks.key(path), f"no reachable state handles deadline '{name}'",
                f"add to the on: of a state that waits: deadline.{name}: STATE", path,
            )


def _circles(graph: Graph, document: Document, problems: Problems) -> None:
    """A circle of states that nothing from outside interrupts would never come to rest (S21)."""
    done: set[str] = set()
    for start in graph.machine.states:
        trail = {} if start in done else {start: _unpaused(graph, start)}  # the way to where we are, in order
        while trail:
            name = next(reversed(trail))
            target = next(trail[name], None)
            if target is None:
                del trail[name]
                done.add(name)
            elif target in trail:
                _circle([*trail], target, document, problems)
            elif target not in done:
                trail[target] = _unpaused(graph, target)


def _unpaused(graph: Graph, name: str) -> Iterator[str]:
    """Where a state leads in the same transaction."""
    for edge in graph.out[name]:
        if edge.event in ("entered", "each.done") or edge.event.endswith(".failed"):
            yield edge.target


def _circle(trail: list[str], name: str, document: Document, problems: Problems) -> None:
    circle = [*trail[trail.index(name):], name]
    if len(circle) > _LONGEST:
        circle = [*circle[: _LONGEST // 2], "...", *circle[-_LONGEST // 2 :]]
    path: YamlPath = ("states", name)
    problems.add(
        document.marks.key(path), f"these states run in a circle without a pause: {' -> '.join(circle)}",
        "let one of them wait for an event from outside, or for `after`", path,
    )
