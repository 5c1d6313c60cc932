"""Where lines and endpoints are on a simulated site: the same places after every restart of the twin."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import orjson

from hub.api.errors import ConfigError, LineDown
from hub.core.clock import Clock
from hub.transports.peers import LinePeer, peer_for
from hub.twin.info import write_json
from hub.twin.plan import TwinLine

_FILE = "places.json"
_FOLDERS = ("folder", "file", "camera", "v4l2")


class Places:
    """Hands out paths and ports under one state folder and remembers the ports."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._ports: dict[str, int] = {}
        with contextlib.suppress(FileNotFoundError):
            self._ports = orjson.loads((state / _FILE).read_bytes())

    async def open(self, line: TwinLine) -> LinePeer:
        """The far side of `line`, open. Raises ConfigError for one that cannot be simulated."""
        if line.url.startswith("memory:"):
            raise ConfigError(f"line {line.id!r}: memory: lines end at this process, a twin cannot offer one")
        path = self._state / "lines" / line.id
        peer = peer_for(line.url, self._clock, path=path, port=self._ports.get(line.id, 0))
        try:
            await peer.open()
        except LineDown:
            # Somebody else has the port of last time.
            peer = peer_for(line.url, self._clock, path=path)
            await peer.open()
        self._ports[line.id] = getattr(peer, "port", 0)
        return peer

    def endpoint(self, device: str, url: str) -> str:
        """What stands in for an endpoint that a library opens: a folder of pictures, or a UDP port.

        Nothing listens at the port; the model's own actors come and go there.
        """
        scheme = url.partition(":")[0]
        if scheme in _FOLDERS or url.startswith("/dev/video"):
            folder = self._state / "camera" / device
            folder.mkdir(parents=True, exist_ok=True)
            return f"folder:{folder.absolute()}"
        return f"udp:127.0.0.1:{self._udp_port(device)}"

    def save(self) -> None:
        """Remember the ports for the next start."""
        write_json(self._state / _FILE, self._ports)

    def _udp_port(self, device: str) -> int:
        for wanted in (self._ports.get(device, 0), 0):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
                sock.bind(("127.0.0.1", wanted))
                port: int = sock.getsockname()[1]
                self._ports[device] = port
                return port
        raise ConfigError(f"device {device!r}: there is no free UDP port")
