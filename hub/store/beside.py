"""The files beside the database: the lock, the hub's key, the reserve (S5, S7, S8)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
from pathlib import Path

from hub.core.entropy import Entropy
from hub.store.errors import KeyMissing, StoreLocked

KEY_BYTES = 32
RESERVE_BYTES = 4 * 1024 * 1024
_PROBE_BYTES = 64 * 1024


class Lock:
    """An exclusive `flock` beside the database; the kernel drops it however the process ends."""

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".lock")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 500, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise StoreLocked(
                f"{database} is in use by {holder or 'another process'}. One database serves one hub: "
                "stop that process first, or give this one a site directory of its own."
            ) from None
        words = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
        with contextlib.suppress(OSError):  # a full disk takes no note, but the lock holds
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"process {os.getpid()} ({words})\n".encode()[:500], 0)

    def release(self) -> None:
        """Let the next one in."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


class Reserve:
    """Room kept on the disk for outcomes, money decisions and emergency records (S8)."""

    def __init__(self, database: Path, size: int) -> None:
        self._path = database.with_name(database.name + ".reserve")
        self._size = size

    def ensure(self) -> bool:
        """Allocate it if it is not whole. False while the disk has no room for it."""
        if not self._size or (self._path.exists() and self._path.stat().st_size >= self._size):
            return True
        if _allocate(self._path, self._size) == 0:
            return True
        self.free()
        return False

    def free(self) -> None:
        """Give the room back to the file system."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def probe(database: Path) -> int:
    """Why the disk refuses to lengthen a file as large as the log: an errno, or 0 when it does not refuse."""
    log = database.with_name(database.name + "-wal")
    size = max(path.stat().st_size if path.exists() else 0 for path in (database, log))
    path = database.with_name(database.name + ".probe")
    try:
        return _allocate(path, size + _PROBE_BYTES)
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def hub_key(database: Path, entropy: Entropy, *, create: bool) -> bytes:
    """The hub's own 32-byte key from its 0600 file; made durable before the first use.

    Raises KeyMissing when the database exists already and the file does not.
    """
    path = database.with_name(database.name + ".key")
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        if not create:
            raise KeyMissing(
                f"{path} is missing. Credentials and sealed messages in {database.name} cannot be read "
                "without it: put back the copy that was saved with your backups."
            ) from None
        key = entropy.bytes(KEY_BYTES)
        _write_durably(path, key)
    if len(key) != KEY_BYTES:
        raise KeyMissing(
            f"{path} is not a key of {KEY_BYTES} bytes: put back the copy that was saved with your backups."
        )
    return key


def _write_durably(path: Path, content: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _allocate(path: Path, size: int) -> int:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return error.errno or errno.EIO
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        return error.errno or errno.EIO
    finally:
        os.close(descriptor)
    return 0
