"""File layers for APSW: one that writes down what reaches the disk, one that fails on demand."""

# ruff: noqa: N802  SQLite names the methods

from __future__ import annotations

import itertools
from pathlib import Path

import apsw

_numbers = itertools.count()


def _short(name):
    full = name.filename() if isinstance(name, apsw.URIFilename) else name
    return Path(full).name if full else "temporary"


class RecordingDisk(apsw.VFS):
    """Keeps the order of writes, truncates, syncs and deletes in `trace`; the caller adds its own marks."""

    def __init__(self):
        self.name = f"recording{next(_numbers)}"
        self.trace = []
        super().__init__(self.name, base="")

    def xOpen(self, name, flags):
        return _RecordedFile(self.trace, name, flags)

    def xDelete(self, name, sync):
        super().xDelete(name, sync)
        self.trace.append(("delete", _short(name)))


class _RecordedFile(apsw.VFSFile):
    def __init__(self, trace, name, flags):
        self._trace = trace
        self._name = _short(name)
        super().__init__("", name, flags)

    def xWrite(self, data, offset):
        super().xWrite(data, offset)
        self._trace.append(("write", self._name, offset, bytes(data)))

    def xTruncate(self, size):
        super().xTruncate(size)
        self._trace.append(("truncate", self._name, size))

    def xSync(self, flags):
        super().xSync(flags)
        self._trace.append(("sync", self._name))


class FailingDisk(apsw.VFS):
    """Works until `full`, `read_only` or `sync_fails` is set; `only` limits it to files of that ending."""

    def __init__(self):
        self.name = f"failing{next(_numbers)}"
        self.full = self.read_only = self.sync_fails = False
        self.only = ""
        super().__init__(self.name, base="")

    def xOpen(self, name, flags):
        return _FailingFile(self, name, flags)


class _FailingFile(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self._disk = disk
        self._name = _short(name)
        super().__init__("", name, flags)

    def xWrite(self, data, offset):
        if self._name.endswith(self._disk.only):
            if self._disk.full:
                raise apsw.exceptionfor(apsw.SQLITE_FULL)
            if self._disk.read_only:
                raise apsw.exceptionfor(apsw.SQLITE_READONLY)
        super().xWrite(data, offset)

    def xSync(self, flags):
        if self._disk.sync_fails and self._name.endswith(self._disk.only):
            raise apsw.exceptionfor(apsw.SQLITE_IOERR_FSYNC)
        super().xSync(flags)
