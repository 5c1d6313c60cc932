"""One line under test: the hub's real transports on one side, simulators or a real port on the other."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from hub.api import Clock, FramedLine, LineDown, ModbusUnit, Priority
from hub.api.lines import Match
from hub.api.sim import Wire
from hub.transports.lines import Lines
from hub.transports.memory import MemoryLine, listen_memory
from hub.transports.modbus import ModbusMaster, framing_of

_LINE = "line"
_numbers = itertools.count(1)


class TestBus:
    """A line with everything that crosses it recorded.

    Without `url` it is a memory line, to which wires are attached; each of them hears everything. With
    one (`serial:///dev/pts/3?baud=9600`, `tcp://127.0.0.1:502`) it is that port.
    `traffic` lists what crossed, as ("out" | "in", bytes), seen from the hub.
    """

    __test__ = False

    def __init__(self, clock: Clock, url: str = "") -> None:
        self.traffic: list[tuple[str, bytes]] = []
        self._name = "" if url else f"bus-{next(_numbers)}"
        self.lines = Lines({_LINE: url or f"memory://{self._name}"}, clock, self._tap)
        self._wires: list[Wire] = []
        self._far: MemoryLine | None = None
        self._reader: asyncio.Task[None] | None = None
        self._master: ModbusMaster | None = None
        self._stop = listen_memory(self._name, self._accept) if self._name else None

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

    def attach(self, wire: Wire, baud: int = 0) -> None:
        """Put a simulator on the memory line."""
        self._wires.append(wire)
        wire.connect(self.deliver, baud)

    def deliver(self, data: bytes) -> None:
        """A device's bytes, to the hub; lost while the plug is out."""
        if self._far is not None:
            self._far.put(data)

    def set_up(self, up: bool) -> None:
        """Pull the plug of a memory line, or put it back; the hub then reconnects by itself."""
        if not self._name:
            raise ValueError("only a memory line has a plug")
        if not up:
            self._unplug()
        elif self._stop is None:
            self._stop = listen_memory(self._name, self._accept)

    @property
    def sent(self) -> bytes:
        """Every byte that left the hub, in order."""
        return b"".join(data for direction, data in self.traffic if direction == "out")

    async def close(self) -> None:
        """Let the line go."""
        await self.lines.close()
        if self._name:
            self._unplug()
        if self._reader is not None:
            await self._reader

    def _unplug(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None
        if self._far is not None:
            self._far.drop()
            self._far = None

    def _accept(self, far: MemoryLine) -> None:
        self._far = far
        self._reader = asyncio.get_running_loop().create_task(self._carry(far), name="memory line")

    async def _carry(self, far: MemoryLine) -> None:
        try:
            while True:
                data = await far.read()
                for wire in self._wires:
                    wire.receive(data)
        except LineDown:
            return

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
