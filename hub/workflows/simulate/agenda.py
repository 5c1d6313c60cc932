"""What will happen next: one queue for everybody in a simulation, so that order never depends on tasks."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable

from hub.core.clock import SECOND, Clock

Doing = Callable[[], Awaitable[None]]


class Agenda:
    """Entries in order of their time; those of one moment in the order in which they were made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Doing]] = []
        self._count = 0
        self._asleep: asyncio.Future[None] | None = None

    def at(self, moment: int, doing: Doing) -> None:
        """Do something at a moment (UTC microseconds), or as soon as possible after it."""
        self._count += 1
        heapq.heappush(self._heap, (moment, self._count, doing))
        if self._heap[0][1] == self._count:
            self._wake()

    def later(self, micros: int, doing: Doing) -> None:
        """Do something after some time."""
        self.at(self._clock.now() + micros, doing)

    async def run(self, until: int, passed: Callable[[int], None]) -> None:
        """Do everything up to a moment; `passed` is told the time of each entry."""
        while self._clock.now() < until:
            moment = min(self._heap[0][0] if self._heap else until, until)
            if moment > self._clock.now():
                await self._sleep(moment)  # whoever adds something earlier meanwhile ends it
                continue
            moment, _, doing = heapq.heappop(self._heap)
            passed(moment)
            await doing()

    async def _sleep(self, moment: int) -> None:
        loop = asyncio.get_running_loop()
        self._asleep = loop.create_future()
        timer = loop.call_later((moment - self._clock.now()) / SECOND, self._wake)
        try:
            await self._asleep
        finally:
            timer.cancel()
            self._asleep = None

    def _wake(self) -> None:
        if self._asleep is not None and not self._asleep.done():
            self._asleep.set_result(None)
