"""The far sides of lines, as a hub meets them."""

import asyncio
import contextlib
import os
import threading

import pytest
import serial

from hub.api import ConfigError, LineDown
from hub.transports.peers import PtyPeer, TcpPeer, peer_for
from hub.transports.ports import open_port


async def read(line):
    async with asyncio.timeout(5):
        return await line.read()


async def test_devices_on_one_line_hear_the_hub_and_each_other(peer, scripted):
    board = scripted(lambda data, wire: wire.send(b"yes") if data == b"ask" else None)
    neighbour = scripted()
    peer.attach(board)
    peer.attach(neighbour)
    line = await open_port(peer.url)
    await line.write(b"ask")
    assert await read(line) == b"yes"
    await line.close()
    assert (board.heard, neighbour.heard) == ([b"ask"], [b"ask", b"yes"])


async def test_a_muted_device_neither_hears_nor_is_heard(peer, scripted):
    dead, alive = scripted(lambda data, wire: wire.send(b"dead")), scripted(lambda d, w: w.send(b"alive"))
    peer.attach(dead)
    peer.attach(alive)
    peer.mute(dead)
    line = await open_port(peer.url)
    await line.write(b"ask")
    assert await read(line) == b"alive"
    dead.send(b"late")
    await line.close()
    assert dead.heard == []


async def test_a_terminal_is_at_the_same_path_for_one_hub_after_another(pty, scripted):
    pty.attach(scripted(lambda data, wire: wire.send(data)))
    for word in (b"one", b"two"):
        line = await open_port(pty.url)
        await line.write(word)
        assert await read(line) == word
        await line.close()


async def test_a_hub_at_another_baud_rate_is_not_understood(pty, scripted):
    wire = scripted()
    pty.attach(wire)
    wrong = await open_port(pty.url.replace("9600", "19200"))
    await wrong.write(b"ask")
    await asyncio.sleep(0.05)
    await wrong.close()
    assert wire.heard == []
    right = await open_port(pty.url)
    await right.write(b"ask")
    await wire.until(3)
    await right.close()


async def test_what_nobody_took_in_time_is_lost_as_from_a_real_buffer(tmp_path, scripted):
    class Clock:
        at = 0.0

        def monotonic(self):
            return self.at

        def now(self):
            return 0

    clock = Clock()
    peer = PtyPeer(tmp_path / "line", clock)
    await peer.open()
    wire = scripted()
    peer.attach(wire)
    wire.send(b"x" * 60_000)
    clock.at = 5.0
    wire.send(b"fresh")
    reader = os.open(tmp_path / "line", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    got = b""
    async with asyncio.timeout(5):
        while not got.endswith(b"fresh"):
            with contextlib.suppress(BlockingIOError):
                got += os.read(reader, 65536)
            await asyncio.sleep(0.001)
    os.close(reader)
    await peer.close()
    assert len(got) < 60_000


async def test_much_data_arrives_whole_while_a_hub_reads(pty, scripted):
    wire = scripted()
    pty.attach(wire)
    line = await open_port(pty.url)
    data = bytes(range(256)) * 200
    wire.send(data)
    got = b""
    while len(got) < len(data):
        got += await read(line)
    await line.close()
    assert got == data


async def test_a_new_tcp_connection_takes_the_place_of_a_dead_one(tcp, scripted):
    tcp.attach(scripted(lambda data, wire: wire.send(data)))
    old = await open_port(tcp.url)
    await old.write(b"1")
    assert await read(old) == b"1"
    new = await open_port(tcp.url)
    await new.write(b"2")
    assert await read(new) == b"2"
    with pytest.raises(LineDown):
        await read(old)
    await old.close()
    await new.close()


async def test_a_tcp_port_that_refuses_drops_whoever_comes(tcp):
    tcp.refuse()
    line = await open_port(tcp.url)
    with pytest.raises(LineDown):
        await read(line)
    await line.close()


async def test_a_port_that_is_not_free_is_named(tcp):
    with pytest.raises(LineDown, match=str(tcp.port)):
        await TcpPeer(tcp.port).open()


async def test_a_refused_connection_is_a_line_that_is_down(free_port):
    with pytest.raises(LineDown, match="refused"):
        await open_port(f"tcp://127.0.0.1:{free_port}")


async def test_a_slow_close_of_a_serial_port_does_not_hold_the_loop(pty, monkeypatch):
    line = await open_port(pty.url)
    release = threading.Event()
    real = serial.Serial.close

    def slow(port):
        release.wait(10)
        real(port)

    monkeypatch.setattr(serial.Serial, "close", slow)
    closing = asyncio.create_task(line.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    release.set()
    await asyncio.wait_for(closing, 5)


def test_each_kind_of_line_has_its_stand_in(tmp_path, clock):
    path = tmp_path / "lines" / "a"
    pty = peer_for("serial:///dev/ttyUSB0?baud=9600&parity=E", clock, path=path)
    assert pty.url == f"serial://{path}?baud=9600"
    assert peer_for("tcp://h:5?framing=rtu", clock, path=path, port=77).url == "tcp://127.0.0.1:77?framing=rtu"
    assert peer_for("udp://h:5", clock, path=path, port=78).url == "udp://127.0.0.1:78"
    assert peer_for("memory://x", clock, path=path).url == "memory://x"
    with pytest.raises(ConfigError):
        peer_for("http://x", clock, path=path)
