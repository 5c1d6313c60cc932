"""A locker board on a real line: pseudo-terminal, RTU over TCP, or Modbus/TCP."""

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from hub.testing import load_profile
from hub.transports.peers import PtyPeer, TcpPeer
from integrations import modbus_locker


@dataclass
class Wired:
    context: Any
    sim: Any
    peer: Any


def make_peer(kind, clock, path):
    if kind == "pty":
        return PtyPeer(path / "bus", clock, 115_200, {"baud": "115200"})
    return TcpPeer(query={"framing": "rtu"} if kind == "rtu_over_tcp" else {})


@pytest_asyncio.fixture
async def wired(hub_kit, tmp_path):
    """`await wired("pty")` gives a board on that line, its driver not started."""
    peers = []

    async def build(kind, *, profile="waveshare_relay_8_d", config=None, address=1):
        peer = make_peer(kind, hub_kit.clock, tmp_path)
        await peer.open()
        peers.append(peer)
        context = hub_kit.context(
            name="locks", config={"address": address, **(config or {})}, url=peer.url,
            profile=load_profile(modbus_locker, profile),
        )
        sim = hub_kit.simulator(modbus_locker, context, attach=False)
        peer.attach(sim.wire)
        return Wired(context, sim, peer)

    yield build
    for peer in peers:
        await peer.close()


@pytest.fixture
def deadline(hub_kit):
    """`deadline(seconds)` on the monotonic scale."""
    return lambda seconds=5.0: hub_kit.clock.monotonic() + seconds
