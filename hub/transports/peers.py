"""The far sides of lines, for simulators: each opens one and fans its bytes out to several wires.

Every wire hears every byte, also those of the other wires, as on a shared bus. A peer outlives the hub
that connects to it: its place (path, port, name) stays the same, and it keeps its descriptors open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from hub.api.errors import ConfigError, LineDown
from hub.core.clock import Clock
from hub.transports.memory import MemoryLine, listen_memory
from hub.transports.peer_base import LinePeer
from hub.transports.peer_pty import PtyPeer
from hub.transports.peer_sockets import TcpPeer, UdpPeer
from hub.transports.urls import PortUrl, parse_url, with_query

__all__ = ["LinePeer", "MemoryPeer", "PtyPeer", "TcpPeer", "UdpPeer", "peer_for"]


class MemoryPeer(LinePeer):
    """At `memory://NAME`, inside this process."""

    def __init__(self, name: str, baud: int = 0, query: Mapping[str, str] | None = None) -> None:
        super().__init__(baud, query)
        self._name = name
        self._client: MemoryLine | None = None
        self._reader: asyncio.Task[None] | None = None
        self._stop: Callable[[], None] | None = None

    @property
    def url(self) -> str:
        """What a hub opens."""
        return with_query(f"memory://{self._name}", self.query)

    async def open(self) -> None:
        """Listen at the name."""
        self.plug()

    def plug(self) -> None:
        """Listen at the name."""
        if not self.plugged:
            self._stop = listen_memory(self._name, self._accept)
            self.plugged = True

    def unplug(self) -> None:
        """Drop the client and the name."""
        if self._stop is not None:
            self._stop()
        self._drop()
        self.plugged = False

    def _accept(self, line: MemoryLine) -> None:
        if self.refusing:
            raise LineDown(f"memory://{self._name} is in use by another program")
        self._drop()
        self._client = line
        self._reader = asyncio.get_running_loop().create_task(self._read(line), name=f"peer {self._name}")

    def _drop(self) -> None:
        if self._client is not None:
            self._client.drop()
            self._client = None
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    async def _read(self, line: MemoryLine) -> None:
        with contextlib.suppress(LineDown):
            while True:
                self._heard(await line.read())

    def _put(self, data: bytes) -> None:
        if self._client is not None:
            with contextlib.suppress(LineDown):
                self._client.put(data)


def peer_for(url: str | PortUrl, clock: Clock, *, path: Path, port: int = 0) -> LinePeer:
    """The far side that stands in for the line at `url`, not yet open.

    A serial line becomes a pty linked at `path`; sockets become loopback ports (`port`, or a free one);
    `memory://` stays. Raises ConfigError for a URL that cannot be.
    """
    where = parse_url(url) if isinstance(url, str) else url
    baud = where.parameters.baud
    match where.scheme:
        case "serial":
            return PtyPeer(path, clock, baud, where.query)
        case "tcp":
            return TcpPeer(port, baud, where.query)
        case "udp":
            return UdpPeer(port, baud, where.query)
        case "memory":
            return MemoryPeer(where.place, baud, where.query)
    raise ConfigError(f"{where.text!r} cannot be simulated")
