"""A request that is sent twice is done once and answered twice the same (S39)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson

from hub.core.clock import DAY
from hub.store import Reader, Tx
from hub.web.problems import Problem

KEPT = 30 * DAY
LONGEST_KEY = 255
_FIND = """
SELECT request, status, answer, location FROM idempotency
WHERE token = ? AND path = ? AND key = ? AND created >= ?
"""
_OLD = "DELETE FROM idempotency WHERE created < ?"
_KEEP = """
INSERT INTO idempotency (token, path, key, request, status, answer, location, created)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key within the scope of a token and a path, with the digest of its request."""

    token: str
    path: str
    key: str
    request: bytes

    @classmethod
    def of(cls, token: str, path: str, key: str, body: Any) -> Key:
        """`body` is the decoded JSON: spacing and the order of keys make no other request.

        Raises Problem(bad-request) for a key that is empty, too long or not printable.
        """
        if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
            raise Problem("bad-request", f"an Idempotency-Key has 1 to {LONGEST_KEY} printable characters")
        digest = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()
        return cls(token, path, key, digest)


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored answer."""

    status: int
    answer: bytes
    location: str


def find(reader: Reader, key: Key, at: int) -> Kept | None:
    """What the key was answered. Raises Problem(idempotency-mismatch) for another request."""
    row = reader.execute(_FIND, (key.token, key.path, key.key, at - KEPT)).fetchone()
    if row is None:
        return None
    if row[0] != key.request:
        raise Problem("idempotency-mismatch", f"the key {key.key!r} came with another body before")
    return Kept(row[1], row[2], row[3])


def keep(tx: Tx, key: Key, kept: Kept, at: int) -> None:
    """Store an answer in the transaction of what was asked; forget those of 30 days ago."""
    tx.execute(_OLD, (at - KEPT,))
    values = (key.token, key.path, key.key, key.request, kept.status, kept.answer, kept.location, at)
    tx.execute(_KEEP, values)


class Twins:
    """Lets requests with one key go one after the other; the second finds the first one's answer."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, str, str], tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def turn(self, key: Key | None) -> AsyncIterator[None]:
        """Wait for the others with the same key."""
        if key is None:
            yield
            return
        name = (key.token, key.path, key.key)
        lock, waiting = self._turns.get(name, (asyncio.Lock(), 0))
        self._turns[name] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._turns.pop(name)
            if waiting > 1:
                self._turns[name] = (lock, waiting - 1)
