"""A database in memory that outlives its hub, as a disk outlives a power cut."""

from __future__ import annotations

import sqlite3
from functools import cache

from hub.core.clock import Clock
from hub.core.entropy import Entropy
from hub.store import Store, StoreError
from hub.store.journal import GENESIS, verify_from
from hub.store.migrate import migrate, shipped

_KEY_BYTES = 32
_PAGE = 20_000


class _Kept(sqlite3.Connection):
    """Survives `close`: what is committed is still there when the next hub opens it."""

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()

    def forget(self) -> None:
        super().close()


class _KeyFirst:
    """Entropy whose first draw, the hub's own key, is the same at every start."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        self._key = key
        self._entropy = entropy

    def bytes(self, count: int) -> bytes:
        key, self._key = self._key, b""
        return key if len(key) == count else self._entropy.bytes(count)


class Memory:
    """One site's database without a file. `open` may be called again after its Store was closed."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._key = entropy.bytes(_KEY_BYTES)
        self._connection = _connect()
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


def _connect() -> _Kept:
    return sqlite3.connect(
        ":memory:", isolation_level=None, check_same_thread=False, cached_statements=512, factory=_Kept
    )


@cache
def _migrated() -> _Kept:
    """An empty database of this release: copying it is faster than migrating anew."""
    connection = _connect()
    migrate(connection, ":memory:", shipped())
    return connection
