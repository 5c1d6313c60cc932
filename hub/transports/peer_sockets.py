"""The far sides of TCP and UDP lines: loopback ports."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

from hub.api.errors import LineDown
from hub.transports.peer_base import LinePeer
from hub.transports.urls import with_query

_CHUNK = 65536


class TcpPeer(LinePeer):
    """A listening loopback port with one client at a time; a new connection replaces the old one."""

    def __init__(
        self, port: int = 0, baud: int = 0, query: Mapping[str, str] | None = None, host: str = "127.0.0.1"
    ) -> None:
        super().__init__(baud, query)
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._client: asyncio.StreamWriter | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """What a hub opens."""
        return with_query(f"tcp://{self._host}:{self.port}", self.query)

    async def open(self) -> None:
        """Listen; with port 0 a free one is taken and kept. Raises LineDown when it is not free."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((self._host, self.port))
        except OSError as error:
            sock.close()
            raise LineDown(f"{self._host}:{self.port}: {error.strerror}") from None
        self.port = sock.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=sock)
        self.plugged = True

    async def close(self) -> None:
        """Give the port back."""
        if self._starting is not None:
            self._starting.cancel()
        self.unplug()

    def unplug(self) -> None:
        """Stop listening and break the connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._drop()
        self.plugged = False

    def plug(self) -> None:
        """Listen again at the same port."""
        if not self.plugged and (self._starting is None or self._starting.done()):
            self._starting = asyncio.get_running_loop().create_task(self.open(), name=f"peer {self.port}")

    def refuse(self, refusing: bool = True) -> None:
        """Break each connection as soon as it is made."""
        super().refuse(refusing)
        if refusing:
            self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.transport.abort()
            self._client = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing or not self.plugged:
            writer.transport.abort()
            return
        self._drop()
        self._client = writer
        try:
            while data := await reader.read(_CHUNK):
                self._heard(data)
        except ConnectionError:
            pass
        finally:
            writer.close()
            if self._client is writer:
                self._client = None

    def _put(self, data: bytes) -> None:
        if self._client is not None and not self._client.is_closing():
            self._client.write(data)


class UdpPeer(LinePeer, asyncio.DatagramProtocol):
    """A bound loopback port that answers whoever spoke last."""

    def __init__(
        self, port: int = 0, baud: int = 0, query: Mapping[str, str] | None = None, host: str = "127.0.0.1"
    ) -> None:
        super().__init__(baud, query)
        self._host = host
        self.port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._client: tuple[str, int] | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """What a hub opens."""
        return with_query(f"udp://{self._host}:{self.port}", self.query)

    async def open(self) -> None:
        """Bind; with port 0 a free one is taken and kept. Raises LineDown when it is not free."""
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(self._host, self.port)
            )
        except OSError as error:
            raise LineDown(f"{self._host}:{self.port}: {error.strerror}") from None
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]
        self.plugged = True

    async def close(self) -> None:
        """Give the port back."""
        if self._starting is not None:
            self._starting.cancel()
        self.unplug()

    def unplug(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        self.plugged = False

    def plug(self) -> None:
        """Bind again."""
        if not self.plugged and (self._starting is None or self._starting.done()):
            self._starting = asyncio.get_running_loop().create_task(self.open(), name=f"peer {self.port}")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """asyncio's callback."""
        if not self.refusing:
            self._client = addr
            self._heard(data)

    def _put(self, data: bytes) -> None:
        if self._transport is not None and self._client is not None and not self.refusing:
            self._transport.sendto(data, self._client)
