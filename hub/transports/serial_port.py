"""Serial ports and ptys through pyserial-asyncio, the only module that knows it.

pyserial-asyncio flushes and closes on the event loop; both may block for seconds on a real adapter at a
low baud rate. The port below therefore never flushes, and closes in a thread.
"""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import serial
from serial_asyncio import SerialTransport

from hub.api.errors import LineDown
from hub.transports.streams import StreamLine
from hub.transports.urls import PortUrl

_DEFAULT_BAUD = 9600


async def open_serial(url: PortUrl) -> StreamLine:
    """Open the port for this process alone. Raises LineDown with the reason in plain words."""
    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, _open, url)
    try:
        port = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise
    except (OSError, ValueError) as error:
        raise LineDown(_reason(url, error)) from None
    port.loop = loop
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = _Transport(loop, protocol, port)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    return StreamLine(reader, writer, url.parameters, port.released)


class _Port(serial.Serial):  # type: ignore[misc]
    """A serial port that never holds the event loop when it is let go."""

    loop: asyncio.AbstractEventLoop | None = None
    _releasing: asyncio.Future[None] | None = None

    def flush(self) -> None:
        """Do nothing: draining would block for as long as the line needs."""

    def close(self) -> None:
        """Close in a thread once an event loop owns the port, at once before that."""
        if self.loop is None or self.loop.is_closed():
            super().close()
        elif self._releasing is None and self.is_open:
            self._releasing = self.loop.run_in_executor(None, super().close)

    async def released(self) -> None:
        """Wait until the system has the port back."""
        if self._releasing is not None:
            await self._releasing


class _Transport(SerialTransport):  # type: ignore[misc]
    """A lost port is an ordinary event here: the owner of the line reports it, once."""

    def _fatal_error(self, exc: BaseException, message: str = "") -> None:
        self._abort(exc)


def _open(url: PortUrl) -> _Port:
    parameters = url.parameters
    return _Port(
        port=url.place, baudrate=parameters.baud or _DEFAULT_BAUD, bytesize=parameters.data_bits,
        parity=parameters.parity, stopbits=parameters.stop_bits, exclusive=True,
    )


def _close_unwanted(opening: asyncio.Future[Any]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _reason(url: PortUrl, error: BaseException) -> str:
    # pyserial reports the lock's EAGAIN, and the kernel EBUSY for ports held with TIOCEXCL.
    number = getattr(error, "errno", None)
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in str(error):
        return f"{url.place} is in use by another program"
    if number == errno.ENOENT:
        return f"{url.place} does not exist"
    if number == errno.EACCES:
        return f"no permission to open {url.place} (is the user in the group that owns it, often dialout?)"
    return f"{url.place}: {error}"
