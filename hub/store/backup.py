"""Online backup, full check and restore (S8)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from hub.store import audit
from hub.store.beside import Lock
from hub.store.connection import Connection
from hub.store.errors import StoreCorrupt, StoreError
from hub.store.faults import classify, corrupt

#: 1 MB at a time: the progress moves, the source's state stays that of the first page.
_PAGES = 256
_SHOWN = 20
_SIBLINGS = ("", "-wal", "-shm")
Progress = Callable[[int, int], None]


def check(path: Path) -> list[str]:
    """Full integrity check, foreign keys and journal chain; what is wrong, nothing when all is well."""
    connection = audit.open_beside(path)
    try:
        found = _integrity(connection)
    except sqlite3.Error as error:
        return [str(error)]
    finally:
        connection.close()
    if found:
        return found
    broken = audit.verify(path).broken
    return [] if broken is None else [f"journal row {broken.seq}: {broken.reason}"]


def backup(source: Path, target: Path, progress: Progress | None = None) -> None:
    """Copy the database beside a running hub and check the copy.

    `progress(pages done, pages in all)` follows it. The target appears only when it is whole and sound.
    Raises StoreCorrupt when source or copy is damaged, StoreError for a disk that takes no more.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".part")
    fresh.unlink(missing_ok=True)
    try:
        _copy(source, fresh, progress)
        _require_sound(fresh, source)
        _sync(fresh)
        fresh.replace(target)
    finally:
        for ending in _SIBLINGS:
            fresh.with_name(fresh.name + ending).unlink(missing_ok=True)


def restore(source: Path, target: Path) -> Path | None:
    """Put a backup in the database's place. What was there is moved aside, and its new name returned.

    Raises StoreLocked while a hub runs on it, StoreCorrupt when the backup itself is damaged.
    """
    found = check(source)
    if found:
        raise StoreCorrupt(f"{source} is damaged itself: {found[0]}. Choose an older backup.")
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(target)
    try:
        fresh = target.with_name(target.name + ".restored")
        fresh.unlink(missing_ok=True)
        _copy(source, fresh, None)
        _sync(fresh)
        aside = _move_aside(target)
        fresh.replace(target)
        _sync(target.parent)
    finally:
        lock.release()
    return aside


def _copy(source: Path, target: Path, progress: Progress | None) -> None:
    origin = audit.open_beside(source)
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        # The open read keeps every step on one state of the source, whatever the hub writes meanwhile.
        origin.execute("BEGIN")
        origin.execute("SELECT 1 FROM meta LIMIT 1").fetchone()
        copy.execute("PRAGMA synchronous=OFF")
        origin.backup(
            copy, pages=_PAGES, progress=lambda _, left, total: progress and progress(total - left, total)
        )
        copy.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.Error as error:
        raise classify(error, str(source), lambda: 0) from error
    finally:
        copy.close()
        origin.close()


def _require_sound(copy: Path, source: Path) -> None:
    try:
        found = check(copy)
    except StoreError as error:
        raise corrupt(str(source), str(error)) from error
    if found:
        raise corrupt(str(source), found[0])


def _integrity(connection: Connection) -> list[str]:
    rows = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_SHOWN})").fetchall()]
    if rows != ["ok"]:
        return rows
    return [
        f"table {table}, row {row}: refers to a missing row of {parent}"
        for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchall()
    ]


def _move_aside(target: Path) -> Path | None:
    if not target.exists():
        return None
    number = 1
    while (aside := target.with_name(f"{target.name}.damaged-{number}")).exists():
        number += 1
    # The log first: alone it means nothing, but a new database must never meet an old log.
    for ending in reversed(_SIBLINGS):
        part = target.with_name(target.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
