"""Reads a database beside the hub that has it open; without its key, nothing sealed opens (S5, S7)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hub.model.effects import Json
from hub.store.audit import open_beside
from hub.store.connection import Connection
from hub.store.errors import KeyMissing
from hub.store.faults import classify
from hub.store.tx import Reader
from hub.store.upcasters import Upcasters


class BesideReader(Reader):
    """One consistent state of a database that somebody else writes."""

    def __init__(self, connection: Connection, upcasters: Upcasters) -> None:
        self._connection = connection
        self.epoch = ""
        self.upcasters = upcasters

    def unseal(self, person_ref: str, blob: bytes) -> dict[str, Json]:
        """Always raises KeyMissing: only the hub itself holds the key."""
        raise KeyMissing("what is sealed can be read by the running hub only")

    def keyed_hash(self, text: str) -> bytes:
        """Always raises KeyMissing, as `unseal`."""
        raise KeyMissing("credentials can be compared by the running hub only")


@contextlib.contextmanager
def read_beside(path: Path, upcasters: Upcasters | None = None) -> Iterator[Reader]:
    """A reader of the database at `path`, also while a hub runs on it. Raises StoreError."""
    connection = open_beside(path)
    try:
        connection.execute("BEGIN")
        yield BesideReader(connection, upcasters or Upcasters())
    except sqlite3.Error as error:
        raise classify(error, str(path), lambda: 0) from error
    finally:
        connection.close()
