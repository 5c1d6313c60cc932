"""Commands that the hub does itself, whatever the blueprint says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from hub import custody, desk
from hub.core.commands import Accepted, Answer, Command, Refused
from hub.store import Tx
from hub.workflows import engine as pure
from hub.workflows.engine import Event, EventClass, Snapshot
from hub.workflows.run import records
from hub.workflows.run.advance import Engine, Run, note_rest
from hub.workflows.run.approving import APPROVE, DENY, Approving
from hub.workflows.run.credentials import RECIPIENT, extend_credentials, issued_with
from hub.workflows.run.executors import Executors
from hub.workflows.run.money import MoneySteps, refund_now
from hub.workflows.run.possible import waiting
from hub.workflows.run.verdicts import awaited, resolve

#: The incident of a handover that did not go as recorded, says somebody.
DISPUTED = "disputed"

_Do = Callable[[Tx, Snapshot, Command, int], Answer]


class ByHub:
    """Does extend, reissue and resolve in every state, the others where the blueprint has no arrow."""

    def __init__(
        self, engine: Engine, executors: Executors, money: MoneySteps, approving: Approving
    ) -> None:
        self._engine = engine
        self._executors = executors
        self._money = money
        self._approving = approving
        self._table: dict[str, _Do] = {
            "extend": self._extend, "reissue": self._reissue, "resolve": self._resolve,
            "refund": self._refund, "declare": self._declare, "dispute": self._dispute,
            "approve": self._approve, "deny": self._approve,
        }

    def __call__(self, verb: str, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        """Do `verb`. Raises StepFailed."""
        return self._table[verb](tx, snapshot, command, at)

    def _run(self, tx: Tx, snapshot: Snapshot, at: int) -> Run:
        return Run(tx, self._engine.machines.get(tx, snapshot.machine), snapshot, at)

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
        changed = extend_credentials(tx, moved, name, until, at)
        custody.extend_due(tx, snapshot.handover_id, snapshot.deadlines[name], until, at)
        if changed:
            moved = msgspec.structs.replace(moved, vars={**moved.vars, **changed})
        records.save(tx, moved, at)
        records.set_timers(tx, snapshot.handover_id, [(f"deadline.{name}", until)])
        tx.after_commit(lambda: self._engine.arm(snapshot.handover_id, f"deadline.{name}", until))
        tx.journal(f"handover/{snapshot.handover_id}", "handover.extended", {
            "deadline": name, "from": snapshot.deadlines[name], "until": until,
        }, at)
        if changed:
            tx.journal(f"handover/{snapshot.handover_id}", "handover.kept", {
                "status": moved.status, "phase": moved.phase, "set": changed,
            }, at)
        return Accepted({**view(moved), "until": until})

    def _reissue(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        credential = snapshot.vars.get("credential")
        if not credential or snapshot.ended:
            return Refused("not-now", "no credential is out for this handover")
        if snapshot.deadlines.get(credential["deadline"], 0) <= at:
            return Refused("not-now", f"deadline {credential['deadline']!r} has passed; extend it first")
        run = self._run(tx, snapshot, at)
        table = self._executors.table
        table["revoke_credential"](run, {"to": RECIPIENT})
        table["issue_credential"](run, issued_with(credential))
        table["notify"](run, {"to": "recipient", "template": "ready_for_pickup"})
        note_rest(run)
        records.save(tx, run.snapshot, at)
        return Accepted(view(run.snapshot))

    def _resolve(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        verdict, why = str(command.body["verdict"]), str(command.body.get("why", ""))
        event = Event("command.resolve", EventClass.COMMAND, at, {"verdict": verdict})
        run = self._engine.deliver(tx, snapshot.handover_id, event, snapshot=snapshot)
        if run.moved:
            return Accepted(view(run.snapshot))
        found = _incident(tx, snapshot.handover_id, command.body.get("incident"))
        if isinstance(found, Refused):
            return found
        if verdict not in set(desk.IncidentVerdict):
            return Refused("bad-verdict", "a verdict is one of: " + ", ".join(desk.IncidentVerdict))
        refused = awaited(found, snapshot)
        if refused is not None:
            return refused
        resolved = resolve(
            tx, self._engine, found, snapshot, verdict, command.actor.ref, why, at,
            approved_by=", ".join(command.approved_by) or None,
        )
        assert resolved is not None
        return Accepted(view(resolved.snapshot))

    def _refund(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        """Pay captured money back; where the rail cannot, it is owed, and somebody owns that."""
        asked = {name: command.body[name] for name in ("amount", "purpose") if name in command.body}
        run = self._run(tx, snapshot, at)
        refund_now(self._engine, self._money, run, asked)
        note_rest(run)
        if run.snapshot is not snapshot:
            records.save(tx, run.snapshot, at)
        return Accepted(view(run.snapshot))

    def _declare(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        """Put something on record; nothing else changes, not even in a handover that has ended."""
        tx.journal(f"handover/{snapshot.handover_id}", "handover.declared", {
            "what": str(command.body["what"]), "who": command.actor.ref,
        }, at)
        return Accepted(view(snapshot))

    def _dispute(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        """Somebody says that it did not go as recorded: an owned task, until it is settled."""
        machine = self._engine.machines.get(tx, snapshot.machine)
        allocation = snapshot.vars.get("allocation") or {}
        desk.open_incident(
            tx, DISPUTED, at, urgency=machine.urgency, handover_id=snapshot.handover_id,
            target=str(allocation.get("compartment", "")), owner=desk.role(machine.first_paged),
            detail=str(command.body.get("why", "")), due=at + machine.promise_micros,
        )
        return Accepted(view(snapshot))

    def _approve(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        """Answer what a step of this handover asks."""
        asked = waiting(tx, snapshot)
        if not asked:
            return Refused("not-now", "nobody is asked for an approval of this handover")
        verb = DENY if command.verb.endswith(".deny") else APPROVE
        answered = self._approving.in_transaction(tx, replace(command, verb=verb, target=asked[0].id), at)
        if not isinstance(answered, Accepted):
            return answered
        return Accepted(view(records.load(tx, snapshot.handover_id)))


def view(snapshot: Snapshot) -> dict[str, Any]:
    """Where the handover stands after a command."""
    return {
        "id": snapshot.handover_id, "state": snapshot.state, "status": snapshot.status,
        "phase": snapshot.phase,
    }


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
