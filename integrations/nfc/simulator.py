"""A simulated reader: nothing listens until somebody holds a tag to it, and that is a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Any

from hub.api.sim import SimSetup, Simulator
from hub.model.effects import JsonMap

_LONGEST = 60.0


class Field:
    """The reader's radio field."""

    def __init__(self, setup: SimSetup) -> None:
        self._setup = setup
        self._powered = True
        self._taps = 0
        self._tags: dict[asyncio.Task[None], asyncio.subprocess.Process] = {}

    def actions(self) -> Mapping[str, Callable[..., Any]]:
        """`tap UID [SECONDS]`."""
        return {"tap": self._tap}

    def state(self) -> JsonMap:
        """How many tags lie there now, and how many were tapped."""
        return {"powered": self._powered, "present": len(self._tags), "taps": self._taps}

    def power(self, on: bool) -> None:
        """Without a field no tag answers."""
        self._powered = on
        if not on:
            for process in self._tags.values():
                process.terminate()

    async def _tap(self, uid: str, seconds: str = "3") -> JsonMap:
        """Hold a tag to the reader; returns when the reader can see it."""
        length, wanted = len(bytes.fromhex(uid)), float(seconds)
        if length not in (4, 7, 10):
            raise ValueError("a UID has 4, 7 or 10 bytes")
        if not 0 < wanted <= _LONGEST:
            raise ValueError(f"a tag is held for more than 0 and at most {_LONGEST:.0f} seconds")
        if not self._powered:
            return {"seen": False}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "integrations.nfc.tag", "--port", str(self._port()), "--uid", uid,
            "--seconds", seconds, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        if not await process.stdout.readline():
            await process.wait()
            raise ValueError("another tag lies on the reader, or the tag could not start")
        self._taps += 1
        self._setup.ledger("tapped", uid=uid.lower())
        task = asyncio.get_running_loop().create_task(self._held(process), name=f"tag {process.pid}")
        self._tags[task] = process
        task.add_done_callback(lambda ended: self._tags.pop(ended, None))
        return {"seen": True, "pid": process.pid, "seconds": wanted}

    async def _held(self, process: asyncio.subprocess.Process) -> None:
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()

    def _port(self) -> int:
        kind, _, place = self._setup.endpoint.partition(":")
        if kind != "udp":
            raise ValueError(f"a tag can be held to a reader over UDP only, not to {self._setup.endpoint!r}")
        return int(place.rpartition(":")[2])


def create(setup: SimSetup) -> Simulator:
    """An endpoint device: no wire."""
    return Simulator(Field(setup))
