"""What the desk and the API may ask of a handover: allowed by policy, then done or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hub import access, desk
from hub.core.clock import Clock
from hub.core.commands import Accepted, Actor, Answer, Command, Refused
from hub.custody import thermal
from hub.model.failures import StepFailed
from hub.store import Store, Tx
from hub.workflows import engine as pure
from hub.workflows.engine import Event, EventClass, Snapshot
from hub.workflows.run import records
from hub.workflows.run.advance import Engine, Run, note_rest
from hub.workflows.run.commanding import answer, forbidden, note, target_of
from hub.workflows.run.executors import Executors
from hub.workflows.run.intents import entitle_once
from hub.workflows.run.verdicts import resolve

#: Verbs that are events of the blueprint; `extend` and `reissue` the hub does itself in any state.
EVENT_VERBS = ("load", "cancel", "open", "dispose")
VERBS = (*EVENT_VERBS, "extend", "reissue", "resolve")

_Do = Callable[[Tx, Snapshot, Command, int], Answer]


class Verbs:
    """Answers commands on handovers."""

    def __init__(
        self, store: Store, clock: Clock, engine: Engine, executors: Executors, policy: access.Policy,
    ) -> None:
        self._store = store
        self._clock = clock
        self._engine = engine
        self._executors = executors
        self._policy = policy
        self._do: dict[str, _Do] = {
            **dict.fromkeys(EVENT_VERBS, self._event),
            "extend": self._extend, "reissue": self._reissue, "resolve": self._resolve,
        }

    async def __call__(self, command: Command) -> Answer:
        """Serve `handover.VERB` on the handover `command.target`. Raises StoreError."""
        at = self._clock.now()
        return await answer(self._store, command, lambda tx: self._in_transaction(tx, command, at))

    def _in_transaction(self, tx: Tx, command: Command, at: int) -> Answer:
        verb = command.verb.removeprefix("handover.")
        try:
            snapshot = records.load(tx, command.target)
        except records.UnknownHandover:
            return Refused("unknown-handover", f"there is no handover {command.target!r}")
        refused = forbidden(self._policy, command, target_of(snapshot), at)
        if refused is not None:
            return refused
        answered = self._do[verb](tx, snapshot, command, at)
        if isinstance(answered, Accepted):
            note(tx, f"handover/{command.target}", command, at)
        return answered

    def _event(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        verb = command.verb.removeprefix("handover.")
        event = Event(f"command.{verb}", EventClass.COMMAND, at, dict(command.body))

        def prepare(run: Run) -> None:
            if verb in ("open", "load", "dispose"):
                entitle_once(run, _person(command.actor), f"desk.{verb}")
            if verb == "dispose":  # a person's word ends the clock of what lies there, whatever follows
                thermal.dispose(tx, snapshot.handover_id, command.actor.ref, at)

        run = self._engine.deliver(tx, snapshot.handover_id, event, prepare, snapshot=snapshot)
        if not run.moved:
            return _not_now(run, verb)
        if run.refused and run.snapshot.state == snapshot.state:
            return _not_tried(run.refused)
        return Accepted(_view(run.snapshot))

    def _extend(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        name = str(command.body.get("deadline", "hold"))
        until = int(command.body["until"])
        if until <= at:
            return Refused("in-the-past", "a deadline can only be moved to a time to come")
        if name not in snapshot.deadlines or snapshot.ended:
            known = list(snapshot.deadlines)
            return Refused("not-now", f"deadline {name!r} is not set", {"deadlines": known})
        if f"deadline.{name}" not in snapshot.pending and snapshot.deadlines[name] <= at:
            return Refused("not-now", f"deadline {name!r} has passed and was handled")
        moved = pure.extend(snapshot, name, until)
        credential = moved.vars.get("credential")
        if credential and credential.get("deadline") == name:
            moved = msgspec.structs.replace(
                moved, vars={**moved.vars, "credential": {**credential, "until": until}}
            )
            access.extend(tx, snapshot.handover_id, until, at)
        records.save(tx, moved, at)
        records.set_timers(tx, snapshot.handover_id, [(f"deadline.{name}", until)])
        tx.after_commit(lambda: self._engine.arm(snapshot.handover_id, f"deadline.{name}", until))
        tx.journal(f"handover/{snapshot.handover_id}", "handover.extended", {
            "deadline": name, "from": snapshot.deadlines[name], "until": until,
        }, at)
        if moved.vars is not snapshot.vars:
            tx.journal(f"handover/{snapshot.handover_id}", "handover.kept", {
                "status": moved.status, "phase": moved.phase, "set": {"credential": moved.vars["credential"]},
            }, at)
        return Accepted({**_view(moved), "until": until})

    def _reissue(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        credential = snapshot.vars.get("credential")
        if not credential or snapshot.ended:
            return Refused("not-now", "no credential is out for this handover")
        if snapshot.deadlines.get(credential["deadline"], 0) <= at:
            return Refused("not-now", f"deadline {credential['deadline']!r} has passed; extend it first")
        run = Run(tx, self._engine.machines.get(tx, snapshot.machine), snapshot, at)
        table = self._executors.table
        table["revoke_credential"](run, {})
        table["issue_credential"](
            run, {"methods": credential["methods"], "until": credential["deadline"]}
        )
        table["notify"](run, {"to": "recipient", "template": "ready_for_pickup"})
        note_rest(run)
        records.save(tx, run.snapshot, at)
        return Accepted(_view(run.snapshot))

    def _resolve(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        verdict, why = str(command.body["verdict"]), str(command.body.get("why", ""))
        event = Event("command.resolve", EventClass.COMMAND, at, {"verdict": verdict})
        run = self._engine.deliver(tx, snapshot.handover_id, event, snapshot=snapshot)
        if run.moved:
            return Accepted(_view(run.snapshot))
        found = _incident(tx, snapshot.handover_id, command.body.get("incident"))
        if isinstance(found, Refused):
            return found
        if verdict not in set(desk.IncidentVerdict):
            return Refused("bad-verdict", "a verdict is one of: " + ", ".join(desk.IncidentVerdict))
        resolved = resolve(tx, self._engine, found, snapshot, verdict, command.actor.ref, why, at)
        assert resolved is not None
        return Accepted(_view(resolved.snapshot))


def _incident(tx: Tx, handover_id: str, wanted: Any) -> desk.Incident | Refused:
    open_ones = [found for found in desk.incidents_of(tx, handover_id) if found.open]
    if wanted:
        open_ones = [found for found in open_ones if found.id == wanted]
    if not open_ones:
        return Refused("no-incident", "this handover has no such open incident")
    if len(open_ones) > 1:
        return Refused(
            "which-incident", "name the incident: several are open",
            {"incidents": [{"id": found.id, "kind": found.kind} for found in open_ones]},
        )
    return open_ones[0]


def _not_now(run: Run, verb: str) -> Refused:
    state = run.machine.states[run.snapshot.state]
    takes = sorted(
        name.removeprefix("command.") for name in state.on if name.startswith("command.")
    )
    label = state.label or state.name
    hint = f"it takes: {', '.join(takes)}" if takes else "it takes no command"
    busy = "; the result of an act is awaited first" if run.snapshot.effect_id else ""
    return Refused("not-now", f"{verb} is not possible while {label!r}; {hint}{busy}", {
        "state": state.name, "takes": list(takes),
    })


def _not_tried(refused: StepFailed) -> Refused:
    """Nothing was sent to the device: the handover is where it was, and waits."""
    code = refused.reason if refused.reason == "offline" else "not-possible"
    return Refused(code, refused.detail or refused.reason, {"reason": refused.reason})


def _view(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.handover_id, "state": snapshot.state, "status": snapshot.status,
        "phase": snapshot.phase,
    }


def _person(actor: Actor) -> str | None:
    return actor.ref if actor.ref.startswith("person") else None
