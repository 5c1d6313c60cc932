"""Requests that wait for a line: commands before polls, each at most until its deadline."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field

from hub.api.errors import LineBusy, LineError, LineTimeout
from hub.api.lines import Match, Priority
from hub.core.clock import Clock


@dataclass(slots=True)
class Request:
    """One frame on its way. `deadline` is on the monotonic scale; without `match` sending ends it."""

    frame: bytes
    match: Match | None
    deadline: float
    priority: Priority
    result: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    started: bool = False

    def answered(self, frame: bytes) -> bool:
        """Offer a received frame; True when it ends the exchange, well or badly."""
        if self.over or self.match is None:
            return False
        try:
            if not self.match(frame):
                return False
        except Exception as error:  # noqa: BLE001  handed to the caller, whose function it is
            self.fail(error)
            return True
        self._finish()
        if not self.result.done():
            self.result.set_result(frame)
        return True

    def fail(self, error: Exception) -> None:
        """End with `error`; nothing happens if it is over."""
        if self.over:
            return
        self._finish()
        if not self.result.done():
            self.result.set_exception(error)

    async def end(self) -> bool:
        """Wait for the answer until the deadline. False when it did not come or was bad."""
        if self.match is None:
            self._finish()
            if not self.result.done():
                self.result.set_result(b"")
            return True
        try:
            async with asyncio.timeout_at(self.deadline):
                await self._ended.wait()
        except TimeoutError:
            self.fail(LineTimeout("no answer before the deadline"))
            return False
        return self.result.cancelled() or self.result.exception() is None

    def _finish(self) -> None:
        self.over = True
        self._ended.set()


class RequestQueue:
    """A priority queue whose entries give up by themselves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[Priority, int, Request]] = []
        self._count = 0
        self._filled = asyncio.Event()

    async def put(self, request: Request) -> bytes:
        """Wait for the request's result. Raises LineBusy when its turn did not come in time."""
        self._count += 1
        heapq.heappush(self._heap, (request.priority, self._count, request))
        self._filled.set()
        loop = asyncio.get_running_loop()
        expiry = loop.call_at(request.deadline, self._expire, request)
        try:
            return await request.result
        finally:
            expiry.cancel()
            if not request.started:
                request.over = True

    async def waiting(self) -> None:
        """Return when something may be in the queue."""
        await self._filled.wait()

    def pop(self) -> Request | None:
        """The next request that is still wanted, marked as started."""
        while self._heap:
            _, _, request = heapq.heappop(self._heap)
            if request.over or request.result.done():
                continue
            if request.deadline <= self._clock.monotonic():
                self._expire(request)
                continue
            request.started = True
            return request
        self._filled.clear()
        return None

    def fail_all(self, error: LineError) -> None:
        """End everything that waits."""
        while self._heap:
            heapq.heappop(self._heap)[2].fail(error)
        self._filled.clear()

    @staticmethod
    def _expire(request: Request) -> None:
        if not request.started:
            request.fail(LineBusy("the deadline passed before the frame's turn came"))
