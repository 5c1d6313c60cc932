"""A simulated thermometer, a proxy before it, and the hub's Modbus master before that, on real ports."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from hil.faults import Faults
from hil.proxy import Proxy
from hil.recorder import Recorder
from hub.api.rtu import RtuFramer
from hub.core.clock import SystemClock
from hub.testing import load_profile
from hub.transports import Lines
from hub.transports.modbus import Unit
from hub.transports.peers import LinePeer, PtyPeer, TcpPeer
from integrations import temperature


@dataclass
class WiredProxy:
    """The hub's side (`unit`), the proxy, and the simulator with its port (`device`)."""

    unit: Unit
    proxy: Proxy
    sim: object
    device: LinePeer
    record: io.StringIO

    def soon(self, seconds: float) -> float:
        return SystemClock().monotonic() + seconds

    async def read(self, seconds: float = 5.0) -> list[int]:
        return await self.unit.read_input_registers(1, 2, deadline=self.soon(seconds))

    async def up(self, wanted: bool = True) -> None:
        changed = asyncio.Event()
        stop = self.unit.on_change(lambda _: changed.set())
        async with asyncio.timeout(10):
            while self.unit.up is not wanted:
                changed.clear()
                await changed.wait()
        stop()


@pytest.fixture
async def thermometer(hub_kit, tmp_path) -> AsyncIterator[Callable[[str], Awaitable[tuple]]]:
    """`await thermometer(kind)` gives the port and the simulator, at 30.5 degrees and 54.6 per cent."""
    opened: list[LinePeer] = []

    async def build(kind: str):
        pty = PtyPeer(tmp_path / "device", hub_kit.clock, 115_200, {"baud": "115200"})
        peer = pty if kind == "pty" else TcpPeer(query={"framing": "rtu"})
        await peer.open()
        opened.append(peer)
        context = hub_kit.context(
            name="climate", config={"address": 1}, profile=load_profile(temperature, "xy_md02"), url=peer.url
        )
        sim = hub_kit.simulator(temperature, context, attach=False)
        peer.attach(sim.wire)
        await sim.do("set", "temperature", "30.5")
        await sim.do("set", "humidity", "54.6")
        return peer, sim

    yield build
    for peer in opened:
        await peer.close()


@pytest.fixture
async def through(thermometer, tmp_path) -> AsyncIterator[Callable[..., Awaitable[WiredProxy]]]:
    """`await through(kind, *faults)`: a hub that reads the thermometer through a proxy."""
    clock = SystemClock()
    closing: list[Callable[[], Awaitable[None]]] = []

    async def build(kind: str, *faults: str) -> WiredProxy:
        device, sim = await thermometer(kind)
        listen = f"serial://{tmp_path}/hub?baud=115200" if kind == "pty" else "tcp://127.0.0.1:0?framing=rtu"
        record = io.StringIO()
        proxy = Proxy(
            listen, device.url, clock, framer=RtuFramer, faults=Faults.of(*faults),
            recorder=Recorder(clock, record),
        )
        await proxy.start()
        closing.append(proxy.stop)
        lines = Lines({"bus": proxy.near.url}, clock)
        closing.append(lines.close)
        bench = WiredProxy(lines.modbus("bus").unit(1), proxy, sim, device, record)
        await bench.up()
        return bench

    yield build
    for close in reversed(closing):
        await close()
