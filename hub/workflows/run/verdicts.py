"""A person's verdict on an incident: what it means for the effect, the money and the handover (S25)."""

from __future__ import annotations

from hub import commerce, custody, desk
from hub.core.commands import Refused
from hub.effects.records import intent_of, record_outcome
from hub.model.effects import Resolution
from hub.model.states import Door, EffectKind
from hub.store import Tx
from hub.workflows.engine import Event, EventClass, Snapshot, handles
from hub.workflows.run.advance import Engine, Run
from hub.workflows.run.allocations import proved
from hub.workflows.run.money import note_approved, paid_back


def awaited(found: desk.Incident, snapshot: Snapshot | None) -> Refused | None:
    """Why a task cannot end just now: its handover could not hear of it in the middle of an act."""
    if snapshot is None or not snapshot.effect_id or found.effect_id:
        return None
    return Refused("not-now", "the result of an act is awaited first; say it again in a moment")


def resolve(
    tx: Tx, engine: Engine, found: desk.Incident, snapshot: Snapshot | None, verdict: str, who: str, why: str,
    at: int, *, approved_by: str | None = None,
) -> Run | None:
    """End an open incident by a verdict of desk.IncidentVerdict, and what hangs on it.

    `snapshot` is its handover, None where there is none; what became of that is returned.
    """
    desk.resolve_incident(tx, found.id, verdict, who, why, at, approved_by=approved_by)
    if found.effect_id:
        _settle_doubt(tx, found, verdict, at)
    if snapshot is None:
        return None
    if found.kind == desk.REFUND_OWED and verdict == "confirmed":
        intent = intent_of(tx, found.effect_id) if found.effect_id else None
        paid_back(tx, snapshot.handover_id, at, intent.leg_id if intent is not None else None)
    data = {"verdict": verdict, "incident": found.id, "kind": found.kind}
    if found.target:
        data["compartment"] = found.target
    resolved = Event("incident.resolved", EventClass.INTERNAL, at, data, found.effect_id or "")
    run = engine.deliver(
        tx, snapshot.handover_id, resolved, lambda run: _believe(run, found, verdict), snapshot
    )
    if found.effect_id and verdict == "confirmed":
        run = _shut_by_now(tx, engine, run)
    return run


def _shut_by_now(tx: Tx, engine: Engine, run: Run) -> Run:
    """A door that somebody saw open and that is shut now has closed: no sensor will tell it again."""
    allocation = run.snapshot.vars.get("allocation")
    if not allocation or not handles(run.machine, run.snapshot, "door.closed"):
        return run
    door, _ = custody.door_of(tx, allocation["compartment"])
    if door is not Door.CLOSED:
        return run
    data = {"compartment": allocation["compartment"]}
    return engine.deliver(tx, run.handover_id, Event("door.closed", EventClass.FACT, run.at, data))


def _believe(run: Run, incident: desk.Incident, verdict: str) -> None:
    """A person's verdict on an opening counts like the sensor's."""
    intent = intent_of(run.tx, incident.effect_id) if incident.effect_id else None
    if intent is None:
        return
    if intent.kind in (EffectKind.OPEN, EffectKind.DISPENSE) and verdict == "confirmed":
        proved(run, intent)
    if intent.kind is EffectKind.AUTHORISE and verdict == "confirmed":
        note_approved(run, intent, int(str(intent.params["amount"])))


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

