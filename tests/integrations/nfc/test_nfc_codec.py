"""UIDs in tags' answers, and the endpoints that are accepted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.nfc.codec import TECHNOLOGIES, BadAnswer, check_endpoint, uid_of


@pytest.mark.parametrize(
    ("technology", "answer", "uid"),
    [
        ("106A", "08796BEB", "08796beb"),
        ("106A", "5F112233445566", "5f112233445566"),
        ("106A", "5F112233445566778899", "5f112233445566778899"),
        ("106B", "50E8253EEC00000011008185", "e8253eec"),
        ("212F", "0101FE1444EFB88FD50000000000000000", "01fe1444efb88fd5"),
    ],
)
def test_the_uid_stands_where_the_standards_put_it(technology: str, answer: str, uid: str) -> None:
    assert uid_of(technology, bytes.fromhex(answer)) == uid


@given(st.sampled_from(TECHNOLOGIES), st.binary(max_size=24))
def test_any_other_answer_is_a_bad_answer(technology: str, answer: bytes) -> None:
    try:
        uid = uid_of(technology, answer)
    except BadAnswer:
        return
    assert bytes.fromhex(uid) in answer


@pytest.mark.parametrize(
    "good", ["usb:072f:2200", "usb:001:023", "usb", "tty:USB0:pn532", "udp:127.0.0.1:54321"]
)
def test_readers_on_usb_serial_and_this_machine_are_accepted(good: str) -> None:
    assert check_endpoint(good) == good


@pytest.mark.parametrize(
    "bad", ["", "usb:zz", "folder:/x", "udp:0.0.0.0:54321", "udp:192.168.0.9:54321", "udp:x"]
)
def test_everything_else_is_refused_with_what_to_write(bad: str) -> None:
    with pytest.raises(ValueError, match="write"):
        check_endpoint(bad)
