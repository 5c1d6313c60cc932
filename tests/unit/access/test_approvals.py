"""Requests for approval: four eyes, different people, one end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import access
from hub.access import ApprovalOver, ApprovalState, NoApproval, NotYours

SECOND = 1_000_000
MINUTE = 60 * SECOND
PEOPLE = ["ANNA", "BEN", "CLEO", "DORA", "ELI"]


@pytest.fixture
def ask(ledger: Any, now: int) -> Any:
    """Asks a supervisor; `ask(count=2, barred=["P1"])`."""

    def asks(**more: Any) -> Any:
        return ledger.do(access.ask_approval, "supervisor", "ANNA", now, **more)

    return asks


@pytest.fixture
def answer(ledger: Any, now: int) -> Any:
    """`answer(request, who, given)`; after `later` microseconds."""

    def answers(request: Any, who: str, given: bool = True, *, later: int = SECOND) -> Any:
        return ledger.do(access.answer_approval, request.id, who, given, "because", now + later)

    return answers


@pytest.mark.req("OV-04", "RO-02")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    wanted=st.integers(1, 3),
    said=st.lists(st.tuples(st.sampled_from(PEOPLE), st.booleans()), max_size=8),
)
def test_it_takes_as_many_different_others_as_are_wanted_and_one_denial_ends_it(
    ask: Any, answer: Any, ledger: Any, wanted: int, said: list[tuple[str, bool]]
) -> None:
    request = ask(count=wanted, barred=["BEN"])
    agreed: set[str] = set()
    state = ApprovalState.OPEN
    for who, agrees in said:
        may = state is ApprovalState.OPEN and who not in {"ANNA", "BEN"} | agreed
        if not may:
            with pytest.raises((NotYours, ApprovalOver)):
                answer(request, who, agrees)
            continue
        agreed |= {who} if agrees else set()
        state = (
            ApprovalState.DENIED if not agrees
            else ApprovalState.GIVEN if len(agreed) == wanted else ApprovalState.OPEN
        )
        assert answer(request, who, agrees).state is state
    found = ledger.read(access.approval, request.id)
    assert (found.state, set(found.given_by)) == (state, agreed)


def test_the_record_holds_who_asked_who_answered_and_what_came_of_it(
    ask: Any, answer: Any, ledger: Any
) -> None:
    request = ask(handover_id="H1", verb="handover.open", target="H1", about="lost the phone")
    answer(request, "BEN")
    events = [(kind, body) for stream, kind, body in ledger.events() if stream == "handover/H1"]
    assert [kind for kind, _ in events] == ["approval.asked", "approval.answered", "approval.settled"]
    assert (events[0][1]["who"], events[1][1]["who"], events[2][1]["by"]) == ("ANNA", "BEN", ["BEN"])


def test_a_request_ends_at_its_time(ask: Any, answer: Any, ledger: Any, now: int) -> None:
    request = ask(expires=now + 10 * MINUTE)
    with pytest.raises(ApprovalOver):
        answer(request, "BEN", later=10 * MINUTE)


def test_the_next_end_is_known_and_ends_what_is_due(ask: Any, ledger: Any, now: int) -> None:
    early, late = ask(expires=now + MINUTE), ask(expires=now + 2 * MINUTE)
    assert ledger.read(access.next_expiry) == now + MINUTE
    assert ledger.do(access.expire_approvals, now + MINUTE) == 1
    states = [ledger.read(access.approval, request.id).state for request in (early, late)]
    assert states == [ApprovalState.EXPIRED, ApprovalState.OPEN]


def test_the_same_command_is_asked_once_and_another_reason_takes_its_place(ask: Any, ledger: Any) -> None:
    first = ask(verb="handover.open", target="H1", body={"why": "a"})
    assert ask(verb="handover.open", target="H1", body={"why": "a"}).id == first.id
    other = ask(verb="handover.open", target="H1", body={"why": "b"})
    assert ledger.read(access.approval, first.id).state is ApprovalState.WITHDRAWN
    assert other.open


def test_a_step_asks_anew_each_time(ask: Any) -> None:
    assert ask(about="x").id != ask(about="x").id


def test_withdrawn_requests_are_answered_no_more(ask: Any, answer: Any, ledger: Any, now: int) -> None:
    request = ask(handover_id="H1")
    ledger.do(access.withdraw_approvals_of, "H1", now)
    with pytest.raises(ApprovalOver):
        answer(request, "BEN")
    assert ledger.read(access.open_approvals_of, "H1") == []


def test_an_unknown_request_is_said_to_be_unknown(ledger: Any) -> None:
    with pytest.raises(NoApproval):
        ledger.read(access.approval, "nobody")


def test_the_open_ones_of_a_handover_are_found_by_index(ask: Any, ledger: Any) -> None:
    ask(handover_id="H1")
    [plan, *_] = ledger.plans(access.open_approvals_of, "H1")
    assert "approval_open" in plan


@pytest.mark.parametrize("end", ["given", "denied", "withdrawn", "expired"])
def test_what_the_command_said_is_kept_no_longer_than_it_is_waited_for(
    ask: Any, answer: Any, ledger: Any, now: int, end: str
) -> None:
    said = {"contact": {"email": "ada@example.org"}}
    request = ask(verb="handover.provide", target="H1", body=said, expires=now + 10 * MINUTE)
    if end == "withdrawn":
        ledger.do(access.withdraw_approval, request.id, now)
    elif end == "expired":
        ledger.do(access.expire_approvals, now + 10 * MINUTE)
    else:
        assert answer(request, "CLEO", end == "given").body == said  # what is done now
    found = ledger.do(access.approval, request.id)
    assert found.state.value == end
    assert found.body == {}
