"""The serial scanner against its simulator on a paced line, on virtual time."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serial

import integrations.scanner as scanner
from hub.model.observations import CodeRead, KeysEntered
from hub.model.states import FaultKind, Method
from hub.testing import Kit, load_profile
from hub.transports.peer_pty import PtyPeer

Run = Callable[..., Any]


@pytest.mark.req("AC-01", "AC-04")
def test_qr_and_barcode_are_read_with_their_kind(hub_virtual: Run, terminal: Run) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await terminal(kit)
        await sim.do("scan", "HH1.pickup", "qr")
        await sim.do("scan", "4006381333931", "ean13")
        await context.until(lambda: len(context.of(CodeRead)) == 2)
        assert context.of(CodeRead) == [
            CodeRead("scanner", "HH1.pickup", Method.QR, "]Q1"),
            CodeRead("scanner", "4006381333931", Method.BARCODE, "]E0"),
        ]
        assert [act["symbology"] for act in sim.acts("scanned")] == ["qr", "ean13"]

    hub_virtual(main)


@pytest.mark.parametrize("suffix", ["cr", "lf", "crlf", "none"])
def test_the_engine_may_end_a_code_as_it_likes(hub_virtual: Run, terminal: Run, suffix: str) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await terminal(kit)
        await sim.do("set", "suffix", suffix)
        await sim.do("scan", "Grüße")
        assert (await context.seen(CodeRead)).text == "Grüße"

    hub_virtual(main)


@pytest.mark.req("AC-02")
@pytest.mark.parametrize("profile", ["keypad_terminal", "keypad_single"])
def test_keys_are_entered_by_enter_and_forgotten_by_clear(
    hub_virtual: Run, terminal: Run, profile: str
) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await terminal(kit, profile)
        await sim.do("key", "99*123456#")
        await sim.do("key", "##42#")
        await context.until(lambda: len(context.of(KeysEntered)) == 2)
        assert [seen.keys for seen in context.of(KeysEntered)] == ["123456", "42"]

    hub_virtual(main)


@pytest.mark.parametrize(("ends_by", "entered"), [("enter", ["2"]), ("pause", ["1", "2"])])
def test_a_pause_forgets_keys_or_enters_them_where_there_is_no_enter(
    hub_virtual: Run, terminal: Run, ends_by: str, entered: list[str]
) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await terminal(kit, key_timeout_ms=2000, keys_end_by=ends_by)
        await sim.do("key", "1")
        await asyncio.sleep(5)
        await sim.do("key", "2#")
        await asyncio.sleep(5)
        assert [seen.keys for seen in context.of(KeysEntered)] == entered

    hub_virtual(main)


def test_one_presentation_is_one_reading_and_a_later_one_is_another(hub_virtual: Run, terminal: Run) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await terminal(kit, same_code_ms=1000)
        for _ in range(5):
            await sim.do("scan", "HH1.same")
            await asyncio.sleep(0.4)
        await asyncio.sleep(2)
        await sim.do("scan", "HH1.same")
        await asyncio.sleep(1)
        assert len(context.of(CodeRead)) == 2

    hub_virtual(main)


def test_garbage_is_one_fault_that_a_good_code_ends(
    hub_virtual: Run, terminal: Run, raw_wire: Run
) -> None:
    async def main(kit: Kit) -> None:
        context, sim, driver = await terminal(kit)
        put = raw_wire(context)
        for _ in range(3):
            put(b"\xff\xff\r")
        await asyncio.sleep(1)
        assert driver.unreadable == 3
        assert list(context.faults) == [(FaultKind.PROTOCOL_ERROR, "")]
        await sim.do("set", "garbage", "200")
        await asyncio.sleep(1)
        await sim.do("scan", "HH1.good")
        await context.seen(CodeRead, lambda seen: seen.text == "HH1.good")
        assert context.faults == {}

    hub_virtual(main)


def test_over_long_input_is_dropped_and_told_once(
    hub_virtual: Run, terminal: Run, raw_wire: Run
) -> None:
    async def main(kit: Kit) -> None:
        context, _, driver = await terminal(kit, longest=64)
        put = raw_wire(context)
        for _ in range(100):
            put(b"x" * 1000)
        await asyncio.sleep(1)
        assert (driver.unreadable, context.of(CodeRead)) == (1, [])
        assert context.faults == {(FaultKind.PROTOCOL_ERROR, ""): "unreadable input: longer than 64 bytes"}

    hub_virtual(main)


def test_a_pulled_plug_is_offline_and_forgets_half_a_pin(hub_virtual: Run, terminal: Run) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await terminal(kit)
        await sim.do("key", "12")
        await asyncio.sleep(1)
        context.bus.peer.unplug()
        await context.until(lambda: (FaultKind.OFFLINE, "") in context.faults)
        context.bus.peer.plug()
        await context.until(lambda: not context.faults)
        await sim.do("key", "34#")
        assert (await context.seen(KeysEntered)).keys == "34"

    hub_virtual(main)


def test_a_gm65_is_triggered_and_its_glued_reply_is_no_part_of_the_code(
    hub_virtual: Run, terminal: Run
) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await terminal(kit, "gm65", trigger="hub")
        await context.until(lambda: sim.model.state()["triggered"])
        assert context.bus.sent.startswith(bytes.fromhex("7E 00 08 01 00 02 01 02 DA"))
        await sim.do("set", "glue", "on")
        await asyncio.sleep(6)
        await sim.do("scan", "HH1.glued")
        assert (await context.seen(CodeRead)).text == "HH1.glued"
        assert any(b"\x33\x31HH1.glued" in data for _, data in context.bus.traffic)

    hub_virtual(main)


def test_a_code_that_looks_like_a_key_frame_only_types_keys(hub_virtual: Run, terminal: Run) -> None:
    async def main(kit: Kit) -> None:
        context, sim, _ = await terminal(kit)
        await sim.do("set", "aim", "off")
        await sim.do("scan", "K:12#")
        assert (await context.seen(KeysEntered)).keys == "12"
        assert context.of(CodeRead) == []

    hub_virtual(main)


async def test_the_simulated_gm65_answers_an_independent_client_on_a_pty(hub_kit: Kit) -> None:
    context = hub_kit.context(name="scanner", profile={"name": "GM65", "replies": "gm65"})
    sim = hub_kit.simulator(scanner, context, attach=False)
    master, slave = os.openpty()
    tty.setraw(slave)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, lambda: sim.wire.receive(os.read(master, 256)))
    sim.wire.connect(lambda data: os.write(master, data), 9600)
    client = serial.Serial(os.ttyname(slave), 9600, timeout=5)
    try:
        for command, reply in [
            ("7E 00 07 01 00 2A 02 D8 0F", "02 00 00 02 39 01 C1 4C"),
            ("7E 00 08 01 00 02 01 AB CD", "02 00 00 01 00 33 31"),
            ("7E 00 09 01 00 00 00 DE C8", "02 00 00 01 00 33 31"),
        ]:
            golden = bytes.fromhex(reply)
            await asyncio.to_thread(client.write, bytes.fromhex(command))
            assert await asyncio.to_thread(client.read, len(golden)) == golden
        await sim.do("scan", "HH1.raw")
        assert await asyncio.to_thread(client.read, 8) == b"HH1.raw\r"
    finally:
        loop.remove_reader(master)
        client.close()
        os.close(master)
        os.close(slave)


def test_the_simulated_wire_is_as_slow_as_the_line(hub_virtual: Run) -> None:
    async def main(kit: Kit) -> None:
        context = kit.context(name="scanner", profile={"name": "Serial scanner"})
        sim = kit.simulator(scanner, context, attach=False)
        arrived: list[tuple[float, bytes]] = []
        began = kit.clock.monotonic()
        sim.wire.connect(lambda data: arrived.append((kit.clock.monotonic() - began, data)), 9600)
        await sim.do("scan", "x" * 95)
        await sim.do("scan", "y" * 47)
        await asyncio.sleep(1)
        assert [(round(at, 6), len(data)) for at, data in arrived] == [(0.1, 96), (0.15, 48)]

    hub_virtual(main)


@pytest.mark.req("AC-01", "AC-02")
async def test_codes_and_keys_cross_a_real_serial_port(
    hub_kit: Kit, tmp_path: Path, scanner_config: Run
) -> None:
    peer = PtyPeer(tmp_path / "scanner", hub_kit.clock, baud=9600)
    await peer.open()
    context = hub_kit.context(
        name="scanner", url=f"{peer.url}?baud=9600", config=scanner_config(line="scan1"),
        profile=load_profile(scanner, "keypad_terminal"),
    )
    sim = hub_kit.simulator(scanner, context, attach=False)
    peer.attach(sim.wire)
    await hub_kit.start(scanner.create_driver(context))
    await sim.do("scan", "HH1.grün")
    assert (await context.seen(CodeRead)).text == "HH1.grün"
    await sim.do("key", "123456#")
    assert (await context.seen(KeysEntered)).keys == "123456"
    peer.unplug()
    await context.until(lambda: (FaultKind.OFFLINE, "") in context.faults)
    peer.plug()
    await context.until(lambda: not context.faults)
    await sim.do("key", "42#")
    await context.seen(KeysEntered, lambda seen: seen.keys == "42")
    await context.close()
    await peer.close()
