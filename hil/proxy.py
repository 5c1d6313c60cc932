"""A proxy on the wire: stands between a hub and a device, watches both directions, and does faults.

The hub opens the near side (a pseudo terminal, a TCP or a UDP port), the proxy opens the far one. Frames are
passed on when they are complete, so that a fault can hit a whole one; without a framer, whatever arrived
together counts as a frame. When the device's port vanishes, so does the near side, until it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from hil.faults import Action, Fault, Faults
from hil.recorder import Recorder
from hub.api import ByteLine, Clock, ConfigError, Framer, LineDown
from hub.transports.peers import LinePeer, PtyPeer, TcpPeer, UdpPeer
from hub.transports.ports import open_port
from hub.transports.urls import parse_url

#: How long a vanished device is waited for between two looks, in seconds.
_LOOK = 0.2
_OTHER = {"out": "in", "in": "out"}


class Pieces:
    """The framer of a protocol that is not known: what arrived together is a frame."""

    idle: float | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """`data` itself."""
        return [data]

    def flush(self) -> list[bytes]:
        """Nothing is ever kept."""
        return []


def near_side(url: str, clock: Clock) -> LinePeer:
    """What the hub will open, not yet there. Raises ConfigError for a URL that cannot be listened at."""
    where = parse_url(url)
    baud = where.parameters.baud
    match where.scheme:
        case "serial":
            place = Path(where.place)
            if place.exists() and not place.is_symlink():
                raise ConfigError(f"{url!r}: {place} exists; the proxy makes a link of its own there")
            return PtyPeer(place, clock, baud, where.query)
        case "tcp":
            return TcpPeer(where.port, baud, where.query, where.host)
        case "udp":
            return UdpPeer(where.port, baud, where.query, where.host)
    raise ConfigError(f"{url!r}: a proxy listens at serial:, tcp: or udp:")


@dataclass(frozen=True, slots=True)
class _Held:
    """A frame that waits for the other side to speak."""

    frame: bytes
    fault: Fault


class Proxy:
    """One line between a hub and a device. `start`, then `stop`; `faults` tells what has fired."""

    def __init__(
        self, listen: str, to: str, clock: Clock, *, framer: Callable[[], Framer] = Pieces,
        faults: Faults | None = None, recorder: Recorder | None = None,
    ) -> None:
        self.faults = faults or Faults()
        self.near = near_side(listen, clock)
        self._to = parse_url(to)
        self._clock = clock
        self._framer = framer
        self._recorder = recorder or Recorder(clock)
        self._far: ByteLine | None = None
        self._out = _Direction("out", framer(), self)
        self._in = _Direction("in", framer(), self)
        self._held: dict[str, list[_Held]] = {"out": [], "in": []}
        self._cut_until = float("-inf")
        self._send: Callable[[bytes], None] = lambda data: None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the device's port, then offer the near side. Raises LineDown, ConfigError."""
        self._far = await open_port(self._to)
        try:
            await self.near.open()
        except (LineDown, OSError) as error:
            await self._far.close()
            raise LineDown(f"cannot listen at {self.near.url}: {error}") from None
        self.near.attach(self)
        self._recorder.begin(self.near.url, self._to.text)
        self._tasks = [
            asyncio.create_task(work, name=f"proxy {name}") for name, work in (
                ("device", self._device()), ("out", self._out.run()), ("in", self._in.run()),
            )
        ]

    async def run(self) -> None:
        """Until cancelled, or until the proxy itself breaks; then its error comes out."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Let both sides go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.near.close()
        if self._far is not None:
            await self._far.close()
        for fault in self.faults.faults:
            if not fault.fired:
                self._recorder.event(fault.report())

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        """Called by the near side: how bytes reach the hub."""
        self._send = send

    def receive(self, data: bytes) -> None:
        """Called by the near side: bytes of the hub."""
        self._out.put(data)

    async def carry(self, direction: str, frame: bytes) -> None:
        """Pass one frame on, or what its faults leave of it."""
        if self._clock.monotonic() < self._cut_until:
            self._recorder.frame(direction, frame, None, "cut")
            return
        hit = self.faults.on(direction, frame)
        passed: bytes | None = frame
        for fault in hit:
            if passed is not None:
                passed = fault.altered(passed)
        await self._wait(hit)
        late = next((fault for fault in hit if fault.rule.action is Action.LATE), None)
        if late is not None and passed is not None:
            self._held[direction].append(_Held(passed, late))
        else:
            passed = await self._pass(direction, passed)
        for fault in hit:
            if fault is not late and (passed is not None or fault.altered(frame) is None):
                self._fire(fault, frame)
        names = ", ".join(fault.rule.text for fault in hit)
        self._recorder.frame(direction, frame, passed if late is None else None, names)
        if passed is not None:
            await self._release(_OTHER[direction])

    async def _wait(self, hit: list[Fault]) -> None:
        for fault in hit:
            if fault.rule.action is Action.CUT:
                self._cut_until = self._clock.monotonic() + fault.rule.wait
            elif fault.rule.action is Action.DELAY:
                await asyncio.sleep(fault.rule.wait)

    async def _pass(self, direction: str, data: bytes | None) -> bytes | None:
        """What really went on: None when there is nothing, or nobody to take it."""
        if data is None:
            return None
        if direction == "in":
            self._send(data)
            return data
        if self._far is None:
            return None
        try:
            await self._far.write(data)
        except LineDown:
            return None
        return data

    async def _release(self, direction: str) -> None:
        """The other side has spoken: frames that waited for it arrive now, too late."""
        held, self._held[direction] = self._held[direction], []
        for late in held:
            passed = await self._pass(direction, late.frame)
            self._recorder.frame(direction, late.frame, passed, f"late: {late.fault.rule.text}")
            if passed is not None:
                self._fire(late.fault, late.frame)

    def _fire(self, fault: Fault, frame: bytes) -> None:
        fault.fired.append(f"{self._recorder.elapsed():.3f} s, {frame.hex(' ')}")

    async def _device(self) -> None:
        while True:
            assert self._far is not None
            with contextlib.suppress(LineDown):
                while True:
                    self._in.put(await self._far.read())
            self._recorder.event("the device's port is gone")
            self.near.unplug()
            await self._far.close()
            self._far = None
            self._far = await self._reopened()
            self._recorder.event("the device's port is back")
            self.near.plug()

    async def _reopened(self) -> ByteLine:
        while True:
            await asyncio.sleep(_LOOK)
            with contextlib.suppress(LineDown):
                return await open_port(self._to)


class _Direction:
    """Bytes of one direction, cut into frames and carried one after the other."""

    def __init__(self, name: str, framer: Framer, proxy: Proxy) -> None:
        self._name = name
        self._framer = framer
        self._carry: Callable[[str, bytes], Awaitable[None]] = proxy.carry
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()

    def put(self, data: bytes) -> None:
        """Take what arrived."""
        self._arrived.put_nowait(data)

    async def run(self) -> None:
        """Carry until cancelled; a silence ends what is no whole frame."""
        waiting = False
        while True:
            try:
                async with asyncio.timeout(self._framer.idle if waiting else None):
                    data = await self._arrived.get()
            except TimeoutError:
                frames, waiting = self._framer.flush(), False
            else:
                frames, waiting = self._framer.feed(data), True
            for frame in frames:
                await self._carry(self._name, frame)
