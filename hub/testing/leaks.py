"""What a test left behind: tasks, threads, file descriptors."""

from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import dataclass
from pathlib import Path

_FDS = Path("/proc/self/fd")
#: Threads that the interpreter keeps on purpose.
_KEPT = ("asyncio_", "pytest_timeout")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What existed at one moment."""

    tasks: frozenset[asyncio.Task[object]]
    threads: frozenset[threading.Thread]
    descriptors: dict[str, str]


def snapshot() -> Snapshot:
    """Look around. Must run inside the loop."""
    return Snapshot(frozenset(asyncio.all_tasks()), frozenset(threading.enumerate()), _descriptors())


async def leaks(before: Snapshot, patience: float = 2.0) -> list[str]:
    """What exists now and did not before; waits up to `patience` seconds for ends under way."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while found := _found(before):
        if loop.time() > deadline:
            return found
        gc.collect()
        await asyncio.sleep(0.01)
    return []


def _found(before: Snapshot) -> list[str]:
    tasks = asyncio.all_tasks() - before.tasks - {asyncio.current_task()}
    threads = [
        thread for thread in threading.enumerate()
        if thread not in before.threads and not thread.name.startswith(_KEPT)
    ]
    descriptors = [
        f"{number} -> {target}" for number, target in _descriptors().items()
        if before.descriptors.get(number) != target
    ]
    return [
        *(f"task {task.get_name()}" for task in tasks if task is not None),
        *(f"thread {thread.name}" for thread in threads),
        *(f"descriptor {item}" for item in descriptors),
    ]


def _descriptors() -> dict[str, str]:
    """Open descriptors and what they point to; empty where there is no /proc."""
    found = {}
    for entry in _FDS.iterdir() if _FDS.exists() else ():
        try:
            found[entry.name] = str(entry.readlink())
        except OSError:  # the descriptor of the listing itself
            continue
    return found
