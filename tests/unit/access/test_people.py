"""People: sealed details, the site's own people, their tags and PINs."""

from __future__ import annotations

from typing import Any

import pytest

from hub import access
from hub.access import Accepted, Denied, NoPerson, PersonSpec

HOUR = 3600 * 1_000_000
ANNA = {"name": "Anna Example", "phone": "+49 30 1234", "email": "anna@example.org"}


def everything(ledger: Any) -> str:
    """Every stored value that a thief of the database would see."""
    tables = [row[0] for row in ledger.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return "".join(repr(ledger.rows(f'SELECT * FROM "{table}"')) for table in tables)


def test_a_recipients_details_are_read_back_by_reference_only(ledger: Any, now: int) -> None:
    ref = ledger.do(access.remember_recipient, {**ANNA, "ref": "C-17"}, now)
    assert ledger.read(access.contact, ref) == {**ANNA, "ref": "C-17"}
    stored = everything(ledger)
    assert not [value for value in (*ANNA.values(), "C-17") if value in stored]


def test_the_same_ref_is_the_same_person_with_the_newer_details(ledger: Any, now: int) -> None:
    first = ledger.do(access.remember_recipient, {**ANNA, "ref": "C-17"}, now)
    assert ledger.do(access.remember_recipient, {"ref": "C-17"}, now) == first
    assert ledger.read(access.contact, first)["name"] == "Anna Example"
    assert ledger.do(access.remember_recipient, {"ref": "C-17", "phone": "1"}, now) == first
    assert ledger.read(access.contact, first) == {"ref": "C-17", "phone": "1"}


def test_without_a_ref_every_recipient_is_another_person(ledger: Any, now: int) -> None:
    refs = {ledger.do(access.remember_recipient, ANNA, now) for _ in range(3)}
    assert len(refs) == 3


def test_a_forgotten_person_is_gone_but_for_the_reference(ledger: Any, now: int) -> None:
    ref = ledger.do(access.remember_recipient, {**ANNA, "ref": "C-17"}, now)
    ledger.do(access.forget, ref)
    with pytest.raises(NoPerson):
        ledger.read(access.contact, ref)
    assert ledger.do(access.remember_recipient, {"ref": "C-17"}, now) != ref


@pytest.fixture
def staff(ledger: Any, now: int) -> list[str]:
    """Two people of the site; what `sync_people` answered."""
    people = [
        PersonSpec("ben", ("staff",), tags=("04:AA:BB:CC",), pin="4711", contact={"name": "Ben"}),
        PersonSpec("cleo", ("supervisor", "staff"), tags=("04ddeeff",)),
    ]
    clashes: list[str] = ledger.do(access.sync_people, people, now)
    return clashes


@pytest.mark.req("ID-03")
def test_a_person_of_the_site_is_known_by_tag_and_pin(ledger: Any, staff: list[str]) -> None:
    ben = ledger.read(access.person_by_tag, "04aabbcc")
    assert ben.roles == {"staff"}
    assert ledger.read(access.person_by_pin, "4711") == ben
    assert ledger.read(access.contact, ben.ref)["name"] == "Ben"
    assert ledger.read(access.person_by_tag, "04ddeeff").roles == {"staff", "supervisor"}
    assert ledger.read(access.person_by_tag, "04000000") is None


def test_a_person_keeps_the_reference_over_restarts(ledger: Any, staff: list[str], now: int) -> None:
    before = ledger.read(access.person_by_tag, "04ddeeff")
    ledger.do(access.sync_people, [PersonSpec("cleo", ("technician",), tags=("04ddeeff",))], now)
    after = ledger.read(access.person_by_tag, "04ddeeff")
    assert (after.ref, after.roles) == (before.ref, {"technician"})


def test_a_person_who_left_opens_and_decides_nothing(ledger: Any, staff: list[str], now: int) -> None:
    ben = ledger.read(access.person_by_tag, "04aabbcc")
    ledger.do(access.sync_people, [], now)
    assert ledger.read(access.person_by_tag, "04aabbcc") is None
    assert ledger.read(access.person_by_pin, "4711") is None
    assert ledger.read(access.identity, ben.ref) is None
    assert ledger.read(access.contact, ben.ref)["name"] == "Ben"


def test_two_people_cannot_share_a_pin_or_a_tag(ledger: Any, staff: list[str], now: int) -> None:
    assert staff == []
    people = [PersonSpec("ben", pin="4711", tags=("aa",)), PersonSpec("dan", pin="4711"),
              PersonSpec("eve", tags=("AA",))]
    assert ledger.do(access.sync_people, people, now) == ["dan", "eve"]
    assert ledger.read(access.person_by_pin, "4711") == ledger.read(access.person_by_tag, "aa")


def test_a_recipients_pin_is_never_a_persons_own(
    ledger: Any, now: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.do(access.sync_people, [PersonSpec("ben", pin="111111")], now)
    drawn = iter(["111111", "222222"])
    monkeypatch.setattr(access.grants, "draw_pin", lambda tx: next(drawn))
    issued = ledger.do(access.issue, "H1", None, ["pin"], "single", now, now + HOUR, 1, now)
    assert issued.pin == "222222"


@pytest.mark.req("ID-02")
def test_a_persons_own_badge_opens_what_waits_for_them(ledger: Any, staff: list[str], now: int) -> None:
    ben = ledger.read(access.person_by_tag, "04aabbcc")
    recipient = ledger.do(access.remember_recipient, {"ref": "ben"}, now)
    assert recipient == ben.ref
    for handover, methods, hours in (("H1", ["tag"], 2), ("H2", ["pin", "tag"], 1), ("H3", ["pin"], 3)):
        ledger.do(access.issue, handover, ben.ref, methods, "single", now, now + hours * HOUR, 1, now)
    answer = ledger.do(access.present, "tag", "04:aa:bb:cc", "front", now)
    assert isinstance(answer, Accepted)
    assert [candidate.handover_id for candidate in answer.candidates] == ["H2", "H1"]
    assert answer.person == ben


@pytest.mark.parametrize(("method", "text"), [("tag", "04aabbcc"), ("pin", "4711")])
def test_a_known_person_with_nothing_to_collect_is_no_failed_attempt(
    ledger: Any, staff: list[str], now: int, method: str, text: str
) -> None:
    for _ in range(9):
        answer = ledger.do(access.present, method, text, "front", now)
        assert isinstance(answer, Denied)
        assert (answer.reason, answer.person.roles) == ("no_grant", {"staff"})
    assert ledger.events("access.denied") == []
