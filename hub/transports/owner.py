"""The one owner of a port: exchanges in turn, unsolicited frames, reconnecting (rules S14, S15)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub.api.errors import LineDown, LineTimeout
from hub.api.lines import ByteLine, Framer, LineParameters, Match, Priority, Tap
from hub.core.clock import Clock
from hub.core.failpoints import Failpoint
from hub.transports.requests import Request, RequestQueue

_LOG = logging.getLogger(__name__)
_BEFORE_COMMAND = Failpoint("lines.command.before")
_COMMAND_SENT = Failpoint("lines.command.sent")
_COMMAND_ANSWERED = Failpoint("lines.command.answered")
_FIRST_RETRY, _LAST_RETRY = 0.05, 5.0
#: A port that stayed open this long, in seconds, or was heard, starts the retry delay afresh.
_STEADY = 1.0
#: A line that never falls silent is used again after this many seconds of draining.
_DRAIN_LIMIT = 1.0
#: Start, parity or second stop, and stop bit: the character that Modbus over serial line 2.5 counts with.
_CHARACTER_BITS = 11


@dataclass(frozen=True, slots=True)
class Timing:
    """The silences that a framing needs.

    `gap_characters` and `gap_seconds`: the longer one passes between the last byte on the line and the
    next request. `settle`: replies carry nothing that ties them to a request, so after an unanswered one
    or stray bytes the line is drained until it was silent for this many seconds; None: never.
    """

    gap_characters: float = 0.0
    gap_seconds: float = 0.0
    settle: float | None = None

    def gap(self, parameters: LineParameters) -> float:
        """Seconds of silence before a request."""
        return max(self.gap_seconds, self.gap_characters * _character(parameters))


class LineOwner:
    """Owns one port from `start` to `close`; opens it again whenever it was lost."""

    def __init__(
        self, line_id: str, opener: Callable[[], Awaitable[ByteLine]], framer: Callable[[], Framer],
        clock: Clock, *, timing: Timing | None = None, tap: Tap | None = None,
    ) -> None:
        self.line_id = line_id
        self._opener = opener
        self._make_framer = framer
        self._clock = clock
        self._timing = timing or Timing()
        self._tap = tap
        self._queue = RequestQueue(clock)
        self._listeners: tuple[Callable[[bytes], None], ...] = ()
        self._changes: tuple[Callable[[bool], None], ...] = ()
        self._current: Request | None = None
        self._framer = framer()
        self._flush: asyncio.TimerHandle | None = None
        self._last_byte = 0.0
        self._dirty = False
        self._draining = False
        self._steady = False
        self._complained = False
        self._up = False
        self._task: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Whether the port is open."""
        return self._up

    def start(self) -> None:
        """Begin to open the port, in the background."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"line {self.line_id}")

    def reframe(self, framer: Callable[[], Framer]) -> None:
        """Cut by another framer from now on."""
        self._make_framer = framer
        self._framer = framer()

    async def close(self) -> None:
        """Let the port go. Waiting requests end with LineDown."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def exchange(self, frame: bytes, match: Match | None, deadline: float, priority: Priority) -> bytes:
        """Send `frame` once; see FramedLine.transact. Without `match` nothing is awaited."""
        if not self._up:
            raise LineDown(f"line {self.line_id} is down")
        return await self._queue.put(Request(bytes(frame), match, deadline, priority))

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `listener` for each unsolicited frame; returns a function that ends it."""
        self._listeners = (*self._listeners, listener)

        def stop() -> None:
            self._listeners = tuple(x for x in self._listeners if x is not listener)

        return stop

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """Call `listener(up)` when the port comes or goes; returns a function that ends it."""
        self._changes = (*self._changes, listener)

        def stop() -> None:
            self._changes = tuple(x for x in self._changes if x is not listener)

        return stop

    async def _run(self) -> None:
        delay = _FIRST_RETRY
        while True:
            self._steady = False
            try:
                await self._connection(await self._opener())
            except LineDown as error:
                self._complain(error)
            except Exception:  # noqa: BLE001  a framer of a plugin may fail; the line must live on
                _LOG.exception("Line %s failed", self.line_id)
            if self._steady:
                delay = _FIRST_RETRY
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LAST_RETRY)

    def _complain(self, error: LineDown) -> None:
        if not self._complained:
            self._complained = True
            _LOG.warning("Line %s is down: %s; trying again", self.line_id, error)

    async def _connection(self, port: ByteLine) -> None:
        self._framer = self._make_framer()
        self._dirty = False
        self._last_byte = self._clock.monotonic()
        tasks = [asyncio.ensure_future(self._read(port)), asyncio.ensure_future(self._serve(port))]
        settled = asyncio.get_running_loop().call_later(_STEADY, self._settled)
        self._change(True)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            settled.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._fail_all()
            self._change(False)
            # Shielded: the port must be back with the system even if we are being closed right now.
            await asyncio.shield(asyncio.ensure_future(port.close()))
        for task in done:
            task.result()

    def _settled(self) -> None:
        """The port is of use: heard, or open for a while. One that opens only to fail again is not."""
        self._steady = True
        if self._complained:
            self._complained = False
            _LOG.info("Line %s is back", self.line_id)

    def _fail_all(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
        if self._current is not None:
            self._current.fail(LineTimeout(f"line {self.line_id} went down before the answer"))
            self._current = None
        self._up = False
        self._queue.fail_all(LineDown(f"line {self.line_id} went down"))

    def _change(self, up: bool) -> None:
        self._up = up
        for listener in self._changes:
            _guarded(listener, up)

    async def _read(self, port: ByteLine) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await port.read()
            self._last_byte = self._clock.monotonic()
            if not self._steady:
                self._settled()
            self._tapped("in", self._last_byte, data)
            if self._flush is not None:
                self._flush.cancel()
            if self._draining:
                continue
            if self._current is None:
                self._dirty = True
            for frame in self._framer.feed(data):
                self._received(frame)
            idle = self._framer.idle
            self._flush = loop.call_later(idle, self._silent) if idle is not None else None

    def _tapped(self, direction: str, at: float, data: bytes) -> None:
        if self._tap is not None:
            _guarded(self._tap, self.line_id, direction, at, data)

    def _silent(self) -> None:
        for frame in self._framer.flush():
            self._received(frame)

    def _received(self, frame: bytes) -> None:
        request = self._current
        if request is not None and request.answered(frame):
            return
        for listener in self._listeners:
            _guarded(listener, frame)

    async def _serve(self, port: ByteLine) -> None:
        gap = self._timing.gap(port.parameters)
        while True:
            await self._queue.waiting()
            await self._quiet(gap)
            # Picked only now, so that a command that came during the silence still overtakes.
            request = self._queue.pop()
            if request is not None:
                await self._exchange(port, request)

    async def _quiet(self, gap: float) -> None:
        settle = self._timing.settle
        if settle is not None and (self._dirty or self._framer.flush()):
            self._draining = True
            limit = self._clock.monotonic() + _DRAIN_LIMIT
            # A late answer may still be on its way, so the silence is counted from here.
            self._last_byte = self._clock.monotonic()
            try:
                # Each byte that arrives meanwhile moves the end, so there is no one event to await.
                while (now := self._clock.monotonic()) < min(self._last_byte + settle, limit):  # noqa: ASYNC110
                    await asyncio.sleep(self._last_byte + settle - now)
            finally:
                self._draining = False
            self._framer.flush()
        self._dirty = False
        while (left := self._last_byte + gap - self._clock.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)

    async def _exchange(self, port: ByteLine, request: Request) -> None:
        self._current = request
        try:
            self._tapped("out", self._clock.monotonic(), request.frame)
            commanding = request.priority is Priority.COMMAND
            if commanding:
                _BEFORE_COMMAND.hit()
            try:
                await port.write(request.frame)
            except LineDown as error:
                request.fail(error)
                raise
            self._last_byte = self._clock.monotonic() + len(request.frame) * _character(port.parameters)
            if commanding:
                _COMMAND_SENT.hit()
            # Not ended by the caller going away: the answer is still to come over the line.
            if not await request.end():
                self._dirty = True
            elif commanding:
                _COMMAND_ANSWERED.hit()
        finally:
            if request.over:
                self._current = None


class LineView:
    """A FramedLine: one holder's access to a line that others may share. `release` drops its listeners."""

    def __init__(self, owner: LineOwner, on_release: Callable[[LineView], None] | None = None) -> None:
        self._owner = owner
        self._stops: list[Callable[[], None]] = []
        self._on_release = on_release

    @property
    def up(self) -> bool:
        """Whether the port is open."""
        return self._owner.up

    @property
    def line_id(self) -> str:
        """The line's id in `site.yaml`."""
        return self._owner.line_id

    async def transact(
        self, frame: bytes, match: Match, *, deadline: float, priority: Priority = Priority.POLL
    ) -> bytes:
        """See FramedLine. `match` may raise BadFrame, which ends the exchange with it."""
        return await self._owner.exchange(frame, match, deadline, priority)

    async def send(self, frame: bytes, *, deadline: float, priority: Priority = Priority.COMMAND) -> None:
        """See FramedLine."""
        await self._owner.exchange(frame, None, deadline, priority)

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """See FramedLine."""
        stop = self._owner.listen(listener)
        self._stops.append(stop)
        return stop

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """See FramedLine."""
        stop = self._owner.on_change(listener)
        self._stops.append(stop)
        return stop

    def release(self) -> None:
        """End all listeners of this holder; the line stays open for the others."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        if self._on_release is not None:
            self._on_release(self)


def _character(parameters: LineParameters) -> float:
    return _CHARACTER_BITS / parameters.baud if parameters.baud else 0.0


def _guarded(listener: Callable[..., None], *facts: object) -> None:
    try:
        listener(*facts)
    except Exception:  # noqa: BLE001  one listener must not silence the rest, nor stop the line
        _LOG.exception("Listener %r failed", listener)
