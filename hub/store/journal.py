"""The journal: one chained header per event, the body beside it, salted and destroyable (S5).

`body_hash = SHA-256(salt || body)`; `chain = SHA-256(previous chain || body_hash || header text)`. Both cover
the stored bytes, so anyone can recompute them with nothing but the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import orjson

from hub.model.effects import Json
from hub.store.connection import Connection

SALT_BYTES = 16
#: The chain before the first event.
GENESIS = bytes(32)
_HEADER, _BODY = 8, 3
_ADD_HEADER = "INSERT INTO journal (seq, epoch, time, stream, type, v, body_hash, chain) VALUES "
_ADD_BODY = "INSERT INTO journal_body (seq, salt, body) VALUES "
#: Rows of one statement: a quarter less time than one by one, and the interpreter is let go once, not often.
_TOGETHER = 16
_HEAD = "SELECT seq, epoch, chain FROM journal ORDER BY seq DESC LIMIT 1"
_RANGE = (
    "SELECT j.seq, j.epoch, j.time, j.stream, j.type, j.v, j.body_hash, j.chain, b.salt, b.body "
    "FROM journal j LEFT JOIN journal_body b ON b.seq = j.seq WHERE j.seq > ? ORDER BY j.seq LIMIT ?"
)
_CHAIN_AT = "SELECT chain FROM journal WHERE seq = ?"
_TAIL_ROWS = 64
_dumps = orjson.dumps
_SORTED = orjson.OPT_SORT_KEYS

Mark = tuple[int, bytes, int, int]
#: When, stream, type, version and the body's bytes.
Event = tuple[int, str, str, int, bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the journal: what an external witness keeps (S6)."""

    seq: int
    epoch: str
    chain: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that does not verify, and why."""

    seq: int
    reason: str


class Journal:
    """The writer's end of the journal. A group's events wait in memory and are chained and written together.

    `mark` and `rewind` follow the database's savepoints: what a ROLLBACK TO takes out of the database is
    waiting again, or gone with the function that made it.
    """

    def __init__(
        self, connection: Connection, epoch: str, head: Head | None, random: Callable[[int], bytes]
    ) -> None:
        self._connection = connection
        self._epoch = epoch
        self._random = random
        self._seq = head.seq if head else 0
        #: Of the last event that was written.
        self._chain = head.chain if head else GENESIS
        self._events: list[Event] = []
        self._written = 0

    @property
    def seq(self) -> int:
        """The last event's sequence number, 0 for none."""
        return self._seq

    def append(self, stream: str, kind: str, body: Mapping[str, Json], at: int, v: int) -> int:
        """Add an event and return its sequence number."""
        self._events.append((at, stream, kind, v, _dumps(body, None, _SORTED)))
        self._seq += 1
        return self._seq

    def mark(self) -> Mark:
        """The present end, for `rewind`."""
        return (self._seq, self._chain, len(self._events), self._written)

    def rewind(self, mark: Mark) -> None:
        """Forget the events since `mark`, after the database rolled back to the same point."""
        self._seq, self._chain, count, self._written = mark
        del self._events[count:]

    def flush(self) -> None:
        """Write the waiting events into the open transaction."""
        waiting = self._events[self._written :] if self._written else self._events
        if not waiting:
            return
        epoch, chain = self._epoch, self._chain
        salts = self._random(SALT_BYTES * len(waiting))
        headers: list[Any] = []
        bodies: list[Any] = []
        first = self._seq - len(waiting) + 1
        for seq, (at, stream, kind, v, text) in enumerate(waiting, first):
            start = SALT_BYTES * (seq - first)
            salt = salts[start : start + SALT_BYTES]
            digest = sha256(salt + text).digest()
            chain = link(chain, digest, seq, epoch, at, stream, kind, v)
            headers += (seq, epoch, at, stream, kind, v, digest, chain)
            bodies += (seq, salt, text)
        self._insert(_ADD_HEADER, headers, _HEADER)
        self._insert(_ADD_BODY, bodies, _BODY)
        self._chain = chain
        self._written = len(self._events)

    def _insert(self, into: str, values: list[Any], columns: int) -> None:
        execute = self._connection.execute
        step = columns * _TOGETHER
        whole = len(values) // step * step
        for start in range(0, whole, step):
            execute(_rows(into, columns, _TOGETHER), values[start : start + step])
        for start in range(whole, len(values), columns):
            execute(_rows(into, columns, 1), values[start : start + columns])

    def settle(self) -> None:
        """The group is committed: let go of its events."""
        self._events.clear()
        self._written = 0


@cache
def _rows(into: str, columns: int, rows: int) -> str:
    row = "(" + ", ".join("?" * columns) + ")"
    return into + ", ".join([row] * rows)


def link(
    previous: bytes, digest: bytes, seq: int, epoch: str, at: int, stream: str, kind: str, v: int
) -> bytes:
    """The chain value of one header. The stream's length makes the text unambiguous."""
    text = f"{seq} {epoch} {at} {v} {len(stream)} {stream} {kind}"
    return sha256(previous + digest + text.encode()).digest()


def head(connection: Connection) -> Head | None:
    """The last event's place in the chain, or None for an empty journal."""
    row = connection.execute(_HEAD).fetchone()
    return None if row is None else Head(row[0], row[1], row[2])


def chain_at(connection: Connection, seq: int) -> bytes | None:
    """The stored chain value of an event; that of 0 is the fixed beginning."""
    if seq == 0:
        return GENESIS
    row = connection.execute(_CHAIN_AT, (seq,)).fetchone()
    return None if row is None else bytes(row[0])


def verify_from(
    connection: Connection, after: int, chain: bytes, limit: int
) -> tuple[int, bytes, int, Broken | None]:
    """Recompute up to `limit` rows behind `after`.

    Returns the last good sequence number, its chain, the number of destroyed bodies, and the first
    broken row if there is one. Nothing left to verify shows as an unchanged sequence number.
    """
    destroyed = 0
    for row in connection.execute(_RANGE, (after, limit)).fetchall():
        seq, epoch, at, stream, kind, v, digest, stored, salt, body = row
        if seq != after + 1:
            return after, chain, destroyed, Broken(after + 1, "the row is missing")
        if link(chain, digest, seq, epoch, at, stream, kind, v) != stored:
            return after, chain, destroyed, Broken(seq, "the header does not match the chain")
        if body is None:
            destroyed += 1
        elif sha256(salt + body).digest() != digest:
            return after, chain, destroyed, Broken(seq, "the body does not match its hash")
        after, chain = seq, stored
    return after, chain, destroyed, None


def verify_tail(connection: Connection) -> Broken | None:
    """Recompute the last rows: cheap enough for every start."""
    end = head(connection)
    if end is None:
        return None
    start = max(0, end.seq - _TAIL_ROWS)
    chain = chain_at(connection, start)
    if chain is None:
        return Broken(start, "the row is missing")
    return verify_from(connection, start, chain, _TAIL_ROWS)[3]
