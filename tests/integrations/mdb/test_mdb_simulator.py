"""The simulated adapter and reader, spoken to in raw bytes over a pseudo terminal: no driver, no codec."""

from __future__ import annotations

import asyncio
import os

import pytest

import integrations.mdb as mdb
from hub.model.observations import DeviceOnline
from hub.model.states import EffectKind
from hub.testing import make_intent
from hub.transports.peers import PtyPeer


class Host:
    """A terminal program."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._left = b""

    async def ask(self, text, end=b"\r\n"):
        os.write(self.fd, text.encode() + end)
        while b"\r\n" not in self._left:
            await asyncio.sleep(0.001)
            try:
                self._left += os.read(self.fd, 4096)
            except BlockingIOError:
                continue
        line, _, self._left = self._left.partition(b"\r\n")
        return line.decode()

    async def all(self, *pairs):
        for text, answer in pairs:
            assert (text, await self.ask(text)) == (text, answer)


@pytest.fixture
async def bench(hub_kit, tmp_path):
    """`await bench(level=..)` -> (host, simulator)."""
    opened = []

    async def build(**simulate):
        context = hub_kit.context(name="card", config={"simulate": simulate})
        handle = hub_kit.simulator(mdb, context, attach=False)
        peer = PtyPeer(tmp_path / "mdb", hub_kit.clock, 115200)
        await peer.open()
        peer.attach(handle.wire)
        host = Host(tmp_path / "mdb")
        opened.append((peer, host))
        return host, handle

    yield build
    for peer, host in opened:
        os.close(host.fd)
        await peer.close()


SET_UP = (
    ("M,1", "m,ACK"), ("R,10", "p,ACK"), ("R,12", "p,00"), ("R,12", "p,ACK"),
    ("R,11,0003100201", "p,010319780102050B"),
    ("R,11,01FFFF0000", "p,ACK"), ("R,14,01", "p,ACK"),
)


async def test_a_sale_in_golden_bytes(bench):
    host, reader = await bench(always_idle=False, max_response_seconds=5)
    await host.all(*SET_UP)
    await reader.do("tap", "5.00")
    await host.all(("R,12", "p,0301F4FFFFFFFF000000"), ("R,13,000064000A", "p,ACK"), ("R,12", "p,ACK"))
    await reader.do("pay")
    await host.all(
        ("R,12", "p,050064"), ("R,12", "p,ACK"), ("R,13,02000A", "p,ACK"), ("R,13,04", "p,07"),
        ("R,12", "p,ACK"),
    )
    assert [(act["act"], act["amount"], act["item"]) for act in reader.ledger] == [
        ("approved", 100, 10), ("charged", 100, 10),
    ]


async def test_a_failed_vend_in_golden_bytes(bench):
    host, reader = await bench(always_idle=False, max_response_seconds=5)
    await host.all(*SET_UP)
    await reader.do("set", "refund", "fail")
    await reader.do("pay")
    await host.all(("R,12", "p,03FFFFFFFFFFFF000000"), ("R,13,000064000A", "p,ACK"), ("R,12", "p,050064"))
    await host.all(("R,13,03", "p,ACK"), ("R,12", "p,0AC0"), ("R,12", "p,ACK"))
    assert [act["act"] for act in reader.ledger] == ["approved", "refund_failed"]


async def test_a_bus_break_after_approval_counts_as_success(bench):
    host, reader = await bench(always_idle=False, max_response_seconds=5)
    await host.all(*SET_UP)
    await reader.do("pay")
    await host.all(("R,12", "p,03FFFFFFFFFFFF000000"), ("R,13,000064000A", "p,ACK"), ("R,12", "p,050064"))
    await host.all(("R,RESET", "p,ACK"), ("R,12", "p,00"))
    assert [act["act"] for act in reader.ledger] == ["approved", "charged"]


async def test_an_illegal_command_is_acknowledged_and_reported(bench):
    host, _ = await bench(always_idle=False, max_response_seconds=5)
    await host.all(*SET_UP, ("R,13,02000A", "p,ACK"), ("R,12", "p,0B03"), ("R,12", "p,ACK"))


async def test_another_address_is_not_answered(bench):
    host, _ = await bench()
    await host.all(("M,1", "m,ACK"), ("R,62", "p,NACK"), ("R,30", "p,NACK"), ("R,12", "p,ACK"))


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
async def test_every_line_end_is_taken(bench, end):
    host, _ = await bench()
    assert await host.ask("M,1", end) == "m,ACK"
    assert (await host.ask("V", end)).startswith("v,")


async def test_the_driver_sells_over_a_pseudo_terminal(hub_kit, tmp_path):
    config = {"poll_milliseconds": 25, "simulate": {"auto": "pay"}}
    peer = PtyPeer(tmp_path / "mdb", hub_kit.clock, 115200)
    await peer.open()
    context = hub_kit.context(
        name="card", config=config, state_dir=str(tmp_path), url=f"serial://{tmp_path / 'mdb'}?baud=115200"
    )
    reader = hub_kit.simulator(mdb, context, attach=False)
    peer.attach(reader.wire)
    driver = await hub_kit.start(mdb.create_driver(context))
    await context.seen(DeviceOnline)
    soon = hub_kit.clock.monotonic() + 20
    intents = {
        kind: make_intent(
            "card", "leg1", driver.baseline("leg1"), kind=kind, deadline=hub_kit.clock.now() + 60_000_000,
            params={"amount": 250, "currency": "EUR", "item": 10},
        )
        for kind in (EffectKind.AUTHORISE, EffectKind.CAPTURE)
    }
    await driver.authorise(intents[EffectKind.AUTHORISE], soon)
    assert (await driver.resolve(intents[EffectKind.AUTHORISE], soon)).evidence == {"amount": 250}
    await driver.capture(intents[EffectKind.CAPTURE], soon)
    await driver.stop()
    await peer.close()
    assert [act["act"] for act in reader.ledger] == ["approved", "charged"]
