"""Breadth-first through every state that a handover can rest at, then backwards from the ends.

States are kept as 64-bit hashes with the number of their predecessor and of the way that led here; the way
to a state is walked again from the start when it has to be told (hash compaction).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any, NamedTuple

from hub.workflows.machine import Machine
from hub.workflows.steps.types import StepType
from hub.workflows.verify.moves import Move, moves
from hub.workflows.verify.properties import at_rest
from hub.workflows.verify.run import Run
from hub.workflows.verify.world import Choices, State, Violation, World

#: How many states are explored unless somebody says otherwise.
BOUND = 100_000
_TELL_EVERY = 2_000
_ONLY_BY_HAND = "from here it can only be completed by hand"
Progress = Callable[[int, int], None]


class Stride(NamedTuple):
    """One stride of a way: what happened, and where it led. `notes` are steps that failed, acts refused."""

    what: str
    detail: str
    before: State
    after: State
    notes: tuple[str, ...] = ()


class Found(NamedTuple):
    """A property that does not hold, with the shortest way there."""

    violation: Violation
    way: tuple[Stride, ...]


class Result(NamedTuple):
    """What an exploration came to. `complete`: nothing was left unexplored for the bound."""

    states: int
    transitions: int
    depth: int
    bound: int
    complete: bool
    seconds: float
    found: tuple[Found, ...]
    visited: frozenset[str]


class _Successor(NamedTuple):
    what: str
    detail: str
    by_hand: bool
    state: State
    violations: tuple[Violation, ...]
    notes: tuple[str, ...]


class Explorer:
    """Explores one machine."""

    def __init__(self, machine: Machine, steps: Mapping[str, StepType], bound: int = BOUND) -> None:
        self._machine = machine
        self._run = Run(machine, steps)
        self._bound = bound
        self._number: dict[int, int] = {}
        self._parent = array("q")
        self._ordinal = array("q")
        self._back: list[array[int]] = []
        self._ends: list[int] = []
        self._idle: list[int] = []
        self._found: dict[str, tuple[Violation, int, int]] = {}
        self._visited: set[str] = set()

    def explore(self, progress: Progress | None = None, *, first: bool = False) -> Result:
        """Explore up to the bound, check every property, and give what does not hold.

        With `first` it stops at the first state where something does not hold.
        """
        began = perf_counter()
        frontier: list[tuple[int, State]] = []
        self._take(-1, frontier, self._starts())
        depth = transitions = 0
        expanded = 0
        while frontier:
            following: list[tuple[int, State]] = []
            for place, (number, state) in enumerate(frontier):
                if len(self._number) >= self._bound or (first and self._found):
                    self._ends += [n for n, _ in (*frontier[place:], *following)]  # not known not to end
                    return self._result(expanded, transitions, depth, began, complete=False)
                transitions += self._take(number, following, self._after(state), state)
                expanded += 1
                if progress is not None and expanded % _TELL_EVERY == 0:
                    progress(len(self._number), len(frontier) - place + len(following))
            frontier = following
            depth += bool(frontier)
        return self._result(expanded, transitions, depth, began, complete=True)

    def _take(
        self, number: int, following: list[tuple[int, State]], successors: Iterator[_Successor],
        state: State | None = None,
    ) -> int:
        """Enter the successors of a state into the books; their count."""
        count, stuck = 0, True
        for ordinal, one in enumerate(successors):
            count += 1
            if one.violations:
                for violation in one.violations:
                    self._found.setdefault(violation.property, (violation, number, ordinal))
                stuck = False
                if number >= 0:
                    self._ends.append(number)  # reported already; nothing more is said of what follows
                continue
            key = hash(one.state)
            target = self._number.get(key)
            if target is None:
                target = self._number[key] = len(self._number)
                self._parent.append(number)
                self._ordinal.append(ordinal)
                self._back.append(array("q"))
                self._visited.add(one.state.state)
                if one.state.ended:
                    self._ends.append(target)
                else:
                    following.append((target, one.state))
            if number >= 0 and not one.by_hand and target != number:
                self._back[target].append(number)
                stuck = False
        if stuck and state is not None:
            self._idle.append(number)
        return count

    def _starts(self) -> Iterator[_Successor]:
        known: dict[str, dict[str, Any]] = {}
        for start in self._machine.start:
            known.setdefault(start.on, {})
        for on in known or {"api": {}}:
            choices = Choices()
            while True:
                world = World(_beginning(on), choices)
                self._run.start(world, {})
                at_rest(self._run, world)
                yield _Successor(
                    f"start.{on}", "", False, world.frozen(), tuple(world.violations), tuple(world.notes)
                )
                if not choices.another():
                    break

    def _after(self, state: State) -> Iterator[_Successor]:
        for move in moves(self._run, state):
            choices = Choices()
            while True:
                yield self._done(state, move, choices)
                if not choices.another():
                    break

    def _done(self, state: State, move: Move, choices: Choices) -> _Successor:
        world = World(state, choices)
        move.make(world)
        at_rest(self._run, world)
        return _Successor(
            move.what, move.detail, move.by_hand, world.frozen(), tuple(world.violations), tuple(world.notes)
        )

    # Afterwards

    def _result(self, expanded: int, transitions: int, depth: int, began: float, *, complete: bool) -> Result:
        seconds = perf_counter() - began
        found = [Found(v, self._way(number, ordinal)) for v, number, ordinal in self._found.values()]
        for name, number in self._endless():
            way = self._way(number)
            state = way[-1].after.state
            said = "nothing that can happen leads out of here" if name == "dead" else "no end can be reached"
            found.append(Found(Violation(name, f"{said}; {_ONLY_BY_HAND}", state), way))
        return Result(
            len(self._number), transitions, depth, self._bound, complete, seconds, tuple(found),
            frozenset(self._visited),
        )

    def _endless(self) -> Iterator[tuple[str, int]]:
        """States from which no end is reached: the nearest one that is dead, the nearest of the others."""
        reached = bytearray(len(self._number))
        waiting = list(dict.fromkeys(self._ends))
        for number in waiting:
            reached[number] = 1
        while waiting:
            for before in self._back[waiting.pop()]:
                if not reached[before]:
                    reached[before] = 1
                    waiting.append(before)
        dead = [number for number in self._idle if not reached[number]]
        if dead:
            yield "dead", min(dead)
        elif 0 in reached:
            yield "ends", reached.index(0)

    def _way(self, number: int, last: int | None = None) -> tuple[Stride, ...]:
        """Walk to a state again, and from there along one more way."""
        path = [] if last is None else [last]
        while number >= 0:
            path.append(self._ordinal[number])
            number = self._parent[number]
        way: list[Stride] = []
        before = State()
        for ordinal in reversed(path):
            source = self._after(before) if way else self._starts()
            one = next(one for index, one in enumerate(source) if index == ordinal)
            way.append(Stride(one.what, one.detail, before, one.state, one.notes))
            before = one.state
        return tuple(way)


def _beginning(on: str) -> State:
    """Before the first state: who stands at a terminal has presented something already."""
    here = on in ("tag", "code", "selection")
    guesses = {("terminal is defined", here)}
    entitled = on in ("tag", "code")
    use, visit, who = ("fresh", "lent", "recipient") if entitled else ("", "", "")
    return State(use=use, visit=visit, who=who, guesses=frozenset(guesses))
