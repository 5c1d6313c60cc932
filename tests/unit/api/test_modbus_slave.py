"""The simulators' Modbus slave, against documented bytes and independent masters."""

import asyncio
import itertools

import modbus_tk.defines as tk
import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st
from modbus_tk import modbus, modbus_rtu, modbus_tcp
from pyModbusTCP.client import ModbusClient

from hub.api.modbus_slave import ModbusSlave, crc16
from hub.core.clock import SystemClock
from hub.transports.peers import PtyPeer, TcpPeer


class Line:
    def __init__(self, *slaves, baud=0):
        self.sent = []
        self.slaves = slaves
        for slave in slaves:
            slave.connect(self.sent.append, baud)

    def ask(self, *pieces):
        self.sent.clear()
        for piece in pieces:
            for slave in self.slaves:
                slave.receive(piece)
        return b"".join(self.sent)


@pytest.mark.parametrize("frame", [
    "01050000FF008C3A", "010500000000CDCA", "0105020000078DB0", "0105020100089C74",
])
def test_single_coil_frames_of_the_board_are_echoed(memory, hand_clock, slave_of, frame):
    line = Line(slave_of(memory, hand_clock))
    assert line.ask(bytes.fromhex(frame)) == bytes.fromhex(frame)


@pytest.mark.parametrize(("request_hex", "answer"), [
    ("01010000 00083DCC", "010105"),
    ("0102000000087 9CC".replace(" ", ""), "010280"),
])
def test_bits_are_packed_lowest_first(memory, hand_clock, slave_of, request_hex, answer):
    memory.coils[0] = memory.coils[2] = memory.inputs[7] = True
    expected = bytes.fromhex(answer[:4] + "01" + answer[4:])
    line = Line(slave_of(memory, hand_clock))
    assert line.ask(bytes.fromhex(request_hex)) == expected + crc16(expected)


def test_the_documented_thermometer_exchange(memory, hand_clock, slave_of):
    line = Line(slave_of(memory, hand_clock))
    assert line.ask(bytes.fromhex("010400010002200B")) == bytes.fromhex("01040401310222 2ACE")


def test_many_coils_are_written_at_once(memory, hand_clock, slave_of):
    line = Line(slave_of(memory, hand_clock))
    answer = bytes.fromhex("010F00000008")
    assert line.ask(bytes.fromhex("010F0000000801FFBED5")) == answer + crc16(answer)
    assert memory.coils[:8] == [True] * 8


def test_a_negative_register_is_sent_as_two_complement(memory, hand_clock, slave_of):
    memory.measured[1] = -205
    line = Line(slave_of(memory, hand_clock))
    assert line.ask(bytes.fromhex("010400010002200B"))[3:5] == bytes.fromhex("FF33")


def framed(body: bytes) -> bytes:
    return body + crc16(body)


@pytest.mark.parametrize(("body", "code"), [
    ("012B0E", 1), ("010300F00008", 2), ("010F0000000801", 3), ("010F000000080000", 3),
])
def test_what_cannot_be_done_is_answered_with_an_exception(memory, hand_clock, slave_of, body, code):
    line = Line(slave_of(memory, hand_clock, framing="mbap"))
    pdu = bytes.fromhex(body)
    asked = b"\0\x07\0\0" + len(pdu).to_bytes(2, "big") + pdu
    assert line.ask(asked) == b"\0\x07\0\0\0\x03\x01" + bytes([pdu[1] | 0x80, code])


def test_an_unknown_function_is_refused_on_a_serial_line_too(memory, hand_clock, slave_of):
    line = Line(slave_of(memory, hand_clock))
    assert line.ask(framed(b"\x01\x07")) == framed(b"\x01\x87\x01")


def test_a_handler_that_fails_is_a_device_failure(hand_clock, caplog):
    slave = ModbusSlave(
        1, {1: lambda data: 1 // 0}, clock=hand_clock, call_later=hand_clock.call_later
    )
    assert Line(slave).ask(bytes.fromhex("0101000000083DCC")) == framed(b"\x01\x81\x04")


def test_a_wrong_checksum_is_met_with_silence(memory, hand_clock, slave_of):
    line = Line(slave_of(memory, hand_clock))
    assert line.ask(bytes.fromhex("0105020000078DB1")) == b""
    assert memory.calls == []


def test_a_write_to_all_is_done_and_not_answered(memory, hand_clock, slave_of):
    line = Line(slave_of(memory, hand_clock))
    assert line.ask(framed(bytes.fromhex("000600050007"))) == b""
    assert memory.holding[5] == 7


def test_a_board_may_answer_reads_to_all(memory, hand_clock, slave_of):
    line = Line(slave_of(memory, hand_clock, answers_all_reads=True))
    memory.holding[0] = 1
    assert line.ask(framed(bytes.fromhex("000300000001"))) == bytes.fromhex("00030200014444")


def test_slaves_on_one_bus_answer_only_for_themselves(memory, hand_clock, slave_of):
    board, other = slave_of(memory, hand_clock, 1), slave_of(memory, hand_clock, 9)
    line = Line(board, other)
    asked = framed(bytes.fromhex("090400010002"))
    answer = framed(bytes.fromhex("09040401310222"))
    assert line.ask(asked) == answer
    board.receive(answer)
    assert line.ask(bytes.fromhex("0105020000078DB0")) == bytes.fromhex("0105020000078DB0")


def test_half_a_request_is_forgotten(memory, hand_clock, slave_of):
    line = Line(slave_of(memory, hand_clock, framing="mbap"))
    whole = bytes.fromhex("000100000006010200000008")
    assert line.ask(whole[:8]) == b""
    hand_clock.move(1)
    assert line.ask(whole) == bytes.fromhex("00010000000401020100")


def test_half_a_request_does_not_hide_the_next_one(memory, hand_clock, slave_of):
    whole = bytes.fromhex("0105020000078DB0")
    assert Line(slave_of(memory, hand_clock)).ask(whole[:5], whole) == whole


def test_the_answer_takes_as_long_as_the_line_and_the_device_need(memory, hand_clock, slave_of):
    line = Line(slave_of(memory, hand_clock, latency=0.02), baud=9600)
    whole = bytes.fromhex("0105020000078DB0")
    assert line.ask(whole) == b""
    hand_clock.move(0.02 + 8 * 10 / 9600 - 0.001)
    assert line.sent == []
    hand_clock.move(0.002)
    assert line.sent == [whole]


def test_a_dead_slave_hears_nothing_and_what_it_had_to_say_is_lost(memory, hand_clock, slave_of):
    slave = slave_of(memory, hand_clock, latency=0.02)
    line = Line(slave)
    whole = bytes.fromhex("0105020000078DB0")
    line.ask(whole)
    slave.powered = False
    assert line.ask(whole) == b""
    slave.powered = True
    hand_clock.move(1)
    assert line.sent == []
    line.ask(whole)
    hand_clock.move(1)
    assert line.sent == [whole]


class Still:
    def now(self):
        return 0

    def monotonic(self):
        return 0.0


def quiet_slave(seen, framing="auto"):
    def handler(data):
        seen.append(data)
        return data

    slave = ModbusSlave(
        7, {5: handler, 6: handler, 15: lambda d: (seen.append(d), d[:4])[1]},
        clock=Still(), call_later=lambda seconds, fn: fn, framing=framing,
    )
    slave.connect(lambda data: None, 0)
    return slave


requests = st.one_of(
    st.tuples(st.sampled_from([5, 6]), st.binary(min_size=4, max_size=4)),
    st.binary(min_size=1, max_size=40).map(
        lambda bits: (15, b"\0\0" + (len(bits) * 8).to_bytes(2, "big") + bytes([len(bits)]) + bits)
    ),
)


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(requests, max_size=5), st.lists(st.integers(0, 500), max_size=8), st.booleans())
def test_requests_are_the_same_however_the_bytes_are_split(asked, places, tcp):
    if tcp:
        stream = b"".join(
            b"\0\x01\0\0" + (len(d) + 2).to_bytes(2, "big") + bytes([7, f]) + d for f, d in asked
        )
    else:
        stream = b"".join(framed(bytes([7, f]) + d) for f, d in asked)
    seen = []
    slave = quiet_slave(seen, "mbap" if tcp else "rtu")
    for piece in cut(stream, places):
        slave.receive(piece)
    assert seen == [data for _, data in asked]


@given(st.binary(max_size=1200), st.lists(st.integers(0, 2000), max_size=6))
def test_garbage_crashes_nothing_and_a_request_behind_it_is_served(noise, places):
    seen = []
    slave = quiet_slave(seen, "rtu")
    for piece in cut(noise, places):
        slave.receive(piece)
    slave.receive(framed(b"\x07\x06\x00\x01\x00\x02"))
    assert seen[-1] == b"\x00\x01\x00\x02"


async def test_an_independent_tcp_master_reads_and_writes(memory, slave_of):
    peer = await tcp_peer(memory, slave_of)
    master = ModbusClient("127.0.0.1", peer.port, unit_id=1, timeout=5, auto_open=True)
    memory.inputs[1] = True
    try:
        assert await asyncio.to_thread(master.read_discrete_inputs, 0, 3) == [False, True, False]
        assert await asyncio.to_thread(master.read_input_registers, 1, 2) == [305, 546]
        assert await asyncio.to_thread(master.write_multiple_coils, 3, [True, True])
        assert await asyncio.to_thread(master.write_single_coil, 9, True)
        assert await asyncio.to_thread(master.write_single_register, 4, 99)
        assert await asyncio.to_thread(master.read_coils, 3, 2) == [True, True]
        assert await asyncio.to_thread(master.read_holding_registers, 4, 1) == [99]
        assert await asyncio.to_thread(master.read_coils, 31, 2) is None
        assert master.last_except == 2
    finally:
        await asyncio.to_thread(master.close)
        await peer.close()


async def test_a_second_independent_tcp_master_agrees(memory, slave_of):
    peer = await tcp_peer(memory, slave_of)
    master = modbus_tcp.TcpMaster("127.0.0.1", peer.port, timeout_in_sec=5)
    try:
        ask = asyncio.to_thread
        assert await ask(master.execute, 1, tk.READ_INPUT_REGISTERS, 1, 2) == (305, 546)
        assert await ask(master.execute, 1, tk.WRITE_SINGLE_COIL, 5, output_value=1) == (5, 0xFF00)
        with pytest.raises(modbus.ModbusError):
            await ask(master.execute, 1, tk.READ_COILS, 31, 2)
    finally:
        await asyncio.to_thread(master.close)
        await peer.close()


async def test_an_independent_rtu_master_reads_and_writes_over_a_pty(tmp_path, memory, slave_of):
    loop = asyncio.get_running_loop()
    clock = SystemClock()

    def call_later(seconds, fn):
        return loop.call_later(seconds, fn).cancel

    peer = PtyPeer(tmp_path / "bus1", clock, 9600, {"baud": "9600"})
    await peer.open()
    peer.attach(slave_of(memory, clock, 1, call_later))
    peer.attach(slave_of(memory, clock, 9, call_later))
    port = serial.Serial(str(tmp_path / "bus1"), 9600)
    master = modbus_rtu.RtuMaster(port)
    master.set_timeout(0.5)
    try:
        ask = asyncio.to_thread
        assert await ask(master.execute, 9, tk.READ_INPUT_REGISTERS, 1, 2) == (305, 546)
        assert await ask(master.execute, 1, tk.WRITE_SINGLE_COIL, 5, output_value=1) == (5, 0xFF00)
        assert await ask(master.execute, 1, tk.READ_COILS, 4, 3) == (0, 1, 0)
        with pytest.raises(modbus.ModbusError):
            await ask(master.execute, 1, tk.READ_COILS, 31, 2)
    finally:
        await asyncio.to_thread(master.close)
        await peer.close()


async def tcp_peer(memory, slave_of):
    loop = asyncio.get_running_loop()
    peer = TcpPeer()
    await peer.open()
    peer.attach(slave_of(memory, SystemClock(), 1, lambda seconds, fn: loop.call_later(seconds, fn).cancel))
    return peer
