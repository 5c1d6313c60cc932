"""Bytes of serial scanners: golden vectors of the protocol reference, and framing under any cutting."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import integrations.scanner as scanner
from hub.model.states import Method
from hub.testing import load_profile
from integrations.scanner.codec import Code, CodeFramer, Pressed, Reading, Reply, Unreadable, gm65_command

ACK = bytes.fromhex("02 00 00 01 00 33 31")
BAUD = bytes.fromhex("02 00 00 02 39 01 C1 4C")
GM65 = Reading(replies=True)


def frames(stream: bytes, **options: Any) -> list[bytes]:
    framer = CodeFramer(**options)
    return framer.feed(stream) + framer.flush()


def codes(stream: bytes, reading: Reading = GM65, **options: Any) -> list[object]:
    read = (reading.read(frame) for frame in frames(stream, **options))
    return [seen for seen in read if seen is not None]


@pytest.mark.parametrize(
    ("command", "golden"),
    [
        (gm65_command(7, 0x002A, b"\x02", count=1), "7E 00 07 01 00 2A 02 D8 0F"),
        (gm65_command(8, 0x002A, b"\x39\x01"), "7E 00 08 02 00 2A 39 01 A7 EA"),
        (gm65_command(9, 0x0000, b"\x00", count=1), "7E 00 09 01 00 00 00 DE C8"),
        (gm65_command(8, 0x0002, b"\x01"), "7E 00 08 01 00 02 01 02 DA"),
        (gm65_command(8, 0x0002, b"\x00"), "7E 00 08 01 00 02 00 12 FB"),
    ],
)
def test_gm65_commands_match_the_reference(command: bytes, golden: str) -> None:
    assert command == bytes.fromhex(golden)


def test_the_gm65_profile_triggers_with_the_reference_bytes() -> None:
    commands = load_profile(scanner, "gm65")["commands"]
    assert bytes.fromhex(commands["start"]) == gm65_command(8, 2, b"\x01")
    assert bytes.fromhex(commands["stop"]) == gm65_command(8, 2, b"\x00")


def test_every_profile_fits_its_schema() -> None:
    from hub.plugins import Integrations

    loaded = Integrations.load(entry_points=False)
    assert loaded.profile_names("scanner") == [
        "generic", "gm65", "honeywell", "keypad_single", "keypad_terminal",
    ]
    for name in loaded.profile_names("scanner"):
        assert loaded.profile("scanner", name)["name"]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b""])
def test_a_code_ends_by_cr_lf_both_or_silence(end: bytes) -> None:
    assert codes(b"HH1.abc" + end) == [Code("HH1.abc", Method.QR)]


def test_with_suffix_idle_a_code_may_hold_line_ends() -> None:
    assert codes(b"first\r\nsecond", Reading(ends=b""), ends=b"") == [Code("first\r\nsecond", Method.QR)]


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("]Q1https://hub.example/c/ä€", Code("https://hub.example/c/ä€", Method.QR, "]Q1")),
        ("]C1011234\x1d21serial", Code("011234\x1d21serial", Method.BARCODE, "]C1")),
        ("]E04006381333931", Code("4006381333931", Method.BARCODE, "]E0")),
        ("]d2\x1d0104", Code("\x1d0104", Method.BARCODE, "]d2")),
        ("]not an identifier", Code("]not an identifier", Method.QR)),
        ("no identifier", Code("no identifier", Method.QR)),
    ],
)
def test_aim_identifiers_tell_the_symbology_and_gs_stays(sent: str, seen: Code) -> None:
    assert codes(sent.encode() + b"\r") == [seen]


@pytest.mark.parametrize("bad", [b"\xff\xfe\xfa\r", b"ab\x00cd\r", b"\x7f\r", b"\xc3\r"])
def test_what_is_no_text_is_unreadable_and_the_next_code_is_read(bad: bytes) -> None:
    seen = codes(bad + b"good\r")
    assert isinstance(seen[0], Unreadable)
    assert seen[1:] == [Code("good", Method.QR)]


@pytest.mark.parametrize("length", [21, 22, 500])
def test_over_long_input_is_one_unreadable_and_the_next_code_is_read(length: int) -> None:
    seen = codes(b"x" * length + b"\rgood\r", Reading(longest=20), longest=20)
    assert [type(s) for s in seen] == [Unreadable, Code]


def test_the_longest_code_is_still_read() -> None:
    assert codes(b"x" * 20 + b"\r", Reading(longest=20), longest=20) == [Code("x" * 20, Method.QR)]


def test_a_reply_glued_to_a_code_is_taken_off_by_its_frame() -> None:
    assert codes(ACK + b"CODE\r") == [Reply(b"\x00"), Code("CODE", Method.QR)]
    assert codes(BAUD + ACK + b"CODE\r") == [Reply(b"\x39\x01"), Reply(b"\x00"), Code("CODE", Method.QR)]


def test_a_text_that_begins_like_a_reply_is_no_reply() -> None:
    wrong = ACK[:-1] + b"\x00"
    assert frames(wrong + b"CODE\r") == [wrong + b"CODE\r"]
    assert frames(b"\x02\x00CODE\r") == [b"\x02\x00CODE\r"]
    assert frames(b"\x02\x00\x00\rCODE") == [b"\x02\x00\x00\r", b"CODE"]


@pytest.mark.parametrize(
    ("keys", "frame", "seen"),
    [
        ("prefix", b"K:4\r", Pressed("4")),
        ("prefix", b"K:12#\r", Pressed("12#")),
        ("prefix", b"K:yes\r", Code("K:yes", Method.QR)),
        ("prefix", b"4\r", Code("4", Method.QR)),
        ("single", b"4\r", Pressed("4")),
        ("single", b"44\r", Code("44", Method.QR)),
        ("none", b"K:4\r", Code("K:4", Method.QR)),
    ],
)
def test_keys_are_told_from_codes_by_the_profile(keys: str, frame: bytes, seen: object) -> None:
    assert codes(frame, Reading(keys=keys)) == [seen]


pieces = st.lists(
    st.one_of(
        st.binary(max_size=12), st.just(ACK), st.just(BAUD), st.just(b"CODE\r"), st.just(b"\x02\x00\x00\x20"),
        st.text(max_size=12).map(lambda t: t.encode() + b"\r\n"),
    ),
    max_size=8,
)


@given(pieces, st.lists(st.integers(0, 200), max_size=12))
def test_any_cutting_of_the_stream_gives_the_same_frames(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    framer = CodeFramer(longest=30)
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    cut_up = [f for a, b in pairwise(places) for f in framer.feed(stream[a:b])]
    assert cut_up + framer.flush() == frames(stream, longest=30)


@given(pieces)
def test_no_byte_of_the_stream_is_lost_below_the_limit(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    assert b"".join(frames(stream)) == stream


@given(st.binary(max_size=300))
def test_garbage_gives_facts_but_never_an_error(garbage: bytes) -> None:
    for reading in (GM65, Reading(longest=20, keys="prefix"), Reading(keys="single", replies=False)):
        for seen in codes(garbage, reading, longest=20):
            assert isinstance(seen, Code | Pressed | Reply | Unreadable)
