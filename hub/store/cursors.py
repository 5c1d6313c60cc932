"""Readers of the journal and the events they have dealt with: at least once, none skipped (S34)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from hub.model.effects import Json
from hub.store.errors import CursorError

if TYPE_CHECKING:
    from hub.store.tx import Reader, Tx

_COLUMNS = (
    "SELECT j.seq, j.epoch, j.time, j.stream, j.type, j.v, b.body "
    "FROM journal j LEFT JOIN journal_body b ON b.seq = j.seq "
)
_AFTER = _COLUMNS + "WHERE j.seq > ? ORDER BY j.seq LIMIT ?"
_STREAM = _COLUMNS + "WHERE j.stream = ? AND j.seq > ? ORDER BY j.seq LIMIT ?"
_POSITION = "SELECT seq FROM cursors WHERE name = ?"
_SET = "INSERT INTO cursors (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq"
_REMOVE = "DELETE FROM cursors WHERE name = ?"
_SLOWEST = "SELECT name, seq FROM cursors WHERE seq < ? ORDER BY seq LIMIT 1"
_DESTROY = "DELETE FROM journal_body WHERE seq = ?"


@dataclass(frozen=True, slots=True)
class Event:
    """One journal event in today's shape. `body` is None when it was destroyed; `time` is UTC micros."""

    seq: int
    epoch: str
    time: int
    stream: str
    type: str
    v: int
    body: Mapping[str, Json] | None


def read_after(reader: Reader, seq: int, limit: int) -> list[Event]:
    """The next events behind `seq`, without a gap. Raises CursorError if one is missing."""
    events = [_event(reader, row) for row in reader.execute(_AFTER, (seq, limit)).fetchall()]
    if events and events[-1].seq != seq + len(events):
        raise CursorError(f"the journal has a gap behind {seq}: run `hub audit verify`")
    return events


def read_stream(reader: Reader, stream: str, after: int = 0, limit: int = 1000) -> list[Event]:
    """The events of one stream behind `after`."""
    return [_event(reader, row) for row in reader.execute(_STREAM, (stream, after, limit)).fetchall()]


def register(tx: Tx, name: str, *, at_end: bool = False) -> int:
    """Begin a cursor, at the first event or behind the last; an existing one keeps its place."""
    row = tx.execute(_POSITION, (name,)).fetchone()
    if row is not None:
        return int(row[0])
    seq = tx.head if at_end else 0
    tx.execute(_SET, (name, seq))
    return seq


def position(reader: Reader, name: str) -> int:
    """The last event the reader has dealt with; 0 for a new one."""
    row = reader.execute(_POSITION, (name,)).fetchone()
    return 0 if row is None else int(row[0])


def advance(tx: Tx, name: str, seq: int) -> None:
    """All events up to `seq` are dealt with. Raises CursorError for a step back or past the end."""
    present = position(tx, name)
    if seq < present:
        raise CursorError(f"cursor {name} stands at {present} and cannot go back to {seq}")
    if seq > tx.head:
        raise CursorError(f"cursor {name} cannot pass the journal's end at {tx.head} to {seq}")
    tx.execute(_SET, (name, seq))


def remove(tx: Tx, name: str) -> None:
    """End a cursor; it keeps no body any longer."""
    tx.execute(_REMOVE, (name,))


def destroy_body(tx: Tx, seq: int) -> None:
    """Delete an event's body; header and chain stay. Raises CursorError while a cursor has yet to pass it."""
    if seq > tx.head:
        raise CursorError(f"there is no event {seq}")
    waiting = tx.execute(_SLOWEST, (seq,)).fetchone()
    if waiting is not None:
        raise CursorError(f"cursor {waiting[0]} stands at {waiting[1]} and has yet to read event {seq}")
    tx.execute(_DESTROY, (seq,))


def _event(reader: Reader, row: Any) -> Event:
    seq, epoch, at, stream, kind, v, text = row
    body = None
    if text is not None:
        v, body = reader.upcasters.current(kind, v, orjson.loads(text))
    return Event(seq, epoch, at, stream, kind, v, body)
