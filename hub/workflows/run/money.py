"""Money steps: legs by purpose, one decision each, refunds after a capture (DESIGN section 4).

Money that the order's owner took upstream needs no device: its acts are settled where they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import commerce, desk
from hub.commerce import LegState, Purpose, RefundState
from hub.core.clock import MINUTE
from hub.effects.devices import cashless
from hub.model.effects import Intent, JsonMap, Rail, Resolution
from hub.model.failures import StepFailed
from hub.model.states import EffectKind, Verdict
from hub.store import Tx
from hub.workflows.run.advance import Engine, Run
from hub.workflows.run.drafts import Drafted, Drafts
from hub.workflows.run.places import Places

#: After so long somebody is told that a capture, void or refund is not answered; it goes on being repeated.
_MONEY_PATIENCE = 2 * MINUTE
#: "Unknown" as an item number (MDB 4.2, VEND REQUEST).
_NO_ITEM = 0xFFFF
#: What a leg is once the provider has done as was decided.
_CARRIED_OUT = {EffectKind.CAPTURE: LegState.CAPTURED, EffectKind.VOID: LegState.VOIDED}


def purpose_of(args: Mapping[str, Any]) -> Purpose:
    """The leg that a money step is about. Raises StepFailed(no_leg) for a word that is none."""
    try:
        return Purpose(args.get("purpose") or Purpose.PRICE)
    except ValueError as error:
        raise StepFailed("no_leg", str(error)) from error


def leg_in(run: Run, purpose: Purpose) -> dict[str, Any]:
    """What the handover's variables say of its leg for `purpose`; empty without one."""
    values = run.snapshot.vars
    found = (values.get("legs") or {}).get(purpose.value)
    if found is None and purpose is Purpose.PRICE:
        found = values.get("leg")
    return dict(found or {})


def keep_leg(run: Run, purpose: Purpose, leg: Mapping[str, Any]) -> None:
    """Store a leg among `legs`; the price leg is also `leg`."""
    legs = {**(run.snapshot.vars.get("legs") or {}), purpose.value: dict(leg)}
    run.set(legs=legs, **({"leg": dict(leg)} if purpose is Purpose.PRICE else {}))


def note_approved(run: Run, intent: Intent, amount: int) -> Purpose:
    """Store what a provider approved on the leg of an authorise; the purpose is returned."""
    purpose = purpose_of(intent.params)
    keep_leg(run, purpose, {**leg_in(run, purpose), "approved": amount})
    return purpose


class MoneySteps:
    """Authorise, capture, void and refund as intents."""

    def __init__(self, drafts: Drafts, places: Places) -> None:
        self._drafts = drafts
        self._places = places

    def authorise(self, run: Run, args: Mapping[str, Any]) -> Drafted:
        """Ask for the money, upstream where the order was paid, else at the handover's terminal.

        Raises StepFailed: denied, no_terminal, no_hold, not_supported, offline, busy.
        """
        purpose, amount = purpose_of(args), int(args["amount"])
        if amount <= 0:
            raise StepFailed("denied", f"{amount} cannot be asked for")
        known = leg_in(run, purpose)
        _decided(run, known)
        item = args.get("item")
        leg = {
            "amount": amount, "currency": str(known.get("currency") or self._places.currency),
            "item": int(item if item is not None else known.get("item", _NO_ITEM)), "purpose": purpose.value,
        }
        paid = commerce.Paid.of(run.snapshot.vars.get("paid"))
        if paid is not None:
            return self._spend(run, paid, leg, purpose)
        return self._ask(run, leg, purpose, run.at + int(args["within"]))

    def _spend(
        self, run: Run, paid: commerce.Paid, leg: dict[str, Any], purpose: Purpose
    ) -> Drafted:
        commerce.spend(run.tx, paid, leg["amount"], leg["currency"])
        device = commerce.UPSTREAM
        leg_id = self._open(run, device, leg, purpose, paid.reference)
        commerce.leg_approved(run.tx, leg_id, leg["amount"], run.at)
        keep_leg(run, purpose, {
            **leg, "id": leg_id, "device": device, "rail": commerce.UPSTREAM, "approved": leg["amount"],
        })
        intent = self._drafts.intent(
            run, EffectKind.AUTHORISE, device, leg_id, run.at, _params(leg), leg_id=leg_id
        )
        confirmed = Resolution.confirmed(amount=leg["amount"], reference=paid.reference)
        return self._drafts.settled(run, intent, confirmed)

    def _ask(self, run: Run, leg: dict[str, Any], purpose: Purpose, deadline: int) -> Drafted:
        terminal = self._places.terminals.get(str(run.snapshot.vars.get("terminal", "")))
        if terminal is None or not terminal.payment:
            raise StepFailed("no_terminal", "this handover has no terminal with a payment device")
        device = terminal.payment
        driver = cashless(self._drafts.serving(device))
        if driver is None:
            raise StepFailed("not_supported", f"{device} takes no payment")
        if purpose is not Purpose.PRICE and not self._drafts.ask(device, "rail", lambda: driver.rail).hold:
            raise StepFailed("no_hold", f"{device} cannot hold money: no {purpose} is taken there")
        leg_id = self._open(run, device, leg, purpose, None)
        intent = self._drafts.intent(
            run, EffectKind.AUTHORISE, device, leg_id, deadline, _params(leg),
            baseline=self._drafts.baseline(device, driver, leg_id), leg_id=leg_id,
        )
        self._drafts.write(run, intent, device)
        keep_leg(run, purpose, {**leg, "id": leg_id, "device": device, "rail": device})
        return intent, None

    def _open(
        self, run: Run, device: str, leg: dict[str, Any], purpose: Purpose, reference: str | None
    ) -> str:
        return commerce.open_leg(
            run.tx, run.handover_id, device, leg["amount"], leg["currency"], str(leg["item"]), run.at,
            purpose=purpose, reference=reference,
        )

    def decide(self, run: Run, kind: EffectKind, args: Mapping[str, Any]) -> Drafted:
        """Capture or void. The decision stands from this transaction on; the call follows until definite.

        Raises StepFailed: no_leg, decision_stands, wrong_state, too_much, busy.
        """
        purpose = purpose_of(args)
        leg = _needed(run, purpose)
        amount = int(leg.get("approved", leg["amount"]))
        commerce.decide(run.tx, leg["id"], commerce.MoneyDecision(kind.value), amount, run.at)
        if leg["device"] == commerce.UPSTREAM:
            return self._decide_upstream(run, kind, leg, amount)
        state = commerce.leg(run.tx, leg["id"]).state
        if state is _CARRIED_OUT[kind]:  # the provider is not asked for the same money twice
            known = self._drafts.intent(
                run, kind, leg["device"], leg["id"], run.at, {**_params(leg), "amount": amount},
                leg_id=leg["id"],
            )
            return self._drafts.settled(run, known, Resolution.confirmed(amount=amount))
        if kind is EffectKind.CAPTURE and state is not LegState.APPROVED:
            raise StepFailed("wrong_state", f"leg {leg['id']} is {state}: it was captured before")
        intent = self._drafts.intent(
            run, kind, leg["device"], leg["id"], run.at + _MONEY_PATIENCE,
            {**_params(leg), "amount": amount}, baseline=self._known_of(leg), leg_id=leg["id"],
        )
        return self._drafts.write(run, intent, leg["device"]), None

    def _decide_upstream(self, run: Run, kind: EffectKind, leg: dict[str, Any], amount: int) -> Drafted:
        intent = self._drafts.intent(
            run, kind, commerce.UPSTREAM, leg["id"], run.at, {**_params(leg), "amount": amount},
            leg_id=leg["id"],
        )
        if kind is EffectKind.CAPTURE:
            commerce.leg_settled(run.tx, leg["id"], LegState.CAPTURED, run.at)
            return self._drafts.settled(run, intent, Resolution.confirmed(amount=amount))
        owe_void(run, commerce.leg(run.tx, leg["id"]), "voided")
        return self._drafts.settled(run, intent, Resolution.refuted("no_refund", amount=amount))

    def refund(self, run: Run, args: Mapping[str, Any]) -> Drafted:
        """Pay captured money back, `amount` of it or all that is left. Its own act; no decision is flipped.

        Where the rail cannot, it is owed: refuted no_refund, with an owned incident. Raises StepFailed:
        no_leg, not_captured, too_much, nothing_left, offline.
        """
        leg = _needed(run, purpose_of(args))
        rail, asked = self._rail(leg), args.get("amount")
        refund = commerce.open_refund(run.tx, leg["id"], None if asked is None else int(asked), run.at)
        intent = self._drafts.intent(
            run, EffectKind.REFUND, leg["device"], leg["id"], run.at + _MONEY_PATIENCE,
            {**_params(leg), "amount": refund.amount, "refund": refund.id},
            baseline=self._known_of(leg) if rail.refund else {}, leg_id=leg["id"],
        )
        if rail.refund:
            return self._drafts.write(run, intent, f"refund/{refund.id}"), None
        owe_refund(run.tx, refund.id, "no_refund", run.at, desk.role(run.machine.first_paged))
        return self._drafts.settled(run, intent, Resolution.refuted("no_refund", amount=refund.amount))

    def _rail(self, leg: Mapping[str, Any]) -> Rail:
        device = str(leg["device"])
        if device == commerce.UPSTREAM:
            return commerce.UPSTREAM_RAIL
        driver = cashless(self._drafts.serving(device))
        if driver is None:
            raise StepFailed("not_supported", f"{device} takes no payment")
        return self._drafts.ask(device, "rail", lambda: driver.rail)

    def _known_of(self, leg: Mapping[str, Any]) -> JsonMap:
        driver = cashless(self._drafts.devices.driver(leg["device"]))
        return {} if driver is None else self._drafts.baseline(leg["device"], driver, leg["id"])


def refund_now(engine: Engine, money: MoneySteps, run: Run, args: Mapping[str, Any]) -> Intent:
    """A refund by order of the desk, in whatever state the handover is: its result moves no state.

    `args` are those of the step `refund`. Raises StepFailed as the step does.
    """
    intent, result = money.refund(run, args)
    if result is None:
        run.tx.after_commit(lambda: engine.begin_effect(intent))
    return intent


def settle_money(tx: Tx, intent: Intent, resolution: Resolution, owner: str, at: int) -> None:
    """What a verdict on a money act means for its leg or refund."""
    assert intent.leg_id is not None
    verdict = resolution.verdict
    match intent.kind, verdict:
        case EffectKind.AUTHORISE, Verdict.CONFIRMED:
            commerce.leg_approved(tx, intent.leg_id, approved_by(intent, resolution), at)
        case EffectKind.AUTHORISE, Verdict.REFUTED:
            commerce.leg_denied(tx, intent.leg_id, resolution.reason, at)
        case EffectKind.AUTHORISE, _:
            commerce.leg_unknown(tx, intent.leg_id, at)
        case EffectKind.CAPTURE, Verdict.CONFIRMED:
            commerce.leg_settled(tx, intent.leg_id, LegState.CAPTURED, at)
        case EffectKind.VOID, Verdict.CONFIRMED:
            commerce.leg_settled(tx, intent.leg_id, LegState.VOIDED, at)
        case EffectKind.VOID, _:
            commerce.leg_settled(tx, intent.leg_id, LegState.REFUND_OWED, at, reason=resolution.reason)
        case EffectKind.REFUND, Verdict.CONFIRMED:
            commerce.refund_settled(tx, str(intent.params["refund"]), RefundState.PAID, at)
        case EffectKind.REFUND, Verdict.REFUTED:
            owe_refund(tx, str(intent.params["refund"]), resolution.reason, at, owner)
        case EffectKind.REFUND, _:
            commerce.refund_settled(
                tx, str(intent.params["refund"]), RefundState.OWED, at, reason=resolution.reason
            )
        case _:
            return


def approved_by(intent: Intent, resolution: Resolution) -> int:
    """The amount that a confirmed authorise stands for, in minor units."""
    return int(str(resolution.evidence.get("amount", intent.params["amount"])))


def owe_void(run: Run, leg: commerce.Leg, why: str) -> None:
    """Money held that nobody can give back from here: it is owed, and somebody owns that."""
    tx, at = run.tx, run.at
    commerce.leg_settled(tx, leg.id, LegState.REFUND_OWED, at, reason=why)
    if leg.rail == commerce.UPSTREAM:
        commerce.request_refund(tx, leg, leg.approved or leg.amount, why, at)
    _incident(tx, leg, desk.role(run.machine.first_paged), at)


def owe_refund(tx: Tx, refund_id: str, why: str, at: int, owner: str) -> None:
    """A refund that the rail cannot or will not pay: it is owed, and somebody owns that."""
    commerce.refund_settled(tx, refund_id, RefundState.OWED, at, reason=why)
    refund = commerce.refund(tx, refund_id)
    leg = commerce.leg(tx, refund.leg_id)
    if leg.rail == commerce.UPSTREAM:
        commerce.request_refund(tx, leg, refund.amount, why, at)
    _incident(tx, leg, owner, at)


def own_debt(tx: Tx, leg_id: str, owner: str, at: int) -> None:
    """Money that is owed has an owner, whether or not the blueprint has called one."""
    leg = commerce.leg(tx, leg_id)
    if leg.state is not LegState.REFUND_OWED:
        return
    known = desk.incidents_of(tx, leg.handover_id)
    if not any(found.open and found.kind == desk.REFUND_OWED for found in known):
        _incident(tx, leg, owner, at)


def paid_back(tx: Tx, handover_id: str, at: int, leg_id: str | None = None) -> None:
    """Somebody gave the money back by hand: of one leg, or whatever the handover owes."""
    for leg in commerce.legs_of(tx, handover_id):
        if leg_id not in (None, leg.id) or leg.state is not LegState.REFUND_OWED:
            continue
        if leg.decided is not None and leg.decided.decision is commerce.MoneyDecision.VOID:
            commerce.leg_settled(tx, leg.id, LegState.VOIDED, at, reason="desk")
        for refund in commerce.refunds_of(tx, leg.id):
            if refund.state is RefundState.OWED:
                commerce.refund_settled(tx, refund.id, RefundState.PAID, at, reason="desk")


def _incident(tx: Tx, leg: commerce.Leg, owner: str, at: int) -> None:
    # Without an effect and a target: one task for all that a handover owes.
    desk.open_incident(
        tx, desk.REFUND_OWED, at, urgency="high", handover_id=leg.handover_id, device=leg.device, owner=owner,
        detail=f"{leg.purpose} {leg.reference or ''}".strip(),
    )


def _decided(run: Run, known: Mapping[str, Any]) -> None:
    """Raise StepFailed(busy) while money is asked for, held or in doubt: that is decided first."""
    if not known.get("id"):
        return
    before = commerce.leg(run.tx, known["id"])
    if before.decided is None and before.state is not LegState.DENIED:
        raise StepFailed("busy", f"leg {before.id} is {before.state} and not decided")


def _needed(run: Run, purpose: Purpose) -> dict[str, Any]:
    leg = leg_in(run, purpose)
    if not leg.get("id"):
        raise StepFailed("no_leg", f"no {purpose} was authorised")
    return leg


def _params(leg: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "amount": leg["amount"], "currency": leg["currency"], "item": leg["item"],
        "purpose": leg.get("purpose", Purpose.PRICE.value),
    }
