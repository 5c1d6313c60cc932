"""Refunds: money that goes back after a capture. The decision of the leg stands (DESIGN section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.commerce.legs import LegRefused, LegState, MoneyDecision, leg
from hub.model import journal
from hub.model.effects import Json
from hub.store import Reader, Tx


class RefundState(StrEnum):
    """Where a refund stands. `owed`: the rail cannot pay it back, or nobody can prove that it did."""

    ASKED = "asked"
    OWED = "owed"
    PAID = "paid"
    REFUSED = "refused"


_COLUMNS = "id, leg_id, handover_id, amount, state, reason, opened FROM refund"
_ONE = f"SELECT {_COLUMNS} WHERE id = ?"
_OF = f"SELECT {_COLUMNS} WHERE leg_id = ? ORDER BY opened, id"
_INSERT = """
INSERT INTO refund (id, leg_id, handover_id, amount, state, opened, changed)
VALUES (?1, ?2, ?3, ?4, 'asked', ?5, ?5)
"""
_MOVE = "UPDATE refund SET state = ?, reason = ?, changed = ? WHERE id = ?"
_LEG = "UPDATE leg SET state = ?, reason = ?, changed = ? WHERE id = ?"
_ENDED = (RefundState.PAID, RefundState.REFUSED)


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of `amount` minor units of its leg's currency."""

    id: str
    leg_id: str
    handover_id: str
    amount: int
    state: RefundState
    reason: str
    opened: int


def open_refund(tx: Tx, leg_id: str, amount: int | None, at: int) -> Refund:
    """Begin to pay `amount` minor units back, all that is left when None.

    Raises LegRefused: not_captured, too_much (more than was captured less earlier refunds), nothing_left.
    """
    found = leg(tx, leg_id)
    if found.decided is None or found.decided.decision is not MoneyDecision.CAPTURE:
        raise LegRefused("not_captured", f"{leg_id} is {found.state}; money that was not taken is voided")
    if found.state not in (LegState.CAPTURED, LegState.REFUND_OWED, LegState.REFUNDED):
        raise LegRefused("not_captured", f"the capture of {leg_id} is not proved yet")
    standing = [known for known in refunds_of(tx, leg_id) if known.state is not RefundState.REFUSED]
    left = found.decided.amount - sum(known.amount for known in standing)
    amount = left if amount is None else amount
    if left <= 0:
        raise LegRefused("nothing_left", f"all of {leg_id} was paid back")
    if not 0 < amount <= left:
        raise LegRefused("too_much", f"{amount} of the {left} that are left on {leg_id}")
    refund_id = tx.new_id(at)
    tx.execute(_INSERT, (refund_id, leg_id, found.handover_id, amount, at))
    body: dict[str, Json] = {"refund": refund_id, "leg": leg_id, "amount": amount}
    tx.journal("handover/" + found.handover_id, journal.REFUND_OPENED, body, at)
    return refund(tx, refund_id)


def refund_settled(tx: Tx, refund_id: str, state: RefundState | str, at: int, *, reason: str = "") -> bool:
    """The refund is paid, owed or refused; the leg's state follows. False when it was so already.

    An owed one may still become paid. Raises LegRefused(wrong_state) for one that has ended otherwise.
    """
    state = RefundState(state)
    found = refund(tx, refund_id)
    if found.state is state:
        return False
    if found.state in _ENDED or state is RefundState.ASKED:
        raise LegRefused("wrong_state", f"refund {refund_id} is {found.state}")
    tx.execute(_MOVE, (state.value, reason, at, refund_id))
    body: dict[str, Json] = {
        "refund": refund_id, "leg": found.leg_id, "amount": found.amount, "state": state.value,
        "reason": reason,
    }
    tx.journal("handover/" + found.handover_id, journal.REFUND_SETTLED, body, at)
    _leg_follows(tx, found, at, reason)
    return True


def refund(reader: Reader, refund_id: str) -> Refund:
    """One refund; raises LegRefused(unknown_refund)."""
    row = reader.execute(_ONE, (refund_id,)).fetchone()
    if row is None:
        raise LegRefused("unknown_refund", refund_id)
    return _from_row(row)


def refunds_of(reader: Reader, leg_id: str) -> list[Refund]:
    """All refunds of a leg, oldest first."""
    return [_from_row(row) for row in reader.execute(_OF, (leg_id,)).fetchall()]


def _leg_follows(tx: Tx, changed: Refund, at: int, reason: str) -> None:
    """A captured leg is refund_owed while a refund is owed, refunded when all of it was paid back."""
    found = leg(tx, changed.leg_id)
    assert found.decided is not None
    known = refunds_of(tx, found.id)
    paid_back = sum(r.amount for r in known if r.state is RefundState.PAID)
    if any(r.state is RefundState.OWED for r in known):
        state = LegState.REFUND_OWED
    elif paid_back == found.decided.amount:
        state = LegState.REFUNDED
    else:
        state = LegState.CAPTURED
    if state is found.state:
        return
    tx.execute(_LEG, (state.value, reason, at, found.id))
    body: dict[str, Json] = {"leg": found.id, "state": state.value, "reason": reason}
    tx.journal("handover/" + found.handover_id, journal.LEG_SETTLED, body, at)


def _from_row(row: Any) -> Refund:
    id_, leg_id, handover_id, amount, state, reason, opened = row
    return Refund(id_, leg_id, handover_id, amount, RefundState(state), reason, opened)
