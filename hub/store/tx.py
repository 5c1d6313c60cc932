"""What a function sees of the database: `Tx` inside a write, `Reader` inside a read (S4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping

from hub.core.entropy import Entropy
from hub.model.effects import Json
from hub.model.ids import make_id
from hub.store.connection import Connection, Cursor, Params
from hub.store.faults import is_storage_error
from hub.store.journal import Journal
from hub.store.sealed import Vault
from hub.store.upcasters import Upcasters

_POOL_BYTES = 8192


class Pool:
    """Hands out injected entropy in small pieces from larger reads: two system calls per event add up."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._bytes = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._used + count
        if end > len(self._bytes):
            self._bytes = self._bytes[self._used :] + self._entropy.bytes(max(_POOL_BYTES, count))
            self._used, end = 0, count
        piece = self._bytes[self._used : end]
        self._used = end
        return piece


class Reader:
    """Reads one consistent state of the database."""

    def __init__(self, connection: Connection, vault: Vault, epoch: str, upcasters: Upcasters) -> None:
        self._connection = connection
        self._vault = vault
        self.epoch = epoch
        self.upcasters = upcasters

    def execute(self, sql: str, params: Params = ()) -> Cursor:
        """Run one SELECT. Keep the SQL text constant: statements are prepared once per text."""
        return self._connection.execute(sql, params)

    def unseal(self, person_ref: str, blob: bytes) -> dict[str, Json]:
        """Open what `Tx.seal` made. Raises PersonForgotten when the person's key was destroyed."""
        return self._vault.unseal(self, person_ref, blob)

    def keyed_hash(self, text: str) -> bytes:
        """32 bytes by which a credential is stored and found; its text never is."""
        return self._vault.keyed_hash(text)


class Tx(Reader):
    """One function's part of a group's transaction. Synchronous; reads no clock, does no other I/O.

    A function may run a second time if the disk was full at the first, so it must have no effect but on the
    transaction. Storage failures end the whole group; the function cannot swallow them.
    """

    def __init__(
        self, connection: Connection, vault: Vault, epoch: str, upcasters: Upcasters,
        journal: Journal, pool: Pool,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self.epoch = epoch
        self.upcasters = upcasters
        self._journal = journal
        self._pool = pool
        self.random: Callable[[int], bytes] = pool.take
        self.callbacks: list[Callable[[], None]] = []
        self.failure: sqlite3.Error | None = None

    @property
    def head(self) -> int:
        """Sequence number of the last event, those of this transaction included; 0 for none."""
        return self._journal.seq

    def execute(self, sql: str, params: Params = ()) -> Cursor:
        """Run one statement. Keep the SQL text constant: statements are prepared once per text."""
        try:
            if "journal" in sql:
                self._journal.flush()
            return self._connection.execute(sql, params)
        except sqlite3.Error as error:
            self._note(error)
            raise

    def executemany(self, sql: str, rows: Iterable[Params]) -> None:
        """Run one statement for each row."""
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            self._note(error)
            raise

    def journal(self, stream: str, type: str, body: Mapping[str, Json], at: int, v: int = 1) -> int:
        """Record an event of `stream` at `at` (UTC microseconds); returns its sequence number.

        No personal data but `person_ref` may be in the body, or what `seal` made of it, as text.
        """
        return self._journal.append(stream, type, body, at, v)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` on the event loop after COMMIT, before the write's future resolves."""
        self.callbacks.append(callback)

    def savepoint(self) -> Savepoint:
        """A part that can fail on its own: an exception undoes it, its events too, and propagates."""
        return Savepoint(self, self._journal)

    def new_id(self, at: int) -> str:
        """A time-sortable id for `at` (UTC microseconds)."""
        return make_id(at, self._pool.take(10))

    def seal(self, person_ref: str, data: Mapping[str, Json]) -> bytes:
        """Encrypt under the person's key, which the first use makes. Raises PersonForgotten."""
        return self._vault.seal(self, person_ref, data, self._pool.take)

    def forget_person(self, person_ref: str) -> None:
        """Destroy the person's key: everything sealed under it is gone for good."""
        self._vault.forget(self, person_ref)

    def _note(self, error: sqlite3.Error) -> None:
        if self.failure is None and is_storage_error(error):
            self.failure = error


class Savepoint:
    """What `Tx.savepoint` gives to a `with` statement. A generator would cost twice as much."""

    __slots__ = ("_journal", "_kept", "_mark", "_tx")

    def __init__(self, tx: Tx, journal: Journal) -> None:
        self._tx = tx
        self._journal = journal

    def __enter__(self) -> None:
        self._mark = self._journal.mark()
        self._kept = len(self._tx.callbacks)
        self._tx.execute("SAVEPOINT part")

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        tx = self._tx
        if kind is not None:
            if tx.failure is not None:
                return
            tx.execute("ROLLBACK TO part")
            self._journal.rewind(self._mark)
            del tx.callbacks[self._kept :]
        tx.execute("RELEASE part")
