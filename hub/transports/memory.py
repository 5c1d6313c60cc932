"""Lines inside one process: a pair of ends, and named ends that `memory://NAME` connects to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.api.errors import LineDown
from hub.api.lines import LineParameters
from hub.transports.urls import PortUrl

_listening: dict[str, Callable[[MemoryLine], None]] = {}


class MemoryLine:
    """One end of a pair. What is written here is read at the other end, in order and at once."""

    def __init__(self, parameters: LineParameters) -> None:
        self._parameters = parameters
        self._received: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._other: MemoryLine | None = None
        self._down = False

    @property
    def parameters(self) -> LineParameters:
        """How the bytes travel."""
        return self._parameters

    async def read(self) -> bytes:
        """What the other end wrote. Raises LineDown once either end is closed."""
        data = await self._received.get()
        if data is None:
            self._received.put_nowait(None)
            raise LineDown("the other side closed the line")
        return data

    async def write(self, data: bytes) -> None:
        """Hand `data` to the other end. Raises LineDown."""
        self.put(data)

    def put(self, data: bytes) -> None:
        """As `write`, for callers that cannot await."""
        if self._down or self._other is None:
            raise LineDown("the line is closed")
        if data:
            self._other._received.put_nowait(bytes(data))

    async def close(self) -> None:
        """Close both ends."""
        self.drop()

    def drop(self) -> None:
        """As `close`, for callers that cannot await."""
        for end in (self, self._other):
            if end is not None and not end._down:
                end._down = True
                end._received.put_nowait(None)


def memory_pair(parameters: LineParameters | None = None) -> tuple[MemoryLine, MemoryLine]:
    """Two connected ends."""
    one, two = MemoryLine(parameters or LineParameters()), MemoryLine(parameters or LineParameters())
    one._other, two._other = two, one
    return one, two


def listen_memory(name: str, accept: Callable[[MemoryLine], None]) -> Callable[[], None]:
    """Give each opener of `memory://name` a fresh pair, its far end to `accept`; returns the end of it.

    Raises LineDown when the name is taken.
    """
    if name in _listening:
        raise LineDown(f"memory://{name} is in use")
    _listening[name] = accept

    def stop() -> None:
        if _listening.get(name) is accept:
            del _listening[name]

    return stop


def open_memory(url: PortUrl) -> MemoryLine:
    """Connect to the listener of the name. Raises LineDown when there is none."""
    accept = _listening.get(url.place)
    if accept is None:
        raise LineDown(f"nothing listens at memory://{url.place}")
    near, far = memory_pair(url.parameters)
    accept(far)
    return near
