"""Rows of handovers, machines and timers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.store import Reader, Tx
from hub.workflows.engine import Snapshot
from hub.workflows.machine import Machine

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(Snapshot).decode
_SUMMARY = (
    "id, workflow, state, status, phase, person_ref, external_ref, terminal, ended, created, updated, machine"
)
_SAVE = "UPDATE handover SET state = ?, status = ?, phase = ?, updated = ?, snapshot = ? WHERE id = ?"
#: Names `ended` only when it changes, since an index has to be looked after then.
_SAVE_LAST = (
    "UPDATE handover SET state = ?, status = ?, phase = ?, updated = ?, snapshot = ?, ended = 1 WHERE id = ?"
)


class UnknownHandover(Exception):
    """There is no handover with that id."""


class ReferenceTaken(Exception):
    """Another handover of the workflow has this `external_ref`."""

    def __init__(self, handover_id: str) -> None:
        super().__init__(f"the reference belongs to handover {handover_id}")
        self.handover_id = handover_id


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A stored timer; `due` in UTC microseconds."""

    handover_id: str
    name: str
    due: int


class Machines:
    """Compiled machines by hash. Decoded once; the rows never change."""

    def __init__(self) -> None:
        self._by_hash: dict[str, Machine] = {}

    def keep(self, tx: Tx, machine: Machine, source: str, at: int) -> str:
        """Store a machine if it is new; returns its hash."""
        digest = machine.digest()
        tx.execute(
            "INSERT OR IGNORE INTO machine (hash, workflow, blueprint, version, source, compiled, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (digest, machine.workflow, machine.blueprint, machine.version, source, machine.canonical(), at),
        )
        self._by_hash[digest] = machine
        return digest

    def get(self, reader: Reader, digest: str) -> Machine:
        """The machine that a handover pins."""
        machine = self._by_hash.get(digest)
        if machine is None:
            row = reader.execute("SELECT compiled FROM machine WHERE hash = ?", (digest,)).fetchone()
            machine = self._by_hash[digest] = msgspec.json.decode(row[0], type=Machine)
        return machine


def load(reader: Reader, handover_id: str) -> Snapshot:
    """The snapshot of a handover. Raises UnknownHandover."""
    row = reader.execute("SELECT snapshot FROM handover WHERE id = ?", (handover_id,)).fetchone()
    if row is None:
        raise UnknownHandover(handover_id)
    return _DECODE(row[0])


def insert(tx: Tx, snapshot: Snapshot, person_ref: str | None, external_ref: str | None, at: int) -> None:
    """The row of a new handover. Raises ReferenceTaken."""
    try:
        tx.execute(
            "INSERT INTO handover (id, workflow, machine, state, status, phase, person_ref, external_ref, "
            "terminal, created, updated, snapshot) VALUES (?, ?, ?, '', ?, '', ?, ?, ?, ?, ?, ?)",
            (
                snapshot.handover_id, snapshot.workflow, snapshot.machine, snapshot.status, person_ref,
                external_ref, snapshot.vars.get("terminal", ""), at, at, _ENCODE(snapshot),
            ),
        )
    except sqlite3.IntegrityError as error:
        row = tx.execute(
            "SELECT id FROM handover WHERE workflow = ? AND external_ref = ?",
            (snapshot.workflow, external_ref),
        ).fetchone()
        if row is None:
            raise
        raise ReferenceTaken(str(row[0])) from error


def save(tx: Tx, snapshot: Snapshot, at: int) -> None:
    """Store the snapshot after a transition."""
    tx.execute(
        _SAVE_LAST if snapshot.ended else _SAVE,
        (snapshot.state, snapshot.status, snapshot.phase, at, _ENCODE(snapshot), snapshot.handover_id),
    )


def set_timers(tx: Tx, handover_id: str, timers: Iterable[tuple[str, int]]) -> None:
    """Store timers; one of the same name is moved."""
    for name, due in timers:
        tx.execute(
            "INSERT OR REPLACE INTO timer (handover_id, name, due) VALUES (?, ?, ?)", (handover_id, name, due)
        )


def cancel_state_timers(tx: Tx, handover_id: str) -> None:
    """Drop the `after` timers of the state that is left; deadlines stay."""
    tx.execute(
        "DELETE FROM timer WHERE handover_id = ? AND name >= 'after.' AND name < 'after/'", (handover_id,)
    )


def cancel_timers(tx: Tx, handover_id: str) -> None:
    """Drop all timers of a handover that has ended."""
    tx.execute("DELETE FROM timer WHERE handover_id = ?", (handover_id,))


def take_timer(tx: Tx, handover_id: str, name: str, at: int | None = None) -> bool:
    """Remove a timer that is due at `at`, or in any case. False when it was cancelled or moved meanwhile."""
    taken = tx.execute(
        "DELETE FROM timer WHERE handover_id = ?1 AND name = ?2 AND (?3 IS NULL OR due <= ?3) RETURNING name",
        (handover_id, name, at),
    ).fetchone()
    return bool(taken)


def timers_of(reader: Reader, owner: str) -> set[str]:
    """The names of the timers that somebody other than a handover, or a handover, waits for."""
    rows = reader.execute("SELECT name FROM timer WHERE handover_id = ?", (owner,)).fetchall()
    return {row[0] for row in rows}


def timer_stands(reader: Reader, handover_id: str, name: str) -> bool:
    """Whether a timer has been neither taken nor cancelled. Asking costs less than trying to take it."""
    found = reader.execute("SELECT 1 FROM timer WHERE handover_id = ? AND name = ?", (handover_id, name))
    return found.fetchone() is not None


def all_timers(reader: Reader) -> list[DueTimer]:
    """Every stored timer."""
    return [DueTimer(*row) for row in reader.execute("SELECT handover_id, name, due FROM timer").fetchall()]


def running(reader: Reader) -> int:
    """How many handovers have not ended."""
    return int(reader.execute("SELECT count(*) FROM handover WHERE ended = 0").fetchone()[0])


def live_machines(reader: Reader) -> list[str]:
    """The machines that handovers run on which have not ended."""
    return [row[0] for row in reader.execute(
        "SELECT DISTINCT machine FROM handover WHERE ended = 0"
    ).fetchall()]


def live_at(reader: Reader, terminal: str) -> list[str]:
    """Handovers at a terminal that have not ended."""
    rows = reader.execute(
        "SELECT id FROM handover WHERE ended = 0 AND terminal = ?", (terminal,)
    ).fetchall()
    return [row[0] for row in rows]


def live_of_person(reader: Reader, person_ref: str) -> list[str]:
    """Handovers for a person that have not ended."""
    rows = reader.execute(
        "SELECT id FROM handover WHERE ended = 0 AND person_ref = ?", (person_ref,)
    ).fetchall()
    return [row[0] for row in rows]


def listed(
    reader: Reader, *, ended: bool | None = None, limit: int = 100, before: str | None = None,
    workflow: str | None = None, state: str | None = None, status: str | None = None,
) -> list[dict[str, Any]]:
    """Handovers newest first, without any personal data; `before` is the id where the last page ended."""
    wanted = {
        "ended = ?": None if ended is None else int(ended), "id < ?": before, "workflow = ?": workflow,
        "state = ?": state, "status = ?": status,
    }
    clauses = [clause for clause, value in wanted.items() if value is not None]
    values = [value for value in wanted.values() if value is not None]
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = reader.execute(
        f"SELECT {_SUMMARY} FROM handover{where} ORDER BY id DESC LIMIT ?",  # noqa: S608  constants only
        (*values, limit),
    ).fetchall()
    return [_summary(row) for row in rows]


def summary(reader: Reader, handover_id: str) -> dict[str, Any] | None:
    """One handover as in `listed`, or None."""
    row = reader.execute(
        f"SELECT {_SUMMARY} FROM handover WHERE id = ?", (handover_id,)  # noqa: S608  constants only
    ).fetchone()
    return None if row is None else _summary(row)


def _summary(row: Any) -> dict[str, Any]:
    return {
        "id": row[0], "workflow": row[1], "state": row[2], "status": row[3], "phase": row[4],
        "person_ref": row[5], "external_ref": row[6], "terminal": row[7], "ended": bool(row[8]),
        "created": row[9], "updated": row[10], "machine": row[11],
    }
