"""A database in memory that outlives its hub, as a disk outlives a power cut."""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Any

from hub.core.clock import Clock
from hub.core.entropy import Entropy
from hub.store import Store, StoreError
from hub.store.journal import GENESIS, verify_from
from hub.store.migrate import migrate, shipped

_KEY_BYTES = 32
_PAGE = 20_000
_TOGETHER = 2_000
_BEGINS = frozenset({"BEGIN", "BEGIN IMMEDIATE"})
#: The end of a read (a failed function goes back to its savepoint), and a copy of a log that there is not.
_NEEDLESS = frozenset({"ROLLBACK", "PRAGMA wal_checkpoint(PASSIVE)"})


class _Kept(sqlite3.Connection):
    """Survives `close`: what is committed is still there when the next hub opens it."""

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()

    def forget(self) -> None:
        super().close()


class _Grouped(_Kept):
    """Commits once for many transactions. A commit in memory makes nothing safer, and its price grows with
    the database: 3 us when it is empty, 40 us at 150 MB. Each function still has its savepoint."""

    count = 0

    def execute(self, sql: str, params: Any = (), /) -> sqlite3.Cursor:
        if sql in _BEGINS:
            if self.in_transaction:
                return _NOTHING
        elif sql == "COMMIT":
            self.count += 1
            if self.count % _TOGETHER:
                return _NOTHING
        elif sql in _NEEDLESS:
            return _NOTHING
        return super().execute(sql, params)

    def close(self) -> None:
        if self.in_transaction:
            super().execute("COMMIT")


class _KeyFirst:
    """Entropy whose first draw, the hub's own key, is the same at every start."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        self._key = key
        self._entropy = entropy

    def bytes(self, count: int) -> bytes:
        key, self._key = self._key, b""
        return key if len(key) == count else self._entropy.bytes(count)


class Memory:
    """One site's database without a file. `open` may be called again after its Store was closed.

    `grouped` saves the commits of long rehearsals.
    """

    def __init__(self, entropy: Entropy, *, grouped: bool = False) -> None:
        self._entropy = entropy
        self._key = entropy.bytes(_KEY_BYTES)
        self._connection = _connect(_Grouped if grouped else _Kept)
        _migrated().backup(self._connection)

    async def open(self, clock: Clock) -> Store:
        """A store over what is there. Raises StoreError."""
        entropy = _KeyFirst(self._key, self._entropy)
        return await Store.open(":memory:", clock, entropy, connect=lambda _: self._connection)

    def verify(self) -> tuple[int, bytes]:
        """The journal's length and head, all of its chain recomputed. Raises StoreError for a broken one."""
        seq, chain = 0, GENESIS
        while True:
            last, chain, _, broken = verify_from(self._connection, seq, chain, _PAGE)
            if broken is not None:
                raise StoreError(f"journal row {broken.seq}: {broken.reason}")
            if last == seq:
                return seq, chain
            seq = last

    def forget(self) -> None:
        """Let go of everything."""
        self._connection.forget()


def _connect(kind: type[_Kept] = _Kept) -> _Kept:
    return sqlite3.connect(
        ":memory:", isolation_level=None, check_same_thread=False, cached_statements=512, factory=kind
    )


_NOTHING = sqlite3.connect(":memory:", check_same_thread=False).cursor()


@cache
def _migrated() -> _Kept:
    """An empty database of this release: copying it is faster than migrating anew."""
    connection = _connect()
    migrate(connection, ":memory:", shipped())
    return connection
