"""Money that the owner of an order took before the order came to the hub: the rail `upstream`.

The hub never moves that money. It counts which part of it has been spent on which leg, and asks the owner to
pay back what was not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.commerce.legs import Leg
from hub.model import journal
from hub.model.effects import Json, Rail
from hub.model.failures import StepFailed
from hub.store import Reader, Tx

#: The name of the rail, and of its device.
UPSTREAM = "upstream"
#: The money is held already, by somebody else: nothing to ask, nothing that the hub could send back.
UPSTREAM_RAIL = Rail(query=False, hold=True, partial_capture=True, refund=False)

_SPENT = """
SELECT coalesce(sum(coalesce(approved, amount)), 0) FROM leg
WHERE reference = ? AND currency = ? AND rail = 'upstream' AND state <> 'denied'
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment taken upstream: its owner's reference, minor units, ISO 4217 currency."""

    reference: str
    amount: int
    currency: str

    @classmethod
    def of(cls, value: Any) -> Paid | None:
        """From an order's `paid`; None where there is none. Raises StepFailed(denied) for a useless one."""
        if not value:
            return None
        if not isinstance(value, Mapping) or not value.get("reference"):
            raise StepFailed("denied", "the payment named by the order has no reference")
        return cls(str(value["reference"]), int(value["amount"]), str(value["currency"]))


def spend(reader: Reader, paid: Paid, amount: int, currency: str) -> None:
    """Check that `amount` of the payment is left for one more leg. Raises StepFailed(denied).

    Money of a payment is spent once, whatever became of the leg: what was voided goes back to the payer.
    """
    if currency != paid.currency:
        raise StepFailed("denied", f"{paid.currency} was paid, {currency} is asked for")
    left = paid.amount - spent(reader, paid.reference, paid.currency)
    if amount > left:
        raise StepFailed("denied", f"{amount} is asked for, {max(left, 0)} of the payment is left")


def spent(reader: Reader, reference: str, currency: str) -> int:
    """How much of a payment all handovers together have spent."""
    total: int = reader.execute(_SPENT, (reference, currency)).fetchone()[0]
    return total


def request_refund(tx: Tx, found: Leg, amount: int, why: str, at: int) -> None:
    """Tell the owner of the order, through the journal, to pay `amount` minor units back."""
    body: dict[str, Json] = {
        "leg": found.id, "reference": found.reference, "amount": amount, "currency": found.currency,
        "purpose": found.purpose.value, "why": why,
    }
    tx.journal("handover/" + found.handover_id, journal.REFUND_REQUESTED, body, at)
