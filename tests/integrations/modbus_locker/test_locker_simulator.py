"""The simulated board, driven by documented bytes and by clients that know nothing of our driver."""

import asyncio
import os
import select
import socket
import termios
import tty

import modbus_tk.defines as functions
import pytest
import serial
from modbus_tk import modbus_rtu
from modbus_tk.exceptions import ModbusError
from pyModbusTCP.client import ModbusClient

from integrations import modbus_locker


def exchange_on_pty(path, request, size):
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(descriptor)
        settings = termios.tcgetattr(descriptor)
        settings[4] = settings[5] = termios.B115200
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)
        os.write(descriptor, request)
        answer = b""
        while len(answer) < size and select.select([descriptor], [], [], 2.0)[0]:
            answer += os.read(descriptor, 256)
        return answer
    finally:
        os.close(descriptor)


def exchange_on_tcp(port, request, size):
    with socket.create_connection(("127.0.0.1", port), timeout=2.0) as sock:
        sock.sendall(request)
        answer = b""
        while len(answer) < size:
            answer += sock.recv(256)
        return answer


# Requests with their checksums as the board's makers print them; a write is answered by itself.
GOLDEN = [
    ("01 05 02 00 00 07 8D B0", "01 05 02 00 00 07 8D B0"),
    ("01 05 02 01 00 08 9C 74", "01 05 02 01 00 08 9C 74"),
    ("01 05 00 00 FF 00 8C 3A", "01 05 00 00 FF 00 8C 3A"),
    ("01 05 00 00 55 00 F2 9A", "01 05 00 00 55 00 F2 9A"),
    ("01 05 00 FF 00 00 FD FA", "01 05 00 FF 00 00 FD FA"),
    ("01 0F 00 00 00 08 01 FF BE D5", "01 0F 00 00 00 08 54 0D"),
    ("01 01 00 00 00 08 3D CC", "01 01 01 00 51 88"),
    ("01 02 00 00 00 08 79 CC", "01 02 01 FF E1 C8"),
]


@pytest.mark.parametrize(("request_", "answer"), GOLDEN)
async def test_documented_bytes_are_answered_on_a_pseudo_terminal(wired, request_, answer):
    board = await wired("pty")
    expected = bytes.fromhex(answer)
    path = board.peer.url.removeprefix("serial://").split("?")[0]
    got = await asyncio.to_thread(exchange_on_pty, path, bytes.fromhex(request_), len(expected))
    assert got == expected


async def test_documented_bytes_are_answered_in_rtu_over_tcp(wired):
    board = await wired("rtu_over_tcp")
    flash = bytes.fromhex("01 05 02 00 00 07 8D B0")
    assert await asyncio.to_thread(exchange_on_tcp, board.peer.port, flash, 8) == flash
    assert board.sim.acts("pulse") == [{**board.sim.acts("pulse")[0], "door": "1", "seconds": 0.7}]


async def test_an_independent_rtu_master_reads_and_switches_over_a_pseudo_terminal(wired):
    board = await wired("pty")

    def play(path):
        with serial.Serial(path, 115_200, timeout=1.0) as port:
            master = modbus_rtu.RtuMaster(port)
            master.set_timeout(1.0)
            closed = master.execute(1, functions.READ_DISCRETE_INPUTS, 0, 8)
            master.execute(1, functions.WRITE_SINGLE_COIL, 2, output_value=1)
            coils = master.execute(1, functions.READ_COILS, 0, 8)
            master.execute(1, functions.WRITE_MULTIPLE_COILS, 0, output_value=[0] * 8)
            try:
                master.execute(1, functions.READ_COILS, 0, 9)
            except ModbusError as error:
                refusal = error.get_exception_code()
            master._do_close()
            return closed, coils, refusal

    path = board.peer.url.removeprefix("serial://").split("?")[0]
    closed, coils, refusal = await asyncio.to_thread(play, path)
    assert closed == (1,) * 8
    assert coils == (0, 0, 1, 0, 0, 0, 0, 0)
    assert refusal == functions.ILLEGAL_DATA_ADDRESS


async def test_an_independent_modbus_tcp_client_sees_a_door_open(wired):
    board = await wired("modbus_tcp")

    def play():
        client = ModbusClient("127.0.0.1", board.peer.port, unit_id=1, timeout=2.0, auto_close=True)
        before = client.read_discrete_inputs(0, 8)
        switched = client.write_single_coil(0, True)
        return before, switched, client

    before, switched, client = await asyncio.to_thread(play)
    await board.context.until(lambda: board.sim.acts("door_opened"))
    after = await asyncio.to_thread(client.read_discrete_inputs, 0, 8)
    await asyncio.to_thread(client.close)
    assert before == [True] * 8
    assert switched
    assert after == [False] + [True] * 7


def simulated(kit, **parts):
    context = kit.context(name="locks", config={"address": 1}, profile=parts.pop("profile"), **parts)
    return kit.simulator(modbus_locker, context, places={"1": "main/A1"})


@pytest.fixture
def waveshare():
    from hub.testing import load_profile

    return load_profile(modbus_locker, "waveshare_relay_8_d")


def test_a_pulse_opens_the_door_and_ends_by_itself(hub_virtual, waveshare):
    async def main(kit):
        sim = simulated(kit, profile=waveshare)
        sim.model.flash(0, 0.4)
        assert sim.model.doors[0].coil_on
        await asyncio.sleep(0.5)
        assert not sim.model.doors[0].coil_on
        opened = sim.acts("door_opened")
        facts = [(act["door"], act["compartment"], act["cause"]) for act in opened]
        assert facts == [("1", "main/A1", "pulse")]
        assert sim.acts("coil_on_too_long") == []

    hub_virtual(main)


def test_a_coil_that_nobody_switches_off_burns_and_the_ledger_says_so(hub_virtual, waveshare):
    async def main(kit):
        sim = simulated(kit, profile=waveshare)
        sim.model.switch(0, True)
        await asyncio.sleep(10)
        assert [act["door"] for act in sim.acts("coil_on_too_long")] == ["1"]

    hub_virtual(main)


def test_a_power_cut_in_mid_pulse_drops_the_coil_and_leaves_the_door(hub_virtual, waveshare):
    async def main(kit):
        sim = simulated(kit, profile=waveshare)
        sim.model.flash(0, 0.4)
        await asyncio.sleep(0.02)
        sim.model.power(False)
        await asyncio.sleep(1)
        assert sim.acts("door_opened") == []
        assert sim.model.state()["doors"]["1"]["position"] == "closed"

    hub_virtual(main)


def test_goods_go_in_and_out_through_an_open_door_only(hub_virtual, waveshare):
    async def main(kit):
        sim = simulated(kit, profile=waveshare)
        with pytest.raises(ValueError, match="is closed"):
            await sim.do("load", "1", "parcel")
        await sim.do("pull", "1")
        await sim.do("load", "main/A1", "parcel")
        await sim.do("take", "1")
        await sim.do("close", "1")
        with pytest.raises(ValueError, match="is closed"):
            await sim.do("take", "1")
        assert [act["act"] for act in sim.ledger] == ["door_opened", "load", "take", "door_closed"]

    hub_virtual(main)


@pytest.mark.parametrize(
    ("action", "arguments"),
    [("close", ["9"]), ("set", ["lie", "1:maybe"]), ("set", ["colour", "red"]), ("ajar", ["1"])],
)
def test_an_actor_who_asks_for_the_impossible_is_told(hub_virtual, waveshare, action, arguments):
    async def main(kit):
        with pytest.raises(ValueError, match=r"door|write|unknown"):
            await simulated(kit, profile=waveshare).do(action, *arguments)

    hub_virtual(main)
