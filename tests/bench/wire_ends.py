"""The far ends of all wires of a bench site, with a stopwatch: a process of its own.

Usage: wire_ends.py SITE STATE. It runs the twin of SITE and prints one JSON line when it is ready. Each line
read from stdin is a credential: it goes onto the scanner's wire, CR-terminated, and the answer is one JSON
line with the seconds from before its last byte was sent until an unlock command was heard, or null. An empty
line asks for the lengths of all Modbus exchanges heard so far.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.twin.plan import plan_of
from hub.twin.twin import Twin

_SCANNER_LINE = "scan1"
_PATIENCE = 5.0
_WRITE_COIL, _READS = 0x05, (0x01, 0x02, 0x03, 0x04)
#: Modbus application protocol 1.1b3: the function code follows a 7-byte header on TCP, the address on RTU.
_MBAP, _RTU = 7, 1
_RTU_READ_BYTES = 8


class Typist:
    """Puts bytes onto the scanner's wire at once, as if their last had just arrived."""

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        self.send = send

    def receive(self, data: bytes) -> None:
        pass


class Stopwatch:
    """Hears every byte of the lock boards' lines."""

    def __init__(self) -> None:
        self.heard: asyncio.Future[float] | None = None
        self.exchanges: list[float] = []

    def ear(self, function_at: int) -> Ear:
        """One for a line with this framing."""
        return Ear(self, function_at)


class Ear:
    """Listens to one line and never answers."""

    def __init__(self, watch: Stopwatch, function_at: int) -> None:
        self._watch = watch
        self._at = function_at
        self._asked = 0.0

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        pass

    def receive(self, data: bytes) -> None:
        now = time.monotonic()
        function = data[self._at] if len(data) > self._at else 0
        heard = self._watch.heard
        if function == _WRITE_COIL and heard is not None and not heard.done():
            heard.set_result(now)
        if self._at != _RTU:
            return
        if function in _READS and len(data) == _RTU_READ_BYTES:
            self._asked = now
        elif self._asked:
            self._watch.exchanges.append(now - self._asked)
            self._asked = 0.0


async def serve(site: Path, state: Path) -> None:
    config, problems = load_site(site, integrations := Integrations.load())
    assert config is not None, problems.render()
    twin = Twin(plan_of(config), state, integrations, SystemClock(), SystemEntropy())
    info = await twin.start()
    watch, typist = Stopwatch(), Typist()
    for line, peer in twin._peers.items():
        if line == _SCANNER_LINE:
            peer.attach(typist)
        else:
            peer.attach(watch.ear(_MBAP if info.lines[line].startswith("tcp:") else _RTU))
    _say({"replacements": info.replacements, "control": info.control})
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        code = line.decode().strip()
        _say(watch.exchanges if not code else await _scan(watch, typist, code))
    await twin.stop()


async def _scan(watch: Stopwatch, typist: Typist, code: str) -> float | None:
    watch.heard = asyncio.get_running_loop().create_future()
    began = time.monotonic()
    typist.send(code.encode() + b"\r")
    try:
        async with asyncio.timeout(_PATIENCE):
            return await watch.heard - began
    except TimeoutError:
        return None


def _say(what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2])))
