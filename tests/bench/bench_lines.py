"""What one exchange costs on a line: p50, p99 and p99.9 of `transact` over TCP and a pty, in microseconds.

Run it by hand: `.venv/bin/python tests/bench/bench_lines.py [COUNT]`. A bare pair of streams over the same
TCP peer is measured beside it, so that the ratio is what the owner, the queue and the framing cost.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from hub.api.sim import Wire
from hub.core.clock import SystemClock
from hub.transports import Lines
from hub.transports.peers import LinePeer, PtyPeer, TcpPeer

_ASK = b"ask\r"
_WARM = 200


class Echo:
    """Sends back what it hears."""

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        self._send = send

    def receive(self, data: bytes) -> None:
        self._send(data)


class Cut:
    """Frames end with CR."""

    idle = None

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *frames, self._rest = (self._rest + data).split(b"\r")
        return frames

    def flush(self) -> list[bytes]:
        return []


async def timed(once: Callable[[], Awaitable[object]], count: int) -> dict[str, float]:
    clock = SystemClock()
    for _ in range(_WARM):
        await once()
    spans = []
    for _ in range(count):
        began = clock.monotonic()
        await once()
        spans.append((clock.monotonic() - began) * 1e6)
    spans.sort()
    return {name: round(spans[int(len(spans) * share)], 1) for name, share in
            (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))}


async def through_line(peer: LinePeer, count: int) -> dict[str, float]:
    clock = SystemClock()
    wire: Wire = Echo()
    await peer.open()
    peer.attach(wire)
    lines = Lines({"a": peer.url}, clock)
    line = lines.framed("a", Cut)
    opened = asyncio.Event()
    line.on_change(lambda up: opened.set())
    await opened.wait()
    result = await timed(
        lambda: line.transact(_ASK, lambda frame: True, deadline=clock.monotonic() + 5), count
    )
    await lines.close()
    await peer.close()
    return result


async def bare(count: int) -> dict[str, float]:
    peer = TcpPeer()
    await peer.open()
    peer.attach(Echo())
    reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)

    async def once() -> None:
        writer.write(_ASK)
        await reader.readexactly(len(_ASK))

    result = await timed(once, count)
    writer.close()
    await peer.close()
    return result


async def main(count: int) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        return {
            "tcp": await through_line(TcpPeer(), count),
            "tcp, bare streams": await bare(count),
            "pty": await through_line(PtyPeer(Path(folder) / "line", SystemClock()), count),
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)), indent=2))
