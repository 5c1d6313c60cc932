"""TCP and UDP ports."""

from __future__ import annotations

import asyncio
import socket

from hub.api.errors import LineDown
from hub.api.lines import LineParameters
from hub.transports.streams import StreamLine
from hub.transports.urls import PortUrl

#: A silent peer is probed after these seconds; a dead one is noticed within about half a minute.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))
_UNACKNOWLEDGED_MS = 10_000


async def open_tcp(url: PortUrl) -> StreamLine:
    """Connect. Raises OSError."""
    reader, writer = await asyncio.open_connection(url.host, url.port)
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
    return StreamLine(reader, writer, url.parameters)


async def open_udp(url: PortUrl) -> UdpLine:
    """Bind a socket that talks to one address. Raises OSError."""
    loop = asyncio.get_running_loop()
    line = UdpLine(url.parameters)
    line.transport, _ = await loop.create_datagram_endpoint(lambda: line, remote_addr=(url.host, url.port))
    return line


class UdpLine(asyncio.DatagramProtocol):
    """Datagrams to and from one address; each `read` returns one."""

    def __init__(self, parameters: LineParameters) -> None:
        self._parameters = parameters
        self._received: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport | None = None
        self._gone = asyncio.Event()

    @property
    def parameters(self) -> LineParameters:
        """How the bytes travel."""
        return self._parameters

    async def read(self) -> bytes:
        """One datagram. Raises LineDown when the socket is gone."""
        data = await self._received.get()
        if data is None:
            raise LineDown("the socket is closed")
        return data

    async def write(self, data: bytes) -> None:
        """Send one datagram. Raises LineDown when the socket is gone."""
        if self.transport is None or self.transport.is_closing():
            raise LineDown("the socket is closed")
        self.transport.sendto(data)

    async def close(self) -> None:
        """Close the socket and wait until it is gone."""
        if self.transport is not None:
            self.transport.close()
            await self._gone.wait()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """asyncio's callback."""
        if data:
            self._received.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        """An ICMP refusal: nobody listens yet. The exchange under way times out by itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's callback."""
        self._received.put_nowait(None)
        self._gone.set()
