"""The one Modbus master of a line (rule S15): pymodbus PDUs over our own exchanges, nothing repeated."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers

from hub.api.errors import BadFrame, ModbusRefusal
from hub.api.lines import FramedLine, Framer, Match, Priority
from hub.transports.modbus_frames import MbapFramer, RtuFramer, crc_ok
from hub.transports.owner import Timing
from hub.transports.urls import PortUrl

_BROADCAST = 0
_READS = (1, 2, 3, 4)
_EXCEPTION = 0x80
_DECODER = DecodePDU(False)
#: Judges the PDU of an answer that came from the right unit: False when it answers something else.
Fits = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Framing:
    """How Modbus travels on a line."""

    name: str
    framer: Callable[[], Framer]
    timing: Timing


#: 3.5 characters, at least 1.75 ms (serial line guide V1.02, 2.5.1.1). 50 ms of silence after a missed
#: answer: measured gateways and USB adapters deliver within 20 ms.
RTU = Framing("rtu", RtuFramer, Timing(gap_characters=3.5, gap_seconds=0.00175, settle=0.05))
MODBUS_TCP = Framing("modbus_tcp", MbapFramer, Timing())


def framing_of(url: PortUrl) -> Framing:
    """RTU on serial lines; on sockets `?framing=rtu|modbus_tcp`, by default the latter."""
    return RTU if url.framing == RTU.name else MODBUS_TCP


class _Coil(ModbusPDU):
    """Function 05 with any value: pymodbus knows only on and off, boards also time pulses with it."""

    function_code = 5

    def __init__(self, address: int, value: int) -> None:
        super().__init__(address=address)
        self._value = value

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self._value)


class _Wrapper(Protocol):
    def wrap(self, unit: int, pdu: ModbusPDU, fits: Fits) -> tuple[bytes, Match]:
        """The frame of a request, and what tells its answer from other frames."""
        ...

    def pdu(self, frame: bytes) -> bytes:
        """The PDU of an answer."""
        ...


class _Rtu:
    def __init__(self) -> None:
        self._framer = FramerRTU(_DECODER)

    def wrap(self, unit: int, pdu: ModbusPDU, fits: Fits) -> tuple[bytes, Match]:
        pdu.dev_id = unit

        def match(frame: bytes) -> bool:
            if not crc_ok(frame):
                raise BadFrame(f"unit {unit}: an answer with a wrong checksum: {frame.hex(' ')}")
            return frame[0] == unit and fits(frame[1:-2])

        return self._framer.buildFrame(pdu), match

    def pdu(self, frame: bytes) -> bytes:
        return frame[1:-2]


class _Tcp:
    def __init__(self) -> None:
        self._framer = FramerSocket(_DECODER)
        self._last = 0

    def wrap(self, unit: int, pdu: ModbusPDU, fits: Fits) -> tuple[bytes, Match]:
        self._last = self._last % 0xFFFF + 1
        pdu.dev_id, pdu.transaction_id = unit, self._last
        head = self._last.to_bytes(2, "big")

        def match(frame: bytes) -> bool:
            return frame[:2] == head and frame[6] == unit and fits(frame[7:])

        return self._framer.buildFrame(pdu), match

    def pdu(self, frame: bytes) -> bytes:
        return frame[7:]


class ModbusMaster:
    """Sends requests for all units of one line, one at a time."""

    def __init__(self, line: FramedLine, framing: Framing) -> None:
        self.line = line
        self._wrapper: _Wrapper = _Rtu() if framing is RTU else _Tcp()

    def unit(self, address: int, line: FramedLine | None = None) -> Unit:
        """The unit at `address` (1 to 247; writes to 0 address all, and nobody answers).

        `line`: a view of the same line that keeps this unit's listeners apart.
        """
        return Unit(self, address, line or self.line)

    async def request(
        self, unit: int, pdu: ModbusPDU, fits: Fits, deadline: float, priority: Priority
    ) -> bytes:
        """One request, once; the PDU of its answer. Raises what ModbusUnit says."""
        function = pdu.function_code

        def judged(answer: bytes) -> bool:
            if answer[0] == function | _EXCEPTION:
                return len(answer) == 2
            return answer[0] == function and fits(answer)

        frame, match = self._wrapper.wrap(unit, pdu, judged)
        if unit == _BROADCAST and function not in _READS:
            await self.line.send(frame, deadline=deadline, priority=priority)
            return b""
        received = await self.line.transact(frame, match, deadline=deadline, priority=priority)
        answer = self._wrapper.pdu(received)
        if answer[0] & _EXCEPTION:
            raise ModbusRefusal(function, answer[1])
        return answer


class Unit:
    """A ModbusUnit. Reads queue as polls, writes overtake them."""

    def __init__(self, master: ModbusMaster, address: int, line: FramedLine) -> None:
        self._master = master
        self._address = address
        self._line = line

    @property
    def up(self) -> bool:
        """Whether the line is open."""
        return self._line.up

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """Call `listener(up)` when the line comes or goes; returns a function that ends it."""
        return self._line.on_change(listener)

    async def read_coils(self, address: int, count: int, *, deadline: float) -> list[bool]:
        """Function 01."""
        request = bits.ReadCoilsRequest(address=address, count=count)
        return await self._read_bits(request, count, deadline, Priority.POLL)

    async def read_inputs(
        self, address: int, count: int, *, deadline: float, priority: Priority = Priority.POLL
    ) -> list[bool]:
        """Function 02."""
        request = bits.ReadDiscreteInputsRequest(address=address, count=count)
        return await self._read_bits(request, count, deadline, priority)

    async def read_holding(self, address: int, count: int, *, deadline: float) -> list[int]:
        """Function 03."""
        request = registers.ReadHoldingRegistersRequest(address=address, count=count)
        return await self._read_registers(request, count, deadline)

    async def read_input_registers(self, address: int, count: int, *, deadline: float) -> list[int]:
        """Function 04."""
        request = registers.ReadInputRegistersRequest(address=address, count=count)
        return await self._read_registers(request, count, deadline)

    async def write_coil(self, address: int, value: int, *, deadline: float) -> None:
        """Function 05 with the raw 16-bit `value`; the answer must repeat it."""
        await self._write(_Coil(address, value), struct.pack(">HH", address, value), deadline)

    async def write_register(self, address: int, value: int, *, deadline: float) -> None:
        """Function 06; the answer must repeat it."""
        request = registers.WriteSingleRegisterRequest(address=address, registers=[value])
        await self._write(request, struct.pack(">HH", address, value), deadline)

    async def write_coils(self, address: int, values: list[bool], *, deadline: float) -> None:
        """Function 15; the answer must repeat address and count."""
        request = bits.WriteMultipleCoilsRequest(address=address, bits=values)
        await self._write(request, struct.pack(">HH", address, len(values)), deadline)

    async def _read_bits(
        self, request: ModbusPDU, count: int, deadline: float, priority: Priority
    ) -> list[bool]:
        answer = await self._read(request, (count + 7) // 8, deadline, priority)
        return [bool(bit) for bit in answer.bits[:count]]

    async def _read_registers(self, request: ModbusPDU, count: int, deadline: float) -> list[int]:
        answer = await self._read(request, count * 2, deadline, Priority.POLL)
        return [int(value) for value in answer.registers]

    async def _read(
        self, request: ModbusPDU, size: int, deadline: float, priority: Priority
    ) -> ModbusPDU:
        def fits(answer: bytes) -> bool:
            # Another amount of data answers another, older request.
            return len(answer) == size + 2 and answer[1] == size

        answer = await self._master.request(self._address, request, fits, deadline, priority)
        decoded = _DECODER.decode(answer)
        if decoded is None or isinstance(decoded, ExceptionResponse):
            raise BadFrame(f"unit {self._address}: unreadable answer {answer.hex(' ')}")
        return decoded

    async def _write(self, request: ModbusPDU, echo: bytes, deadline: float) -> None:
        def fits(answer: bytes) -> bool:
            if answer[1:] != echo:
                raise BadFrame(f"unit {self._address}: answered {answer.hex(' ')}, not {echo.hex(' ')}")
            return True

        await self._master.request(self._address, request, fits, deadline, Priority.COMMAND)
