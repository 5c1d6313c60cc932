"""A reader of the journal that lives through every kill: it sees each event once, and never another (S34)."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

from kills.record import beside

_AFTER = "SELECT seq, epoch, type, chain FROM journal WHERE seq > ? ORDER BY seq"


class Follower:
    """Reads beside the running hub, keeps its own place, compares with what is there at the end."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._seen: dict[int, tuple[str, str, bytes]] = {}
        self.violations: list[str] = []

    async def run(self) -> None:
        while True:
            self.read()
            await asyncio.sleep(0.1)

    def read(self) -> None:
        """Take in what is new behind the last event seen."""
        if not self._database.exists():
            return
        last = max(self._seen, default=0)
        with contextlib.suppress(sqlite3.OperationalError), beside(self._database) as connection:
            for seq, epoch, kind, chain in connection.execute(_AFTER, (last,)):
                if seq != last + 1:
                    self.violations.append(f"the cursor skipped from {last} to {seq}")
                last = seq
                self._seen[seq] = (epoch, kind, bytes(chain))

    def compare(self) -> list[str]:
        """What was seen must stand in the journal of the stopped hub, unchanged and without a gap."""
        self.read()
        with beside(self._database) as connection:
            rows = connection.execute(_AFTER, (0,))
            there = {seq: (epoch, kind, bytes(chain)) for seq, epoch, kind, chain in rows}
        gone = [seq for seq, event in self._seen.items() if there.get(seq) != event]
        if gone:
            self.violations.append(f"events that were seen are gone or others: {gone[:5]}")
        if sorted(there) != list(range(1, len(there) + 1)):
            self.violations.append("the journal has a gap")
        return self.violations
