"""What a relay board's words mean: coil addresses, board-timed pulses, door bits. Pure.

Source of the values: Waveshare's Modbus RTU Relay protocol, versions 2 and 3: function 05 at
0x0200 + channel closes a relay for value x 100 ms; relays are addressed from 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.api.rtu import RtuFramer
from integrations.modbus_locker.config import Board, Inputs

#: Cuts the bus traffic of these devices for taps and proxies.
FRAMER = RtuFramer
#: The largest pulse value in use with these boards; above it firmware differs.
MAX_STEPS = 0x7FFF


@dataclass(frozen=True, slots=True)
class Write:
    """One function 05 request and how long the coil is on by it (0 for off, None until switched off)."""

    address: int
    value: int
    milliseconds: int | None


def steps(milliseconds: int, step: int = 100) -> int:
    """Pulse length in board steps, rounded up, at least one, at most MAX_STEPS."""
    return min(max(-(-milliseconds // step), 1), MAX_STEPS)


def channel(board: Board, door: str) -> int:
    """The 0-based channel of a door. Raises KeyError for a door that the board does not have."""
    if door not in board.names:
        raise KeyError(door)
    return int(door) - 1


def pulse(board: Board, index: int) -> Write:
    """The request that opens the lock of channel `index`."""
    how = board.pulse
    if how.by_board:
        count = steps(how.ms, how.step_ms)
        return Write(how.flash + board.first_coil + index, count, count * how.step_ms)
    return Write(board.first_coil + index, how.on, None)


def off(board: Board, index: int) -> Write:
    """The request that switches channel `index` off."""
    return Write(board.first_coil + index, board.pulse.off, 0)


def all_off(board: Board) -> list[Write]:
    """The requests that switch every coil off: one where the board has such a word."""
    if board.all_off is not None:
        return [Write(board.all_off, board.pulse.off, 0)]
    return [off(board, index) for index in range(board.doors)]


def closed_doors(inputs: Inputs, bits: list[bool]) -> tuple[bool, ...]:
    """Which doors are closed, by the profile's polarity."""
    return tuple(bit == bool(inputs.closed) for bit in bits)
