"""One payment on its own: what is sent again, what never, and what proves a refund."""

from __future__ import annotations

import pytest

from hub.model.states import EffectKind, Verdict
from integrations.mdb.codec import Name
from integrations.mdb.legs import Leg, Stage


def asked() -> Leg:
    leg = Leg("leg1", 250, 250, 10, withdraw_at=100.0, overdue=200.0)
    leg.sent(Name.VEND_REQUEST)
    return leg


def approved() -> Leg:
    leg = asked()
    leg.taken(Name.VEND_REQUEST, 0.0)
    leg.approved(250, token=False)
    return leg


def failing() -> Leg:
    leg = approved()
    leg.decide(EffectKind.VOID)
    leg.sent(Name.VEND_FAILURE)
    return leg


@pytest.mark.req("PY-04")
def test_an_acknowledged_request_is_never_sent_again():
    leg = asked()
    leg.taken(Name.VEND_REQUEST, 0.0)
    assert leg.command() is None


@pytest.mark.req("PY-04")
def test_a_request_whose_answer_was_lost_is_withdrawn_and_not_sent_again():
    leg = asked()
    leg.lost(Name.VEND_REQUEST, 0.0)
    leg.tick(0.1, 5.0, 30.0)
    assert leg.command() is Name.VEND_CANCEL


def test_a_request_that_provably_did_not_leave_was_not_made():
    leg = asked()
    leg.unsent(Name.VEND_REQUEST)
    assert leg.stage is Stage.WAITING


def test_a_plain_answer_to_a_poll_proves_the_refund():
    leg = failing()
    leg.taken(Name.VEND_FAILURE, 0.0)
    leg.quiet()
    assert leg.verdicts[EffectKind.VOID].verdict is Verdict.CONFIRMED


def test_it_proves_nothing_after_an_answer_was_lost():
    leg = failing()
    leg.taken(Name.VEND_FAILURE, 0.0)
    leg.lost(Name.POLL, 0.1)
    leg.quiet()
    assert leg.verdicts[EffectKind.VOID].evidence["why"] == "unproved"


def test_a_repeated_failure_found_done_is_proved_if_every_poll_was_seen():
    leg = failing()
    leg.quiet()
    leg.sent(Name.VEND_FAILURE)
    leg.taken(Name.VEND_FAILURE, 0.1)
    leg.out_of_sequence(4, 0.2)
    assert leg.verdicts[EffectKind.VOID].verdict is Verdict.CONFIRMED


def test_and_unproved_if_one_was_not():
    leg = failing()
    leg.lost(Name.POLL, 0.0)
    leg.quiet()
    leg.sent(Name.VEND_FAILURE)
    leg.taken(Name.VEND_FAILURE, 0.1)
    leg.out_of_sequence(4, 0.2)
    assert leg.verdicts[EffectKind.VOID].evidence["why"] == "unproved"


def test_a_reset_while_the_refund_is_unproved_leaves_it_owed():
    leg = failing()
    leg.taken(Name.VEND_FAILURE, 0.0)
    leg.was_reset()
    assert leg.verdicts[EffectKind.VOID].reason == "refund_owed"


def test_a_second_success_found_done_is_a_capture():
    leg = approved()
    leg.decide(EffectKind.CAPTURE)
    leg.sent(Name.VEND_SUCCESS)
    leg.out_of_sequence(4, 0.1)
    assert leg.verdicts[EffectKind.CAPTURE].verdict is Verdict.CONFIRMED


def test_a_leg_that_was_never_charged_is_void():
    leg = asked()
    leg.denied()
    leg.decide(EffectKind.VOID)
    assert leg.verdict(EffectKind.VOID).evidence["proof"] == "never_charged"


@pytest.mark.req("PY-03")
def test_a_decision_about_a_leg_that_was_not_approved_is_refused():
    assert asked().decide(EffectKind.CAPTURE) == "not_approved"


def test_a_token_pays_what_was_asked():
    leg = asked()
    leg.approved(250, token=True)
    assert leg.verdicts[EffectKind.AUTHORISE].evidence == {"amount": 250, "token": True}
