"""One line under test: the hub's real transports on one side, simulators or a real port on the other."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from hub.api import Clock, FramedLine, LineDown, ModbusUnit, Priority
from hub.api.lines import Match
from hub.transports.lines import Lines
from hub.transports.modbus import ModbusMaster, framing_of
from hub.transports.peers import MemoryPeer

_LINE = "line"
_numbers = itertools.count(1)


class TestBus:
    """A line with everything that crosses it recorded.

    Without `url` it is a memory line whose far side is `peer`. With one (`serial:///dev/pts/3?baud=9600`,
    `tcp://127.0.0.1:502`) it is that port.
    `traffic` lists what crossed, as ("out" | "in", bytes), seen from the hub.
    """

    __test__ = False

    def __init__(self, clock: Clock, url: str = "") -> None:
        self.traffic: list[tuple[str, bytes]] = []
        self._peer = None if url else MemoryPeer(f"bus-{next(_numbers)}")
        self.lines = Lines({_LINE: url or self.peer.url}, clock, self._tap)
        self._master: ModbusMaster | None = None
        if self._peer is not None:
            self._peer.plug()

    @property
    def peer(self) -> MemoryPeer:
        """The far side of a memory line: attach wires, unplug, plug, cut."""
        if self._peer is None:
            raise ValueError("the test opened the far side of this line itself")
        return self._peer

    def framed(self, framer: Any) -> FramedLine:
        """A holder's view, usable at once: its first exchange waits for the port to open."""
        return _Ready(self.lines.framed(_LINE, framer))

    def unit(self, address: int) -> ModbusUnit:
        """A unit of the line's one Modbus master."""
        if self._master is None:
            framing = framing_of(self.lines.url(_LINE))
            self._master = ModbusMaster(
                _Ready(self.lines.framed(_LINE, framing.framer, framing.timing)), framing
            )
        return self._master.unit(address)

    @property
    def sent(self) -> bytes:
        """Every byte that left the hub, in order."""
        return b"".join(data for direction, data in self.traffic if direction == "out")

    async def close(self) -> None:
        """Let the line go."""
        await self.lines.close()
        if self._peer is not None:
            await self._peer.close()

    def _tap(self, line: str, direction: str, at: float, data: bytes) -> None:
        self.traffic.append((direction, data))


class _Ready:
    """A FramedLine whose first exchange waits for the port; later ones see it come and go as it does."""

    def __init__(self, line: FramedLine) -> None:
        self._line = line
        self._opened = asyncio.Event()
        line.on_change(lambda up: self._opened.set() if up else None)
        if line.up:
            self._opened.set()

    @property
    def up(self) -> bool:
        return self._line.up

    async def transact(
        self, frame: bytes, match: Match, *, deadline: float, priority: Priority = Priority.POLL
    ) -> bytes:
        await self._open(deadline)
        return await self._line.transact(frame, match, deadline=deadline, priority=priority)

    async def send(self, frame: bytes, *, deadline: float, priority: Priority = Priority.COMMAND) -> None:
        await self._open(deadline)
        await self._line.send(frame, deadline=deadline, priority=priority)

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        return self._line.listen(listener)

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        return self._line.on_change(listener)

    async def _open(self, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._opened.wait()
        except TimeoutError as late:
            raise LineDown("the port did not open") from late
