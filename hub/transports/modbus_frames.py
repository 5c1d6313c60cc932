"""Cutting and checking Modbus answers, as RTU (serial line guide V1.02, 2.5) or with the MBAP header.

Checksums and headers are made by pymodbus; the cutting is ours, because its framers drop what follows a
damaged frame and cannot tell a wrong checksum from a missing byte.
"""

from __future__ import annotations

from pymodbus.framer import FramerRTU

_EXCEPTION = 0x80
_READS = (0x01, 0x02, 0x03, 0x04)
_WRITES = (0x05, 0x06, 0x0F, 0x10)
#: Transaction id, protocol id, length; the length counts the unit and what follows (MBAP guide V1.0b, 3.1.3).
_MBAP_PREFIX = 6
_MBAP_LENGTHS = range(3, 255)


def crc_ok(frame: bytes) -> bool:
    """Whether an RTU frame ends with its checksum."""
    return len(frame) >= 4 and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def rtu_answer_size(data: bytes) -> int | None:
    """Bytes of the answer that `data` begins, 0 when more are needed to know, None when it is none."""
    if len(data) < 2:
        return 0
    function = data[1]
    if function & _EXCEPTION:
        return 5 if function ^ _EXCEPTION in _READS + _WRITES else None
    if function in _WRITES:
        return 8
    if function in _READS:
        return data[2] + 5 if len(data) > 2 else 0
    return None


class RtuFramer:
    """Cuts RTU answers. A damaged one comes out whole after the silence, for the owner to refuse it.

    The same bytes give the same frames however they are split. `idle` is far above the 3.5 characters of
    the standard because USB adapters and gateways deliver one frame in pieces up to 20 ms apart.
    """

    def __init__(self, idle: float = 0.1) -> None:
        self._idle = idle
        self._pending = b""
        self._junk = b""

    @property
    def idle(self) -> float | None:
        """Silence that ends a frame, in seconds."""
        return self._idle

    def feed(self, data: bytes) -> list[bytes]:
        """The sound frames completed by `data`; noise before them is dropped."""
        self._pending += data
        frames: list[bytes] = []
        while self._pending:
            size = rtu_answer_size(self._pending)
            if size is not None and (not size or len(self._pending) < size):
                break
            frame = self._pending[:size] if size else b""
            if crc_ok(frame):
                frames.append(frame)
                self._pending, self._junk = self._pending[len(frame):], b""
            else:
                self._junk += self._pending[:1]
                self._pending = self._pending[1:]
        return frames

    def flush(self) -> list[bytes]:
        """Sound frames hidden behind noise that looked like a longer one; else the noise itself."""
        rest, self._pending = self._junk + self._pending, b""
        self._junk = b""
        frames = _sound_frames(rest)
        return frames or ([rest] if rest else [])


def _sound_frames(data: bytes) -> list[bytes]:
    frames = []
    at = 0
    while at < len(data):
        size = rtu_answer_size(data[at:])
        if size and crc_ok(data[at:at + size]) and len(data) - at >= size:
            frames.append(data[at:at + size])
            at += size
        else:
            at += 1
    return frames


class MbapFramer:
    """Cuts Modbus/TCP answers by their header; bytes that cannot begin one are skipped."""

    def __init__(self) -> None:
        self._pending = b""

    @property
    def idle(self) -> float | None:
        """Half a frame that never goes on is dropped after this silence, in seconds."""
        return 1.0

    def feed(self, data: bytes) -> list[bytes]:
        """The frames completed by `data`."""
        self._pending += data
        frames: list[bytes] = []
        while len(self._pending) >= _MBAP_PREFIX:
            length = int.from_bytes(self._pending[4:6], "big")
            if self._pending[2:4] != b"\0\0" or length not in _MBAP_LENGTHS:
                self._pending = self._pending[1:]
                continue
            end = _MBAP_PREFIX + length
            if len(self._pending) < end:
                break
            frames.append(self._pending[:end])
            self._pending = self._pending[end:]
        return frames

    def flush(self) -> list[bytes]:
        """Drop half a frame."""
        self._pending = b""
        return []
