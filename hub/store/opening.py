"""Opens a database: identity, schema, quick checks, epoch (S7, S8)."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from hub.core.entropy import Entropy
from hub.store.beside import KEY_BYTES, Reserve, hub_key, probe
from hub.store.connection import Connect, Connection, prepare_writer
from hub.store.errors import KeyMissing, StoreError
from hub.store.faults import classify, corrupt
from hub.store.group import Parts
from hub.store.journal import Journal, head, verify_tail
from hub.store.migrate import check_identity, migrate, shipped
from hub.store.sealed import Vault
from hub.store.tx import Pool
from hub.store.upcasters import Upcasters

_EPOCH_BYTES = 8
_FIND_META = "SELECT value FROM meta WHERE key = ?"
_FIND_BOOT = "SELECT 1 FROM boots WHERE epoch = ?"
_ADD_META = "INSERT INTO meta (key, value) VALUES (?, ?)"


@dataclass(slots=True)
class Opened:
    """An open database, ready for its writer. `path` is None in memory."""

    path: Path | None
    parts: Parts
    reserve: Reserve | None


def open_database(
    path: Path | None, entropy: Entropy, connect: Connect, upcasters: Upcasters, reserve: int
) -> Opened:
    """Open or create, check and migrate. Raises StoreError."""
    name = str(path or ":memory:")
    try:
        connection = connect(name)
        try:
            parts = _prepare(connection, path, name, entropy, upcasters)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise _typed(error, path, name) from error
    return Opened(path, parts, Reserve(path, reserve) if path and reserve else None)


def _prepare(
    connection: Connection, path: Path | None, name: str, entropy: Entropy, upcasters: Upcasters
) -> Parts:
    ours = check_identity(connection, name)
    prepare_writer(connection)
    key = hub_key(path, entropy, create=not ours) if path else entropy.bytes(KEY_BYTES)
    vault = Vault(key)
    migrate(connection, name, shipped())
    _check_key(connection, vault, name)
    broken = verify_tail(connection)
    if broken is not None:
        raise corrupt(name, f"journal row {broken.seq}: {broken.reason}")
    epoch = _new_epoch(connection, entropy)
    pool = Pool(entropy)
    journal = Journal(connection, epoch, head(connection), pool.take)
    return Parts(connection, journal, vault, epoch, upcasters, pool)


def _new_epoch(connection: Connection, entropy: Entropy) -> str:
    # Seeded entropy may come round again after a restart; an epoch never does.
    while True:
        epoch = entropy.bytes(_EPOCH_BYTES).hex()
        if connection.execute(_FIND_BOOT, (epoch,)).fetchone() is None:
            return epoch


def _check_key(connection: Connection, vault: Vault, name: str) -> None:
    row = connection.execute(_FIND_META, ("key",)).fetchone()
    if row is None:
        connection.execute(_ADD_META, ("key", vault.fingerprint))
    elif row[0] != vault.fingerprint:
        raise KeyMissing(
            f"{name}.key belongs to another database: put back the copy saved with this database's backups."
        )


def _typed(error: sqlite3.Error, path: Path | None, name: str) -> StoreError:
    return classify(error, name, lambda: probe(path) if path else 0)
