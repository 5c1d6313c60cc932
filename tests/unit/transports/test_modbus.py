"""The Modbus master on real wires, against scripted bytes and independent slaves."""

import asyncio
import contextlib
import itertools

import modbus_tk.defines as tk
import pytest
from hypothesis import given
from hypothesis import strategies as st
from modbus_tk import modbus_tcp
from pyModbusTCP.server import DataBank, ModbusServer

from hub.api import BadFrame, LineTimeout, ModbusRefusal, Priority
from hub.transports.modbus_frames import MbapFramer, RtuFramer

OPEN_FOR_700_MS = bytes.fromhex("0105020000078DB0")
READ_8_INPUTS = bytes.fromhex("010200000008 79CC")


class Bench:
    """A master on a pty whose far side a test scripts."""

    def __init__(self, peer, wire, unit):
        self.peer, self.wire, self.unit = peer, wire, unit


@pytest.fixture
async def bench(pty, lines_to, scripted, until_up):
    wire = scripted()
    pty.attach(wire)
    unit = lines_to(bus1=pty.url).modbus("bus1").unit(1)
    await until_up(unit)
    return Bench(pty, wire, unit)


def crc(frame: bytes) -> bytes:
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return frame + value.to_bytes(2, "little")


async def test_a_board_timed_pulse_leaves_as_the_golden_bytes_and_accepts_their_echo(bench, soon):
    pulse = asyncio.create_task(bench.unit.write_coil(0x0200, 7, deadline=soon(5)))
    assert await bench.wire.until(8) == OPEN_FOR_700_MS
    bench.wire.send(OPEN_FOR_700_MS)
    await pulse


@pytest.mark.parametrize(("call", "request_hex", "answer_hex", "result"), [
    (lambda u, d: u.read_coils(0, 8, deadline=d), "0101000000083DCC", "01010105", [1, 0, 1, 0, 0, 0, 0, 0]),
    (lambda u, d: u.read_inputs(0, 8, deadline=d), "01020000000879CC", "01020180", [0] * 7 + [1]),
    (lambda u, d: u.read_holding(0x1000, 8, deadline=d), "01031000000840CC", "010310" + "0001" * 8, [1] * 8),
    (
        lambda u, d: u.read_input_registers(1, 2, deadline=d),
        "010400010002200B", "0104040131FF33", [305, 0xFF33],
    ),
    (lambda u, d: u.write_coils(0, [True] * 8, deadline=d), "010F0000000801FFBED5", "010F00000008", None),
    (lambda u, d: u.write_register(0x1000, 1, deadline=d), "0106100000014CCA", "010610000001", None),
])
async def test_requests_are_the_documented_frames_and_answers_are_read(
    bench, soon, call, request_hex, answer_hex, result
):
    asked = asyncio.create_task(call(bench.unit, soon(5)))
    frame = bytes.fromhex(request_hex)
    assert await bench.wire.until(len(frame)) == frame
    bench.wire.send(crc(bytes.fromhex(answer_hex)))
    assert await asked == result


async def test_an_exception_is_a_refusal_with_its_code(bench, soon):
    asked = asyncio.create_task(bench.unit.write_coil(0x0200, 7, deadline=soon(5)))
    await bench.wire.until(8)
    bench.wire.send(crc(bytes.fromhex("018503")))
    with pytest.raises(ModbusRefusal) as refusal:
        await asked
    assert (refusal.value.function, refusal.value.code) == (5, 3)


@pytest.mark.parametrize("echo", ["010502010007", "010502000008", "01050200FF00"])
async def test_an_echo_that_differs_is_a_bad_frame(bench, soon, echo):
    asked = asyncio.create_task(bench.unit.write_coil(0x0200, 7, deadline=soon(5)))
    await bench.wire.until(8)
    bench.wire.send(crc(bytes.fromhex(echo)))
    with pytest.raises(BadFrame):
        await asked


async def test_a_wrong_checksum_is_a_bad_frame_and_the_line_goes_on(bench, soon):
    asked = asyncio.create_task(bench.unit.read_inputs(0, 8, deadline=soon(5)))
    await bench.wire.until(8)
    bench.wire.send(bytes.fromhex("010201050000"))
    with pytest.raises(BadFrame, match="checksum"):
        await asked
    again = asyncio.create_task(bench.unit.read_inputs(0, 8, deadline=soon(5)))
    await bench.wire.until(16)
    bench.wire.send(crc(bytes.fromhex("01020101")))
    assert (await again)[0] is True


async def test_noise_before_the_answer_is_skipped(bench, soon):
    asked = asyncio.create_task(bench.unit.read_inputs(0, 8, deadline=soon(5)))
    await bench.wire.until(8)
    bench.wire.send(b"\x00\xff\x00" + crc(bytes.fromhex("01020101")))
    assert (await asked)[0] is True


async def test_half_an_answer_ends_as_sent_without_proof(bench, soon):
    asked = asyncio.create_task(bench.unit.write_coil(0x0200, 7, deadline=soon(0.4)))
    await bench.wire.until(8)
    bench.wire.send(OPEN_FOR_700_MS[:5])
    with pytest.raises((LineTimeout, BadFrame)):
        await asked


@pytest.mark.req("PY-05")
async def test_silence_is_a_timeout_and_one_frame_crossed(bench, soon):
    with pytest.raises(LineTimeout):
        await bench.unit.write_coil(0x0200, 7, deadline=soon(0.2))
    assert await bench.wire.until(8) == OPEN_FOR_700_MS


async def test_a_late_answer_is_drained_and_not_taken_for_the_next_one(bench, soon):
    with pytest.raises(LineTimeout):
        await bench.unit.read_inputs(0, 8, deadline=soon(0.1))
    asked = asyncio.create_task(bench.unit.read_inputs(0, 8, deadline=soon(5)))
    bench.wire.send(crc(bytes.fromhex("010201FF")))
    assert await bench.wire.until(16) == READ_8_INPUTS * 2
    bench.wire.send(crc(bytes.fromhex("01020100")))
    assert await asked == [False] * 8


async def test_an_answer_that_nobody_asked_for_is_drained_too(bench, soon):
    bench.wire.send(crc(bytes.fromhex("010201FF")))
    await asyncio.sleep(0.01)
    asked = asyncio.create_task(bench.unit.read_inputs(0, 8, deadline=soon(5)))
    await bench.wire.until(8)
    bench.wire.send(crc(bytes.fromhex("01020100")))
    assert await asked == [False] * 8


async def test_answers_of_another_unit_function_or_length_are_not_taken(bench, soon):
    asked = asyncio.create_task(bench.unit.read_inputs(0, 8, deadline=soon(5)))
    await bench.wire.until(8)
    for other in ("020201FF", "010101FF", "01020200FF"):
        bench.wire.send(crc(bytes.fromhex(other)))
    bench.wire.send(crc(bytes.fromhex("01020100")))
    assert await asked == [False] * 8


async def test_an_unlock_overtakes_the_polls_of_the_other_units_on_the_bus(
    pty, lines_to, scripted, until_up, soon
):
    wire = scripted()
    pty.attach(wire)
    master = lines_to(bus1=pty.url).modbus("bus1")
    board, climate = master.unit(1), master.unit(9)
    await until_up(board)
    polls = [asyncio.create_task(climate.read_input_registers(1, 2, deadline=soon(10))) for _ in range(3)]
    await wire.until(8)
    unlock = asyncio.create_task(board.write_coil(0x0200, 7, deadline=soon(10)))
    await asyncio.sleep(0)
    wire.send(crc(bytes.fromhex("09040401310222")))
    assert (await wire.until(16))[8:] == OPEN_FOR_700_MS
    wire.send(OPEN_FOR_700_MS)
    await unlock
    for expected in (24, 32):
        await wire.until(expected)
        wire.send(crc(bytes.fromhex("09040401310222")))
    assert await asyncio.gather(*polls) == [[305, 546]] * 3


async def test_a_read_may_be_asked_with_the_priority_of_a_command(bench, soon):
    asked = asyncio.create_task(bench.unit.read_inputs(0, 8, deadline=soon(5), priority=Priority.COMMAND))
    await bench.wire.until(8)
    bench.wire.send(crc(bytes.fromhex("01020101")))
    assert len(await asked) == 8


async def test_a_write_to_all_units_awaits_nobody(pty, lines_to, scripted, until_up, soon):
    wire = scripted()
    pty.attach(wire)
    everyone = lines_to(bus1=pty.url).modbus("bus1").unit(0)
    await until_up(everyone)
    await everyone.write_register(0x4000, 1, deadline=soon(5))
    assert await wire.until(8) == bytes.fromhex("00064000 00015C1B")


async def test_rtu_travels_over_tcp_when_the_url_says_so(tcp, lines_to, scripted, until_up, soon):
    wire = scripted(lambda data, w: w.send(data))
    tcp.attach(wire)
    unit = lines_to(a=tcp.url + "?framing=rtu").modbus("a").unit(1)
    await until_up(unit)
    await unit.write_coil(0x0200, 7, deadline=soon(5))
    assert wire.heard == [OPEN_FOR_700_MS]


async def test_modbus_tcp_answers_are_tied_to_their_request_by_the_transaction_id(
    tcp, lines_to, scripted, until_up, soon
):
    wire = scripted()
    tcp.attach(wire)
    unit = lines_to(a=tcp.url).modbus("a").unit(1)
    await until_up(unit)
    with pytest.raises(LineTimeout):
        await unit.read_inputs(0, 8, deadline=soon(0.1))
    first = await wire.until(12)
    asked = asyncio.create_task(unit.read_inputs(0, 8, deadline=soon(5)))
    second = (await wire.until(24))[12:]
    assert first[:2] != second[:2]
    wire.send(first[:2] + bytes.fromhex("00000004010201FF"))
    wire.send(second[:2] + bytes.fromhex("0000000401020100"))
    assert await asked == [False] * 8


async def test_an_independent_tcp_slave_is_read_and_written(lines_to, until_up, soon, free_port):
    bank = DataBank(d_inputs_size=16, coils_size=16, h_regs_size=16, i_regs_size=16)
    bank.set_discrete_inputs(0, [True, False, True])
    bank.set_input_registers(1, [305, 546])
    server = ModbusServer("127.0.0.1", free_port, no_block=True, data_bank=bank)
    await asyncio.to_thread(server.start)
    try:
        unit = lines_to(a=f"tcp://127.0.0.1:{free_port}").modbus("a").unit(1)
        await until_up(unit)
        assert await unit.read_inputs(0, 3, deadline=soon(5)) == [True, False, True]
        assert await unit.read_input_registers(1, 2, deadline=soon(5)) == [305, 546]
        await unit.write_coil(3, 0xFF00, deadline=soon(5))
        await unit.write_coils(4, [True, True], deadline=soon(5))
        await unit.write_register(2, 77, deadline=soon(5))
        assert await unit.read_coils(3, 3, deadline=soon(5)) == [True] * 3
        assert await unit.read_holding(2, 1, deadline=soon(5)) == [77]
        with pytest.raises(ModbusRefusal):
            await unit.read_inputs(500, 8, deadline=soon(5))
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_second_independent_tcp_slave_agrees(lines_to, until_up, soon, free_port):
    server = modbus_tcp.TcpServer(port=free_port, address="127.0.0.1", timeout_in_sec=1)
    server.add_slave(1).add_block("in", tk.DISCRETE_INPUTS, 0, 16)
    server.get_slave(1).set_values("in", 0, [0, 1, 1, 0])
    await asyncio.to_thread(server.start)
    try:
        unit = lines_to(a=f"tcp://127.0.0.1:{free_port}").modbus("a").unit(1)
        await until_up(unit)
        assert await unit.read_inputs(0, 4, deadline=soon(5)) == [False, True, True, False]
        with pytest.raises(ModbusRefusal):
            await unit.read_coils(0, 4, deadline=soon(5))
    finally:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(server.stop)


answers = st.one_of(
    st.tuples(st.integers(1, 247), st.sampled_from([1, 2, 3, 4]), st.binary(min_size=1, max_size=250)).map(
        lambda t: crc(bytes([t[0], t[1], len(t[2])]) + t[2])
    ),
    st.tuples(st.integers(1, 247), st.sampled_from([5, 6, 15, 16]), st.binary(min_size=4, max_size=4)).map(
        lambda t: crc(bytes([t[0], t[1]]) + t[2])
    ),
    st.tuples(st.integers(1, 247), st.sampled_from([1, 5, 15]), st.integers(1, 11)).map(
        lambda t: crc(bytes([t[0], t[1] | 0x80, t[2]]))
    ),
)


def mbap(body: bytes, transaction: int) -> bytes:
    return transaction.to_bytes(2, "big") + b"\0\0" + len(body).to_bytes(2, "big") + body


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(answers, min_size=1, max_size=4), st.lists(st.integers(0, 2000), max_size=8))
def test_rtu_frames_are_the_same_however_the_bytes_are_split(frames, places):
    framer = RtuFramer()
    got = [frame for piece in cut(b"".join(frames), places) for frame in framer.feed(piece)]
    assert got == frames
    assert framer.flush() == []


@given(st.lists(answers, min_size=1, max_size=4), st.lists(st.integers(0, 2000), max_size=8))
def test_mbap_frames_are_the_same_however_the_bytes_are_split(frames, places):
    wrapped = [mbap(frame[:-2], number) for number, frame in enumerate(frames)]
    framer = MbapFramer()
    assert [f for piece in cut(b"".join(wrapped), places) for f in framer.feed(piece)] == wrapped


@given(st.binary(max_size=600), st.lists(st.integers(0, 2000), max_size=8))
def test_garbage_crashes_no_framer_and_is_gone_after_the_silence(noise, places):
    for framer in (RtuFramer(), MbapFramer()):
        for piece in cut(noise, places):
            framer.feed(piece)
        framer.flush()
        assert framer.flush() == []


@given(st.binary(max_size=40), answers)
def test_an_answer_behind_noise_is_found_at_the_latest_after_the_silence(noise, answer):
    framer = RtuFramer()
    found = framer.feed(noise + answer) + framer.flush()
    assert answer in found


@given(answers, st.integers(0, 7))
def test_a_flipped_bit_never_passes_for_a_sound_answer(answer, bit):
    bad = answer[:-1] + bytes([answer[-1] ^ 1 << bit])
    framer = RtuFramer()
    assert answer not in framer.feed(bad) + framer.flush()
