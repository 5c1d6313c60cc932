"""One event, one transaction: decide, run the steps, write the intent, store the snapshot (S20 to S25).

Everything here runs on the store's writer thread and reads no clock: times come with the event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.core.failpoints import Failpoint
from hub.model.effects import Intent
from hub.model.failures import StepFailed
from hub.store import Tx
from hub.workflows.engine import (
    Decision,
    Event,
    EventClass,
    Guards,
    Snapshot,
    begin,
    chosen,
    deliverable,
    step,
)
from hub.workflows.machine import Machine, StepCall
from hub.workflows.run import records, steplog

_IN_TRANSITION = Failpoint("workflows.transition")
_WITH_INTENT = Failpoint("workflows.intent")
_LIMIT = 64
_NO_STEPS: Sequence[Any] = ()
#: Variables that are an entry of another one. The journal writes such an entry once.
ONE_OF: Mapping[str, str] = {"allocation": "allocations", "credential": "credentials", "leg": "legs"}
#: What an argument of the wrong kind raises besides StepFailed: an order's data may hold anything.
_FAILURES = (StepFailed, ValueError, TypeError, LookupError, ArithmeticError)


@dataclass(slots=True)
class Run:
    """The state of one transaction over one handover."""

    tx: Tx
    machine: Machine
    snapshot: Snapshot
    at: int
    #: Secrets of this entry (PIN, code text) that a later step of it needs; never stored.
    secrets: dict[str, Any] = field(default_factory=dict)
    moved: bool = False
    #: Why the last act was refused before anything was written.
    refused: StepFailed | None = None
    #: Why a step could not be done, for the state that this leads to.
    failure: StepFailed | None = None
    #: Who asked for what happens: a person_ref or a token; empty where nobody did.
    actor: str = ""
    #: The snapshot whose variables, deadlines, status and phase the journal knows.
    noted: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.noted = self.snapshot

    @property
    def handover_id(self) -> str:
        """The handover's id."""
        return self.snapshot.handover_id

    @property
    def stream(self) -> str:
        """The handover's journal stream."""
        return f"handover/{self.snapshot.handover_id}"

    def set(self, **values: Any) -> None:
        """Change variables; None removes one."""
        kept = {k: v for k, v in (self.snapshot.vars | values).items() if v is not None}
        self.snapshot = msgspec.structs.replace(self.snapshot, vars=kept)

    def set_allocation(self, allocation: Mapping[str, Any]) -> None:
        """Change one of the allocations, and the one in hand where it is that."""
        values = self.snapshot.vars
        known = values.get("allocations") or ()
        changed = [allocation if one["id"] == allocation["id"] else one for one in known]
        in_hand = values.get("allocation")
        if in_hand and in_hand["id"] == allocation["id"]:
            self.set(allocations=changed or [allocation], allocation=allocation)
        else:
            self.set(allocations=changed)


Executor = Callable[[Run, Mapping[str, Any]], None]
#: Gives the intent and, where no device is needed for it, its result.
IntentMaker = Callable[[Run, StepCall, Mapping[str, Any]], tuple[Intent, Event | None]]


@dataclass(frozen=True, slots=True)
class Engine:
    """What a transaction needs besides the database: pure functions and callbacks."""

    machines: records.Machines
    guards: Guards
    render: Callable[[Any, Mapping[str, Any]], Any]
    scope: Callable[[Machine, Snapshot, Event], dict[str, Any]]
    executors: Mapping[str, Executor]
    intend: IntentMaker
    begin_effect: Callable[[Intent], None]
    arm: Callable[[str, str, int], None]
    ended: Callable[[Run], None]
    changed: Callable[[Snapshot], None]
    rested: Callable[[Run], None]

    def start(self, tx: Tx, snapshot: Snapshot, event: Event) -> Run:
        """Enter the initial state of a handover whose row has just been inserted."""
        run = Run(tx, self.machines.get(tx, snapshot.machine), snapshot, event.at)
        self._follow(run, event, begin(run.machine, snapshot, event, self.guards))
        self._finish(run, snapshot)
        return run

    def deliver(
        self, tx: Tx, handover_id: str, event: Event, prepare: Callable[[Run], None] | None = None,
        snapshot: Snapshot | None = None,
    ) -> Run:
        """Hand `event` to a handover. `run.moved` tells whether anything handled it.

        `prepare` runs once it is certain that the event is handled, before any step (S29). `snapshot` is
        given by a caller who has read it in this transaction.
        """
        snapshot = snapshot or records.load(tx, handover_id)
        run = Run(tx, self.machines.get(tx, snapshot.machine), snapshot, event.at)
        self._one(run, event, prepare)
        self._finish(run, snapshot)
        return run

    def _one(self, run: Run, event: Event, prepare: Callable[[Run], None] | None = None) -> None:
        decision = step(run.machine, run.snapshot, event, self.guards)
        if prepare is not None and decision.handled:
            prepare(run)
            if run.snapshot.turn >= 0 or decision.snapshot.turn >= 0 or decision.follow is not None:
                # What was prepared (an outcome) says which allocation a loop takes next, or that it is over.
                decision = step(run.machine, run.snapshot, event, self.guards)
            else:
                decision = msgspec.structs.replace(
                    decision, snapshot=msgspec.structs.replace(decision.snapshot, vars=run.snapshot.vars)
                )
        if not decision.handled:
            if event.kind is EventClass.FACT or decision.snapshot != run.snapshot:
                run.tx.journal(run.stream, "handover.noted", _trace(run, event, decision), run.at)
            run.snapshot = decision.snapshot
            return
        self._follow(run, event, decision)

    def _follow(self, run: Run, event: Event, decision: Decision) -> None:
        """Carry out a handled decision and every internal event that it leads to."""
        for _ in range(_LIMIT):
            run.moved = True
            before = run.snapshot
            run.snapshot = decision.snapshot
            following, log = decision.follow, _NO_STEPS
            if decision.cancel_timers:
                records.cancel_state_timers(run.tx, run.handover_id)
            if decision.entered:
                self._set_timers(run, decision)
                _IN_TRANSITION.hit()
                if decision.steps:
                    following, log = self._steps(run, event, decision, before)
            run.tx.journal(run.stream, "handover.moved", _trace(run, event, decision, log), run.at)
            if decision.entered and following is None:
                following = self._entered(run, event, decision)
            if following is None:
                return
            event = following
            decision = step(run.machine, run.snapshot, event, self.guards)
            if not decision.handled:
                if event.effect_id:
                    run.tx.journal(run.stream, "handover.noted", _trace(run, event, decision), run.at)
                run.snapshot = decision.snapshot
                return
        raise RuntimeError(f"workflow {run.machine.workflow} does not come to rest")

    def _steps(
        self, run: Run, event: Event, decision: Decision, before: Snapshot
    ) -> tuple[Event | None, Sequence[Any]]:
        """Run the database steps of the entered state: what a failing one leads to, and their records.

        Transition, steps and records are one commit: none of them is ever without the others.
        """
        vars_before, secrets_before = run.snapshot.vars, dict(run.secrets)
        place: steplog.Place = 0
        call, args = decision.steps[0], None
        log: list[Any] = []
        try:
            with run.tx.savepoint():  # costs as much as a small statement
                for place, call in self._in_order(run, event, decision.steps, log):
                    args = None
                    args = self._arguments(run, event, call)
                    self.executors[call.type](run, args)
                    log.append(steplog.done(place, call, args))
        except _FAILURES as error:
            run.failure = failure = _failure(error)
            log.append(steplog.failed(place, call, args, failure))
            run.secrets = secrets_before
            run.snapshot = msgspec.structs.replace(
                run.snapshot, vars=vars_before, status=before.status, phase=before.phase
            )
            return _internal(run, f"{call.type}.failed", reason=failure.reason, detail=failure.detail), log
        return None, log

    def _entered(self, run: Run, event: Event, decision: Decision) -> Event | None:
        """Ask for the effect of the entered state; the next internal event, if any."""
        if decision.effect is not None:
            return self._intend(run, event, decision.effect)
        return None if run.snapshot.ended else _internal(run, "entered")

    def _in_order(
        self, run: Run, event: Event, calls: Sequence[StepCall], log: list[Any], above: str = ""
    ) -> Iterator[tuple[steplog.Place, StepCall]]:
        """The steps one by one; what a `choose` comes to is decided when its turn comes (S21)."""
        for index, call in enumerate(calls):
            place: steplog.Place = f"{above}[{index}]" if above else index
            if call.cases:
                do = chosen(call, self.scope(run.machine, run.snapshot, event), self.guards)
                branch = next((i for i, case in enumerate(call.cases) if case.do is do), -1)
                log.append(steplog.taken(place, branch))
                yield from self._in_order(run, event, do, log, f"{place}.choose[{branch}].do")
            else:
                yield place, call

    def _intend(self, run: Run, event: Event, call: StepCall) -> Event | None:
        """Write the effect's intent; a refusal to act is a refuted effect with its reason."""
        attempts = run.snapshot.attempts + 1
        try:
            intent, result = self.intend(run, call, self._arguments(run, event, call))
        except _FAILURES as error:
            failure = _failure(error)
            refused = run.tx.new_id(run.at)
            run.refused = failure
            run.snapshot = msgspec.structs.replace(run.snapshot, attempts=attempts, effect_id=refused)
            data = {"reason": failure.reason, "detail": failure.detail}
            return Event("effect.refuted", EventClass.RESULT, run.at, data, refused)
        run.snapshot = msgspec.structs.replace(run.snapshot, attempts=attempts, effect_id=intent.effect_id)
        _WITH_INTENT.hit()
        if result is None:
            run.tx.after_commit(lambda: self.begin_effect(intent))
        return result

    def _arguments(self, run: Run, event: Event, call: StepCall) -> Mapping[str, Any]:
        if not call.args:
            return call.args
        rendered: Mapping[str, Any] = self.render(call.args, self.scope(run.machine, run.snapshot, event))
        return rendered

    def _set_timers(self, run: Run, decision: Decision) -> None:
        if not decision.timers:
            return
        records.set_timers(run.tx, run.handover_id, decision.timers)
        timers, handover_id = decision.timers, run.handover_id

        def arm() -> None:
            for name, due in timers:
                self.arm(handover_id, name, due)

        run.tx.after_commit(arm)

    def _finish(self, run: Run, before: Snapshot) -> None:
        """Deliver deadlines that waited for this state, then store what is true now."""
        self.rested(run)
        for _ in range(_LIMIT):
            name = deliverable(run.machine, run.snapshot)
            if not name:
                break
            self._one(run, Event(name, EventClass.INTERNAL, run.at))
        if run.snapshot.ended:
            records.cancel_timers(run.tx, run.handover_id)
            self.ended(run)
        note_rest(run)
        if run.snapshot is not before:
            records.save(run.tx, run.snapshot, run.at)
        if run.moved:
            snapshot = run.snapshot
            run.tx.after_commit(lambda: self.changed(snapshot))


def _failure(error: Exception) -> StepFailed:
    """The step's refusal; data that it cannot take is one too, with reason `invalid`."""
    return error if isinstance(error, StepFailed) else StepFailed("invalid", str(error))


def _internal(run: Run, name: str, **data: Any) -> Event:
    return Event(name, EventClass.INTERNAL, run.at, data)


def note_rest(run: Run) -> None:
    """Journal what steps have changed since the last trace, so that replay finds the same snapshot (S5)."""
    known, now = run.noted, run.snapshot
    changes = _changes(run, now)
    if changes or (known.status, known.phase) != (now.status, now.phase):
        body = {"status": now.status, "phase": now.phase, **changes}
        run.tx.journal(run.stream, "handover.kept", body, run.at)


def _changes(run: Run, now: Snapshot) -> dict[str, Any]:
    """Variables (None for one that is gone) and deadlines that the journal does not know yet."""
    known, run.noted = run.noted, now
    changes: dict[str, Any] = {}
    if now.vars is not known.vars:
        changed = {name: value for name, value in now.vars.items() if known.vars.get(name) is not value}
        changed |= dict.fromkeys(known.vars.keys() - now.vars.keys())
        if changed:
            changes["set"] = _named(changed, now.vars)
    if now.deadlines != known.deadlines:
        changes["deadlines"] = now.deadlines
    return changes


def _named(changed: dict[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Instead of an entry that stands in another variable, where it stands there: `[place]`."""
    for one, several in ONE_OF.items():
        value = changed.get(one)
        if value is not None and several in now:
            found = now[several]
            places = found.items() if isinstance(found, Mapping) else enumerate(found)
            place = next((place for place, entry in places if entry is value), None)
            if place is not None:
                changed[one] = [place]
    return changed


def _trace(run: Run, event: Event, decision: Decision, log: Sequence[Any] = ()) -> dict[str, Any]:
    """One row of the handover's record. Of a decision that nothing handled, its snapshot is not taken yet."""
    now = run.snapshot if decision.handled else decision.snapshot
    trace: dict[str, Any] = {
        "event": event.name, "from": decision.left, "to": decision.entered,
        "status": now.status, "phase": now.phase, **_changes(run, now),
    }
    if decision.follow is not None:
        trace["over"] = now.state  # a loop has ended at its own state, which is not entered
    elif decision.entered and now.turn >= 0:
        trace["turn"] = [now.turn, now.attempts]
    if log:
        trace["steps"] = log
    if event.data:
        trace["data"] = event.data
    if event.effect_id:
        trace["effect"] = event.effect_id
    if decision.guards:
        trace["guards"] = [list(guard) for guard in decision.guards]
    return trace
