"""Opens ports: the one seam between the hub and the libraries that talk to them."""

from __future__ import annotations

import asyncio
import os

from hub.api.errors import LineDown
from hub.api.lines import ByteLine
from hub.transports.memory import open_memory
from hub.transports.sockets import open_tcp, open_udp
from hub.transports.urls import PortUrl, parse_url

#: A host that does not answer at all is given up after this many seconds.
CONNECT_SECONDS = 5.0


async def open_port(url: str | PortUrl) -> ByteLine:
    """Open the port at `url`. Raises LineDown (absent, in use, no permission, unreachable) or ConfigError."""
    where = parse_url(url) if isinstance(url, str) else url
    match where.scheme:
        case "serial":
            # Imported late: a site without serial lines need not carry the library.
            from hub.transports.serial_port import open_serial

            return await open_serial(where)
        case "memory":
            return open_memory(where)
    opener = open_tcp if where.scheme == "tcp" else open_udp
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await opener(where)
    except TimeoutError:
        raise LineDown(f"{where.host}:{where.port} does not answer") from None
    except OSError as error:
        raise LineDown(f"{where.host}:{where.port}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    # Name look-ups have numbers of their own; asyncio writes a sentence of its own over the system's.
    if error.errno is None or error.errno <= 0:
        return error.strerror or str(error)
    return os.strerror(error.errno)
