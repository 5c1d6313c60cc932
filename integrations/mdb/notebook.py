"""What was sent for a leg, kept beside the hub's store, so that a restart knows what cannot have happened.

The hub's intent says that a vend request was permitted, not that it left. Two marks per leg, written
before the frame: `asked` before the first VEND REQUEST, `failing` before the first VEND FAILURE. Their
absence is proof only for a leg whose intent names this very notebook: the file has a random id, which
goes into the baseline of each intent.
"""

from __future__ import annotations

import asyncio
import json
import os
from enum import StrEnum
from pathlib import Path

from hub.api import Entropy

#: Legs remembered; one at a time is open, so this covers every incident that a desk may still have.
_KEEP = 64


class Mark(StrEnum):
    """How far a leg got, at most."""

    ASKED = "asked"
    FAILING = "failing"


class Notebook:
    """The marks, in one small file that is replaced as a whole and synced."""

    def __init__(self, state_dir: str, device: str, entropy: Entropy) -> None:
        self._path = Path(state_dir) / f"mdb-{device}.json" if state_dir else None
        self._legs: dict[str, str] = {}
        self._new = True
        self.id = entropy.bytes(8).hex()
        self._read()

    def mark_of(self, leg_id: str) -> Mark | None:
        """The furthest mark of a leg; None when it has none."""
        mark = self._legs.get(leg_id)
        return None if mark is None else Mark(mark)

    def proves_absence(self, baseline_id: object) -> bool:
        """Whether a missing mark is proof for an intent whose baseline names `baseline_id`."""
        return self._path is not None and not self._new and baseline_id == self.id

    async def mark(self, leg_id: str, mark: Mark) -> None:
        """Write a mark durably before the frame leaves. Raises OSError."""
        if self._legs.get(leg_id) == mark:
            return
        self._legs.pop(leg_id, None)
        self._legs[leg_id] = mark
        for old in list(self._legs)[:-_KEEP]:
            del self._legs[old]
        await self._write()

    async def begin(self) -> None:
        """Make the file of a new notebook durable, so that its id means something. Raises OSError."""
        if self._path is not None and self._new:
            await self._write()
            self._new = False

    async def _write(self) -> None:
        if self._path is not None:
            text = json.dumps({"id": self.id, "legs": self._legs})
            await asyncio.get_running_loop().run_in_executor(None, _replace, self._path, text)

    def _read(self) -> None:
        """A missing or damaged file is a new notebook: older intents then find no proof in it."""
        try:
            known = json.loads(self._path.read_text("utf-8")) if self._path is not None else None
            if known is not None:
                self._legs = {str(leg): Mark(mark) for leg, mark in known["legs"].items()}
                self.id = str(known["id"])
                self._new = False
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._legs = {}


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
