"""The bytes: golden vectors of MDB/ICP 4.2 and of a real capture, and properties over all inputs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.money import Money, MoneyError
from integrations.mdb import codec
from integrations.mdb.codec import CodecError, LineFramer
from integrations.mdb.replies import (
    Approved,
    BeginSession,
    CancelRequest,
    Denied,
    Display,
    EndSession,
    JustReset,
    Malfunction,
    Option,
    Other,
    OutOfSequence,
    PeripheralId,
    ReaderConfig,
    Sizes,
    parse_block,
)

L1, L3, WIDE = Sizes(1), Sizes(3), Sizes(3, wide=True)


@pytest.mark.parametrize(
    ("command", "block"),
    [
        (codec.RESET, "10 10"),
        (codec.POLL, "12 12"),
        (codec.setup_config(3, 16, 2, full_ascii=True), "11 00 03 10 02 01 27"),
        (codec.setup_limits(), "11 01 FF FF 00 00 10"),
        (codec.READER_ENABLE, "14 01 15"),
        (codec.READER_DISABLE, "14 00 14"),
        (codec.READER_CANCEL, "14 02 16"),
        (codec.enable_options(int(Option.ALWAYS_IDLE)), "17 04 00 00 00 20 3B"),
        (codec.vend_request(100, 10), "13 00 00 64 00 0A 81"),
        (codec.vend_success(10), "13 02 00 0A 1F"),
        (codec.VEND_FAILURE, "13 03 16"),
        (codec.SESSION_COMPLETE, "13 04 17"),
    ],
)
def test_commands_are_the_golden_blocks(command, block):
    assert codec.with_checksum(command.at(1)) == bytes.fromhex(block)


@pytest.mark.parametrize(
    ("block", "sizes", "message"),
    [
        ("01 03 19 78 01 02 05 0B A8", L3, ReaderConfig(3, 0x1978, 1, 2, 5, 0x0B)),
        ("03 01 F4 F8", L1, BeginSession(500)),
        ("05 00 64 69", L1, Approved(100)),
        ("06 06", L1, Denied()),
    ],
)
def test_answers_are_the_golden_blocks(block, sizes, message):
    assert parse_block(codec.without_checksum(bytes.fromhex(block)), sizes) == [message]


@pytest.mark.parametrize(
    ("data", "check"),
    [
        ("08", 0x08), ("09", 0x09), ("0A", 0x0A), ("0B", 0x0B), ("0C FF FF FF FF", 0x08), ("0D 12", 0x1F),
        ("34 FF FF FF FF", 0x30), ("35 01", 0x36), ("43 02 01 03", 0x49),
        ("02 00 01 05 02 00 07 01 02 05 14 FF", 0x2C),
    ],
)
def test_the_checksum_is_that_of_other_devices_golden_blocks(data, check):
    assert codec.checksum(bytes.fromhex(data)) == check


def test_a_real_capture_is_understood():
    assert parse_block(bytes.fromhex("010317560102 1E00"), L3) == [ReaderConfig(3, 0x1756, 1, 2, 30, 0)]
    assert codec.currency_field(756) == b"\x17\x56"


def test_several_messages_of_one_block_are_read_in_order():
    block = codec.without_checksum(bytes.fromhex("06 0A 07 04 1B"))
    assert parse_block(block, L3) == [Denied(), Malfunction(0, 7), CancelRequest()]


@pytest.mark.parametrize(
    ("data", "sizes", "messages"),
    [
        ("00", L1, [JustReset()]),
        ("07", L1, [EndSession()]),
        ("0B", L1, [OutOfSequence(None)]),
        ("0B 05", L3, [OutOfSequence(5)]),
        ("0A C0", L3, [Malfunction(0xC, 0)]),
        ("03 FFFF FFFFFFFF 00 0000 04", L3, [BeginSession(None), CancelRequest()]),
        ("03 000001F4 00000007 00 0000 454E 1978 02 07", WIDE, [BeginSession(500, 7, 0x1978), EndSession()]),
        ("05 000186A0", WIDE, [Approved(100_000)]),
        ("05 FFFF", L3, [Approved(None)]),
        ("0F 0064 06", L3, [Other(0x0F, b"\x00\x64"), Denied()]),
        ("02 0A 4F 4B", L3, [Display(b"OK")]),
    ],
)
def test_messages_have_the_length_of_level_and_mode(data, sizes, messages):
    assert parse_block(bytes.fromhex(data), sizes) == messages


def test_the_identity_tells_its_options_to_level_3_only():
    data = b"\x09" + b"QBX" + b"123456789012" + b"MODEL-X     " + b"\x01\x02"
    assert parse_block(data, L1) == [PeripheralId("QBX", "123456789012", "MODEL-X", "0102", 0)]
    assert parse_block(data + b"\x00\x00\x00\x26", L3)[0].options == 0x26


@pytest.mark.parametrize("data", ["01 03 19", "05 00", "0A", "03 01", "09 41"])
def test_a_message_cut_short_is_an_error(data):
    with pytest.raises(CodecError):
        parse_block(bytes.fromhex(data), L3)


@pytest.mark.parametrize(
    ("command", "reader", "line"),
    [
        (codec.READER_ENABLE, 1, b"R,14,01\r\n"),
        (codec.POLL, 1, b"R,12\r\n"),
        (codec.POLL, 2, b"R,62\r\n"),
        (codec.vend_request(100_000, 10, wide=True), 1, b"R,13,00000186A0000A\r\n"),
        (codec.setup_limits(wide=True, currency=978), 2, b"R,61,01FFFFFFFF000000001978\r\n"),
    ],
)
def test_requests_are_lines_of_the_adapter(command, reader, line):
    assert codec.request_line(command, reader) == line


@pytest.mark.parametrize(
    ("line", "answer"),
    [(b"p,ACK", b""), (b"p,NACK", None), (b"p,0500FA", b"\x05\x00\xfa"), (b"p,05 00", b"\x05\x00")],
)
def test_answers_are_lines_of_the_adapter(line, answer):
    assert codec.parse_answer(line) == answer


def test_a_checksum_that_the_adapter_hands_on_is_checked():
    assert codec.parse_answer(b"p,05006469", checked=True) == b"\x05\x00\x64"
    with pytest.raises(CodecError):
        codec.parse_answer(b"p,05006468", checked=True)


@pytest.mark.parametrize("line", [b"p,", b"p,1", b"p,XY", b"m,ACK", b"p,\xff", b"p," + b"00" * 40])
def test_anything_else_is_no_answer(line):
    with pytest.raises(CodecError):
        codec.parse_answer(line)


@pytest.mark.parametrize("price", [-1, 0x10000])
def test_a_price_that_does_not_fit_is_an_error(price):
    with pytest.raises(CodecError):
        codec.vend_request(price, 1)


@given(st.binary(min_size=1, max_size=35))
def test_any_block_survives_its_checksum(data):
    assert codec.without_checksum(codec.with_checksum(data)) == data


@given(st.binary(min_size=1, max_size=35), st.integers(0, 35), st.integers(1, 255))
def test_any_single_changed_byte_is_noticed(data, at, change):
    block = bytearray(codec.with_checksum(data))
    block[at % len(block)] ^= change
    with pytest.raises(CodecError):
        codec.without_checksum(bytes(block))


@given(st.binary(max_size=40), st.sampled_from([L1, Sizes(2), L3, WIDE]))
def test_any_block_is_read_to_its_end_or_refused(data, sizes):
    try:
        messages = parse_block(data, sizes)
    except CodecError:
        return
    assert bool(messages) == bool(data)


@given(st.binary(max_size=80))
def test_any_line_is_an_answer_or_refused(line):
    try:
        codec.parse_answer(line)
    except CodecError:
        return


_LINES = st.lists(st.from_regex(rb"[ -~]{1,40}", fullmatch=True), max_size=12)


@given(_LINES, st.sampled_from([b"\r", b"\n", b"\r\n"]), st.lists(st.integers(1, 9), min_size=1))
def test_lines_come_out_as_they_went_in_however_they_are_cut(lines, end, cuts):
    data = b"".join(line + end for line in lines)
    framer, out, at, turn = LineFramer(), [], 0, 0
    while at < len(data):
        size = cuts[turn % len(cuts)]
        out += framer.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    assert out == lines


@given(st.binary(max_size=600), _LINES)
def test_garbage_never_costs_more_than_the_line_it_stands_in(garbage, lines):
    framer = LineFramer()
    framer.feed(garbage)
    assert framer.feed(b"\n" + b"".join(line + b"\n" for line in lines))[-len(lines) or 99 :] == lines


def test_an_over_long_line_is_dropped_whole():
    framer = LineFramer()
    assert framer.feed(b"x" * 10_000 + b"\np,ACK\n") == [b"p,ACK"]


@given(st.integers(0, 65_534), st.integers(1, 255), st.integers(0, 4))
def test_money_scaled_both_ways_is_the_same_or_an_error(units, scale, decimals):
    try:
        money = Money.from_scaled(units, scale, decimals, "EUR")
    except MoneyError:
        return
    assert money.to_scaled(scale, decimals) == units
