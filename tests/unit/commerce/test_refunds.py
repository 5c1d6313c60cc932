"""Money that goes back after a capture, and money that was taken upstream."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hub import commerce
from hub.commerce import LegState, RefundState
from hub.model.failures import StepFailed


class Desk:
    """A leg of 250 that was captured, and its refunds."""

    def __init__(self, ledger: Any, now: int, *, captured: bool = True) -> None:
        self.ledger, self.now = ledger, now
        self.leg_id = ledger.do(commerce.open_leg, "H1", "card", 250, "EUR", "10", now)
        ledger.do(commerce.leg_approved, self.leg_id, 250, now)
        if captured:
            ledger.do(commerce.decide, self.leg_id, "capture", 250, now)
            ledger.do(commerce.leg_settled, self.leg_id, "captured", now)

    def refund(self, amount: int | None = None) -> Any:
        return self.ledger.do(commerce.open_refund, self.leg_id, amount, self.now)

    def settle(self, refund: Any, state: str) -> bool:
        return self.ledger.do(commerce.refund_settled, refund.id, state, self.now)

    @property
    def leg(self) -> commerce.Leg:
        return self.ledger.read(commerce.leg, self.leg_id)

    def refused(self, amount: int | None = None) -> str:
        with pytest.raises(StepFailed) as caught:
            self.refund(amount)
        return caught.value.reason


@pytest.fixture
def desk(ledger: Any, now: int) -> Desk:
    return Desk(ledger, now)


def test_a_whole_refund_leaves_the_decision_as_it_was(desk: Desk) -> None:
    refund = desk.refund()
    assert refund.amount == 250
    desk.settle(refund, "paid")
    assert desk.leg.state is LegState.REFUNDED
    assert desk.leg.decided is not None and desk.leg.decided.decision == "capture"


def test_parts_are_paid_back_up_to_what_was_captured(desk: Desk) -> None:
    desk.settle(desk.refund(100), "paid")
    assert desk.leg.state is LegState.CAPTURED
    assert desk.refused(151) == "too_much"
    desk.settle(desk.refund(150), "paid")
    assert desk.leg.state is LegState.REFUNDED
    assert desk.refused() == "nothing_left"


def test_a_refused_refund_may_be_tried_again(desk: Desk) -> None:
    desk.settle(desk.refund(250), "refused")
    assert desk.leg.state is LegState.CAPTURED
    assert desk.refund().amount == 250


def test_an_owed_refund_marks_the_leg_until_it_is_paid(desk: Desk) -> None:
    owed = desk.refund(100)
    desk.settle(owed, "owed")
    assert desk.leg.state is LegState.REFUND_OWED
    assert desk.settle(owed, "owed") is False
    desk.settle(owed, "paid")
    assert desk.leg.state is LegState.CAPTURED


def test_money_that_was_not_captured_is_not_refunded(ledger: Any, now: int) -> None:
    held = Desk(ledger, now, captured=False)
    assert held.refused(100) == "not_captured"


@pytest.mark.parametrize("sql", [
    "INSERT INTO refund SELECT 'x', leg_id, handover_id, 251, 'asked', '', opened, changed FROM refund",
    "UPDATE refund SET amount = 1",
])
def test_the_table_itself_keeps_the_sum(desk: Desk, sql: str) -> None:
    desk.refund(100)
    with pytest.raises(sqlite3.IntegrityError):
        desk.ledger.do(lambda tx: tx.execute(sql))


class PayingBack(RuleBasedStateMachine):
    """Every call in every order against one captured leg."""

    def __init__(self, open_ledger: Any, now: int) -> None:
        super().__init__()
        self.desk = Desk(open_ledger(), now)

    @rule(amount=st.sampled_from([None, 0, 50, 100, 250, 300]))
    def ask(self, amount: int | None) -> None:
        try:
            self.desk.refund(amount)
        except StepFailed:
            return

    @rule(number=st.integers(0, 5), state=st.sampled_from(["paid", "owed", "refused", "asked"]))
    def answer(self, number: int, state: str) -> None:
        known = self.known()
        if known:
            try:
                self.desk.settle(known[number % len(known)], state)
            except StepFailed:
                return

    def known(self) -> list[Any]:
        return self.desk.ledger.read(commerce.refunds_of, self.desk.leg_id)

    @invariant()
    def never_more_back_than_was_taken(self) -> None:
        leg, known = self.desk.leg, self.known()
        standing = [r for r in known if r.state is not RefundState.REFUSED]
        assert sum(r.amount for r in standing) <= 250
        assert leg.decided is not None and (leg.decided.decision, leg.decided.amount) == ("capture", 250)
        owed = any(r.state is RefundState.OWED for r in known)
        assert (leg.state is LegState.REFUND_OWED) == owed
        paid = sum(r.amount for r in known if r.state is RefundState.PAID)
        assert (leg.state is LegState.REFUNDED) == (paid == 250)


@pytest.mark.req("PY-04", "PY-07")
def test_no_order_of_calls_pays_back_too_much(open_ledger: Any, now: int) -> None:
    run_state_machine_as_test(
        lambda: PayingBack(open_ledger, now),
        settings=settings(max_examples=40, stateful_step_count=15, deadline=None),
    )


class Prepaid:
    """An order of which 500 EUR cents were paid upstream."""

    def __init__(self, ledger: Any, now: int) -> None:
        self.ledger, self.now = ledger, now
        self.paid = commerce.Paid("ch_1", 500, "EUR")

    def take(self, amount: int, handover: str = "H1", currency: str = "EUR") -> str:
        def write(tx: Any) -> str:
            commerce.spend(tx, self.paid, amount, currency)
            return commerce.open_leg(
                tx, handover, commerce.UPSTREAM, amount, currency, "", self.now, rail=commerce.UPSTREAM,
                reference=self.paid.reference,
            )

        return self.ledger.do(write)

    def refused(self, *args: Any) -> str:
        with pytest.raises(StepFailed) as caught:
            self.take(*args)
        return caught.value.reason


def test_a_payment_taken_upstream_is_spent_once(ledger: Any, now: int) -> None:
    prepaid = Prepaid(ledger, now)
    prepaid.take(300)
    assert prepaid.refused(300) == "denied"
    prepaid.take(200, "H2")
    assert prepaid.refused(1, "H3") == "denied"


def test_a_payment_in_another_currency_covers_nothing(ledger: Any, now: int) -> None:
    assert Prepaid(ledger, now).refused(100, "H1", "CHF") == "denied"
