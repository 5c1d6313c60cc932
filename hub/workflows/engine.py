"""The pure engine (S20): `step(machine, snapshot, event) -> Decision`. No I/O, no clock, no chance.

The runner, the verifier, the simulator and the replay all call this one function.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from hub.workflows.machine import Machine, State, StepCall

#: The inherited state of an effect whose outcome nobody knows (S25).
RECOVERY = "recovery"


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


class Snapshot(msgspec.Struct, frozen=True):
    """Everything the engine knows of one handover."""

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
    seen: tuple[str, ...] = ()
    effect_id: str = ""
    asked: str = ""
    ended: bool = False


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
    return _enter(machine, _with(snapshot, deadlines=due), machine.initial, event, ())


def step(machine: Machine, snapshot: Snapshot, event: Event, guards: Guards) -> Decision:
    """What `event` means for the handover in `snapshot`."""
    if snapshot.ended:
        return Decision(snapshot)
    if event.kind is EventClass.RESULT and event.effect_id != snapshot.effect_id:
        return Decision(snapshot)  # a late result belongs to its effect and incident, not to this state
    if event.name.startswith("deadline."):
        if snapshot.effect_id:
            return Decision(_pend(snapshot, event.name))  # delivered after the effect's result (S22)
        snapshot = _unpend(snapshot, event.name)
    snapshot = _settled(snapshot, event)
    traced: list[tuple[str, str]] = []
    target = _target(machine, snapshot, event, guards, traced)
    if target is None:
        kept = _pend(snapshot, event.name) if event.name.startswith("deadline.") else snapshot
        return Decision(kept, guards=tuple(traced))
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


def _target(
    machine: Machine, snapshot: Snapshot, event: Event, guards: Guards, traced: list[tuple[str, str]]
) -> str | None:
    """The state to enter, empty to stay, None when nothing handles the event."""
    state = machine.states[snapshot.state]
    name = event.name
    if name.startswith("after."):
        entry, index = name.removeprefix("after.").split(".")
        if int(entry) != snapshot.entry:
            return None
        return _choose(state.after[int(index)].arrows, machine, snapshot, event, guards, traced)
    if name == "incident.resolved" and not _arrows(machine, state, name) and snapshot.asked:
        return _after_recovery(machine, snapshot, event, guards, traced)
    target = _choose(_arrows(machine, state, name), machine, snapshot, event, guards, traced)
    if target is None and name == "effect.in_doubt" and RECOVERY in machine.states:
        return RECOVERY
    return target


def _after_recovery(
    machine: Machine, snapshot: Snapshot, event: Event, guards: Guards, traced: list[tuple[str, str]]
) -> str | None:
    verdict = str(event.data.get("verdict", ""))
    asked = machine.states[snapshot.asked]
    arrows = _arrows(machine, asked, f"effect.{verdict}")
    if not arrows:
        return None
    return _choose(arrows, machine, _with(snapshot, state=snapshot.asked), event, guards, traced)


def _choose(
    arrows: tuple[Any, ...], machine: Machine, snapshot: Snapshot, event: Event, guards: Guards,
    traced: list[tuple[str, str]],
) -> str | None:
    scope: dict[str, Any] | None = None
    for arrow in arrows:
        if not arrow.when:
            return str(arrow.to)
        scope = scope or scope_of(machine, snapshot, event)
        try:
            passed = guards(arrow.when, scope)
        except Exception as error:  # noqa: BLE001  any failing guard counts as false, and is traced (S26)
            traced.append((arrow.when, f"error: {error}"))
            continue
        traced.append((arrow.when, str(passed).lower()))
        if passed:
            return str(arrow.to)
    return None


def _arrows(machine: Machine, state: State, name: str) -> tuple[Any, ...]:
    """Arrows of the state for an event, or those that it inherits from its parent."""
    own = state.on.get(name, ())
    if own or not state.parent:
        return own
    return machine.states[state.parent].on.get(name, ())


def _enter(
    machine: Machine, snapshot: Snapshot, target: str, event: Event, traced: tuple[tuple[str, str], ...]
) -> Decision:
    state = machine.states[target]
    same = target == snapshot.state or (snapshot.state == RECOVERY and target == snapshot.asked)
    deadlines = dict(snapshot.deadlines)
    for name, deadline in machine.deadlines.items():
        if deadline.since == target and name not in deadlines:
            deadlines[name] = _due(machine, name, snapshot, event.at)
    entry = snapshot.entry + 1
    entered = _with(
        snapshot, state=target, entry=entry, attempts=snapshot.attempts if same else 0,
        status=state.status or snapshot.status, phase=state.phase or snapshot.phase, deadlines=deadlines,
        asked=snapshot.state if target == RECOVERY and snapshot.state != RECOVERY else
        snapshot.asked if target == RECOVERY else "",
        seen=snapshot.seen if target in snapshot.seen else (*snapshot.seen, target), effect_id="",
        ended=state.final,
    )
    steps = tuple(call for call in state.enter if not call.effect)
    effect = next((call for call in state.enter if call.effect), None)
    timers = [(f"after.{entry}.{i}", event.at + after.micros) for i, after in enumerate(state.after)]
    timers += [(f"deadline.{k}", due) for k, due in deadlines.items() if snapshot.deadlines.get(k) != due]
    if not snapshot.state:
        timers += [(f"deadline.{k}", due) for k, due in snapshot.deadlines.items()]
    return Decision(
        entered, handled=True, left=snapshot.state, entered=target, steps=steps, effect=effect,
        timers=tuple(dict(timers).items()), cancel_timers=bool(snapshot.state), guards=traced,
    )


def _due(machine: Machine, name: str, snapshot: Snapshot, at: int) -> int:
    deadline = machine.deadlines[name]
    window = snapshot.vars.get("window") or {}
    if deadline.until_window and window.get("until"):
        return int(window["until"])
    return at + deadline.micros


def _settled(snapshot: Snapshot, event: Event) -> Snapshot:
    return _with(snapshot, effect_id="") if event.kind is EventClass.RESULT else snapshot


def _pend(snapshot: Snapshot, name: str) -> Snapshot:
    return snapshot if name in snapshot.pending else _with(snapshot, pending=(*snapshot.pending, name))


def _unpend(snapshot: Snapshot, name: str) -> Snapshot:
    if name not in snapshot.pending:
        return snapshot
    return _with(snapshot, pending=tuple(x for x in snapshot.pending if x != name))


def _with(snapshot: Snapshot, **changes: Any) -> Snapshot:
    return msgspec.structs.replace(snapshot, **changes)
