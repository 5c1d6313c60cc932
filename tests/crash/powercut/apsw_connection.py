"""Runs the product's store on APSW, whose file layer can be replaced, with the standard library's errors."""

from __future__ import annotations

import contextlib
import sqlite3

import apsw


class Rows:
    """A finished statement's rows."""

    def __init__(self, rows):
        self._rows = rows

    def fetchone(self):
        return self._rows.pop(0) if self._rows else None

    def fetchall(self):
        rows, self._rows = self._rows, []
        return rows


class ApswConnection:
    """execute, executemany and close, as the store uses them.

    `rewrite` changes SQL on its way: deliberate mutants of the product live there, not in the product.
    Exclusive locking, because a replaced file layer has no shared memory.
    """

    def __init__(self, path, vfs, rewrite=lambda sql: sql):
        self._rewrite = rewrite
        with translated():
            self._inner = apsw.Connection(path, vfs=vfs)
            self._inner.set_busy_timeout(1000)
            self._inner.execute("PRAGMA locking_mode=EXCLUSIVE")

    def execute(self, sql, params=()):
        with translated():
            return Rows(list(self._inner.execute(self._rewrite(sql), tuple(params))))

    def executemany(self, sql, rows):
        with translated():
            list(self._inner.executemany(self._rewrite(sql), [tuple(row) for row in rows]))

    def close(self):
        with translated():
            self._inner.close(True)


@contextlib.contextmanager
def translated():
    """apsw.Error as the sqlite3 error with the same code."""
    try:
        yield
    except apsw.Error as error:
        kind = sqlite3.IntegrityError if isinstance(error, apsw.ConstraintError) else sqlite3.OperationalError
        same = kind(str(error))
        same.sqlite_errorcode = error.extendedresult
        raise same from error
