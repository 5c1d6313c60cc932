"""Database connections: the little that the store asks of one, so that another engine's can stand in (S8)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

#: Prepared statements kept: those of the store and of every domain, whose SQL text is constant.
_STATEMENTS = 512
_BUSY_SECONDS = 5.0
#: "HHUB" in the file header (https://sqlite.org/fileformat2.html, section 1.3.9).
APPLICATION_ID = 0x48485542

Params = Sequence[Any]


class Cursor(Protocol):
    """The rows of one statement."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """The rest of the rows."""
        ...


class Connection(Protocol):
    """Explicit BEGIN and COMMIT, execute, executemany and fetch; failures are sqlite3.Error."""

    def execute(self, sql: str, params: Params = (), /) -> Cursor:
        """Run one statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[Params], /) -> object:
        """Run one statement for each row."""
        ...

    def close(self) -> None:
        """End it."""
        ...


Connect = Callable[[str], Connection]


def connect(path: str) -> Connection:
    """A connection of the standard library that leaves transactions to us."""
    return sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False,
        cached_statements=_STATEMENTS,
    )


def prepare_writer(connection: Connection) -> None:
    """Settings of the one writer. Checkpoints are its own business, see the decision on them."""
    execute = connection.execute
    execute("PRAGMA journal_mode=WAL").fetchone()
    execute("PRAGMA synchronous=FULL")
    execute("PRAGMA wal_autocheckpoint=0").fetchone()
    execute("PRAGMA foreign_keys=ON")
    execute("PRAGMA secure_delete=ON").fetchone()
    execute("PRAGMA temp_store=MEMORY")
    execute("PRAGMA cache_size=-16000")


def prepare_reader(connection: Connection) -> None:
    """Settings of a connection that only reads and never checkpoints."""
    execute = connection.execute
    execute("PRAGMA query_only=ON")
    execute("PRAGMA wal_autocheckpoint=0").fetchone()
    execute("PRAGMA cache_size=-4000")
