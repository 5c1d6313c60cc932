"""Time, injected (rule S1). Nothing else in the project reads a clock."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Wall time for records, monotonic time for deadlines of acts."""

    def now(self) -> int:
        """UTC microseconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump; the scale of every in-process deadline, same as `loop.time()`."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> int:
        """UTC microseconds."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds of the monotonic clock, which the event loop uses too."""
        return time.monotonic()


class VirtualClock:
    """Follows a virtual event loop's time, so library timeouts and ours agree."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: int) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> int:
        """UTC microseconds: the start plus the loop's virtual time."""
        return self._start + round(self._loop.time() * SECOND)

    def monotonic(self) -> float:
        """The loop's virtual time in seconds."""
        return self._loop.time()
