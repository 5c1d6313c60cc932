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

from hub.model import schedules
from hub.workflows.machine import Arrow, Deadline, Machine, State, StepCall

#: The inherited state of an effect whose outcome nobody knows (S25).
RECOVERY = "recovery"
#: The inherited state of a step that failed although its type knows no reason to (S23).
HALTED = "halted"
#: The inherited final state of a handover that staff have done by hand.
COMPLETED_BY_HAND = "completed_by_hand"
#: The word of an arrow in a loop that ends the turn of the allocation in hand (S28).
NEXT = "next"
#: What a loop over allocations tells its parent state when every turn is over.
EACH_DONE = "each.done"
#: Outcomes of an allocation whose door or motor did its work.
_RELEASED = ("released", "collected")
#: Names that only the engine and the runner may send (S24), besides after.*, deadline.* and *.failed.
INTERNAL_NAMES = frozenset({"entered", EACH_DONE, "incident.resolved"})


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
    `turn` is the position of the allocation in hand while a loop runs, else -1 (S28).
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
    turn: int = -1


class Guards(Protocol):
    """Evaluates `when:` of an arrow; raising counts as false and is traced (S26)."""

    def __call__(self, source: str, scope: Mapping[str, Any]) -> bool:
        """The truth of the expression `source` in `scope`."""
        ...


class Decision(msgspec.Struct, frozen=True):
    """What follows from one event. `handled` False: a recorded no-op.

    `follow` is an internal event that must be stepped next, in the same transaction.
    """

    snapshot: Snapshot
    handled: bool = False
    left: str = ""
    entered: str = ""
    steps: tuple[StepCall, ...] = ()
    effect: StepCall | None = None
    timers: tuple[tuple[str, int], ...] = ()
    cancel_timers: bool = False
    guards: tuple[tuple[str, str], ...] = ()
    follow: Event | None = None


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


def begin(machine: Machine, snapshot: Snapshot, event: Event, guards: Guards) -> Decision:
    """Enter the initial state of a new handover and set the deadlines that count from its start."""
    due = {
        name: _due(deadline, snapshot, event.at)
        for name, deadline in machine.deadlines.items() if not deadline.since
    }
    return _go(machine, replace(snapshot, deadlines=due), machine.initial, event, guards, [])


def step(machine: Machine, snapshot: Snapshot, event: Event, guards: Guards) -> Decision:
    """What `event` means for the handover in `snapshot`."""
    if snapshot.ended or not _rightful(event):
        return Decision(snapshot)
    if event.name == "incident.resolved" and snapshot.doubt != event.effect_id and snapshot.state == RECOVERY:
        return Decision(snapshot)  # the verdict of another incident says nothing of the effect in doubt
    if event.name == "incident.resolved" and _of_former(snapshot, event):
        return Decision(snapshot)  # nor does that of a compartment that the handover has left say where it is
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
    return _go(machine, snapshot, target, event, guards, traced)


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
    if snapshot.turn >= 0 and _of_another(snapshot, event):
        return _choose(_inherited(machine, state, name), machine, snapshot, event, guards, traced)
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
    if name == "command.complete" and snapshot.state != RECOVERY:
        inherited = COMPLETED_BY_HAND
    return inherited if inherited in machine.states and inherited != snapshot.state else None


def _timed(state: State, snapshot: Snapshot, name: str) -> tuple[Arrow, ...]:
    """The arrows of `after.ENTRY.INDEX`; none for a timer of an earlier entry."""
    index = name.removeprefix(f"after.{snapshot.entry}.")
    return state.after[int(index)].arrows if index.isdecimal() and int(index) < len(state.after) else ()


def _choose(
    arrows: tuple[Arrow, ...], machine: Machine, snapshot: Snapshot, event: Event, guards: Guards,
    traced: list[tuple[str, str]],
) -> str | None:
    for arrow in arrows:
        if not arrow.when or _holds(arrow.when, machine, snapshot, event, guards, traced):
            return arrow.to
    return None


def _holds(
    when: str, machine: Machine, snapshot: Snapshot, event: Event, guards: Guards,
    traced: list[tuple[str, str]],
) -> bool:
    try:
        passed = guards(when, scope_of(machine, snapshot, event))
    except Exception as error:  # noqa: BLE001  any failing guard counts as false, and is traced (S26)
        traced.append((when, f"error: {error}"))
        return False
    traced.append((when, str(passed).lower()))
    return passed


def chosen(call: StepCall, scope: Mapping[str, Any], guards: Guards) -> tuple[StepCall, ...]:
    """The steps that a `choose` comes to in `scope`; a guard that fails counts as false (S26)."""
    for case in call.cases:
        try:
            if not case.when or guards(case.when, scope):
                return case.do
        except Exception:  # noqa: BLE001, S112  the branch is not taken; the trace shows which one was
            continue
    return ()


def _arrows(machine: Machine, state: State, name: str) -> tuple[Arrow, ...]:
    """The state's own arrows for an event, then those that it inherits from its parent."""
    own = state.on.get(name, ())
    return own + machine.states[state.parent].on.get(name, ()) if state.parent else own


def _inherited(machine: Machine, state: State, name: str) -> tuple[Arrow, ...]:
    return machine.states[state.parent].on.get(name, ()) if state.parent else ()


def _of_another(snapshot: Snapshot, event: Event) -> bool:
    """Whether a fact concerns a compartment other than the one in hand: the turn's states do not see it."""
    about = event.data.get("compartment") if event.kind is EventClass.FACT else None
    return bool(about) and about != (snapshot.vars.get("allocation") or {}).get("compartment")


def _of_former(snapshot: Snapshot, event: Event) -> bool:
    """Whether an incident is about a compartment that the handover no longer has, while it has another."""
    about = event.data.get("compartment")
    if not about or event.effect_id:
        return False
    one = snapshot.vars.get("allocation")
    known = snapshot.vars.get("allocations") or ([one] if one else ())
    held = {one.get("compartment") for one in known if not one.get("freed")}
    return bool(held) and about not in held


def _go(
    machine: Machine, snapshot: Snapshot, target: str, event: Event, guards: Guards,
    traced: list[tuple[str, str]],
) -> Decision:
    """Enter `target`, by way of the loop over allocations if it is one or lies in one (S28)."""
    if target == NEXT:
        parent = machine.states[machine.states[snapshot.asked or snapshot.state].parent]
        return _turn(machine, snapshot, parent, snapshot.turn + 1, event, guards, traced)
    state = machine.states[target]
    if state.each:
        return _turn(machine, snapshot, state, 0, event, guards, traced)
    parent_name = state.parent
    if parent_name and machine.states[parent_name].each:
        if snapshot.turn < 0:  # into a child from outside: the loop begins there
            return _turn(machine, snapshot, machine.states[parent_name], 0, event, guards, traced, target)
    elif snapshot.turn >= 0 and target != RECOVERY:
        snapshot = replace(snapshot, turn=-1)
    return _enter(machine, snapshot, state.initial or target, event, tuple(traced))


def _turn(
    machine: Machine, snapshot: Snapshot, parent: State, first: int, event: Event, guards: Guards,
    traced: list[tuple[str, str]], child: str = "",
) -> Decision:
    """Bind the next allocation that takes part and enter the loop's first state, or end the loop."""
    found: list[dict[str, Any]] = snapshot.vars.get("allocations") or []
    for index in range(first, len(found)):
        if found[index].get("freed"):
            continue  # its compartment was given back and may be somebody else's by now
        bound = {"allocation": found[index]}
        if found[index].get("item"):
            bound["item"] = found[index]["item"]
        taken = replace(snapshot, turn=index, vars=snapshot.vars | bound)
        if not parent.where or _holds(parent.where, machine, taken, event, guards, traced):
            return _enter(machine, taken, child or parent.initial, event, tuple(traced), fresh=True)
    released = sum(1 for one in found if one.get("outcome") in _RELEASED)
    done = Event(EACH_DONE, EventClass.INTERNAL, event.at, {"released": released, "of": len(found)})
    # The loop's own state is where its result is handled; it was left, and nothing of it is entered again.
    at_parent = replace(
        snapshot, state=parent.name, entry=snapshot.entry + 1, attempts=0, turn=-1, asked="", doubt="",
        effect_id="", status=parent.status or snapshot.status, phase=parent.phase or snapshot.phase,
    )
    return Decision(
        at_parent, handled=True, left=snapshot.state, guards=tuple(traced), follow=done,
        cancel_timers=bool(snapshot.state and machine.states[snapshot.state].after),
    )


def _enter(
    machine: Machine, snapshot: Snapshot, target: str, event: Event, traced: tuple[tuple[str, str], ...],
    *, fresh: bool = False,
) -> Decision:
    state = machine.states[target]
    recovering = target == RECOVERY
    asked = (snapshot.asked or snapshot.state) if recovering else ""
    # Through recovery and back is the same stay in a state: its effects go on counting (S25).
    same = recovering or (target in (snapshot.state, snapshot.asked) and not fresh)
    deadlines = dict(snapshot.deadlines)
    for name, deadline in machine.deadlines.items():
        if deadline.since and deadline.since in (target, state.parent) and name not in deadlines:
            deadlines[name] = _due(deadline, snapshot, event.at)
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


def _due(deadline: Deadline, snapshot: Snapshot, at: int) -> int:
    window = snapshot.vars.get("window") or {}
    if deadline.until_window and window.get("until"):
        return int(window["until"])
    if deadline.at and isinstance(snapshot.vars.get(deadline.at), int):
        return int(snapshot.vars[deadline.at])
    if deadline.time:
        return schedules.next_local(deadline.zone, deadline.time, at)
    closing = schedules.next_closing(deadline.schedule, at) if deadline.schedule else None
    return at + deadline.micros if closing is None else closing


def _pend(snapshot: Snapshot, name: str) -> Snapshot:
    return snapshot if name in snapshot.pending else replace(snapshot, pending=(*snapshot.pending, name))


def _unpend(snapshot: Snapshot, name: str) -> Snapshot:
    if name not in snapshot.pending:
        return snapshot
    return replace(snapshot, pending=tuple(x for x in snapshot.pending if x != name))
