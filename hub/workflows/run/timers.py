"""Fires durable timers. The rows are the truth; this only wakes up in time (S1, S22)."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable

from hub.core.clock import SECOND, Clock
from hub.workflows.run.records import DueTimer

#: The wall clock may be set while we sleep; look again at least this often (seconds).
_LONGEST = 30.0


class Timers:
    """A heap of due times over the stored timers. A fired timer that was cancelled does nothing."""

    def __init__(self, clock: Clock, fire: Callable[[str, str, int], Awaitable[None]]) -> None:
        self._clock = clock
        self._fire = fire
        self._heap: list[tuple[int, str, str]] = []
        self._wake = asyncio.Event()
        #: Seconds after which the clock is looked at again; a virtual clock is never set and needs no look.
        self.longest = _LONGEST

    def load(self, timers: Iterable[DueTimer]) -> None:
        """Take over the stored timers at start."""
        self._heap = [(t.due, t.handover_id, t.name) for t in timers]
        heapq.heapify(self._heap)
        self._wake.set()

    def arm(self, handover_id: str, name: str, due: int) -> None:
        """A timer was committed."""
        heapq.heappush(self._heap, (due, handover_id, name))
        if self._heap[0][0] == due:
            self._wake.set()

    async def run(self) -> None:
        """Fire timers until cancelled, in order of their due time."""
        while True:
            self._wake.clear()
            while self._heap and self._heap[0][0] <= self._clock.now():
                due, handover_id, name = heapq.heappop(self._heap)
                await self._fire(handover_id, name, due)
            wait = self.longest
            if self._heap:
                wait = min(wait, max((self._heap[0][0] - self._clock.now()) / SECOND, 0.0))
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue
