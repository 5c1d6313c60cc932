"""Rights by party, rights that a group shares, codes that exist already, and uses drawn within a visit."""

from __future__ import annotations

from typing import Any

import pytest

from hub import access
from hub.access import Accepted, CodeTaken, Denied, GrantSpent, PersonSpec

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


@pytest.fixture
def issue(ledger: Any, now: int) -> Any:
    def make(handover: str = "H1", methods: Any = ("pin", "tag"), kind: str = "single", uses: int = 1,
             **more: Any) -> Any:
        return ledger.do(
            access.issue, handover, None, methods, kind, now, now + HOUR, uses, now, **more
        )

    return make


@pytest.fixture
def people(ledger: Any, now: int) -> None:
    ledger.do(access.sync_people, [
        PersonSpec("cora", ("staff",), ("aabbccdd",), "4711", {"name": "Cora"}, ("couriers",)),
        PersonSpec("carl", (), ("bbccddee",), None, {"name": "Carl"}, ("couriers", "drivers")),
        PersonSpec("vera", (), ("ccddeeff",), "4712", {"name": "Vera"}, ("drivers_abroad",)),
    ], now)


@pytest.mark.usefixtures("people")
def test_everybody_of_a_group_opens_with_an_own_tag_or_pin(ledger: Any, now: int, issue: Any) -> None:
    issued = issue(party="group:couriers", members="group:couriers")
    assert issued.pin is None
    for method, text in (("tag", "aabbccdd"), ("pin", "4711"), ("tag", "bbccddee")):
        answer = ledger.do(access.present, method, text, "front", now)
        assert isinstance(answer, Accepted), (method, text)
        assert answer.candidates[0].party == "group:couriers"
        assert answer.person is not None
        assert answer.candidates[0].person_ref == answer.person.ref
    assert isinstance(ledger.do(access.present, "tag", "ccddeeff", "front", now), Denied)


@pytest.mark.usefixtures("people")
def test_a_right_of_the_staff_opens_to_the_role_and_to_nobody_else(ledger: Any, now: int, issue: Any) -> None:
    issue(methods=("tag",), party="staff", members="role:staff")
    assert isinstance(ledger.do(access.present, "tag", "aabbccdd", "front", now), Accepted)
    assert isinstance(ledger.do(access.present, "pin", "4711", "front", now), Denied)
    assert isinstance(ledger.do(access.present, "tag", "bbccddee", "front", now), Denied)


@pytest.mark.usefixtures("people")
def test_a_group_lists_its_people_and_loses_who_left(ledger: Any, now: int) -> None:
    assert len(ledger.do(access.people_of_group, "couriers")) == 2
    assert len(ledger.do(access.people_of_group, "drivers")) == 1
    ledger.do(access.sync_people, [PersonSpec("cora", groups=("couriers",))], now)
    assert len(ledger.do(access.people_of_group, "couriers")) == 1
    assert ledger.do(access.people_of_group, "drivers") == []


def test_revoking_and_extending_one_party_leaves_the_other_alone(ledger: Any, now: int, issue: Any) -> None:
    recipient, depositor = issue(methods=("pin",)), issue(methods=("pin",), party="depositor")
    assert ledger.do(access.extend, "H1", now + 2 * HOUR, now, party="depositor") == 1
    assert ledger.do(access.revoke, "H1", now, party="recipient") == 1
    found = {grant.id: grant for grant in ledger.do(access.grants_of, "H1")}
    assert found[recipient.grant_id].closed
    assert not found[depositor.grant_id].closed
    assert found[depositor.grant_id].valid_until == now + 2 * HOUR
    assert found[depositor.grant_id].party == "depositor"


def test_a_code_on_the_goods_opens_instead_of_a_fresh_one(ledger: Any, now: int, issue: Any) -> None:
    issued = issue(methods=("barcode",), code="PARCEL 4242")
    assert issued.qr_text == "PARCEL 4242"
    answer = ledger.do(access.present, "barcode", "PARCEL 4242", "front", now)
    assert isinstance(answer, Accepted)
    assert answer.grant_id == issued.grant_id


def test_one_code_opens_no_two_handovers_but_may_serve_two_parties_of_one(
    ledger: Any, now: int, issue: Any
) -> None:
    issue(methods=("barcode",), code="4242")
    issue(methods=("barcode",), code="4242", party="depositor")
    with pytest.raises(CodeTaken):
        issue("H2", ("barcode",), code="4242")
    answer = ledger.do(access.present, "barcode", "4242", "front", now)
    assert isinstance(answer, Accepted)
    assert {one.party for one in answer.candidates} == {"recipient", "depositor"}
    ledger.do(access.revoke, "H1", now)
    assert issue("H2", ("barcode",), code="4242").qr_text == "4242"


def test_a_code_is_not_given_away_while_any_party_still_opens_with_it(
    ledger: Any, now: int, issue: Any
) -> None:
    issue(methods=("barcode",), code="4242")
    issue(methods=("barcode",), code="4242", party="depositor")
    ledger.do(access.revoke, "H1", now, party="recipient")
    with pytest.raises(CodeTaken):
        issue("H2", ("barcode",), code="4242")
    issue(methods=("barcode",), code="4242")  # the handover itself may give it out again
    answer = ledger.do(access.present, "barcode", "4242", "front", now)
    assert isinstance(answer, Accepted)
    assert {one.handover_id for one in answer.candidates} == {"H1"}


def test_further_uses_are_drawn_within_the_visit_and_never_beyond_what_the_grant_has(
    ledger: Any, now: int, issue: Any
) -> None:
    grant = issue(methods=("pin",), kind="counted", uses=2).grant_id
    with pytest.raises(GrantSpent):  # nobody has presented it yet
        ledger.do(access.draw, grant, now, 10 * MINUTE)
    ledger.do(access.use, grant, now)
    with pytest.raises(GrantSpent):
        ledger.do(access.draw, grant, now + 11 * MINUTE, 10 * MINUTE)
    assert ledger.do(access.draw, grant, now + 9 * MINUTE, 10 * MINUTE)
    with pytest.raises(GrantSpent):
        ledger.do(access.draw, grant, now + 9 * MINUTE, 10 * MINUTE)


def test_what_is_lent_for_a_visit_ends_with_it(ledger: Any, now: int) -> None:
    grant = ledger.do(access.lend, "H1", "P1", now + 10 * MINUTE, now)
    first = ledger.do(access.draw, grant, now, 10 * MINUTE, session=True)
    second = ledger.do(access.draw, grant, now + MINUTE, 10 * MINUTE, session=True)
    assert first != second
    with pytest.raises(GrantSpent):
        ledger.do(access.draw, grant, now + 10 * MINUTE, 11 * MINUTE, session=True)


def test_a_single_use_is_not_drawn_as_if_it_were_a_session(ledger: Any, now: int, issue: Any) -> None:
    grant = issue(methods=("pin",), kind="counted", uses=3).grant_id
    ledger.do(access.use, grant, now)
    with pytest.raises(GrantSpent):
        ledger.do(access.draw, grant, now, 10 * MINUTE, session=True)


def test_the_hub_knows_which_texts_it_has_seen(ledger: Any, issue: Any) -> None:
    issue(methods=("barcode",), code="4242")
    assert ledger.do(access.knows, "barcode", "4242")
    assert not ledger.do(access.knows, "barcode", "4243")
