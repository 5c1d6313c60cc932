"""The reader against a tag in a process of its own, over nfcpy's UDP driver, and against missing hardware."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from hub.api import ConfigError, NotReady
from hub.model.observations import TagRead
from hub.model.states import FaultKind
from hub.testing import Kit

nfc = pytest.importorskip("nfc")

import integrations.nfc as integration  # noqa: E402  needs the library above
from integrations.nfc import reader as reader_module  # noqa: E402

UID = "5f112233445566"


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def build(kit: Kit, url: str, **own: Any) -> tuple[Any, Any, Any]:
    context = kit.context(
        name="badge", config=vol.Schema(integration.device_schema())(own), endpoint_url=url
    )
    return context, kit.simulator(integration, context, endpoint=url), integration.create_driver(context)


async def gone(context: Any, sim: Any) -> None:
    """Every tag's process ended by itself."""
    await context.until(lambda: sim.model.state()["present"] == 0)


@pytest.mark.req("AC-03")
async def test_a_tag_held_by_another_process_is_read_once(hub_kit: Kit, port: int) -> None:
    context, sim, driver = build(hub_kit, f"udp:127.0.0.1:{port}")
    await hub_kit.start(driver)
    await sim.do("tap", UID, "2.5")
    assert await context.seen(TagRead) == TagRead("badge", UID)
    await gone(context, sim)
    assert context.of(TagRead) == [TagRead("badge", UID)]
    assert context.lease.reports == [("in", f"106A {UID}".encode())]
    assert [(act["act"], act["uid"]) for act in sim.ledger] == [("tapped", UID)]


async def test_a_tag_taken_away_and_held_again_is_a_new_presentation(hub_kit: Kit, port: int) -> None:
    context, sim, driver = build(hub_kit, f"udp:127.0.0.1:{port}", same_tag_ms=300)
    await hub_kit.start(driver)
    for count in (1, 2):
        await sim.do("tap", "08aabbcc", "1.5")
        await context.until(lambda wanted=count: len(context.of(TagRead)) == wanted)
        await gone(context, sim)
        await asyncio.sleep(0.4)
    assert [seen.uid for seen in context.of(TagRead)] == ["08aabbcc"] * 2


async def test_the_loop_runs_on_while_the_reader_senses(hub_kit: Kit, port: int) -> None:
    _, _, driver = build(hub_kit, f"udp:127.0.0.1:{port}")
    await hub_kit.start(driver)
    turns = 0
    while any(thread.name.startswith("nfc ") for thread in threading.enumerate()) and turns < 200:
        await asyncio.sleep(0)
        turns += 1
    assert turns == 200


async def test_stop_ends_the_thread_and_gives_the_lease_back(hub_kit: Kit, port: int) -> None:
    context, _, driver = build(hub_kit, f"udp:127.0.0.1:{port}")
    await driver.start()
    assert context.lease.held
    await driver.stop()
    assert not context.lease.held
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("nfc ")]


async def test_nothing_listens_until_a_tag_is_there_and_then_on_this_machine_only(
    hub_kit: Kit, port: int
) -> None:
    context, sim, _ = build(hub_kit, f"udp:127.0.0.1:{port}")
    assert listeners(port) == []
    await sim.do("tap", UID, "0.6")
    assert listeners(port) == ["127.0.0.1"]
    await gone(context, sim)
    assert listeners(port) == []


async def test_two_tags_do_not_fit_on_one_reader(hub_kit: Kit, port: int) -> None:
    context, sim, _ = build(hub_kit, f"udp:127.0.0.1:{port}")
    await sim.do("tap", UID, "1.5")
    with pytest.raises(ValueError, match="another tag"):
        await sim.do("tap", "08aabbcc", "1")
    await gone(context, sim)
    assert len(sim.acts("tapped")) == 1


@pytest.mark.parametrize(("uid", "seconds"), [("zz", "1"), ("0102", "1"), (UID, "0"), (UID, "1000")])
async def test_a_tap_that_makes_no_sense_is_refused(hub_kit: Kit, port: int, uid: str, seconds: str) -> None:
    _, sim, _ = build(hub_kit, f"udp:127.0.0.1:{port}")
    with pytest.raises(ValueError):
        await sim.do("tap", uid, seconds)


async def test_without_a_usb_reader_the_device_is_not_ready_and_says_what_to_do(hub_kit: Kit) -> None:
    context, _, driver = build(hub_kit, "usb:072f:2200")
    with pytest.raises(NotReady, match=r"usb:072f:2200: "):
        await driver.start()
    assert not context.lease.held


class FakeFrontend:
    """nfcpy's frontend with a USB reader that a test breaks and mends."""

    trouble: OSError | None = None
    answer: Any = None

    def open(self, path: str) -> bool:
        if FakeFrontend.trouble:
            raise FakeFrontend.trouble
        return True

    def sense(self, target: Any) -> Any:
        threading.Event().wait(0.02)
        if FakeFrontend.trouble:
            raise FakeFrontend.trouble
        return FakeFrontend.answer

    def close(self) -> None: ...


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> type[FakeFrontend]:
    FakeFrontend.trouble = FakeFrontend.answer = None
    monkeypatch.setattr(nfc, "ContactlessFrontend", FakeFrontend)
    monkeypatch.setattr(reader_module, "_REOPEN_FIRST", 0.02)
    return FakeFrontend


@pytest.mark.parametrize(
    ("number", "mend"),
    [(errno.ENODEV, "plug it in"), (errno.EACCES, "udev rule"), (errno.EBUSY, "stop pcscd")],
)
async def test_a_reader_that_cannot_be_opened_says_why(
    hub_kit: Kit, usb: type[FakeFrontend], number: int, mend: str
) -> None:
    usb.trouble = OSError(number, os.strerror(number))
    _, _, driver = build(hub_kit, "usb:072f:2200")
    with pytest.raises(NotReady, match=mend):
        await driver.start()


async def test_a_reader_that_is_unplugged_is_offline_until_it_is_back(
    hub_kit: Kit, usb: type[FakeFrontend]
) -> None:
    context, _, driver = build(hub_kit, "usb:072f:2200")
    await hub_kit.start(driver)
    usb.trouble = OSError(errno.ENODEV, "No such device")
    await context.until(lambda: "plug it in" in context.faults.get((FaultKind.OFFLINE, ""), ""))
    usb.trouble = None
    await context.until(lambda: not context.faults)
    usb.answer = nfc.clf.RemoteTarget("106A", sdd_res=bytearray.fromhex(UID))
    assert (await context.seen(TagRead)).uid == UID


async def test_a_torn_answer_is_counted_and_the_reader_goes_on(hub_kit: Kit, usb: type[FakeFrontend]) -> None:
    context, _, driver = build(hub_kit, "usb:072f:2200")
    usb.answer = nfc.clf.RemoteTarget("106A", sdd_res=bytearray(b"\x01"))
    await hub_kit.start(driver)
    await context.until(lambda: driver.unreadable)
    usb.answer = nfc.clf.RemoteTarget("106A", sdd_res=bytearray.fromhex(UID))
    assert (await context.seen(TagRead)).uid == UID


async def test_an_endpoint_elsewhere_is_a_configuration_error(hub_kit: Kit) -> None:
    context, _, driver = build(hub_kit, "udp:192.168.0.9:54321")
    with pytest.raises(ConfigError, match="on this machine"):
        await driver.start()
    assert not context.lease.held


async def test_a_reader_that_is_leased_already_is_not_ready(hub_kit: Kit, port: int) -> None:
    context, _, driver = build(hub_kit, f"udp:127.0.0.1:{port}")
    context.endpoint()
    with pytest.raises(NotReady):
        await driver.start()


def listeners(port: int) -> list[str]:
    """The IPv4 addresses on which UDP `port` is bound."""
    found = []
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        address, _, bound = line.split()[1].partition(":")
        if int(bound, 16) == port:
            found.append(socket.inet_ntoa(bytes.fromhex(address)[::-1]))
    return found


