"""What an effect's verdict means: entitlement, custody, money, incident, and the workflow's next state."""

from __future__ import annotations

from typing import Any

from hub import access, commerce, custody, desk
from hub.effects.records import opened_at, record_outcome, states_of_use
from hub.model.effects import Intent, Resolution
from hub.model.states import AllocationOutcome, Door, EffectKind, EffectState, Verdict
from hub.store import Tx
from hub.workflows.engine import Event, EventClass, handles
from hub.workflows.run.advance import Engine, Run
from hub.workflows.run.intents import entitle_once

_RESULT = {
    Verdict.CONFIRMED: "effect.confirmed",
    Verdict.REFUTED: "effect.refuted",
    Verdict.UNKNOWN: "effect.in_doubt",
}
#: The incident that an unprovable effect becomes.
_INCIDENT = {
    EffectKind.OPEN: "door_in_doubt",
    EffectKind.DISPENSE: "dispense_in_doubt",
    EffectKind.AUTHORISE: "payment_unknown",
    EffectKind.CAPTURE: "capture_unproved",
    EffectKind.VOID: "refund_owed",
    EffectKind.REFUND: "refund_owed",
}


def settle(tx: Tx, engine: Engine, intent: Intent, resolution: Resolution, at: int) -> None:
    """Record a verdict and hand it to the handover, in one transaction."""
    if not record_outcome(tx, intent, resolution, at):
        return
    if intent.leg_id:
        _money(tx, intent, resolution, at)
    if resolution.verdict is Verdict.UNKNOWN:
        _in_doubt(tx, intent, resolution, at)
    if intent.handover_id is None:
        return
    data: dict[str, Any] = {"reason": resolution.reason, **resolution.evidence}
    event = Event(_RESULT[resolution.verdict], EventClass.RESULT, at, data, intent.effect_id)
    run = engine.deliver(
        tx, intent.handover_id, event, lambda run: apply_verdict(run, intent, resolution)
    )
    _closed_meanwhile(tx, engine, run)


def apply_verdict(run: Run, intent: Intent, resolution: Resolution) -> None:
    """What a verdict changes in the handover's variables, before the next state is entered."""
    confirmed = resolution.verdict is Verdict.CONFIRMED
    if intent.kind is EffectKind.OPEN:
        if confirmed:
            run.set(use=None, proof=intent.effect_id)
            if intent.allocation_id:
                custody.set_outcome(run.tx, intent.allocation_id, AllocationOutcome.RELEASED, run.at)
    elif intent.kind is EffectKind.AUTHORISE and confirmed:
        leg = run.snapshot.vars["leg"]
        run.set(leg={**leg, "approved": int(resolution.evidence.get("amount", leg["amount"]))})
        entitle_once(run, run.snapshot.vars.get("recipient_ref"), "payment")


def give_back_use(run: Run) -> None:
    """An opening that is proved not to have happened and is given up: the person may come again (S10).

    Called whenever a handover comes to rest. A use that no act has been tried with yet is kept for it.
    """
    use_id = run.snapshot.vars.get("use")
    if not use_id or run.snapshot.effect_id or run.snapshot.asked:
        return
    states = states_of_use(run.tx, run.handover_id, use_id)
    if all(state is EffectState.REFUTED for state in states) and (states or run.refused):
        access.give_back(run.tx, use_id, run.at)
        run.set(use=None)


def _money(tx: Tx, intent: Intent, resolution: Resolution, at: int) -> None:
    assert intent.leg_id is not None
    verdict = resolution.verdict
    match intent.kind, verdict:
        case EffectKind.AUTHORISE, Verdict.CONFIRMED:
            asked = int(intent.params["amount"])  # type: ignore[arg-type]
            approved = int(resolution.evidence.get("amount", asked))  # type: ignore[arg-type]
            commerce.leg_approved(tx, intent.leg_id, approved, at)
        case EffectKind.AUTHORISE, Verdict.REFUTED:
            commerce.leg_denied(tx, intent.leg_id, resolution.reason, at)
        case EffectKind.AUTHORISE, _:
            commerce.leg_unknown(tx, intent.leg_id, at)
        case EffectKind.CAPTURE, Verdict.CONFIRMED:
            commerce.leg_settled(tx, intent.leg_id, commerce.LegState.CAPTURED, at)
        case EffectKind.VOID, Verdict.CONFIRMED:
            commerce.leg_settled(tx, intent.leg_id, commerce.LegState.VOIDED, at)
        case EffectKind.VOID, _:
            commerce.leg_settled(
                tx, intent.leg_id, commerce.LegState.REFUND_OWED, at, reason=resolution.reason
            )
        case _:
            return


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
