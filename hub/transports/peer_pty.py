"""The far side of a serial line: a pseudo terminal at a stable path."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import termios
import tty
from collections.abc import Mapping
from pathlib import Path

from hub.core.clock import Clock
from hub.transports.peer_base import LinePeer
from hub.transports.urls import with_query

_LOG = logging.getLogger(__name__)
_CHUNK = 65536
#: What a reader did not take within this many seconds is lost, as in a real receive buffer.
_STALE = 1.0


class PtyPeer(LinePeer):
    """A pseudo terminal behind a link at a path of our choice.

    A hub whose baud rate differs from the line's is not understood, as on a real line. The slave side is
    kept open here, so that the terminal survives every hub.
    """

    def __init__(
        self, path: Path, clock: Clock, baud: int = 0, query: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(baud, query)
        self._path = path
        self._clock = clock
        self._master = -1
        self._slave = -1
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsent: list[tuple[float, bytes]] = []

    @property
    def url(self) -> str:
        """What a hub opens."""
        return with_query(f"serial://{self._path.absolute()}", self.query)

    async def open(self) -> None:
        """Make the terminal and the link."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.plug()

    def plug(self) -> None:
        """A new terminal behind the same link."""
        if self.plugged:
            return
        self._loop = asyncio.get_running_loop()
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)
        self._set_speed()
        self._link(os.ttyname(self._slave))
        self._loop.add_reader(self._master, self._readable)
        self.plugged = True
        self.refuse(self.refusing)

    def unplug(self) -> None:
        """Close both sides; the link goes with them."""
        if not self.plugged:
            return
        assert self._loop is not None
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        self._unsent.clear()
        self._path.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self.plugged = False

    def refuse(self, refusing: bool = True) -> None:
        """Hold the lock that an opener takes: the port is in use."""
        super().refuse(refusing)
        if self.plugged:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._slave, (fcntl.LOCK_EX | fcntl.LOCK_NB) if refusing else fcntl.LOCK_UN)

    def _link(self, target: str) -> None:
        fresh = self._path.with_name(f".{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(self._path)

    def _set_speed(self) -> None:
        speed = _speed(self.baud)
        if speed is not None:
            attributes = termios.tcgetattr(self._slave)
            attributes[4] = attributes[5] = speed
            termios.tcsetattr(self._slave, termios.TCSANOW, attributes)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            _LOG.warning("%s: %s", self._path, error)
            return
        speed = _speed(self.baud)
        if speed is None or termios.tcgetattr(self._slave)[5] == speed:
            self._heard(data)

    def _put(self, data: bytes) -> None:
        self._unsent.append((self._clock.monotonic(), data))
        self._writable()

    def _writable(self) -> None:
        assert self._loop is not None
        oldest = self._clock.monotonic() - _STALE
        self._unsent = [entry for entry in self._unsent if entry[0] >= oldest]
        while self._unsent:
            at, data = self._unsent[0]
            try:
                sent = os.write(self._master, data)
            except BlockingIOError:
                self._loop.add_writer(self._master, self._writable)
                return
            self._unsent[0] = (at, data[sent:])
            if not self._unsent[0][1]:
                del self._unsent[0]
        self._loop.remove_writer(self._master)


def _speed(baud: int) -> int | None:
    return getattr(termios, f"B{baud}", None) if baud else None
