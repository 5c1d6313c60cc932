"""The bytes of the adapter's host link and of the cashless commands. Pure, no I/O.

Adapter: Qibixx MDB-USB / Pi Hat, generic master: `M,1`, then `R,<address+command>,<data>`, answered by
`p,ACK`, `p,NACK` (no answer) or `p,<hex>`. The adapter adds the checksum and acknowledges data blocks.
Commands: MDB/ICP 4.2, section 7 (cashless devices at 10 and 60 hex).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Longest line that can mean anything: `p,` and 36 bytes in hex with separators leave ample room.
MAX_LINE = 256
#: Longest MDB block including its checksum (section 2.2).
MAX_BLOCK = 36
#: The second reader answers at 60 hex: 50 hex above the first.
READER_OFFSET = {1: 0x00, 2: 0x50}
#: Item number of a vend whose item is not known (section 7.4.7).
UNKNOWN_ITEM = 0xFFFF

MASTER_ON = b"M,1\r\n"
MASTER_OFF = b"M,0\r\n"
#: Holds the bus active for at least 100 ms: every device on it resets. The driver never sends it.
BUS_BREAK = b"R,RESET\r\n"


class CodecError(ValueError):
    """Bytes that are no valid line, block or message, or a value that does not fit its field."""


class LineFramer:
    """Cuts lines at CR, LF or CR LF; empty lines vanish, and so does everything of an over-long one."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._dropping = False

    @property
    def idle(self) -> float | None:
        """Lines end by their terminator only."""
        return None

    def feed(self, data: bytes) -> list[bytes]:
        """The lines completed by `data`, without their ends."""
        lines = []
        for byte in data:
            if byte in b"\r\n":
                if self._line and not self._dropping:
                    lines.append(bytes(self._line))
                self._line.clear()
                self._dropping = False
            elif len(self._line) < MAX_LINE:
                self._line.append(byte)
            else:
                self._dropping = True
        return lines

    def flush(self) -> list[bytes]:
        """Nothing: an unfinished line stays unfinished."""
        return []


FRAMER = LineFramer


class Name(StrEnum):
    """The commands that the driver sends."""

    RESET = "reset"
    SETUP_CONFIG = "setup config"
    SETUP_LIMITS = "setup max/min prices"
    POLL = "poll"
    VEND_REQUEST = "vend request"
    VEND_CANCEL = "vend cancel"
    VEND_SUCCESS = "vend success"
    VEND_FAILURE = "vend failure"
    SESSION_COMPLETE = "session complete"
    READER_DISABLE = "reader disable"
    READER_ENABLE = "reader enable"
    READER_CANCEL = "reader cancel"
    REQUEST_ID = "request id"
    ENABLE_OPTIONS = "enable options"


@dataclass(frozen=True, slots=True)
class Command:
    """One command block without address offset and checksum; `block[0]` is the base-10 command byte."""

    name: Name
    block: bytes

    def at(self, reader: int) -> bytes:
        """The block as reader 1 or 2 hears it, without its checksum."""
        return bytes([self.block[0] + READER_OFFSET[reader]]) + self.block[1:]


RESET = Command(Name.RESET, b"\x10")
POLL = Command(Name.POLL, b"\x12")
VEND_CANCEL = Command(Name.VEND_CANCEL, b"\x13\x01")
VEND_FAILURE = Command(Name.VEND_FAILURE, b"\x13\x03")
SESSION_COMPLETE = Command(Name.SESSION_COMPLETE, b"\x13\x04")
READER_DISABLE = Command(Name.READER_DISABLE, b"\x14\x00")
READER_ENABLE = Command(Name.READER_ENABLE, b"\x14\x01")
READER_CANCEL = Command(Name.READER_CANCEL, b"\x14\x02")


def setup_config(level: int, columns: int = 0, rows: int = 0, full_ascii: bool = False) -> Command:
    """SETUP 00: what this controller can do. No columns and rows means it has no display."""
    return Command(Name.SETUP_CONFIG, bytes([0x11, 0x00, level, columns, rows, int(full_ascii)]))


def setup_limits(wide: bool = False, currency: int = 0) -> Command:
    """SETUP 01 with unknown highest (all ones) and lowest (zero) price.

    `wide` is the expanded currency form, sent a second time once that mode is enabled; `currency` is the
    ISO 4217 number.
    """
    if wide:
        return Command(Name.SETUP_LIMITS, b"\x11\x01" + b"\xff" * 4 + bytes(4) + currency_field(currency))
    return Command(Name.SETUP_LIMITS, b"\x11\x01\xff\xff\x00\x00")


def vend_request(price: int, item: int, wide: bool = False) -> Command:
    """VEND 00: ask for `price` in the reader's units. Raises CodecError when it does not fit."""
    return Command(Name.VEND_REQUEST, b"\x13\x00" + _number(price, 4 if wide else 2) + _number(item, 2))


def vend_success(item: int) -> Command:
    """VEND 02: the item was released."""
    return Command(Name.VEND_SUCCESS, b"\x13\x02" + _number(item, 2))


def request_id(manufacturer: str, serial: str, model: str, version: int) -> Command:
    """EXPANSION 00: exchange identities. `version` is packed into two BCD bytes."""
    body = _text(manufacturer, 3) + _text(serial, 12) + _text(model, 12) + bytes.fromhex(f"{version:04d}")
    return Command(Name.REQUEST_ID, b"\x17\x00" + body)


def enable_options(bits: int) -> Command:
    """EXPANSION 04: switch on level 3 options; all are off after any reset until this is sent."""
    return Command(Name.ENABLE_OPTIONS, b"\x17\x04" + _number(bits, 4))


def currency_field(numeric: int) -> bytes:
    """An ISO 4217 number as packed BCD with the leading digit 1: 978 is 19 78."""
    return bytes.fromhex(f"1{numeric:03d}")


def checksum(data: bytes) -> int:
    """CHK: the low eight bits of the sum of the block's bytes (section 2.2)."""
    return sum(data) & 0xFF


def with_checksum(data: bytes) -> bytes:
    """The block as it stands on the bus. Raises CodecError beyond 36 bytes."""
    if not data or len(data) >= MAX_BLOCK:
        raise CodecError(f"a block has 1 to {MAX_BLOCK - 1} bytes and a checksum, not {len(data)}")
    return data + bytes([checksum(data)])


def without_checksum(block: bytes) -> bytes:
    """The block's data. Raises CodecError when the checksum is wrong."""
    if not 2 <= len(block) <= MAX_BLOCK or checksum(block[:-1]) != block[-1]:
        raise CodecError(f"block {block.hex(' ')} has a wrong checksum")
    return block[:-1]


def request_line(command: Command, reader: int) -> bytes:
    """The adapter's line for one exchange: `R,14,01` for READER ENABLE."""
    block = command.at(reader)
    head = f"R,{block[0]:02X}"
    return (f"{head},{block[1:].hex().upper()}" if len(block) > 1 else head).encode() + b"\r\n"


def is_answer(line: bytes) -> bool:
    """Whether the line ends an `R` exchange."""
    return line[:2] == b"p,"


def is_mode_answer(line: bytes) -> bool:
    """Whether the line answers `M,1` or `M,0`."""
    return line in (b"m,ACK", b"m,NACK")


def parse_answer(line: bytes, checked: bool = False) -> bytes | None:
    """What the reader answered: None for silence, empty for an ACK, else the data of its block.

    `checked` is for adapter firmware that hands the checksum on. Raises CodecError.
    """
    if line == b"p,ACK":
        return b""
    if line == b"p,NACK":
        return None
    text = line[2:].replace(b" ", b"")
    if not is_answer(line) or not text or len(text) > 2 * MAX_BLOCK:
        raise CodecError(f"{line!r} is no answer")
    try:
        block = bytes.fromhex(text.decode("ascii"))
    except (UnicodeDecodeError, ValueError) as wrong:
        raise CodecError(f"{line!r} is no answer") from wrong
    return without_checksum(block) if checked else block


def _number(value: int, size: int) -> bytes:
    if not 0 <= value < 1 << 8 * size:
        raise CodecError(f"{value} does not fit into {size} bytes")
    return value.to_bytes(size, "big")


def _text(value: str, size: int) -> bytes:
    return value.encode("ascii", "replace")[:size].ljust(size)
