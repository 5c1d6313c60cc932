"""The kit itself: it records, it moves time, and it notices what a test leaves behind."""

import asyncio
import os
import threading

import pytest

from hub.api import LineDown, LineTimeout
from hub.model.observations import TagRead
from hub.model.states import FaultKind
from hub.testing.leaks import leaks, snapshot


class ByteFramer:
    idle = None

    def feed(self, data):
        return [bytes([byte]) for byte in data]

    def flush(self):
        return []


class EchoWire:
    def connect(self, send, baud):
        self.send = send

    def receive(self, data):
        self.send(data)


class SilentWire:
    def connect(self, send, baud):
        pass

    def receive(self, data):
        pass


async def test_an_emitted_observation_is_recorded_in_order(hub_context):
    context = hub_context(name="badge")
    context.emit(TagRead("badge", "01"))
    context.emit(TagRead("badge", "02"))
    await context.seen(TagRead, lambda seen: seen.uid == "02")
    assert [seen.uid for seen in context.of(TagRead)] == ["01", "02"]


async def test_a_repeated_fault_is_one_fault_until_it_is_cleared(hub_context):
    context = hub_context()
    context.fault(FaultKind.OFFLINE)
    context.fault(FaultKind.OFFLINE)
    context.clear(FaultKind.OFFLINE)
    context.clear(FaultKind.OFFLINE)
    await context.until(lambda: len(context.observations) == 2)
    assert context.faults == {}


async def test_a_frame_is_answered_by_the_device_on_the_memory_line(hub_context):
    context = hub_context()
    context.bus.peer.attach(EchoWire())
    line = context.framed_line(ByteFramer)
    answer = await line.transact(b"a", lambda frame: frame == b"a", deadline=context.clock.monotonic() + 5)
    assert answer == b"a"


async def test_a_frame_that_no_exchange_waits_for_reaches_the_listeners(hub_context):
    context = hub_context()
    wire = EchoWire()
    context.bus.peer.attach(wire)
    line = context.framed_line(ByteFramer)
    heard = []
    line.listen(heard.append)
    await context.until(lambda: line.up)
    wire.send(b"xy")
    await context.until(lambda: heard == [b"x", b"y"])


def test_an_hour_of_silence_on_the_virtual_loop_ends_in_a_timeout(hub_virtual):
    async def main(kit):
        context = kit.context()
        context.bus.peer.attach(SilentWire())
        line = context.framed_line(ByteFramer)
        with pytest.raises(LineTimeout):
            await line.transact(b"a", lambda _: True, deadline=kit.clock.monotonic() + 3600)
        return kit.clock.monotonic()

    assert hub_virtual(main) == pytest.approx(3600)


async def test_a_pulled_plug_refuses_before_a_byte_is_sent(hub_context):
    context = hub_context()
    line = context.framed_line(ByteFramer)
    await context.until(lambda: line.up)
    context.bus.peer.unplug()
    await context.until(lambda: not line.up)
    with pytest.raises(LineDown):
        await line.send(b"a", deadline=context.clock.monotonic() + 1)
    assert context.bus.sent == b""


async def test_a_plug_put_back_is_found_by_the_line_itself(hub_context):
    context = hub_context()
    line = context.framed_line(ByteFramer)
    await context.until(lambda: line.up)
    context.bus.peer.unplug()
    await context.until(lambda: not line.up)
    context.bus.peer.plug()
    await context.until(lambda: line.up)


async def test_the_leak_check_names_a_task_a_thread_and_a_descriptor_left_behind():
    before = snapshot()
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="forgotten")
    thread.start()
    task = asyncio.create_task(asyncio.sleep(60), name="endless")
    descriptor = os.open(os.devnull, os.O_RDONLY)
    left = await leaks(before, patience=0)
    os.close(descriptor)
    stop.set()
    thread.join()
    task.cancel()
    assert "task endless" in left
    assert "thread forgotten" in left
    assert any("/dev/null" in item for item in left)
