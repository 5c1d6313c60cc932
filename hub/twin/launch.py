"""Starts a twin as a process of its own, or attaches to the one that outlived an earlier hub."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hub.twin.client import TwinClient
from hub.twin.errors import TwinError
from hub.twin.info import TwinInfo, read_info

LOG = "twin.log"
#: Holds the process id of a twin that a hub started for itself; that hub keeps it locked while it lives.
_OF_HUB = "of-hub.pid"
_STEP = 0.02


@dataclass(frozen=True, slots=True)
class TwinProcess:
    """A twin that answers. `process` is None when it was running before.

    `inherited`: an earlier hub started it and died, so that it is ours now. `claim` is the descriptor of the
    lock that keeps other hubs from thinking the same.
    """

    info: TwinInfo
    process: subprocess.Popen[bytes] | None = None
    inherited: bool = False
    claim: int | None = None

    async def stop(self) -> None:
        """End the twin if it is ours; one that was running before goes on."""
        if self.process is not None:
            self.process.terminate()
            await asyncio.to_thread(self.process.wait)
        elif self.inherited:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.info.pid, signal.SIGTERM)
        if self.claim is not None:
            os.close(self.claim)


async def running_twin(state: Path) -> TwinInfo | None:
    """The twin of `state` if it answers."""
    info = read_info(state)
    if info is None:
        return None
    with contextlib.suppress(TwinError):
        await TwinClient(info.control).ping()
        return info
    return None


async def hub_twin(site: Path, state: Path, *, command: Sequence[str] | None = None) -> TwinProcess:
    """As `ensure_twin`, for a hub that ends its twin with itself.

    A twin survives a hub that is killed; the next hub attaches to it and ends it then. One that somebody
    serves by hand goes on, and so does one whose hub lives: a second hub must not take it away from the
    first. Raises TwinError.
    """
    twin = await ensure_twin(site, state, command=command)
    claim = _claim(state / _OF_HUB)
    if claim is None:
        return twin
    pid = str(twin.info.pid).encode()
    if twin.process is not None:
        os.ftruncate(claim, 0)
        os.pwrite(claim, pid, 0)
    elif os.pread(claim, 32, 0) != pid:
        os.close(claim)
        return twin
    return replace(twin, inherited=twin.process is None, claim=claim)


def _claim(note: Path) -> int | None:
    """The locked descriptor of the note, or None while another hub holds it; a dead one holds nothing."""
    descriptor = os.open(note, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


async def ensure_twin(
    site: Path, state: Path, within: float = 20.0, *, command: Sequence[str] | None = None
) -> TwinProcess:
    """Attach to the twin of `state`, or start one in a session of its own and wait until it is ready.

    Its output goes to `twin.log` in `state`. Raises TwinError with the end of that log when it fails.
    """
    info = await running_twin(state)
    if info is not None:
        return TwinProcess(info)
    state.mkdir(parents=True, exist_ok=True)
    argv = [*(command or _serve(site, state))]
    with (state / LOG).open("ab") as log:
        # A session of its own: neither Ctrl-C in the hub's terminal nor the hub's death reaches it.
        process = await asyncio.to_thread(
            subprocess.Popen, argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        async with asyncio.timeout(within):
            while (info := await running_twin(state)) is None:
                if process.poll() is not None:
                    raise TwinError("failed", f"the twin ended at once: {_last_words(state)}")
                await asyncio.sleep(_STEP)
    except TimeoutError:
        process.kill()
        raise TwinError("failed", f"the twin was not ready in time: {_last_words(state)}") from None
    except asyncio.CancelledError:
        process.terminate()  # nobody else knows of it
        raise
    return TwinProcess(info, process)


def _serve(site: Path, state: Path) -> list[str]:
    return [sys.executable, "-m", "hub.cli.main", "twin", "serve", str(site), "--state", str(state)]


def _last_words(state: Path) -> str:
    lines = (state / LOG).read_text(errors="replace").strip().splitlines()
    return " / ".join(lines[-5:]) or "it said nothing"
