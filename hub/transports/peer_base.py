"""What all far sides of lines share: wires on them, and the faults of a port and a cable."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping

from hub.api.sim import Wire

_LOG = logging.getLogger(__name__)
#: Settings that also make sense at the far side; a pty knows no parity.
_KEPT = ("baud", "framing")


class LinePeer(ABC):
    """One far side. `open`, then `attach` wires; `unplug`, `plug`, `cut` and `refuse` are its faults."""

    def __init__(self, baud: int = 0, query: Mapping[str, str] | None = None) -> None:
        self.baud = baud
        self.query = {key: value for key, value in (query or {}).items() if key in _KEPT}
        self.plugged = False
        self.severed = False
        self.refusing = False
        self._wires: list[Wire] = []
        self._silent: set[int] = set()
        self._carried: deque[tuple[Wire | None, bytes]] = deque()

    @property
    @abstractmethod
    def url(self) -> str:
        """What a hub opens to reach this peer."""

    @abstractmethod
    async def open(self) -> None:
        """Take the place. Raises LineDown when it cannot be had."""

    async def close(self) -> None:
        """Give the place back."""
        self.unplug()

    @abstractmethod
    def unplug(self) -> None:
        """The port vanishes under whoever has it open."""

    @abstractmethod
    def plug(self) -> None:
        """The port is back, at the same place."""

    def cut(self, severed: bool = True) -> None:
        """Cut the wire, or mend it: the port stays, no byte passes."""
        self.severed = severed

    def refuse(self, refusing: bool = True) -> None:
        """Let nobody open the port from now on, or let them again."""
        self.refusing = refusing

    def attach(self, wire: Wire) -> None:
        """Put a device on the line."""
        self._wires.append(wire)
        wire.connect(lambda data: self._from_wire(wire, data), self.baud)

    def mute(self, wire: Wire, muted: bool = True) -> None:
        """Take one device off the line, or put it back: it neither hears nor is heard."""
        if muted:
            self._silent.add(id(wire))
        else:
            self._silent.discard(id(wire))

    @abstractmethod
    def _put(self, data: bytes) -> None:
        """Send to whoever is connected; lost when nobody is."""

    def _heard(self, data: bytes) -> None:
        if not self.severed:
            self._carry(None, data)

    def _from_wire(self, wire: Wire, data: bytes) -> None:
        if id(wire) not in self._silent:
            self._carry(wire, data)

    def _carry(self, source: Wire | None, data: bytes) -> None:
        """Spread in the order of the wire: an answer given at once follows its question everywhere."""
        self._carried.append((source, data))
        if len(self._carried) > 1:
            return
        while self._carried:
            self._spread(*self._carried[0])
            self._carried.popleft()

    def _spread(self, source: Wire | None, data: bytes) -> None:
        if source is not None and self.plugged and not self.severed:
            self._put(data)
        for wire in self._wires:
            if wire is source or id(wire) in self._silent:
                continue
            try:
                wire.receive(data)
            except Exception:  # noqa: BLE001  one simulator must not silence the others
                _LOG.exception("A simulator on %s failed", self.url)
