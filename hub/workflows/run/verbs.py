"""What the desk and the API may ask of a handover: allowed by policy, then done or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hub import access, commerce, custody, desk
from hub.core.clock import Clock
from hub.core.commands import Accepted, Actor, Answer, Command, Refused
from hub.effects.records import intent_of, record_outcome
from hub.model.effects import Resolution
from hub.model.failures import StepFailed
from hub.model.states import Door, EffectKind
from hub.store import Store, Tx
from hub.workflows import engine as pure
from hub.workflows.engine import Event, EventClass, Snapshot
from hub.workflows.run import records
from hub.workflows.run.advance import Engine, Run, note_rest
from hub.workflows.run.executors import Executors
from hub.workflows.run.intents import entitle_once

#: Verbs that are events of the blueprint; `extend` and `reissue` the hub does itself in any state.
EVENT_VERBS = ("load", "cancel", "open")
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

        def write(tx: Tx) -> Answer:
            answer = self._in_transaction(tx, command, at)
            if command.also is not None:
                command.also(tx, answer)
            return answer

        try:
            return await self._store.write(write)
        except StepFailed as failure:
            return Refused("not-possible", failure.detail or failure.reason, {"reason": failure.reason})

    def _in_transaction(self, tx: Tx, command: Command, at: int) -> Answer:
        verb = command.verb.removeprefix("handover.")
        try:
            snapshot = records.load(tx, command.target)
        except records.UnknownHandover:
            return Refused("unknown-handover", f"there is no handover {command.target!r}")
        refused = self._forbidden(command, snapshot, at)
        if refused is not None:
            return refused
        answer = self._do[verb](tx, snapshot, command, at)
        if isinstance(answer, Accepted):
            tx.journal(f"handover/{command.target}", "handover.commanded", {
                "verb": verb, "who": command.actor.ref, "why": str(command.body.get("why", "")),
            }, at)
        return answer

    def _forbidden(self, command: Command, snapshot: Snapshot, at: int) -> Refused | None:
        target = access.Target(
            snapshot.handover_id, snapshot.workflow, snapshot.status,
            str(snapshot.vars.get("recipient_ref") or ""),
        )
        decision = self._policy.decide(command.actor, command.verb, target, at)
        if not decision.allowed:
            allowed = ", ".join(sorted(self._policy.roles_for(command.verb, target))) or "nobody"
            return Refused("forbidden", f"{command.verb} is allowed to: {allowed}", {"rule": decision.rule})
        if decision.needs_approval:
            return Refused(
                "approval-needed", f"{command.verb} needs the approval of {decision.needs_approval}",
                {"rule": decision.rule, "approval": decision.needs_approval},
            )
        return None

    def _event(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        verb = command.verb.removeprefix("handover.")
        event = Event(f"command.{verb}", EventClass.COMMAND, at, dict(command.body))

        def prepare(run: Run) -> None:
            if verb in ("open", "load"):
                entitle_once(run, _person(command.actor), f"desk.{verb}")

        run = self._engine.deliver(tx, snapshot.handover_id, event, prepare, snapshot=snapshot)
        if not run.moved:
            return _not_now(run, verb)
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
        desk.resolve_incident(tx, found.id, verdict, command.actor.ref, why, at)
        if found.effect_id:
            _settle_doubt(tx, found, verdict, at)
        if found.kind == desk.REFUND_OWED and verdict == "confirmed":
            _paid_back(tx, snapshot.handover_id, at)
        data = {"verdict": verdict, "incident": found.id, "kind": found.kind}
        resolved = Event("incident.resolved", EventClass.INTERNAL, at, data, found.effect_id or "")
        run = self._engine.deliver(
            tx, snapshot.handover_id, resolved, lambda run: _believe(run, found, verdict)
        )
        if found.effect_id and verdict == "confirmed":
            run = self._shut_by_now(tx, run)
        return Accepted(_view(run.snapshot))

    def _shut_by_now(self, tx: Tx, run: Run) -> Run:
        """A door that somebody saw open and that is shut now has closed: no sensor will tell it again."""
        allocation = run.snapshot.vars.get("allocation")
        if not allocation or not pure.handles(run.machine, run.snapshot, "door.closed"):
            return run
        door, _ = custody.door_of(tx, allocation["compartment"])
        if door is not Door.CLOSED:
            return run
        data = {"compartment": allocation["compartment"]}
        return self._engine.deliver(tx, run.handover_id, Event("door.closed", EventClass.FACT, run.at, data))


def _believe(run: Run, incident: desk.Incident, verdict: str) -> None:
    """A person's verdict on an opening counts like the sensor's."""
    intent = intent_of(run.tx, incident.effect_id) if incident.effect_id else None
    if intent is None:
        return
    if intent.kind is EffectKind.OPEN and verdict == "confirmed":
        run.set(use=None, proof=intent.effect_id)
    if intent.kind is EffectKind.AUTHORISE and verdict == "confirmed":
        leg = run.snapshot.vars["leg"]
        run.set(leg={**leg, "approved": leg["amount"]})


def _settle_doubt(tx: Tx, incident: desk.Incident, verdict: str, at: int) -> None:
    """End the doubt about an effect by a person's verdict: its lease is free, its money state follows.

    `closed` without knowing counts as having happened: nothing is acted again on its account, and money that
    may have been taken stays so until the handover ends, which makes it owed.
    """
    assert incident.effect_id is not None
    intent = intent_of(tx, incident.effect_id)
    if intent is None:
        return
    resolution = (
        Resolution.refuted("desk") if verdict == "refuted"
        else Resolution.confirmed(level="person", closed=verdict == "closed")
    )
    if not record_outcome(tx, intent, resolution, at):
        return
    compartment = str(intent.params.get("compartment", ""))
    if compartment and verdict != "closed":
        custody.unbar(tx, compartment, at, reason="in_doubt")
    if intent.kind is EffectKind.AUTHORISE and intent.leg_id:
        if verdict == "confirmed":
            commerce.leg_approved(tx, intent.leg_id, int(intent.params["amount"]), at)  # type: ignore[arg-type]
        elif verdict == "refuted":
            commerce.leg_denied(tx, intent.leg_id, "desk_refuted", at)
    elif intent.kind in (EffectKind.CAPTURE, EffectKind.VOID) and intent.leg_id and verdict == "confirmed":
        state = commerce.LegState.CAPTURED if intent.kind is EffectKind.CAPTURE else commerce.LegState.VOIDED
        commerce.leg_settled(tx, intent.leg_id, state, at, reason="desk")


def _paid_back(tx: Tx, handover_id: str, at: int) -> None:
    """Somebody gave the money back by hand."""
    for leg in commerce.legs_of(tx, handover_id):
        if leg.state is commerce.LegState.REFUND_OWED:
            commerce.leg_settled(tx, leg.id, commerce.LegState.VOIDED, at, reason="desk")


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


def _view(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.handover_id, "state": snapshot.state, "status": snapshot.status,
        "phase": snapshot.phase,
    }


def _person(actor: Actor) -> str | None:
    return actor.ref if actor.ref.startswith("person") else None
