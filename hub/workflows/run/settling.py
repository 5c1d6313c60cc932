"""What an effect's verdict means: entitlement, custody, money, incident, and the workflow's next state."""

from __future__ import annotations

from hub import access, commerce, custody, desk
from hub.effects.records import in_doubt, opened_at, record_outcome, states_of_use
from hub.model.effects import Intent, Resolution
from hub.model.states import Door, EffectKind, EffectState, Verdict
from hub.store import Tx
from hub.workflows.engine import Event, EventClass, handles
from hub.workflows.run import records
from hub.workflows.run.advance import Engine, Run
from hub.workflows.run.allocations import proved
from hub.workflows.run.drafts import result_of
from hub.workflows.run.intents import entitle_once
from hub.workflows.run.money import approved_by, note_approved, own_debt, settle_money
from hub.workflows.run.verdicts import resolve

#: Who settles a doubt when the device answers in the end.
HUB = "hub"
#: The incident that an unprovable effect becomes.
_INCIDENT = {
    EffectKind.OPEN: "door_in_doubt",
    EffectKind.DISPENSE: "dispense_in_doubt",
    EffectKind.AUTHORISE: "payment_unknown",
    EffectKind.CAPTURE: "capture_unproved",
    EffectKind.VOID: "refund_owed",
    EffectKind.REFUND: "refund_owed",
    EffectKind.STEP: "step_in_doubt",
}


def settle(tx: Tx, engine: Engine, intent: Intent, resolution: Resolution, at: int) -> None:
    """Record a verdict and hand it to the handover, in one transaction."""
    late = in_doubt(tx, intent.effect_id)
    if not record_outcome(tx, intent, resolution, at):
        return
    if intent.leg_id:
        settle_money(tx, intent, resolution, desk.role("staff"), at)
    if intent.kind is EffectKind.DISPENSE:
        _stock(tx, intent, resolution, at)
    if resolution.verdict is Verdict.UNKNOWN:
        _in_doubt(tx, intent, resolution, at)
    if late:
        _end_doubt(tx, engine, intent, resolution, at)
    elif intent.handover_id is not None:
        run = engine.deliver(
            tx, intent.handover_id, result_of(intent, resolution, at),
            lambda run: apply_verdict(run, intent, resolution),
        )
        _closed_meanwhile(tx, engine, run)
    if intent.leg_id and intent.kind is EffectKind.VOID:
        own_debt(tx, intent.leg_id, desk.role("staff"), at)


def _end_doubt(tx: Tx, engine: Engine, intent: Intent, resolution: Resolution, at: int) -> None:
    """A device answers after all what somebody was called for: the incident ends by its word."""
    found = desk.incident_of_effect(tx, intent.effect_id)
    if found is None:
        return
    snapshot = records.load(tx, intent.handover_id) if intent.handover_id else None
    why = f"{intent.device} answered: {resolution.verdict} {resolution.reason}".strip()
    run = resolve(tx, engine, found, snapshot, resolution.verdict.value, HUB, why, at)
    refused = intent.kind is EffectKind.CAPTURE and resolution.verdict is Verdict.REFUTED
    if refused and (run is None or not run.moved):  # the blueprint has gone on, or has nothing for it
        desk.open_incident(
            tx, "unpaid", at, urgency="high", handover_id=intent.handover_id, device=intent.device, detail=why
        )


def _stock(tx: Tx, intent: Intent, resolution: Resolution, at: int) -> None:
    """One unit fell out of the slot, or nobody can say."""
    slot = str(intent.params["compartment"])
    if resolution.verdict is Verdict.UNKNOWN:
        commerce.doubt_stock(tx, slot, "dispense_in_doubt", at)
    elif resolution.verdict is Verdict.CONFIRMED:
        try:
            commerce.adjust_stock(tx, slot, -1, "dispensed", at)
        except commerce.StockShort:  # the count said that there was none: somebody counts
            commerce.doubt_stock(tx, slot, "miscounted", at)
            desk.open_incident(
                tx, "miscounted", at, handover_id=intent.handover_id, device=intent.device, target=slot
            )


def apply_verdict(run: Run, intent: Intent, resolution: Resolution) -> None:
    """What a verdict changes in the handover's variables, before the next state is entered."""
    confirmed = resolution.verdict is Verdict.CONFIRMED
    if intent.kind in (EffectKind.OPEN, EffectKind.DISPENSE):
        if confirmed:
            proved(run, intent)
    elif intent.kind is EffectKind.AUTHORISE and confirmed:
        purpose = note_approved(run, intent, approved_by(intent, resolution))
        # Who pays the price stands there and may take it; a right that was accepted before is enough.
        if purpose is commerce.Purpose.PRICE and not run.snapshot.vars.get("use"):
            entitle_once(run, run.snapshot.vars.get("recipient_ref"), "payment")


def give_back_use(run: Run) -> None:
    """An opening that is proved not to have happened and is given up: the person may come again (S10).

    Called whenever a handover comes to rest. A use that no act has been tried with yet is kept for it, until
    the handover waits for a credential again.
    """
    use_id = run.snapshot.vars.get("use")
    if not use_id or run.snapshot.effect_id or run.snapshot.asked:
        return
    states = states_of_use(run.tx, run.handover_id, use_id)
    given_up = states or run.refused or handles(run.machine, run.snapshot, "credential.accepted")
    if given_up and all(state is EffectState.REFUTED for state in states):
        access.give_back(run.tx, use_id, run.at)
        run.set(use=None)


def _in_doubt(tx: Tx, intent: Intent, resolution: Resolution, at: int) -> None:
    compartment = str(intent.params.get("compartment", ""))
    if compartment:
        custody.bar(tx, compartment, "in_doubt", at)
    desk.open_incident(
        tx, _INCIDENT[intent.kind], at=at, urgency="high", handover_id=intent.handover_id,
        effect_id=intent.effect_id, device=intent.device, target=compartment or intent.target,
        detail=resolution.reason,
    )


def _closed_meanwhile(tx: Tx, engine: Engine, run: Run) -> None:
    """The person was quicker than our bookkeeping: the door closed before the state that waits for it."""
    allocation, proof = run.snapshot.vars.get("allocation"), run.snapshot.vars.get("proof")
    if not allocation or not proof or not handles(run.machine, run.snapshot, "door.closed"):
        return
    compartment = allocation["compartment"]
    door, since = custody.door_of(tx, compartment)
    if door is Door.CLOSED and since > opened_at(tx, proof):
        fact = Event("door.closed", EventClass.FACT, run.at, {"compartment": compartment})
        engine.deliver(tx, run.handover_id, fact)
