"""Every background task has a name, an owner and an end (no task is fire-and-forget)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_LOG = logging.getLogger(__name__)


class Supervisor:
    """Owns tasks; reports the ones that fail; cancels and awaits the rest when closed."""

    def __init__(self, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._on_failure = on_failure

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` until it ends or the supervisor closes."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = name
        task.add_done_callback(self._ended)
        return task

    @property
    def running(self) -> list[str]:
        """Names of the tasks that still run."""
        return sorted(self._tasks.values())

    async def close(self) -> None:
        """Cancel all tasks, newest first, and wait for them."""
        tasks = list(self._tasks)[::-1]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        name = self._tasks.pop(task, task.get_name())
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _LOG.error("Task %s failed", name, exc_info=error)
            if self._on_failure is not None:
                self._on_failure(name, error)
