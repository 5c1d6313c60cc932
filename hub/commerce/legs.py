"""Legs: one tender with one provider, and the one decision that each may ever have (DESIGN section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.store import Reader, Tx


class LegState(StrEnum):
    """Where a leg stands. `unknown`: nobody knows whether the provider approved."""

    ASKED = "asked"
    APPROVED = "approved"
    DENIED = "denied"
    UNKNOWN = "unknown"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUND_OWED = "refund_owed"
    REFUNDED = "refunded"


class Purpose(StrEnum):
    """What a leg pays for. `later` is charged while nobody stands at the terminal: an overdue item."""

    PRICE = "price"
    DEPOSIT = "deposit"
    LATER = "later"


class MoneyDecision(StrEnum):
    """What becomes of an authorisation, for ever."""

    CAPTURE = "capture"
    VOID = "void"


_COLUMNS = """
l.id, l.handover_id, l.device, l.rail, l.amount, l.approved, l.currency, l.item, l.state, l.reason,
l.purpose, l.reference, l.opened, d.decision, d.amount, d.at
FROM leg AS l LEFT JOIN money_decision AS d ON d.leg_id = l.id
"""
_ONE = f"SELECT {_COLUMNS} WHERE l.id = ?"
_OF = f"SELECT {_COLUMNS} WHERE l.handover_id = ? ORDER BY l.opened, l.id"
_OPEN = f"""
SELECT {_COLUMNS} WHERE l.state IN ('asked', 'approved', 'unknown') AND l.device = ? AND d.leg_id IS NULL
ORDER BY l.opened, l.id
"""
_UNSETTLED = f"""
SELECT {_COLUMNS} WHERE l.state IN ('asked', 'approved', 'unknown') AND l.device = ? AND d.leg_id IS NOT NULL
ORDER BY l.opened, l.id
"""
_INSERT = """
INSERT INTO leg (id, handover_id, device, rail, amount, currency, item, state, opened, changed, purpose,
  reference)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'asked', ?8, ?8, ?9, ?10)
"""
_MOVE = "UPDATE leg SET state = ?, approved = coalesce(?, approved), reason = ?, changed = ? WHERE id = ?"
_DECIDE = "INSERT INTO money_decision (leg_id, decision, amount, at) VALUES (?, ?, ?, ?)"
_DECISION = "SELECT decision, amount, at FROM money_decision WHERE leg_id = ?"
#: A settled state and the decision without which it may not be reached.
_NEEDS = {
    LegState.CAPTURED: MoneyDecision.CAPTURE, LegState.VOIDED: MoneyDecision.VOID,
    LegState.REFUND_OWED: MoneyDecision.VOID,
}
_UNDECIDED = (LegState.ASKED, LegState.UNKNOWN)
_LIVE = (LegState.ASKED, LegState.APPROVED, LegState.UNKNOWN)


class DecisionStands(StepFailed):
    """The leg was decided otherwise, which is never changed. `reason` is decision_stands."""

    def __init__(self, leg_id: str, standing: Decided) -> None:
        super().__init__("decision_stands", f"{leg_id} is decided: {standing.decision} {standing.amount}")
        self.standing = standing


class LegRefused(StepFailed):
    """The leg does not allow that now. `reason`: unknown_leg, wrong_state, not_decided, too_much."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision of a leg; `amount` in minor units, 0 for a void."""

    decision: MoneyDecision
    amount: int
    at: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One tender. Amounts are minor units of `currency`; `approved` may differ from `amount`.

    `reference` names the payment that the order's owner took, on the rail `upstream`.
    """

    id: str
    handover_id: str
    device: str
    rail: str
    amount: int
    approved: int | None
    currency: str
    item: str
    state: LegState
    reason: str
    purpose: Purpose
    reference: str | None
    opened: int
    decided: Decided | None


def open_leg(
    tx: Tx, handover_id: str, device: str, amount: int, currency: str, item: str, at: int, *,
    rail: str = "", leg_id: str | None = None, purpose: Purpose | str = Purpose.PRICE,
    reference: str | None = None,
) -> str:
    """Begin a tender of `amount` minor units at `device` and return the leg's id."""
    purpose = Purpose(purpose)
    leg_id = leg_id or tx.new_id(at)
    tx.execute(_INSERT, (
        leg_id, handover_id, device, rail or device, amount, currency, str(item), at, purpose.value,
        reference,
    ))
    body: dict[str, Json] = {
        "leg": leg_id, "device": device, "rail": rail or device, "amount": amount, "currency": currency,
        "item": str(item), "purpose": purpose.value, "reference": reference,
    }
    tx.journal("handover/" + handover_id, journal.LEG_OPENED, body, at)
    return leg_id


def leg_approved(tx: Tx, leg_id: str, amount: int, at: int) -> bool:
    """The provider approved `amount`, which may be another than asked. False when that was known."""
    return _answered(tx, leg_id, LegState.APPROVED, at, amount=amount)


def leg_denied(tx: Tx, leg_id: str, reason: str, at: int) -> bool:
    """The provider certainly holds no money: denied, cancelled, expired. False when that was known."""
    return _answered(tx, leg_id, LegState.DENIED, at, reason=reason)


def leg_unknown(tx: Tx, leg_id: str, at: int) -> bool:
    """Nobody knows whether the provider approved. False when that was known."""
    return _answered(tx, leg_id, LegState.UNKNOWN, at)


def decide(tx: Tx, leg_id: str, decision: MoneyDecision | str, amount: int, at: int) -> Decided:
    """Decide the leg once for ever: capture `amount`, at most what was approved, or void (`amount` 0).

    The same decision again returns the first one. Raises DecisionStands for any other, LegRefused
    (wrong_state, too_much, unknown_leg) when the leg cannot be decided so.
    """
    decision = MoneyDecision(decision)
    if decision is MoneyDecision.VOID:
        amount = 0
    found = leg(tx, leg_id)
    if found.decided is not None:
        if (found.decided.decision, found.decided.amount) != (decision, amount):
            raise DecisionStands(leg_id, found.decided)
        return found.decided
    allowed = (LegState.APPROVED,) if decision is MoneyDecision.CAPTURE else _LIVE
    if found.state not in allowed:
        raise LegRefused("wrong_state", f"{leg_id} is {found.state}, so no {decision}")
    if amount < 0 or amount > (found.approved or 0):
        raise LegRefused("too_much", f"{amount} of {found.approved} approved on {leg_id}")
    tx.execute(_DECIDE, (leg_id, decision.value, amount, at))
    body: dict[str, Json] = {"leg": leg_id, "decision": decision.value, "amount": amount}
    tx.journal("handover/" + found.handover_id, journal.LEG_DECIDED, body, at)
    return Decided(decision, amount, at)


def leg_settled(tx: Tx, leg_id: str, state: LegState | str, at: int, *, reason: str = "") -> bool:
    """The provider carried the decision out: captured, voided, or refund_owed when it cannot be proved.

    An owed refund may still become voided. False when it was so already. Raises LegRefused (not_decided,
    wrong_state).
    """
    state = LegState(state)
    if state not in _NEEDS:
        raise ValueError(f"{state} settles nothing")
    found = leg(tx, leg_id)
    if found.state is state:
        return False
    if found.decided is None or found.decided.decision is not _NEEDS[state]:
        raise LegRefused("not_decided", f"{leg_id} has no decision to {_NEEDS[state]}")
    paid_back = found.state is LegState.REFUND_OWED and state is LegState.VOIDED
    if found.state not in _LIVE and not paid_back:
        raise LegRefused("wrong_state", f"{leg_id} is {found.state}")
    tx.execute(_MOVE, (state.value, None, reason, at, leg_id))
    body: dict[str, Json] = {"leg": leg_id, "state": state.value, "reason": reason}
    tx.journal("handover/" + found.handover_id, journal.LEG_SETTLED, body, at)
    return True


def leg(reader: Reader, leg_id: str) -> Leg:
    """One leg with its decision; raises LegRefused(unknown_leg)."""
    row = reader.execute(_ONE, (leg_id,)).fetchone()
    if row is None:
        raise LegRefused("unknown_leg", leg_id)
    return _from_row(row)


def decision_of(reader: Reader, leg_id: str) -> Decided | None:
    """What was decided, or None."""
    row = reader.execute(_DECISION, (leg_id,)).fetchone()
    return None if row is None else Decided(MoneyDecision(row[0]), row[1], row[2])


def legs_of(reader: Reader, handover_id: str) -> list[Leg]:
    """All legs of a handover, oldest first."""
    return [_from_row(row) for row in reader.execute(_OF, (handover_id,)).fetchall()]


def undecided_legs(reader: Reader, device: str) -> list[Leg]:
    """Legs at `device` that may hold money and have no decision; while there is one, no bus reset."""
    return [_from_row(row) for row in reader.execute(_OPEN, (device,)).fetchall()]


def unsettled_legs(reader: Reader, device: str) -> list[Leg]:
    """Legs at `device` that are decided and not carried out yet: repeat until definite."""
    return [_from_row(row) for row in reader.execute(_UNSETTLED, (device,)).fetchall()]


_EVENTS = {
    LegState.APPROVED: journal.LEG_APPROVED, LegState.DENIED: journal.LEG_DENIED,
    LegState.UNKNOWN: journal.LEG_UNKNOWN,
}


def _answered(
    tx: Tx, leg_id: str, state: LegState, at: int, *, amount: int | None = None, reason: str = ""
) -> bool:
    found = leg(tx, leg_id)
    if found.state is state and amount in (None, found.approved):
        return False
    if found.state not in _UNDECIDED:
        raise LegRefused("wrong_state", f"{leg_id} is {found.state}, so not {state}")
    if amount is not None and amount < 0:
        raise LegRefused("wrong_state", f"{amount} was approved on {leg_id}")
    tx.execute(_MOVE, (state.value, amount, reason, at, leg_id))
    body: dict[str, Json] = {"leg": leg_id, "reason": reason}
    if amount is not None:
        body["amount"] = amount
    tx.journal("handover/" + found.handover_id, _EVENTS[state], body, at)
    return True


def _from_row(row: Any) -> Leg:
    *facts, opened, decision, amount, at = row
    id_, handover_id, device, rail, asked, approved, currency, item, state, reason, purpose, reference = facts
    decided = None if decision is None else Decided(MoneyDecision(decision), amount, at)
    return Leg(
        id_, handover_id, device, rail, asked, approved, currency, item, LegState(state), reason,
        Purpose(purpose), reference, opened, decided,
    )
