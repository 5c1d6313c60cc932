"""Legs and the one decision of each."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hub import commerce
from hub.commerce import DecisionStands, LegRefused, LegState, MoneyDecision
from hub.model.failures import StepFailed


class Till:
    """Legs at one payment device."""

    def __init__(self, ledger: Any, now: int) -> None:
        self.ledger = ledger
        self.now = now

    def open(self, amount: int = 250) -> str:
        return self.ledger.do(commerce.open_leg, "H1", "card", amount, "EUR", "10", self.now)

    def do(self, fn: Any, *args: Any) -> Any:
        return self.ledger.do(fn, *args, self.now)

    def leg(self, leg_id: str) -> commerce.Leg:
        return self.ledger.read(commerce.leg, leg_id)

    def refused(self, fn: Any, *args: Any) -> str:
        with pytest.raises(StepFailed) as caught:
            self.do(fn, *args)
        return caught.value.reason


@pytest.fixture
def till(ledger: Any, now: int) -> Till:
    return Till(ledger, now)


@pytest.fixture
def approved(till: Till) -> str:
    leg_id = till.open()
    till.do(commerce.leg_approved, leg_id, 250)
    return leg_id


@pytest.mark.req("PY-03")
def test_a_leg_goes_from_asked_to_captured(till: Till, approved: str) -> None:
    till.do(commerce.decide, approved, "capture", 250)
    till.do(commerce.leg_settled, approved, "captured")
    (leg,) = till.ledger.read(commerce.legs_of, "H1")
    assert (leg.state, leg.amount, leg.approved, leg.currency) == (LegState.CAPTURED, 250, 250, "EUR")
    assert [type for _, type, _ in till.ledger.events()] == [
        "leg.opened", "leg.approved", "leg.decided", "leg.settled",
    ]


def test_another_amount_than_asked_may_be_approved(till: Till) -> None:
    leg_id = till.open(250)
    till.do(commerce.leg_approved, leg_id, 200)
    assert till.refused(commerce.decide, leg_id, "capture", 250) == "too_much"
    assert till.do(commerce.decide, leg_id, "capture", 200).amount == 200


@pytest.mark.req("PY-04")
def test_the_same_decision_again_is_the_same_decision(till: Till, approved: str) -> None:
    first = till.do(commerce.decide, approved, "capture", 250)
    till.now += 1
    assert till.do(commerce.decide, approved, "capture", 250) == first
    assert len(till.ledger.events("leg.decided")) == 1


@pytest.mark.parametrize(("first", "second"), [
    (("capture", 250), ("void", 0)), (("void", 0), ("capture", 250)), (("capture", 250), ("capture", 200)),
])
def test_a_decision_is_never_flipped(till: Till, approved: str, first: Any, second: Any) -> None:
    till.do(commerce.decide, approved, *first)
    with pytest.raises(DecisionStands) as caught:
        till.do(commerce.decide, approved, *second)
    assert caught.value.standing.decision == first[0]
    assert till.ledger.read(commerce.decision_of, approved).amount == first[1]


@pytest.mark.parametrize("sql", [
    "UPDATE money_decision SET decision = 'void'", "DELETE FROM money_decision",
    "INSERT OR REPLACE INTO money_decision SELECT leg_id, 'void', 0, at FROM money_decision",
])
def test_the_table_itself_refuses_to_change_a_decision(till: Till, approved: str, sql: str) -> None:
    till.do(commerce.decide, approved, "capture", 250)
    with pytest.raises(sqlite3.IntegrityError):
        till.ledger.do(lambda tx: tx.execute(sql))
    assert till.ledger.read(commerce.decision_of, approved).decision is MoneyDecision.CAPTURE


def test_what_was_not_approved_cannot_be_captured(till: Till) -> None:
    asked, unknown, denied = till.open(), till.open(), till.open()
    till.do(commerce.leg_unknown, unknown)
    till.do(commerce.leg_denied, denied, "cancelled")
    for leg_id in (asked, unknown, denied):
        assert till.refused(commerce.decide, leg_id, "capture", 250) == "wrong_state"
    assert till.refused(commerce.decide, denied, "void", 0) == "wrong_state"


def test_an_unknown_authorise_can_be_voided_and_owed_until_proved(till: Till) -> None:
    leg_id = till.open()
    till.do(commerce.leg_unknown, leg_id)
    till.do(commerce.decide, leg_id, "void", 0)
    till.do(commerce.leg_settled, leg_id, "refund_owed")
    assert till.do(commerce.leg_settled, leg_id, "refund_owed") is False
    assert till.do(commerce.leg_settled, leg_id, "voided") is True
    assert till.refused(commerce.leg_settled, leg_id, "refund_owed") == "wrong_state"


@pytest.mark.parametrize(("decision", "state"), [("capture", "voided"), ("void", "captured")])
def test_a_leg_settles_only_as_decided(till: Till, approved: str, decision: str, state: str) -> None:
    assert till.refused(commerce.leg_settled, approved, state) == "not_decided"
    till.do(commerce.decide, approved, decision, 250)
    assert till.refused(commerce.leg_settled, approved, state) == "not_decided"


def test_repeated_and_late_answers_of_a_provider(till: Till, approved: str) -> None:
    assert till.do(commerce.leg_approved, approved, 250) is False
    assert till.refused(commerce.leg_approved, approved, 200) == "wrong_state"
    assert till.refused(commerce.leg_denied, approved, "late") == "wrong_state"
    assert till.refused(commerce.leg_unknown, "nobody") == "unknown_leg"


def test_legs_are_found_by_what_they_still_need(till: Till) -> None:
    asked, voided, done, denied = (till.open() for _ in range(4))
    till.do(commerce.decide, voided, "void", 0)
    till.do(commerce.leg_approved, done, 250)
    till.do(commerce.decide, done, "capture", 250)
    till.do(commerce.leg_settled, done, "captured")
    till.do(commerce.leg_denied, denied, "denied")
    assert [leg.id for leg in till.ledger.read(commerce.undecided_legs, "card")] == [asked]
    assert [leg.id for leg in till.ledger.read(commerce.unsettled_legs, "card")] == [voided]
    assert till.ledger.read(commerce.undecided_legs, "other") == []


def test_open_legs_are_found_by_index(till: Till) -> None:
    (plan,) = till.ledger.plans(commerce.undecided_legs, "card")
    assert "leg_open" in plan


class Paying(RuleBasedStateMachine):
    """Every call in every order against one leg."""

    def __init__(self, open_ledger: Any, now: int) -> None:
        super().__init__()
        self.till = Till(open_ledger(), now)
        self.leg_id = self.till.open()
        self.decided: Any = None
        self.settled = ""

    @rule(call=st.sampled_from([
        (commerce.leg_approved, 250), (commerce.leg_approved, 200), (commerce.leg_denied, "no"),
        (commerce.leg_unknown,), (commerce.decide, "capture", 250), (commerce.decide, "capture", 200),
        (commerce.decide, "void", 0), (commerce.leg_settled, "captured"), (commerce.leg_settled, "voided"),
        (commerce.leg_settled, "refund_owed"),
    ]))
    def call(self, call: Any) -> None:
        fn, *args = call
        try:
            self.till.do(fn, self.leg_id, *args)
        except (LegRefused, DecisionStands):
            return

    @invariant()
    def nothing_is_ever_flipped(self) -> None:
        leg = self.till.leg(self.leg_id)
        assert self.decided in (None, leg.decided)
        self.decided = leg.decided
        if self.settled == "captured":
            assert leg.state == "captured"
        if leg.state == "captured":
            assert leg.decided.decision == "capture"
            assert leg.decided.amount <= leg.approved
        if leg.state in ("voided", "refund_owed"):
            assert leg.decided.decision == "void"
        self.settled = leg.state


@pytest.mark.req("PY-04", "PY-07")
def test_no_leg_is_ever_both_captured_and_voided(open_ledger: Any, now: int) -> None:
    run_state_machine_as_test(
        lambda: Paying(open_ledger, now),
        settings=settings(max_examples=40, stateful_step_count=15, deadline=None),
    )
