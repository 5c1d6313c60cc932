"""Real lines on loopback and ptys, with scripted far sides."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from hub.core.clock import SystemClock
from hub.transports import Lines
from hub.transports.peers import LinePeer, MemoryPeer, PtyPeer, TcpPeer, UdpPeer


class Scripted:
    """A wire whose answers a test writes: `on(bytes)` is called with what was heard."""

    def __init__(self, on: Callable[[bytes, Scripted], None] | None = None) -> None:
        self.heard: list[bytes] = []
        self._on = on
        self._arrived = asyncio.Event()

    def connect(self, send, baud: int) -> None:
        self.send = send
        self.baud = baud

    def receive(self, data: bytes) -> None:
        self.heard.append(data)
        self._arrived.set()
        if self._on is not None:
            self._on(data, self)

    async def until(self, total: int) -> bytes:
        """Wait until `total` bytes were heard."""
        async with asyncio.timeout(10):
            while len(b"".join(self.heard)) < total:
                self._arrived.clear()
                await self._arrived.wait()
        return b"".join(self.heard)


class CutAt:
    """Frames end with a byte."""

    idle = None

    def __init__(self, end: bytes = b"\r") -> None:
        self._end = end
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *frames, self._rest = (self._rest + data).split(self._end)
        return frames

    def flush(self) -> list[bytes]:
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted


@pytest.fixture
def cut_at() -> type[CutAt]:
    return CutAt


@pytest.fixture
def soon(clock) -> Callable[[float], float]:
    """A deadline so many seconds ahead."""
    return lambda seconds: clock.monotonic() + seconds


@pytest.fixture
async def lines_to(clock) -> AsyncIterator[Callable[..., Lines]]:
    made: list[Lines] = []

    def make(tap=None, **urls: str) -> Lines:
        lines = Lines(urls, clock, tap)
        made.append(lines)
        return lines

    yield make
    for lines in made:
        await lines.close()


@pytest.fixture
def until_up() -> Callable:
    async def wait(line, up: bool = True) -> None:
        changed = asyncio.Event()
        stop = line.on_change(lambda _: changed.set())
        async with asyncio.timeout(10):
            while line.up is not up:
                changed.clear()
                await changed.wait()
        stop()

    return wait


@pytest.fixture(params=["memory", "pty", "tcp", "udp"])
async def peer(request, tmp_path, clock) -> AsyncIterator[LinePeer]:
    kinds = {
        "memory": lambda: MemoryPeer("bench"),
        "pty": lambda: PtyPeer(tmp_path / "lines" / "bus1", clock, 9600, {"baud": "9600"}),
        "tcp": TcpPeer,
        "udp": UdpPeer,
    }
    made = kinds[request.param]()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def pty(tmp_path, clock) -> AsyncIterator[PtyPeer]:
    made = PtyPeer(tmp_path / "lines" / "bus1", clock, 9600, {"baud": "9600"})
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def tcp() -> AsyncIterator[TcpPeer]:
    made = TcpPeer()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
