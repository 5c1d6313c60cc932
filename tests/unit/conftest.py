"""A real store in memory, for functions over a transaction."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.core.entropy import SeededEntropy
from hub.store import Store, Tx

NOW = 1_795_000_000_000_000


class FixedClock:
    """Stands still."""

    def now(self) -> int:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class Recording:
    """A transaction that notes its statements."""

    def __init__(self, tx: Tx, seen: list[tuple[str, Any]]) -> None:
        self._tx = tx
        self._seen = seen

    def execute(self, sql: str, params: Any = ()) -> Any:
        self._seen.append((sql, params))
        return self._tx.execute(sql, params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


class Ledger:
    """Runs each call in a transaction of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        opening = Store.open(":memory:", FixedClock(), SeededEntropy(7), inline=True)
        self._store = self._loop.run_until_complete(opening)

    def do(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`fn(tx, ...)`, committed."""
        return self._loop.run_until_complete(self._store.write(lambda tx: fn(tx, *args, **kwargs)))

    def read(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`fn(reader, ...)`."""
        return self._loop.run_until_complete(self._store.read(lambda reader: fn(reader, *args, **kwargs)))

    def plans(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> list[str]:
        """How SQLite would run each statement of `fn(tx, ...)`; the call itself is committed."""
        def explained(tx: Tx) -> list[str]:
            seen: list[tuple[str, Any]] = []
            fn(Recording(tx, seen), *args, **kwargs)
            return [
                "; ".join(row[3] for row in tx.execute("EXPLAIN QUERY PLAN " + sql, params).fetchall())
                for sql, params in seen
            ]

        return self.do(explained)

    def rows(self, sql: str, *params: Any) -> list[Any]:
        """What a SELECT gives."""
        return self.read(lambda reader: reader.execute(sql, params).fetchall())

    def events(self, type: str | None = None) -> list[tuple[str, str, dict[str, Any]]]:
        """The journal: stream, type and body."""
        rows = self.rows(
            "SELECT j.stream, j.type, b.body FROM journal j JOIN journal_body b USING (seq) ORDER BY seq"
        )
        return [(s, t, json.loads(body)) for s, t, body in rows if type in (None, t)]

    def close(self) -> None:
        self._loop.run_until_complete(self._store.close())
        self._loop.close()


@pytest.fixture
def open_ledger() -> Iterator[Callable[[], Ledger]]:
    """Opens ledgers and closes them in the end."""
    opened: list[Ledger] = []

    def opens() -> Ledger:
        opened.append(Ledger())
        return opened[-1]

    yield opens
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_ledger: Callable[[], Ledger]) -> Ledger:
    """A fresh one."""
    return open_ledger()


@pytest.fixture
def now() -> int:
    """The time of the tests, UTC microseconds."""
    return NOW
