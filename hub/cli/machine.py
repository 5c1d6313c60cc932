"""What `hub doctor` looks at on a machine. Everything is read below `root`, so that it can be any folder."""

from __future__ import annotations

import ctypes
import ctypes.util
import getpass
import grp
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hub.core.clock import SECOND, Clock, SystemClock

#: TIME_ERROR of adjtimex(2): the kernel's clock is not synchronised.
_TIME_ERROR = 5
_SERIAL_GROUPS = ("dialout", "uucp")


def kernel_clock_synchronised() -> bool | None:
    """What the kernel says of its clock (adjtimex(2) with modes 0 only reads); None if it will not say."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        state = libc.adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def has_library(name: str) -> bool:
    """Whether the dynamic loader finds a shared library."""
    return ctypes.util.find_library(name) is not None


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts of one machine."""

    root: Path = Path("/")
    clock: Clock = field(default_factory=SystemClock)
    synchronised: Callable[[], bool | None] = kernel_clock_synchronised
    library: Callable[[str], bool] = has_library
    user_id: int = field(default_factory=os.getuid)
    group_ids: tuple[int, ...] = field(default_factory=lambda: tuple(os.getgroups()))

    @property
    def python(self) -> tuple[int, int]:
        """The running Python's version."""
        return sys.version_info[:2]

    @property
    def sqlite(self) -> tuple[int, ...]:
        """The version of the SQLite library."""
        return sqlite3.sqlite_version_info

    @property
    def user(self) -> str:
        """Who runs this."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return str(self.user_id)

    def serial_group(self) -> tuple[str, bool] | None:
        """The group that owns serial ports, and whether we are in it; None if there is none."""
        for name in _SERIAL_GROUPS:
            with suppress(KeyError):
                return name, self.user_id == 0 or grp.getgrnam(name).gr_gid in self.group_ids
        return None

    def running(self, program: str) -> bool:
        """Whether a program of that name runs."""
        for process in (self.root / "proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "comm").read_text().strip() == program:
                    return True
        return False

    def port_exists(self, path: str) -> bool:
        """Whether a device file is there."""
        return (self.root / path.lstrip("/")).exists()

    def stable_ports(self) -> list[str]:
        """The names of serial ports that survive a reboot."""
        return sorted(f"/dev/serial/by-id/{port.name}" for port in (self.root / "dev/serial/by-id").glob("*"))

    def year(self) -> int:
        """The present year, near enough to judge a clock."""
        return 1970 + int(self.clock.now() / SECOND / 31_556_952)

    def free_bytes(self, folder: Path) -> int:
        """Free space where `folder` is, or will be."""
        return shutil.disk_usage(_existing(folder)).free

    def can_write(self, folder: Path) -> bool:
        """Whether a file can be made there, tried with one that has no name."""
        try:
            with tempfile.TemporaryFile(dir=_existing(folder)):
                return True
        except OSError:
            return False


def _existing(folder: Path) -> Path:
    folder = folder.resolve()
    while not folder.is_dir():
        folder = folder.parent
    return folder
