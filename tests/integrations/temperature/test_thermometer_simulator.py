"""The simulated thermometer, driven by documented bytes and by clients that know nothing of our driver."""

import asyncio

import modbus_tk.defines as functions
import pytest_asyncio
import serial
from modbus_tk import modbus_rtu
from pyModbusTCP.client import ModbusClient

from hub.model.observations import TemperatureRead
from hub.testing import load_profile
from hub.transports.peers import PtyPeer, TcpPeer
from integrations import temperature


@pytest_asyncio.fixture
async def wired(hub_kit, tmp_path):
    """`await wired(peer)` puts a thermometer at address 1 on it."""
    peers = []

    async def build(kind):
        pty = PtyPeer(tmp_path / "bus", hub_kit.clock, 115_200, {"baud": "115200"})
        peer = pty if kind == "pty" else TcpPeer()
        await peer.open()
        peers.append(peer)
        context = hub_kit.context(
            name="climate", config={"address": 1}, profile=load_profile(temperature, "xy_md02"), url=peer.url
        )
        sim = hub_kit.simulator(temperature, context, attach=False)
        peer.attach(sim.wire)
        await sim.do("set", "temperature", "30.5")
        return context, sim, peer

    yield build
    for peer in peers:
        await peer.close()


async def test_the_documented_request_gets_the_documented_answer(wired):
    _, _, peer = await wired("pty")

    def play(path):
        with serial.Serial(path, 115_200, timeout=2.0) as port:
            port.write(bytes.fromhex("01 04 00 01 00 02 20 0B"))
            return port.read(9)

    path = peer.url.removeprefix("serial://").split("?")[0]
    assert await asyncio.to_thread(play, path) == bytes.fromhex("01 04 04 01 31 02 22 2A CE")


async def test_an_independent_rtu_master_reads_temperature_and_settings(wired):
    _, sim, peer = await wired("pty")
    await sim.do("set", "temperature", "-20.5")

    def play(path):
        with serial.Serial(path, 115_200, timeout=1.0) as port:
            master = modbus_rtu.RtuMaster(port)
            master.set_timeout(1.0)
            measured = master.execute(1, functions.READ_INPUT_REGISTERS, 1, 2, data_format=">hh")
            settings = master.execute(1, functions.READ_HOLDING_REGISTERS, 0x0101, 2)
            master._do_close()
            return measured, settings

    path = peer.url.removeprefix("serial://").split("?")[0]
    measured, settings = await asyncio.to_thread(play, path)
    assert measured == (-205, 546)
    assert settings == (1, 9600)


async def test_an_independent_modbus_tcp_client_reads_it_too(wired):
    _, _, peer = await wired("tcp")

    def play():
        client = ModbusClient("127.0.0.1", peer.port, unit_id=1, timeout=2.0)
        words = client.read_input_registers(1, 2)
        client.close()
        return words

    assert await asyncio.to_thread(play) == [305, 546]


async def test_the_driver_sends_exactly_the_documented_request(wired, hub_kit):
    context, _, _ = await wired("pty")
    driver = await hub_kit.start(temperature.create_driver(context))
    await context.seen(TemperatureRead)
    assert driver.millicelsius == 30_500
    assert context.bus.traffic[0] == ("out", bytes.fromhex("01 04 00 01 00 02 20 0B"))
