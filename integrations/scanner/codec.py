"""Bytes of serial code scanners: framing, AIM identifiers, keypad frames, GM65 commands and replies.

Sources: protocol reference section 4; AIM symbology identifiers are ISO/IEC 15424.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.model.states import Method

KEYS = "0123456789*#ABCD"
_REPLY_HEAD = b"\x02\x00\x00"
#: head, length, then data, then a checksum of two bytes
_REPLY_FIXED = 4
_SKIP_CHECK = b"\xab\xcd"
_AIM = re.compile(r"\]([A-Za-z])([0-9A-F])")
#: FS, GS, RS, US and EOT occur in GS1 and ISO 15434 data; tab and line ends in free text.
_ALLOWED_CONTROLS = frozenset("\t\n\r\x04\x1c\x1d\x1e\x1f")


class CodeFramer:
    """Cuts at each of `ends`, else at silence of `idle` seconds.

    A frame keeps its end byte, so that the frames together are the stream again. Of a frame longer than
    `longest` bytes only the first `longest` + 1 are kept: its length shows that it was too long. With
    `replies` a GM65 reply in front of a text is a frame of its own, recognised by its checksum, because
    a text may begin with the same bytes.
    """

    def __init__(
        self, ends: bytes = b"\r\n", idle: float = 0.06, longest: int = 7200, replies: bool = True
    ) -> None:
        self._ends = frozenset(ends)
        self._idle = idle
        self._longest = longest
        self._replies = replies
        self._buffer = bytearray()
        #: The buffer is known to be no reply.
        self._text = not replies
        self._swallowing = False

    @property
    def idle(self) -> float | None:
        """Seconds."""
        return self._idle

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes."""
        frames: list[bytes] = []
        for byte in data:
            if self._swallowing:
                self._swallowing = byte not in self._ends
                continue
            self._buffer.append(byte)
            if not self._text and self._may_be_reply(frames):
                continue
            if byte in self._ends:
                self._cut(frames)
            elif len(self._buffer) > self._longest:
                self._cut(frames)
                self._swallowing = True
        return frames

    def flush(self) -> list[bytes]:
        """What the silence completed."""
        self._swallowing = False
        frames: list[bytes] = []
        while self._buffer:
            if self._text:
                self._cut(frames)
            else:
                self._read_as_text(frames)
        return frames

    def _may_be_reply(self, frames: list[bytes]) -> bool:
        """Whether the last byte is dealt with: it completes, continues or refutes a reply."""
        if not _REPLY_HEAD.startswith(self._buffer[:3]):
            self._text = True
            if len(self._buffer) > 1:
                self._read_as_text(frames)
                return True
            return False
        if len(self._buffer) < _REPLY_FIXED or len(self._buffer) < _REPLY_FIXED + self._buffer[3] + 2:
            return True
        if _reply_data(bytes(self._buffer)) is not None:
            self._cut(frames)
        else:
            self._read_as_text(frames)
        return True

    def _read_as_text(self, frames: list[bytes]) -> None:
        """Read the buffer again: it was taken for the beginning of a reply, and ends may stand in it."""
        data = bytes(self._buffer)
        self._buffer.clear()
        self._text = True
        frames.extend(self.feed(data))

    def _cut(self, frames: list[bytes]) -> None:
        frames.append(bytes(self._buffer))
        self._buffer.clear()
        self._text = not self._replies


FRAMER = CodeFramer


@dataclass(frozen=True, slots=True)
class Code:
    """A code's text without identifier. `symbology` is the AIM identifier, empty when none was sent."""

    text: str
    method: Method
    symbology: str = ""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Keys of the keypad, in order; `#` is ENTER and `*` is CLEAR."""

    keys: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The engine's answer to a command."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What cannot be a code: too long, not UTF-8, or with control characters. `why` is for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How frames of one device are read: `keys` and `key_prefix` of the profile, `reads` by default."""

    longest: int = 7200
    keys: str = "none"
    key_prefix: str = "K:"
    reads: Method = Method.QR
    replies: bool = True
    ends: bytes = b"\r\n"

    def read(self, frame: bytes) -> Code | Pressed | Reply | Unreadable | None:
        """What a frame says; None for an empty one, such as the LF of CR LF."""
        if self.replies and (data := _reply_data(frame)) is not None:
            return Reply(data)
        if len(frame) > self.longest and frame[-1] not in self.ends:
            return Unreadable(f"longer than {self.longest} bytes")
        body = frame[:-1] if frame[-1:] and frame[-1] in self.ends else frame
        if not body:
            return None
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return Unreadable("not UTF-8")
        if any(c < " " and c not in _ALLOWED_CONTROLS for c in text) or "\x7f" in text:
            return Unreadable("control characters")
        pressed = self._pressed(text)
        return self._code(text) if pressed is None else Pressed(pressed)

    def _pressed(self, text: str) -> str | None:
        if self.keys == "single" and len(text) == 1 and text in KEYS:
            return text
        if self.keys == "prefix" and text.startswith(self.key_prefix):
            rest = text[len(self.key_prefix):]
            return rest if rest and all(c in KEYS for c in rest) else None
        return None

    def _code(self, text: str) -> Code | None:
        found = _AIM.match(text)
        if found is None:
            return Code(text, self.reads)
        rest = text[found.end():]
        method = Method.QR if found[1] == "Q" else Method.BARCODE
        return Code(rest, method, found[0]) if rest else None


def gm65_command(kind: int, address: int, data: bytes, *, count: int | None = None) -> bytes:
    """A GM65 command: `kind` 7 read, 8 write, 9 save; `count` replaces the length where data is a count."""
    length = len(data) if count is None else count
    body = bytes([kind, length]) + address.to_bytes(2, "big") + data
    return b"\x7e\x00" + body + checksum(body).to_bytes(2, "big")


def checksum(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 0x1021, initial value 0."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def _reply_data(frame: bytes) -> bytes | None:
    if len(frame) < _REPLY_FIXED + 2 or not frame.startswith(_REPLY_HEAD):
        return None
    if len(frame) != _REPLY_FIXED + frame[3] + 2:
        return None
    check = frame[-2:]
    if check != _SKIP_CHECK and check != checksum(frame[2:-2]).to_bytes(2, "big"):
        return None
    return frame[4:-2]
