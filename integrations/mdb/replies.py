"""What a cashless reader says (MDB/ICP 4.2, section 7.4): blocks into messages. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag

from integrations.mdb.codec import CodecError


class Ability(IntFlag):
    """Z8 of the reader's configuration."""

    REFUND = 1
    MULTIVEND = 2
    DISPLAY = 4
    CASH_SALE = 8


class Option(IntFlag):
    """Level 3 options (Z31-34 of the identity, enabled by EXPANSION 04)."""

    FILE_TRANSPORT = 1
    WIDE_MONEY = 2
    MULTI_CURRENCY = 4
    NEGATIVE_VEND = 8
    DATA_ENTRY = 16
    ALWAYS_IDLE = 32


#: Either of these switches the expanded currency mode on: longer amounts everywhere.
EXPANDED = Option.WIDE_MONEY | Option.MULTI_CURRENCY


@dataclass(frozen=True, slots=True)
class Sizes:
    """What decides the length of a message: the lower of both levels, and the expanded currency mode."""

    level: int = 1
    wide: bool = False

    @property
    def amount(self) -> int:
        """Bytes of an amount."""
        return 4 if self.wide else 2


@dataclass(frozen=True, slots=True)
class JustReset:
    """00."""


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """01: how the reader counts. `currency` is the packed BCD word, `max_response` seconds."""

    level: int
    currency: int
    scale: int
    decimals: int
    max_response: int
    abilities: int


@dataclass(frozen=True, slots=True)
class Display:
    """02: a wish for text on a display that we do not have."""

    text: bytes


@dataclass(frozen=True, slots=True)
class BeginSession:
    """03: a medium is there. `funds` in the reader's units, None when not told."""

    funds: int | None
    media: int | None = None
    currency: int | None = None


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """04: the person wants to stop."""


@dataclass(frozen=True, slots=True)
class Approved:
    """05: `units` may differ from the request; None is paid by a token."""

    units: int | None


@dataclass(frozen=True, slots=True)
class Denied:
    """06."""


@dataclass(frozen=True, slots=True)
class EndSession:
    """07."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """08: answer to READER CANCEL."""


@dataclass(frozen=True, slots=True)
class PeripheralId:
    """09. `options` is 0 below level 3."""

    manufacturer: str
    serial: str
    model: str
    version: str
    options: int


@dataclass(frozen=True, slots=True)
class Malfunction:
    """0A: `code` is the high nibble (A jam, C refund error), `detail` the low one."""

    code: int
    detail: int


@dataclass(frozen=True, slots=True)
class OutOfSequence:
    """0B: `state` 1 inactive to 7 negative vend; None from level 1."""

    state: int | None


@dataclass(frozen=True, slots=True)
class Other:
    """A message that this driver has no use for (revalue, date, data entry, file transport)."""

    code: int
    data: bytes


Reply = (
    JustReset | ReaderConfig | Display | BeginSession | CancelRequest | Approved | Denied | EndSession
    | Cancelled | PeripheralId | Malfunction | OutOfSequence | Other
)


def parse_block(data: bytes, sizes: Sizes) -> list[Reply]:
    """All messages of one block, in order. Raises CodecError when one is cut short."""
    replies: list[Reply] = []
    reader = _Reader(data)
    while reader.left:
        replies.append(_parse(reader, sizes))
    return replies


class _Reader:
    """Takes fields off the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise CodecError(f"block {self._data.hex(' ')} is cut short")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def known(self, count: int) -> int | None:
        """A number of which all ones means that it is not known."""
        value = self.number(count)
        return None if value == (1 << 8 * count) - 1 else value

    def text(self, count: int) -> str:
        return self.take(count).decode("ascii", "replace").strip(" \x00")


def _parse(reader: _Reader, sizes: Sizes) -> Reply:
    code = reader.number(1)
    parse = _PARSERS.get(code)
    if parse is not None:
        return parse(reader, sizes)
    length = {0x0D: 0, 0x0E: 0, 0x0F: sizes.amount, 0x11: 0, 0x12: 1, 0x13: 0}.get(code, reader.left)
    return Other(code, reader.take(length))


def _config(reader: _Reader, _: Sizes) -> Reply:
    return ReaderConfig(
        reader.number(1), reader.number(2), reader.number(1), reader.number(1), reader.number(1),
        reader.number(1),
    )


def _display(reader: _Reader, _: Sizes) -> Reply:
    reader.take(1)
    return Display(reader.take(min(reader.left, 32)))


def _begin(reader: _Reader, sizes: Sizes) -> Reply:
    funds = reader.known(sizes.amount)
    if sizes.level < 2:
        return BeginSession(funds)
    media = reader.known(4)
    reader.take(3)  # payment type and its data
    if not sizes.wide:
        return BeginSession(funds, media)
    reader.take(2)  # language
    currency = reader.number(2)
    reader.take(1)  # card options
    return BeginSession(funds, media, currency)


def _approved(reader: _Reader, sizes: Sizes) -> Reply:
    return Approved(reader.known(sizes.amount))


def _identity(reader: _Reader, sizes: Sizes) -> Reply:
    manufacturer, serial, model = reader.text(3), reader.text(12), reader.text(12)
    version = reader.take(2).hex()
    options = reader.number(4) if sizes.level >= 3 and reader.left >= 4 else 0
    return PeripheralId(manufacturer, serial, model, version, options)


def _malfunction(reader: _Reader, _: Sizes) -> Reply:
    value = reader.number(1)
    return Malfunction(value >> 4, value & 15)


def _sequence(reader: _Reader, sizes: Sizes) -> Reply:
    return OutOfSequence(reader.number(1) if sizes.level >= 2 else None)


_PARSERS: dict[int, Callable[[_Reader, Sizes], Reply]] = {
    0x00: lambda _r, _s: JustReset(),
    0x01: _config,
    0x02: _display,
    0x03: _begin,
    0x04: lambda _r, _s: CancelRequest(),
    0x05: _approved,
    0x06: lambda _r, _s: Denied(),
    0x07: lambda _r, _s: EndSession(),
    0x08: lambda _r, _s: Cancelled(),
    0x09: _identity,
    0x0A: _malfunction,
    0x0B: _sequence,
}
