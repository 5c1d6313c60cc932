"""Messages: what they say, when they are sent, and what is left of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import desk
from hub.desk import TEMPLATES, MissingField, Template, TemplateError

FIELDS = {
    "site": "Berlin Hbf", "name": "Anna", "location": "Locker bank main",
    "until_time": "Mon 23 Nov 2026, 14:05", "rules": "Bring your PIN.", "items": "1 x Parcel",
}


def queue(ledger: Any, now: int, template: str = "ready_for_pickup", **more: Any) -> str:
    wish = {"handover_id": "H1", "person_ref": "P1", "pin": "493817", "code": "HH1:SECRET", **more}
    id_: str = ledger.do(desk.queue_message, template, FIELDS, now, **wish)
    return id_


@pytest.mark.req("MS-01")
def test_a_queued_message_is_due_with_its_text_and_codes(ledger: Any, now: int) -> None:
    id_ = queue(ledger, now)
    (message,) = ledger.read(desk.due_messages, now)
    assert (message.message_id, message.person_ref, message.handover_id) == (id_, "P1", "H1")
    assert (message.pin, message.code) == ("493817", "HH1:SECRET")
    assert message.subject == "Berlin Hbf: ready for you to collect"
    assert "PIN: 493817" in message.text
    assert ledger.read(desk.outgoing, id_) == message


@pytest.mark.req("MS-02")
@pytest.mark.parametrize("missing", ["location", "until_time", "rules", "site"])
def test_a_message_states_timing_location_and_rules_or_is_not_written(
    ledger: Any, now: int, missing: str
) -> None:
    fields = {name: value for name, value in FIELDS.items() if name != missing}
    with pytest.raises(MissingField, match=missing) as caught:
        ledger.do(desk.queue_message, "ready_for_pickup", fields, now, person_ref="P1")
    assert caught.value.reason == "missing_field"
    assert ledger.read(desk.messages) == []


def test_no_text_of_a_message_is_readable_in_the_database(ledger: Any, now: int) -> None:
    queue(ledger, now)
    stored = repr(ledger.rows("SELECT * FROM message") + ledger.events())
    assert not [text for text in ("493817", "HH1:SECRET", "Anna", "Parcel") if text in stored]


@pytest.mark.parametrize("end", ["delivered", "failed", "expired", "withdrawn", "forgotten"])
def test_the_text_is_destroyed_when_a_message_is_over(ledger: Any, now: int, end: str) -> None:
    id_ = queue(ledger, now, expires=now + 100)
    {
        "delivered": lambda: ledger.do(desk.mark_delivered, id_, now),
        "failed": lambda: ledger.do(desk.mark_failed, id_, "no such number", None, now),
        "expired": lambda: ledger.do(desk.expire_messages, now + 100),
        "withdrawn": lambda: ledger.do(desk.withdraw_messages, "H1", now),
        "forgotten": lambda: ledger.do(desk.withdraw_for_person, "P1", now),
    }[end]()
    assert ledger.rows("SELECT sealed FROM message") == [(None,)]
    (row,) = ledger.read(desk.messages)
    assert row.state == {"delivered": "delivered", "failed": "failed"}.get(end, "expired")
    assert ledger.read(desk.due_messages, now) == []
    with pytest.raises(desk.NoMessage):
        ledger.read(desk.outgoing, id_)


def test_a_failed_attempt_is_repeated_when_it_says(ledger: Any, now: int) -> None:
    id_ = queue(ledger, now)
    assert ledger.do(desk.mark_failed, id_, "busy", now + 60, now) is True
    assert ledger.read(desk.due_messages, now + 59) == []
    assert ledger.read(desk.next_due) == now + 60
    (message,) = ledger.read(desk.due_messages, now + 60)
    assert message.attempts == 1
    assert ledger.events("message.failed")[0][2] == {"attempts": 1, "error": "busy", "final": False}


def test_a_message_ends_once(ledger: Any, now: int) -> None:
    id_ = queue(ledger, now)
    assert ledger.do(desk.mark_delivered, id_, now) is True
    assert ledger.do(desk.mark_delivered, id_, now) is False
    assert ledger.do(desk.mark_failed, id_, "late", None, now) is False
    assert len(ledger.events("message.delivered")) == 1


def test_a_message_out_of_date_is_not_sent(ledger: Any, now: int) -> None:
    queue(ledger, now, expires=now + 100)
    assert len(ledger.read(desk.due_messages, now + 99)) == 1
    assert ledger.read(desk.due_messages, now + 100) == []


def test_messages_are_due_in_the_order_in_which_they_wait(ledger: Any, now: int) -> None:
    ids = [queue(ledger, now + i, person_ref=f"P{i}") for i in (2, 1, 3)]
    due = [message.message_id for message in ledger.read(desk.due_messages, now + 9, 2)]
    assert due == [ids[1], ids[0]]


def test_a_message_to_the_staff_is_not_withdrawn_with_the_handover(ledger: Any, now: int) -> None:
    fields = {"site": "Berlin", "what": "Door stuck", "location": "main/A1", "handover": "H1"}
    ledger.do(desk.queue_message, "staff_attention", fields, now, handover_id="H1", role="staff")
    assert ledger.do(desk.withdraw_messages, "H1", now) == 0
    (message,) = ledger.read(desk.due_messages, now)
    assert (message.role, message.person_ref) == ("staff", None)
    assert message.text.splitlines()[0] == "Door stuck"


def test_a_message_goes_to_a_person_or_to_a_role(ledger: Any, now: int) -> None:
    for to in ({}, {"person_ref": "P1", "role": "staff"}):
        with pytest.raises(ValueError, match="a person or to a role"):
            ledger.do(desk.queue_message, "receipt", FIELDS, now, **to)


def test_an_unknown_template_is_a_failed_step(ledger: Any, now: int) -> None:
    with pytest.raises(MissingField) as caught:
        queue(ledger, now, "no_such")
    assert caught.value.reason == "unknown_template"


# Templates


def test_a_line_without_its_value_is_left_out() -> None:
    text = desk.render("ready_for_pickup", {**FIELDS, "name": "", "pin": None}).text
    assert "PIN:" not in text
    assert "Hello" not in text
    assert "Until: Mon 23 Nov 2026, 14:05" in text


@pytest.mark.req("MS-02")
@pytest.mark.parametrize("name", ["ready_for_pickup", "reminder", "expired"])
def test_what_a_recipient_gets_demands_timing_location_and_rules(name: str) -> None:
    assert {"location", "until_time", "rules"} <= TEMPLATES[name].required


@given(st.text(max_size=40))
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    text = Template("s", ("{a}|{b}",)).render({"a": "{b}", "b": value + "."}).text
    assert text == "{b}|" + value + "."


@pytest.mark.parametrize("line", ["{a.b}", "{a[0]}", "{}", "{0}", "{a!r}", "{a:>9}", "{a", "{a:{b}}"])
def test_a_field_is_a_plain_name(line: str) -> None:
    with pytest.raises(TemplateError):
        Template("s", (line,))


def test_a_required_field_must_be_used() -> None:
    with pytest.raises(TemplateError, match="rules"):
        Template("s", ("{a}",), required=("rules",))


@pytest.mark.parametrize(("micros", "text"), [
    (1_774_745_999_000_000, "Sun 29 Mar 2026, 01:59"),  # the last second before summer time
    (1_774_746_000_000_000, "Sun 29 Mar 2026, 03:00"),
    (1_792_889_999_999_999, "Sun 25 Oct 2026, 02:59"),
    (1_792_890_000_000_000, "Sun 25 Oct 2026, 02:00"),
])
def test_times_are_the_sites_local_times(micros: int, text: str) -> None:
    assert desk.local_time(micros, "Europe/Berlin") == text


def test_the_queue_is_read_by_index(ledger: Any, now: int) -> None:
    plans = ledger.plans(desk.due_messages, now) + ledger.plans(desk.withdraw_messages, "H1", now)
    assert "message_due" in plans[0]
    assert "message_handover" in plans[1]
    assert not [plan for plan in plans if plan.startswith("SCAN")]
