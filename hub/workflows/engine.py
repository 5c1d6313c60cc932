"""The pure engine (S20): `step(machine, snapshot, event) -> Decision`. No I/O, no clock, no chance.

The runner, the verifier, the simulator and the replay all call this one function.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from hub.workflows.machine import Arrow, Machine, State, StepCall

#: The inherited state of an effect whose outcome nobody knows (S25).
RECOVERY = "recovery"
#: The inherited state of a step that failed although its type knows no reason to (S23).
HALTED = "halted"
#: Names that only the engine and the runner may send (S24), besides after.*, deadline.* and *.failed.
INTERNAL_NAMES = frozenset({"entered", "each.done", "incident.resolved"})


class EventClass(StrEnum):
    """Who may send an event and what becomes of one that no state handles (S24)."""

    COMMAND = "command"
    FACT = "fact"
    RESULT = "result"
    INTERNAL = "internal"


class Event(msgspec.Struct, frozen=True):
    """Something that happened, at `at` (UTC microseconds)."""

    name: str
    kind: EventClass
    at: int
    data: dict[str, Any] = {}
    effect_id: str = ""


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the engine knows of one handover.

    `asked` is the state whose effect is in doubt while the handover is in recovery, `doubt` that effect.
    """

    handover_id: str
    workflow: str
    machine: str
    state: str = ""
    entry: int = 0
    attempts: int = 0
    status: str = "created"
    phase: str = ""
    vars: dict[str, Any] = {}
    deadlines: dict[str, int] = {}
    pending: tuple[str, ...] = ()
    effect_id: str = ""
    asked: str = ""
    ended: bool = False
    doubt: str = ""


class Guards(Protocol):
    """Evaluates `when:` of an arrow; raising counts as false and is traced (S26)."""

    def __call__(self, source: str, scope: Mapping[str, Any]) -> bool:
        """The truth of the expression `source` in `scope`."""
        ...


class Decision(msgspec.Struct, frozen=True):
    """What follows from one event. `handled` False: a recorded no-op."""

    snapshot: Snapshot
    handled: bool = False
    left: str = ""
    entered: str = ""
    steps: tuple[StepCall, ...] = ()
    effect: StepCall | None = None
    timers: tuple[tuple[str, int], ...] = ()
    cancel_timers: bool = False
    guards: tuple[tuple[str, str], ...] = ()


def scope_of(machine: Machine, snapshot: Snapshot, event: Event) -> dict[str, Any]:
    """The names an expression may use (S30)."""
    return {
        **snapshot.vars,
        "inputs": machine.inputs,
        "event": event.data,
        "now": event.at,
        "attempts": snapshot.attempts,
        "state": snapshot.state,
        "status": snapshot.status,
        "phase": snapshot.phase,
    }


def begin(machine: Machine, snapshot: Snapshot, event: Event) -> Decision:
    """Enter the initial state of a new handover and set the deadlines that count from its start."""
    due = {
        name: _due(machine, name, snapshot, event.at)
        for name, deadline in machine.deadlines.items() if not deadline.since
    }
    return _enter(machine, replace(snapshot, deadlines=due), machine.initial, event, ())


def step(machine: Machine, snapshot: Snapshot, event: Event, guards: Guards) -> Decision:
    """What `event` means for the handover in `snapshot`."""
    if snapshot.ended or not _rightful(event):
        return Decision(snapshot)
    if event.name == "incident.resolved" and snapshot.doubt != event.effect_id and snapshot.state == RECOVERY:
        return Decision(snapshot)  # the verdict of another incident says nothing of the effect in doubt
    if event.kind is EventClass.RESULT:
        if not event.effect_id or event.effect_id != snapshot.effect_id:
            return Decision(snapshot)  # a late result belongs to its effect and incident, not to this state
        snapshot = replace(snapshot, effect_id="")
    waits = event.name.startswith("deadline.")
    if waits:
        due = snapshot.deadlines.get(event.name.removeprefix("deadline."))
        if due is None or event.at < due:
            return Decision(snapshot)  # never promised, or moved by `extend` since this timer was set
        if snapshot.effect_id:
            return Decision(_pend(snapshot, event.name))  # delivered after the effect's result (S22)
        snapshot = _unpend(snapshot, event.name)
    traced: list[tuple[str, str]] = []
    target = _target(machine, snapshot, event, guards, traced)
    if target is None or (target and snapshot.effect_id):
        # Nobody walks away from an open effect: its result is what leaves the state.
        return Decision(_pend(snapshot, event.name) if waits else snapshot, guards=tuple(traced))
    if not target:
        return Decision(snapshot, handled=True, guards=tuple(traced))
    return _enter(machine, snapshot, target, event, tuple(traced))


def handles(machine: Machine, snapshot: Snapshot, name: str) -> bool:
    """Whether the current state, or its parent, has arrows for an event of that name."""
    return bool(_arrows(machine, machine.states[snapshot.state], name))


def deliverable(machine: Machine, snapshot: Snapshot) -> str:
    """The first pending deadline event that the current state handles, or empty (S24)."""
    if snapshot.effect_id or snapshot.ended:
        return ""
    return next((name for name in snapshot.pending if handles(machine, snapshot, name)), "")


def extend(snapshot: Snapshot, name: str, due: int) -> Snapshot:
    """Move the deadline `name` to `due`, the only way that a promise changes (S22). KeyError if never set."""
    if name not in snapshot.deadlines:
        raise KeyError(name)
    moved = replace(snapshot, deadlines={**snapshot.deadlines, name: due})
    return _unpend(moved, f"deadline.{name}")


def _rightful(event: Event) -> bool:
    """Whether an event of this class may bear this name (S24): results, commands, internals, else facts."""
    return event.kind is _class_of(event.name)


@lru_cache(maxsize=1024)
def _class_of(name: str) -> EventClass:
    if name.startswith("effect."):
        return EventClass.RESULT
    if name.startswith("command."):
        return EventClass.COMMAND
    internal = name in INTERNAL_NAMES or name.startswith(("after.", "deadline.")) or name.endswith(".failed")
    return EventClass.INTERNAL if internal else EventClass.FACT


def _target(
    machine: Machine, snapshot: Snapshot, event: Event, guards: Guards, traced: list[tuple[str, str]]
) -> str | None:
    """The state to enter, empty to stay, None when nothing handles the event."""
    state = machine.states[snapshot.state]
    name = event.name
    if name.startswith("after."):
        return _choose(_timed(state, snapshot, name), machine, snapshot, event, guards, traced)
    target = _choose(_arrows(machine, state, name), machine, snapshot, event, guards, traced)
    if target is not None:
        return target
    if name == "incident.resolved" and snapshot.asked:
        verdict = event.data.get("verdict", "")
        arrows = _arrows(machine, machine.states[snapshot.asked], f"effect.{verdict}")
        return _choose(arrows, machine, snapshot, event, guards, traced)
    inherited = RECOVERY if name == "effect.in_doubt" else HALTED if name.endswith(".failed") else ""
    return inherited if inherited in machine.states and inherited != snapshot.state else None


def _timed(state: State, snapshot: Snapshot, name: str) -> tuple[Arrow, ...]:
    """The arrows of `after.ENTRY.INDEX`; none for a timer of an earlier entry."""
    index = name.removeprefix(f"after.{snapshot.entry}.")
    return state.after[int(index)].arrows if index.isdecimal() and int(index) < len(state.after) else ()


def _choose(
    arrows: tuple[Arrow, ...], machine: Machine, snapshot: Snapshot, event: Event, guards: Guards,
    traced: list[tuple[str, str]],
) -> str | None:
    scope: dict[str, Any] | None = None
    for arrow in arrows:
        if not arrow.when:
            return arrow.to
        scope = scope or scope_of(machine, snapshot, event)
        try:
            passed = guards(arrow.when, scope)
        except Exception as error:  # noqa: BLE001  any failing guard counts as false, and is traced (S26)
            traced.append((arrow.when, f"error: {error}"))
            continue
        traced.append((arrow.when, str(passed).lower()))
        if passed:
            return arrow.to
    return None


def _arrows(machine: Machine, state: State, name: str) -> tuple[Arrow, ...]:
    """The state's own arrows for an event, then those that it inherits from its parent."""
    own = state.on.get(name, ())
    return own + machine.states[state.parent].on.get(name, ()) if state.parent else own


def _enter(
    machine: Machine, snapshot: Snapshot, target: str, event: Event, traced: tuple[tuple[str, str], ...]
) -> Decision:
    target = machine.states[target].initial or target
    state = machine.states[target]
    recovering = target == RECOVERY
    asked = (snapshot.asked or snapshot.state) if recovering else ""
    # Through recovery and back is the same stay in a state: its effects go on counting (S25).
    same = recovering or target in (snapshot.state, snapshot.asked)
    deadlines = dict(snapshot.deadlines)
    for name, deadline in machine.deadlines.items():
        if deadline.since and deadline.since in (target, state.parent) and name not in deadlines:
            deadlines[name] = _due(machine, name, snapshot, event.at)
    entry = snapshot.entry + 1
    calls = state.enter
    effect = calls[-1] if calls and calls[-1].effect else None  # S21: at most one, and last
    entered = replace(
        snapshot, state=target, entry=entry, attempts=snapshot.attempts if same else 0,
        status=state.status or snapshot.status, phase=state.phase or snapshot.phase, deadlines=deadlines,
        asked=asked, doubt=(event.effect_id or snapshot.doubt) if recovering else "", effect_id="",
        ended=state.final,
    )
    return Decision(
        entered, handled=True, left=snapshot.state, entered=target,
        steps=calls if effect is None else calls[:-1], effect=effect,
        timers=() if state.final else _timers(snapshot, entered, state, event.at),
        cancel_timers=bool(snapshot.state and machine.states[snapshot.state].after), guards=traced,
    )


def _timers(before: Snapshot, entered: Snapshot, state: State, at: int) -> tuple[tuple[str, int], ...]:
    """Timers to set: those of this entry, and every deadline that is new (all of them at the start)."""
    known = before.deadlines if before.state else {}
    if not state.after and known == entered.deadlines:
        return ()
    own = [(f"after.{entered.entry}.{i}", at + after.micros) for i, after in enumerate(state.after)]
    return (*own, *((f"deadline.{k}", due) for k, due in entered.deadlines.items() if known.get(k) != due))


def _due(machine: Machine, name: str, snapshot: Snapshot, at: int) -> int:
    deadline = machine.deadlines[name]
    window = snapshot.vars.get("window") or {}
    if deadline.until_window and window.get("until"):
        return int(window["until"])
    return at + deadline.micros


def _pend(snapshot: Snapshot, name: str) -> Snapshot:
    return snapshot if name in snapshot.pending else replace(snapshot, pending=(*snapshot.pending, name))


def _unpend(snapshot: Snapshot, name: str) -> Snapshot:
    if name not in snapshot.pending:
        return snapshot
    return replace(snapshot, pending=tuple(x for x in snapshot.pending if x != name))
