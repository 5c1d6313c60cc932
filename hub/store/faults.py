"""Tells apart what the engine reports: the function's own mistake, a full disk, damage, or the end."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable

from hub.store.errors import DiskFull, DiskReadOnly, FatalStoreError, StoreCorrupt, StoreError

#: Primary result codes (https://sqlite.org/rescode.html) that concern the file and not the statement.
_STORAGE = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
})
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: Failing to lengthen or write a file may be a full disk; failing to sync or read never is.
_WRITE_FAILURES = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})


def is_storage_error(error: sqlite3.Error) -> bool:
    """Whether the failure belongs to the database and ends the transaction of the whole group."""
    return (error_code(error) & 0xFF) in _STORAGE


def error_code(error: sqlite3.Error) -> int:
    """The extended result code; 0 when the engine gave none."""
    return getattr(error, "sqlite_errorcode", 0) or 0


def classify(error: sqlite3.Error, path: str, probe: Callable[[], int]) -> StoreError:
    """The typed error for a storage failure.

    `probe` tries to lengthen a file beside the database and returns the errno, 0 when it worked:
    SQLite reports a quota, a file-size limit and a remounted disk as plain write errors.
    """
    code = error_code(error)
    primary = code & 0xFF
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return corrupt(path, str(error))
    if primary == sqlite3.SQLITE_FULL:
        return _full(path)
    if primary == sqlite3.SQLITE_READONLY:
        return _read_only(path)
    if code in _WRITE_FAILURES or primary == sqlite3.SQLITE_CANTOPEN:
        number = probe()
        if number in _NO_ROOM:
            return _full(path)
        if number == errno.EROFS:
            return _read_only(path)
    return FatalStoreError(
        f"{path}: {error} (SQLite code {code}). What reached the disk is unknown, so the hub has to stop. "
        "Check the disk and its cable (dmesg), then start the hub; it recovers by itself."
    )


def from_os(error: OSError, path: str) -> StoreError | None:
    """The typed error for a file beside the database that could not be made, or None for another reason."""
    if error.errno in _NO_ROOM:
        return _full(path)
    return _read_only(path) if error.errno == errno.EROFS else None


def corrupt(path: str, what: str) -> StoreCorrupt:
    """The error for damage, with the commands that mend it."""
    return StoreCorrupt(
        f"{path} is damaged: {what}. Stop the hub, run `hub db check --db {path}` to see the damage, and "
        f"restore the newest backup: `hub db restore BACKUP --db {path}`."
    )


def _full(path: str) -> DiskFull:
    return DiskFull(
        f"The disk of {path} is full, or a quota or file-size limit is reached. Nothing is released or "
        "charged until there is room again: free space on that disk; the hub goes on by itself."
    )


def _read_only(path: str) -> DiskReadOnly:
    return DiskReadOnly(
        f"The disk of {path} is read-only. Nothing is released or charged until it can be written again: "
        "check the disk (dmesg), then remount it writable; the hub goes on by itself."
    )
