"""What a stopped hub left behind: its rows and journal, read by SQL and never through the hub's own logic."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLES = {
    "effects": "SELECT * FROM effect ORDER BY opened, id",
    "handovers": "SELECT id, workflow, state, status, phase, ended FROM handover ORDER BY number",
    "allocations": "SELECT * FROM allocation ORDER BY handover_id, idx, created",
    "custody": "SELECT * FROM custody_chain ORDER BY allocation_id, step",
    "assets": "SELECT * FROM asset WHERE removed = 0 ORDER BY id",
    "legs": "SELECT * FROM leg ORDER BY opened, id",
    "decisions": "SELECT * FROM money_decision",
    "incidents": "SELECT * FROM incident ORDER BY opened",
    "grants": "SELECT * FROM access_grant",
    "uses": "SELECT * FROM grant_use",
    "boots": "SELECT * FROM boots ORDER BY opened",
}
_JOURNAL = (
    "SELECT j.seq, j.epoch, j.time, j.stream, j.type, b.body FROM journal j "
    "LEFT JOIN journal_body b ON b.seq = j.seq ORDER BY j.seq"
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """All rows of one database."""

    effects: list[Row]
    handovers: list[Row]
    allocations: list[Row]
    custody: list[Row]
    assets: list[Row]
    legs: list[Row]
    decisions: list[Row]
    incidents: list[Row]
    grants: list[Row]
    uses: list[Row]
    boots: list[Row]
    journal: list[Row]

    @classmethod
    def read(cls, database: Path) -> Record:
        with beside(database) as connection:
            tables = {name: _rows(connection, query) for name, query in _TABLES.items()}
            journal = _rows(connection, _JOURNAL)
        for effect in tables["effects"]:
            effect["params"] = json.loads(effect["params"])
            effect["evidence"] = json.loads(effect["evidence"])
        for entry in journal:
            entry["body"] = json.loads(entry["body"]) if entry["body"] else {}
        return cls(**tables, journal=journal)


class beside:  # noqa: N801  used like a function
    """A connection that closes itself and cannot write."""

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5.0)
        self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *exc: object) -> None:
        self._connection.close()


def _rows(connection: sqlite3.Connection, query: str) -> list[Row]:
    return [dict(row) for row in connection.execute(query)]
