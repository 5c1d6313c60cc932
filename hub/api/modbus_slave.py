"""A Modbus slave for simulators, written from the standard and apart from the master (rule S16).

It serves what ordinary stacks cannot: raw values of function 05, board quirks, several slaves on one bus.
Sources: Modbus application protocol V1.1b3 (functions, exceptions), serial line guide V1.02 (RTU, CRC),
messaging on TCP/IP V1.0b (MBAP header).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from enum import IntEnum

from hub.api.sim import Pacer
from hub.core.clock import Clock

_LOG = logging.getLogger(__name__)

#: The data of a request after the function code -> the data of the answer, or an exception code.
Handler = Callable[[bytes], "bytes | int"]
CallLater = Callable[[float, Callable[[], None]], Callable[[], None]]

_FIXED = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06)
_COUNTED = (0x0F, 0x10)
_READS = (0x01, 0x02, 0x03, 0x04)
_LONGEST = 260
#: Half a request is forgotten after this many seconds of silence.
_SILENCE = 0.5


class ModbusException(IntEnum):
    """The codes that a slave answers with (application protocol, section 7)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4


class ModbusSlave:
    """A Wire: hears requests in any pieces, between noise and other slaves' traffic, and answers its own.

    `handlers` maps function codes to functions from request data to answer data or an exception code.
    `framing` is "rtu", "mbap" or "auto" (the first sound frame on the line decides). Address 0 is heard
    by all and answered by none, except reads where `answers_all_reads` is set, as boards do that are asked
    for their own address. `latency` is the seconds a device thinks before it answers. While `powered` is
    False it neither hears nor answers.
    """

    def __init__(
        self, address: int, handlers: Mapping[int, Handler], *, clock: Clock, call_later: CallLater,
        framing: str = "auto", latency: float = 0.0, answers_all_reads: bool = False,
    ) -> None:
        if framing not in ("auto", "rtu", "mbap"):
            raise ValueError(f"framing is auto, rtu or mbap, not {framing!r}")
        self.address = address
        self.latency = latency
        self._powered = True
        self._handlers = dict(handlers)
        self._clock = clock
        self._call_later = call_later
        self._wanted = framing
        self._framing = framing
        self._answers_all_reads = answers_all_reads
        self._pending = b""
        self._send: Callable[[bytes], None] | None = None
        self._baud = 0
        self._heard_at = 0.0
        self._pacer: Pacer | None = None

    @property
    def powered(self) -> bool:
        """Whether it has supply."""
        return self._powered

    @powered.setter
    def powered(self, on: bool) -> None:
        self._powered = on
        self._pending = b""
        self._start()

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        """The line is there."""
        self._send, self._baud = send, baud
        self._framing = self._wanted
        self._pending = b""
        self._start()

    def receive(self, data: bytes) -> None:
        """Bytes heard on the line."""
        if not self._powered:
            return
        now = self._clock.monotonic()
        if now - self._heard_at > _SILENCE:
            self._pending = b""
        self._heard_at = now
        # In pieces, so that the search for a frame never looks at more than two frames' worth of noise.
        for start in range(0, len(data), _LONGEST):
            self._pending += data[start:start + _LONGEST]
            while (found := self._next()) is not None:
                unit, head, pdu = found
                if unit in (0, self.address):
                    self._serve(unit, head, pdu)
            self._pending = self._pending[-_LONGEST:]

    def _start(self) -> None:
        """A fresh pacer: what a dead one still had to send is lost."""
        def transmit(data: bytes) -> None:
            if self._powered and self._pacer is pacer and self._send is not None:
                self._send(data)

        pacer = self._pacer = Pacer(self._call_later, self._clock, transmit, self._baud)

    def _next(self) -> tuple[int, bytes, bytes] | None:
        """The next sound request on the line: (unit, MBAP transaction id or nothing, PDU)."""
        for at in range(len(self._pending)):
            rest = self._pending[at:]
            if self._framing != "mbap":
                size = rtu_request_size(rest)
                if size and len(rest) >= size and crc16(rest[:size - 2]) == rest[size - 2:size]:
                    self._found("rtu", at + size)
                    return rest[0], b"", rest[1:size - 2]
            if self._framing != "rtu":
                size = mbap_request_size(rest)
                if size and len(rest) >= size and (self._framing == "mbap" or _plausible(rest[7:size])):
                    self._found("mbap", at + size)
                    return rest[6], rest[:2], rest[7:size]
        return None

    def _found(self, framing: str, used: int) -> None:
        self._framing = framing
        self._pending = self._pending[used:]

    def _serve(self, unit: int, head: bytes, pdu: bytes) -> None:
        answer = self._answer(pdu)
        if unit == 0 and not (self._answers_all_reads and pdu[0] in _READS):
            return
        if head:
            frame = head + b"\0\0" + (len(answer) + 1).to_bytes(2, "big") + bytes([unit]) + answer
        else:
            body = bytes([unit]) + answer
            frame = body + crc16(body)
        assert self._pacer is not None
        self._pacer.put(frame, self.latency)

    def _answer(self, pdu: bytes) -> bytes:
        function, data = pdu[0], pdu[1:]
        handler = self._handlers.get(function)
        result: bytes | int
        if handler is None:
            result = ModbusException.ILLEGAL_FUNCTION
        elif not _well_formed(function, data):
            result = ModbusException.ILLEGAL_VALUE
        else:
            try:
                result = handler(data)
            except Exception:  # noqa: BLE001  a fault of the simulated device, as a real one would say
                _LOG.exception("Slave %d: function %#04x failed", self.address, function)
                result = ModbusException.DEVICE_FAILURE
        if isinstance(result, int):
            return bytes([function | 0x80, result])
        return bytes([function]) + result


def crc16(data: bytes) -> bytes:
    """CRC-16 of the serial line guide (6.2.2): polynomial A001 reflected, start FFFF, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def rtu_request_size(data: bytes) -> int:
    """Bytes of the RTU request that `data` begins; 0 when more are needed to know, or it is none."""
    if len(data) < 2:
        return 0
    if data[1] in _FIXED:
        return 8
    if data[1] in _COUNTED:
        return data[6] + 9 if len(data) > 6 else 0
    # An unknown function is answered with an exception; such requests are taken to have no data.
    return 4


def mbap_request_size(data: bytes) -> int:
    """Bytes of the Modbus/TCP request that `data` begins; 0 when it is none or its header is not whole."""
    if len(data) < 6 or data[2:4] != b"\0\0":
        return 0
    length = int.from_bytes(data[4:6], "big")
    return length + 6 if 2 <= length <= 254 else 0


def pack_bits(values: list[bool]) -> bytes:
    """Bits as functions 01 and 02 answer them: byte count, then the first bit lowest."""
    packed = bytearray((len(values) + 7) // 8)
    for index, value in enumerate(values):
        packed[index // 8] |= value << index % 8
    return bytes([len(packed)]) + bytes(packed)


def pack_registers(values: list[int]) -> bytes:
    """Registers as functions 03 and 04 answer them: byte count, then each high byte first, signed too."""
    return bytes([len(values) * 2]) + b"".join((value & 0xFFFF).to_bytes(2, "big") for value in values)


def two_words(data: bytes) -> tuple[int, int]:
    """The address and the count or value that requests 01 to 06 carry."""
    return int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")


def written_bits(data: bytes) -> list[bool]:
    """The bits that a request of function 15 writes."""
    count = int.from_bytes(data[2:4], "big")
    return [bool(data[5 + index // 8] >> index % 8 & 1) for index in range(count)]


def _well_formed(function: int, data: bytes) -> bool:
    if function in _FIXED:
        return len(data) == 4
    if function in _COUNTED:
        if len(data) < 5 or len(data) != data[4] + 5:
            return False
        count = int.from_bytes(data[2:4], "big")
        return data[4] == ((count + 7) // 8 if function == 0x0F else count * 2)
    return True


def _plausible(pdu: bytes) -> bool:
    return pdu[0] in _FIXED + _COUNTED and _well_formed(pdu[0], pdu[1:])
