"""The ground truth: physical acts as they happened, one JSON line each, kept by the twin alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from hub.api.sim import Ledger
from hub.core.clock import Clock
from hub.model.effects import Json

FILE = "ledger.jsonl"


class LedgerFile:
    """Appends acts. Each line is with the system before the call returns, and survives any other process.

    A line is {"seq": 1.., "at": UTC microseconds, "device": name, "act": word, "facts": {...}}.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._last = 0
        for entry in read_ledger(path):
            self._last = entry["seq"]
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if not _ends_whole(path):
            os.write(self._file, b"\n")

    def of(self, device: str) -> Ledger:
        """The ledger that a device's model writes to."""
        return partial(self.append, device)

    def append(self, device: str, act: str, /, **facts: Json) -> None:
        """Write one act."""
        self._last += 1
        entry = {"seq": self._last, "at": self._clock.now(), "device": device, "act": act, "facts": facts}
        os.write(self._file, orjson.dumps(entry) + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_ledger(path: Path, after: int = 0) -> Iterator[dict[str, Any]]:
    """The acts with a greater `seq`, oldest first; what a dying twin left unfinished is passed over."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                entry = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if entry["seq"] > after:
                yield entry


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
