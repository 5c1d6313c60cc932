"""A ByteLine over a pair of asyncio streams: TCP and serial share it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from hub.api.errors import LineDown
from hub.api.lines import LineParameters

_CHUNK = 65536
#: How long closing may wait for the last bytes to leave, in seconds.
_LINGER = 0.5


class StreamLine:
    """An open stream. `released` is awaited after the transport has closed."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parameters: LineParameters,
        released: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._parameters = parameters
        self._released = released

    @property
    def parameters(self) -> LineParameters:
        """How the bytes travel."""
        return self._parameters

    async def read(self) -> bytes:
        """At least one byte. Raises LineDown when the other side is gone."""
        try:
            data = await self._reader.read(_CHUNK)
        except OSError as error:
            raise LineDown(str(error)) from None
        if not data:
            raise LineDown("the other side closed the line")
        return data

    async def write(self, data: bytes) -> None:
        """Hand over `data`. LineDown is raised only while nothing was sent; a later loss shows in `read`."""
        if self._writer.transport.is_closing():
            raise LineDown("the line is closed")
        self._writer.write(data)
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def close(self) -> None:
        """Let the port go; waits until the system has released it."""
        self._writer.close()
        try:
            async with asyncio.timeout(_LINGER):
                await self._gone()
        except TimeoutError:
            self._writer.transport.abort()
            await self._gone()
        if self._released is not None:
            await self._released()

    async def _gone(self) -> None:
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
