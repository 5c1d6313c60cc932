"""Names whoever holds the event loop: a thread asks the loop to answer and looks when it does not."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from hub.api import Clock

_LOG = logging.getLogger(__name__)
_PREFIX = "device:"
_DEPTH = 12
#: Thread -> the device whose plain function runs there now.
_running: dict[int, str] = {}


@dataclass(frozen=True, slots=True)
class Stall:
    """The loop did not answer for `seconds`. `device` is empty when none could be named."""

    device: str
    task: str
    where: str
    seconds: float
    stack: tuple[str, ...]


def task_name(device: str, work: str) -> str:
    """The name of a device's task, from which `device_of` tells the device again."""
    return f"{_PREFIX}{device}:{work}"


def device_of(task: str) -> str:
    """The device that a task belongs to, or nothing."""
    return task[len(_PREFIX):].partition(":")[0] if task.startswith(_PREFIX) else ""


@contextmanager
def running(device: str) -> Iterator[None]:
    """Marks that a plain function of `device` runs in this thread."""
    thread = threading.get_ident()
    before = _running.get(thread, "")
    _running[thread] = device
    try:
        yield
    finally:
        _running[thread] = before


class LoopWatchdog:
    """Reports stalls of the running loop longer than `limit` seconds.

    It looks every `interval` seconds, so what is shorter than both together may be missed. `on_stall` runs
    on the loop when it is free again; the log line is written while it is still held.
    """

    def __init__(
        self, clock: Clock, on_stall: Callable[[Stall], None], *, limit: float = 0.25, interval: float = 0.25
    ) -> None:
        self._clock = clock
        self._on_stall = on_stall
        self._limit = limit
        self._interval = interval
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the running loop from a thread of its own."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._watch, args=(loop, threading.get_ident()), name="loop-watchdog", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        answered = threading.Event()
        while not self._stop.wait(self._interval):
            answered.clear()
            asked = self._clock.monotonic()
            if not _post(loop, answered.set):
                return
            if answered.wait(self._limit):
                continue
            seen = _look(loop, thread)
            holder = seen.device or seen.task or "an unnamed callback"
            _LOG.warning("The event loop is held by %s at %s", holder, seen.where)
            while not answered.wait(0.05):
                if self._stop.is_set() or loop.is_closed():
                    return
            held = self._clock.monotonic() - asked
            _post(loop, self._on_stall, Stall(seen.device, seen.task, seen.where, held, seen.stack))


def _post(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> bool:
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:  # the loop closed between two looks
        return False
    return True


def _look(loop: asyncio.AbstractEventLoop, thread: int) -> Stall:
    """What the loop's thread does now. Reads another thread's state, so every part may be missing."""
    current = asyncio.current_task(loop)
    task = current.get_name() if current is not None else ""
    frame: FrameType | None = sys._current_frames().get(thread)
    stack = traceback.extract_stack(frame)[-_DEPTH:] if frame is not None else []
    lines = tuple(f"{Path(s.filename).name}:{s.lineno} {s.name}" for s in stack)
    device = _running.get(thread, "") or device_of(task)
    return Stall(device, task, lines[-1] if lines else "unknown", 0.0, lines)
