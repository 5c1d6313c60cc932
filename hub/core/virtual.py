"""An event loop whose time is virtual: it jumps to the next timer when nothing else can run (S1)."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

from hub.core.clock import VirtualClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _JumpingSelector(selectors.BaseSelector):
    """Polls real files without waiting; instead of sleeping it moves the loop's time."""

    def __init__(self) -> None:
        self._inner = selectors.DefaultSelector()
        self.loop: VirtualLoop | None = None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def get_map(self) -> Any:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert self.loop is not None
        ready = self._inner.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self.loop.outstanding:
            # Only real work (a thread, a file) can wake us; virtual time must stand still meanwhile.
            return self._inner.select(0.05 if self.loop.outstanding else 0.2)
        self.loop.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's loop with virtual time. `outstanding` counts thread work that holds time still."""

    def __init__(self) -> None:
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.loop = self
        self._virtual = 0.0
        self.outstanding = 0

    def time(self) -> float:
        """Virtual seconds since the loop began."""
        return self._virtual

    def advance(self, seconds: float) -> None:
        """Move time forward."""
        self._virtual += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """As asyncio's, but counted: time stands still until the work is done."""
        self.outstanding += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._returned)
        return future

    def _returned(self, _: asyncio.Future[Any]) -> None:
        self.outstanding -= 1


def run_virtual(main: Callable[[VirtualClock], Coroutine[Any, Any, T]], start: int) -> T:
    """Run `main(clock)` on a fresh virtual loop that begins at `start` (UTC microseconds)."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(VirtualClock(loop, start)))
