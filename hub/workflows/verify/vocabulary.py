"""What a machine can tell apart: which events its states handle, which reasons its guards name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from hub.config.marks import YamlPath
from hub.workflows.checks.graph import Graph, calls_of
from hub.workflows.engine import RECOVERY
from hub.workflows.machine import Arrow, Machine, State, StepCall
from hub.workflows.verify import free
from hub.workflows.verify.acts import DOUBTS
from hub.workflows.verify.free import UNKNOWN

#: What the order, the people and the site bring: nobody knows it, and it never changes.
_ORDER = (
    "item", "items", "recipient_ref", "depositor_ref", "window", "external_ref", "due", "paid", "data",
    "terminal", "inputs",
)
#: Free as well, but it changes.
_CHANGING = ("asset", "leg", "approval", "now")
_NAME = re.compile(r"[A-Za-z_]\w*")
_ATTEMPTS = re.compile(r"attempts\s*[<>=!]+\s*(\d+)")


class Live(NamedTuple):
    """What may matter from a state on: conditions and names in guards, kinds of incident, deadlines."""

    atoms: frozenset[str]
    names: frozenset[str]
    kinds: frozenset[str]
    deadlines: frozenset[str]


class Vocabulary:
    """Facts about one machine, found once."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.free: dict[str, Any] = dict.fromkeys((*_ORDER, *_CHANGING), UNKNOWN)
        self.constant = frozenset(_ORDER)
        numbers = [int(n) for text in self._guards() for n in _ATTEMPTS.findall(text)]
        #: Effects are counted up to here: no guard tells more of them apart.
        self.attempts = max(numbers, default=1) + 1
        self.handles = cache(self._handles)
        self.told_apart = cache(self._told_apart)
        self.events = cache(self._events)
        self.kinds_of = cache(self._kinds_of)
        self.missed = cache(self._missed)
        #: Names that some guard reads; what no guard reads cannot change what happens.
        self.read = frozenset(_NAME.findall(" ".join(self._guards())))
        #: Whether money is asked for at all.
        self.money = any(call.type == "authorise" for call, _ in self._calls())
        #: The purposes of money that some state may pay back.
        self.refunded = frozenset(
            str(call.args.get("purpose") or "price") for call, _ in self._calls() if call.type == "refund"
        )
        #: Whether what lies in compartments is registered as an asset.
        self.assets = any({"asset", "asset_kind"} & set(call.args) for call, _ in self._calls())
        #: Whether a state is taken once for each allocation.
        self.turns = any(state.each for state in machine.states.values())
        #: Whether it matters what became of an allocation.
        self.outcomes = self.turns or "outcome" in self.read or any(
            call.type == "dispense" for call, _ in self._calls()
        )
        self._graph = Graph.of(machine)
        self.live = cache(self._live)
        self._kinds = self._all_kinds()
        self._lifted = frozenset(
            str(call.args.get("reason")) for call, _ in self._calls() if call.type == "unbar"
        )
        #: Every event that some state handles.
        self.known = frozenset(event for state in machine.states.values() for event in state.on)

    def _handles(self, state: str, event: str) -> bool:
        return bool(self.arrows(state, event))

    def arrows(self, state: str, event: str) -> tuple[Arrow, ...]:
        """The arrows of a state for an event, its parent's after its own."""
        found = self._machine.states[state]
        own = found.on.get(event, ())
        return own + self._machine.states[found.parent].on.get(event, ()) if found.parent else own

    def _events(self, state: str) -> tuple[str, ...]:
        found = self._machine.states[state]
        parent = self._machine.states[found.parent].on if found.parent else {}
        return tuple(sorted({*found.on, *parent}))

    def _told_apart(self, state: str, event: str, reasons: Sequence[str]) -> tuple[str, ...]:
        """One reason for each that a guard names, and one for all others."""
        text = " ".join(arrow.when for arrow in self.arrows(state, event))
        named = [reason for reason in reasons if f"'{reason}'" in text or f'"{reason}"' in text]
        others = [reason for reason in reasons if reason not in named]
        return (*named, *others[:1])

    def bar(self, reason: str) -> str:
        """The reason of a bar as far as it matters: one that no step ends is like any other such."""
        return reason if reason in self._lifted else "for good"

    def _all_kinds(self) -> frozenset[str]:
        """Every kind of incident that can be raised, by the blueprint or by the hub itself."""
        own = {str(call.args.get("kind")) for call, _ in self._calls() if call.type == "raise_incident"}
        return frozenset(own | {"breach", "thermal_breach", "refund_owed", *DOUBTS.values()})

    def _kinds_of(self, state: str) -> frozenset[str]:
        """The kinds of incident whose end the state may take an arrow for."""
        if state == RECOVERY:
            return frozenset()  # it hears of the act in doubt alone
        arrows = self.arrows(state, "incident.resolved")
        if any("event.kind" not in arrow.when for arrow in arrows):
            return self._kinds
        text = " ".join(arrow.when for arrow in arrows)
        return frozenset(kind for kind in self._kinds if f"'{kind}'" in text or f'"{kind}"' in text)

    def _missed(self, kind: str) -> bool:
        """Whether the end of such an incident, or its having ended before, can matter in another state.

        It cannot where every state that waits for it has raised it itself.
        """
        waiting = [name for name in self._machine.states if kind in self._kinds_of(name)]
        return any(kind not in self._raised_in(name) for name in waiting)

    def _raised_in(self, state: str) -> set[str]:
        calls = self._machine.states[state].enter
        return {str(call.args.get("kind")) for call in calls if call.type == "raise_incident"}

    def _calls(self) -> Iterator[tuple[StepCall, YamlPath]]:
        for state in self._machine.states.values():
            yield from calls_of(state)

    def _live(self, state: str) -> Live:
        """What can still matter from a state on."""
        names = self._graph.reachable([state])
        states = [self._machine.states[name] for name in names]
        parents = {one.parent for one in states if one.parent}
        texts = [text for one in states for text in _texts(one) if text]
        texts += [text for name in parents for text in _texts(self._machine.states[name]) if text]
        kinds = frozenset().union(*(self._kinds_of(name) for name in names))
        atoms = frozenset().union(*(free.atoms(text) for text in texts))
        deadlines = frozenset(
            event.removeprefix("deadline.") for name in names for event in self.events(name)
            if event.startswith("deadline.")
        )
        return Live(atoms, frozenset(_NAME.findall(" ".join(texts))), kinds, deadlines)

    def _guards(self) -> Iterator[str]:
        for state in self._machine.states.values():
            yield from _texts(state)


def _texts(state: State) -> Iterator[str]:
    for arrows in state.on.values():
        yield from (arrow.when for arrow in arrows)
    for timer in state.after:
        yield from (arrow.when for arrow in timer.arrows)
    yield state.where
    yield from _branches(state.enter)


def _branches(calls: Sequence[StepCall]) -> Iterator[str]:
    for call in calls:
        for case in call.cases:
            yield case.when
            yield from _branches(case.do)
