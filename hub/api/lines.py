"""Lines: raw bytes below, framed exchanges above, Modbus units beside (rules S14, S15).

A plugin never opens a port. It is handed one of these by its `DeviceContext`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Priority(IntEnum):
    """Commands overtake queued polls; an exchange under way is never cut."""

    COMMAND = 0
    POLL = 1


@dataclass(frozen=True, slots=True)
class LineParameters:
    """How the bytes travel. `baud` 0 means the transport has no such thing."""

    baud: int = 0
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1


class ByteLine(Protocol):
    """An open stream of bytes, or datagrams, to one port."""

    @property
    def parameters(self) -> LineParameters:
        """How the bytes travel."""
        ...

    async def read(self) -> bytes:
        """At least one byte. Raises LineDown when the other side is gone."""
        ...

    async def write(self, data: bytes) -> None:
        """Hand all of `data` to the port. Raises LineDown."""
        ...

    async def close(self) -> None:
        """Let the port go; waits until the system has released it."""
        ...


class Framer(Protocol):
    """Cuts received bytes into frames. Pure; one instance per connection.

    `idle` is the silence in seconds after which `flush` is called, or None.
    """

    @property
    def idle(self) -> float | None:
        """Silence that ends a frame, in seconds."""
        ...

    def feed(self, data: bytes) -> list[bytes]:
        """The frames completed by `data`."""
        ...

    def flush(self) -> list[bytes]:
        """What the silence completed; drops what can never become a frame."""
        ...


Match = Callable[[bytes], bool]


class FramedLine(Protocol):
    """One owner's exchanges over one port. Reconnects by itself; never repeats a frame."""

    @property
    def up(self) -> bool:
        """Whether the port is open."""
        ...

    async def transact(
        self, frame: bytes, match: Match, *, deadline: float, priority: Priority = Priority.POLL
    ) -> bytes:
        """Send `frame` once, return the first received frame that `match` accepts.

        `deadline` is on the monotonic scale. Frames that match nothing go to the listeners.
        Raises LineDown, LineBusy (both: not sent), LineTimeout, BadFrame (both: sent).
        """
        ...

    async def send(self, frame: bytes, *, deadline: float, priority: Priority = Priority.COMMAND) -> None:
        """Send without awaiting an answer. Raises LineDown, LineBusy."""
        ...

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `listener` for each unsolicited frame; returns a function that ends it."""
        ...

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """Call `listener(up)` when the port comes or goes; returns a function that ends it."""
        ...


class ModbusUnit(Protocol):
    """One unit on a shared Modbus line. Every call is one request, never repeated.

    All raise LineDown, LineBusy, LineTimeout, BadFrame and ModbusRefusal.
    """

    @property
    def up(self) -> bool:
        """Whether the line is open."""
        ...

    async def read_coils(self, address: int, count: int, *, deadline: float) -> list[bool]:
        """Function 01."""
        ...

    async def read_inputs(
        self, address: int, count: int, *, deadline: float, priority: Priority = Priority.POLL
    ) -> list[bool]:
        """Function 02."""
        ...

    async def read_holding(self, address: int, count: int, *, deadline: float) -> list[int]:
        """Function 03."""
        ...

    async def read_input_registers(self, address: int, count: int, *, deadline: float) -> list[int]:
        """Function 04."""
        ...

    async def write_coil(self, address: int, value: int, *, deadline: float) -> None:
        """Function 05 with the raw 16-bit `value` (0xFF00 on, 0x0000 off, or a board's own meaning).

        The echo is checked; a differing one raises BadFrame.
        """
        ...

    async def write_register(self, address: int, value: int, *, deadline: float) -> None:
        """Function 06; the echo is checked."""
        ...

    async def write_coils(self, address: int, values: list[bool], *, deadline: float) -> None:
        """Function 15."""
        ...

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """Call `listener(up)` when the line comes or goes; returns a function that ends it."""
        ...


class Tap(Protocol):
    """Sees what crosses a line or a leased endpoint: `out` from the hub, `in` to it."""

    def __call__(self, line: str, direction: str, at: float, data: bytes) -> None:
        """`at` is on the monotonic scale."""
        ...


class Endpoint(Protocol):
    """A leased endpoint that a library opens itself (nfcpy, OpenCV): exclusive while held."""

    @property
    def url(self) -> str:
        """Where it is, after any `--line` replacement."""
        ...

    def report(self, direction: str, data: bytes) -> None:
        """Tell the tap what crossed (thread-safe)."""
        ...

    def release(self) -> None:
        """Give it back."""
        ...
