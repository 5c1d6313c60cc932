"""A line without an operating system: framed exchanges of a driver on one side, wires on the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hub.api import Framer, LineBusy, LineDown, LineTimeout, Priority
from hub.api.lines import Match
from hub.api.sim import Wire


class MemoryBus:
    """Carries bytes between one owner and any number of wires, each of which hears everything.

    `traffic` lists what crossed, as ("out" | "in", bytes), seen from the hub.
    """

    def __init__(self) -> None:
        self.traffic: list[tuple[str, bytes]] = []
        self.up = True
        self._wires: list[Wire] = []
        self._hears: list[Callable[[bytes], None]] = []
        self._changes: list[Callable[[bool], None]] = []

    def attach(self, wire: Wire, baud: int = 0) -> None:
        """Put a simulator on the line."""
        self._wires.append(wire)
        wire.connect(self.deliver, baud)

    def put(self, data: bytes) -> None:
        """The hub's bytes, to every wire."""
        self.traffic.append(("out", data))
        for wire in self._wires:
            wire.receive(data)

    def deliver(self, data: bytes) -> None:
        """A device's bytes, to the hub; lost while the line is down."""
        if self.up:
            self.traffic.append(("in", data))
            for hear in tuple(self._hears):
                hear(data)

    def hear(self, listener: Callable[[bytes], None]) -> None:
        """Receive what devices send."""
        self._hears.append(listener)

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """Call `listener(up)` when the line comes or goes; returns a function that ends it."""
        self._changes.append(listener)
        return lambda: self._changes.remove(listener)

    def set_up(self, up: bool) -> None:
        """Pull the plug, or put it back."""
        if up != self.up:
            self.up = up
            for listener in tuple(self._changes):
                listener(up)

    @property
    def sent(self) -> bytes:
        """Every byte that left the hub, in order."""
        return b"".join(data for direction, data in self.traffic if direction == "out")


class MemoryFramedLine:
    """`FramedLine` over a `MemoryBus`."""

    def __init__(self, bus: MemoryBus, framer: Framer) -> None:
        self._bus = bus
        self._framer = framer
        self._turn = asyncio.Lock()
        self._listeners: list[Callable[[bytes], None]] = []
        self._pending: tuple[Match, asyncio.Future[bytes]] | None = None
        self._idle: asyncio.TimerHandle | None = None
        bus.hear(self._heard)
        bus.on_change(self._changed)

    @property
    def up(self) -> bool:
        """Whether the plug is in."""
        return self._bus.up

    async def transact(
        self, frame: bytes, match: Match, *, deadline: float, priority: Priority = Priority.POLL
    ) -> bytes:
        """Send once, await the matching frame."""
        async with _Turn(self._turn, deadline):
            if not self._bus.up:
                raise LineDown("the plug is out")
            future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._pending = (match, future)
            try:
                self._bus.put(frame)
                async with asyncio.timeout_at(deadline):
                    return await future
            except TimeoutError as late:
                raise LineTimeout("no answer before the deadline") from late
            finally:
                self._pending = None

    async def send(self, frame: bytes, *, deadline: float, priority: Priority = Priority.COMMAND) -> None:
        """Send without awaiting an answer."""
        async with _Turn(self._turn, deadline):
            if not self._bus.up:
                raise LineDown("the plug is out")
            self._bus.put(frame)

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """Unsolicited frames."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """Comings and goings of the plug."""
        return self._bus.on_change(listener)

    def _heard(self, data: bytes) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._take(self._framer.feed(data))
        if self._framer.idle is not None:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(self._framer.idle, lambda: self._take(self._framer.flush()))

    def _take(self, frames: list[bytes]) -> None:
        for frame in frames:
            if self._pending is not None and not self._pending[1].done() and self._pending[0](frame):
                self._pending[1].set_result(frame)
                continue
            for listener in tuple(self._listeners):
                listener(frame)

    def _changed(self, up: bool) -> None:
        if not up and self._pending is not None and not self._pending[1].done():
            self._pending[1].set_exception(LineTimeout("the plug was pulled while an answer was awaited"))


class _Turn:
    """The exclusive right to the line, or LineBusy at the deadline."""

    def __init__(self, lock: asyncio.Lock, deadline: float) -> None:
        self._lock = lock
        self._deadline = deadline

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout_at(self._deadline):
                await self._lock.acquire()
        except TimeoutError as late:
            raise LineBusy("the deadline passed before the frame's turn") from late

    async def __aexit__(self, *_: Any) -> None:
        self._lock.release()
