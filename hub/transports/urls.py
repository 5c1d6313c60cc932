"""The URL of a line: where its port is and how bytes travel over it.

`serial:///dev/ttyUSB0?baud=9600&parity=E&stop=1&data=8`, `tcp://10.0.0.7:4196?framing=rtu`,
`udp://host:port`, `memory://name`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from hub.api.errors import ConfigError
from hub.api.lines import LineParameters

#: Scheme -> the Modbus framing when the URL names none: serial lines carry RTU, sockets the MBAP header.
DEFAULT_FRAMING: Mapping[str, str] = {
    "serial": "rtu", "memory": "rtu", "tcp": "modbus_tcp", "udp": "modbus_tcp",
}
FRAMINGS = ("rtu", "modbus_tcp")
_QUERY = ("baud", "parity", "stop", "data", "framing")


@dataclass(frozen=True, slots=True)
class PortUrl:
    """A checked URL. `place` is a path, a memory name, or empty for sockets."""

    text: str
    scheme: str
    parameters: LineParameters
    framing: str
    place: str = ""
    host: str = ""
    port: int = 0
    query: Mapping[str, str] = field(default_factory=dict)


def parse_url(text: str) -> PortUrl:
    """Check `text`. Raises ConfigError saying what is wrong and what to write."""
    parts = urlsplit(text)
    if parts.scheme not in DEFAULT_FRAMING:
        raise ConfigError(f"{text!r}: a line begins with serial:, tcp:, udp: or memory:")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for key in query:
        if key not in _QUERY:
            raise ConfigError(f"{text!r}: unknown setting {key!r}; there are {', '.join(_QUERY)}")
    framing = query.get("framing", DEFAULT_FRAMING[parts.scheme])
    if framing not in FRAMINGS:
        raise ConfigError(f"{text!r}: framing is one of {', '.join(FRAMINGS)}, not {framing!r}")
    place, host, port = "", "", 0
    if parts.scheme == "serial":
        place = unquote(parts.path)
        if not place.startswith("/") or parts.netloc:
            raise ConfigError(f"{text!r}: write serial:///dev/... with three slashes")
    elif parts.scheme == "memory":
        place = parts.netloc + parts.path
        if not place:
            raise ConfigError(f"{text!r}: write memory://NAME")
    else:
        host, port = _address(text)
    return PortUrl(text, parts.scheme, _parameters(text, query), framing, place, host, port, query)


def with_query(base: str, query: Mapping[str, str]) -> str:
    """`base` with `query` appended; nothing is appended when it is empty."""
    return f"{base}?{urlencode(query)}" if query else base


def _address(text: str) -> tuple[str, int]:
    parts = urlsplit(text)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{text!r}: {error}") from None
    if not host or port is None:
        raise ConfigError(f"{text!r}: write {parts.scheme}://HOST:PORT")
    return host, port


def _parameters(text: str, query: Mapping[str, str]) -> LineParameters:
    parity = query.get("parity", "N").upper()
    if parity not in ("N", "E", "O", "M", "S"):
        raise ConfigError(f"{text!r}: parity is one of N, E, O, M, S, not {parity!r}")
    return LineParameters(
        baud=_number(text, query, "baud", 0, range(50, 4_000_001)),
        data_bits=_number(text, query, "data", 8, range(5, 9)),
        parity=parity,
        stop_bits=_number(text, query, "stop", 1, range(1, 3)),
    )


def _number(text: str, query: Mapping[str, str], key: str, default: int, allowed: range) -> int:
    if key not in query:
        return default
    value = query[key]
    if not value.isascii() or not value.isdigit() or int(value) not in allowed:
        raise ConfigError(f"{text!r}: {key} is a number from {allowed[0]} to {allowed[-1]}, not {value!r}")
    return int(value)
