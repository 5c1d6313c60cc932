"""Verifies the journal beside a running hub, and against a head that was saved elsewhere (S6)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from hub.store.connection import Connection
from hub.store.errors import NotAStore, StoreError
from hub.store.faults import classify
from hub.store.journal import GENESIS, Broken, Head, chain_at, head, verify_from
from hub.store.migrate import check_identity

#: Rows per read: short reads keep the running hub's log from growing.
_PIECE = 2000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `head` is the end of the journal, None when it is empty or broken."""

    rows: int
    destroyed: int
    head: Head | None
    broken: Broken | None

    @property
    def ok(self) -> bool:
        """Whether every row verifies and the saved head is part of the chain."""
        return self.broken is None


def connect_beside(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, nor checkpoint when it closes last."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def open_beside(path: Path) -> sqlite3.Connection:
    """A checked read-only connection to a database that a hub may have open. Raises StoreError."""
    if not path.exists():
        raise NotAStore(f"{path} does not exist; name the site directory or use --db PATH.")
    connection = connect_beside(path)
    try:
        if not check_identity(connection, str(path)):
            raise NotAStore(f"{path} is empty; no hub has run on it yet.")
    except sqlite3.Error as error:
        connection.close()
        raise classify(error, str(path), lambda: 0) from error
    except StoreError:
        connection.close()
        raise
    return connection


def verify(path: Path, expected: Head | None = None, progress: Progress | None = None) -> Report:
    """Recompute the whole chain over the stored bytes.

    `expected` is an earlier head kept elsewhere; without one, rows cut from the end go unseen.
    `progress(done, total)` is called after each piece. Raises StoreError when the file cannot be read.
    """
    with _opened(path) as connection:
        return _verify(connection, expected, progress)


def current_head(path: Path) -> Head | None:
    """The journal's present end, None while it is empty. Raises StoreError."""
    with _opened(path) as connection:
        return head(connection)


def read_head(path: Path) -> Head:
    """A saved head from its file. Raises ValueError when it is none."""
    try:
        data = orjson.loads(path.read_bytes())
        return Head(int(data["seq"]), str(data["epoch"]), bytes.fromhex(data["chain"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} holds no saved head; `hub audit verify --save-head FILE` writes one."
        ) from error


def save_head(path: Path, end: Head) -> None:
    """Write a head for `read_head`; keep it where nobody who can write the database can."""
    data = {"seq": end.seq, "epoch": end.epoch, "chain": end.chain.hex()}
    path.write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    connection = open_beside(path)
    try:
        yield connection
    except sqlite3.Error as error:
        raise classify(error, str(path), lambda: 0) from error
    finally:
        connection.close()


def _verify(connection: Connection, expected: Head | None, progress: Progress | None) -> Report:
    end = head(connection)
    total = end.seq if end else 0
    done, chain, destroyed = 0, GENESIS, 0
    while True:
        before = done
        done, chain, gone, broken = verify_from(connection, done, chain, _PIECE)
        destroyed += gone
        if broken is not None:
            return Report(done, destroyed, None, broken)
        if progress is not None:
            progress(done, max(total, done))
        if done == before:
            break
    broken = None if expected is None else _against(connection, expected, done)
    if broken is not None:
        return Report(done, destroyed, None, broken)
    return Report(done, destroyed, head(connection) if done else None, None)


def _against(connection: Connection, expected: Head, rows: int) -> Broken | None:
    if expected.seq > rows:
        return Broken(rows + 1, f"the journal ends at {rows}, the saved head stands at {expected.seq}")
    if chain_at(connection, expected.seq) != expected.chain:
        return Broken(expected.seq, "the row is not the one of the saved head: the journal was rewritten")
    return None
