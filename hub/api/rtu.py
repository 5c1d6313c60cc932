"""Modbus RTU traffic in either direction, cut into frames: the FRAMER of integrations on Modbus lines.

The hub's master and the simulators' slave cut their own side; a tap or proxy sees both and needs this.
"""

from __future__ import annotations

from hub.api.modbus_slave import crc16

_READS = (0x01, 0x02, 0x03, 0x04)
_WRITES = (0x05, 0x06)
_COUNTED = (0x0F, 0x10)
_LONGEST = 256


class RtuFramer:
    """Cuts requests and answers by their lengths and checksums; what fits neither ends with a silence.

    A frame is the shortest beginning that has a length its function allows and a sound checksum.
    """

    def __init__(self) -> None:
        self._pending = b""

    @property
    def idle(self) -> float | None:
        """Silence that ends a damaged frame: above the pauses that adapters make within one, in seconds."""
        return 0.05

    def feed(self, data: bytes) -> list[bytes]:
        """The sound frames completed by `data`."""
        self._pending += data
        frames = []
        while (size := _sound_size(self._pending)) > 0:
            frames.append(self._pending[:size])
            self._pending = self._pending[size:]
        return frames

    def flush(self) -> list[bytes]:
        """The rest, as it is, so that damage can be seen."""
        rest, self._pending = self._pending, b""
        return [rest] if rest else []


def _sound_size(data: bytes) -> int:
    for size in _sizes(data):
        if 4 <= size <= min(len(data), _LONGEST) and crc16(data[:size - 2]) == data[size - 2:size]:
            return size
    return 0


def _sizes(data: bytes) -> list[int]:
    """The lengths that a frame of this function may have, shortest first."""
    if len(data) < 4:
        return []
    function = data[1]
    if function & 0x80:
        return [5]
    if function in _READS:
        return sorted((8, data[2] + 5))
    if function in _WRITES:
        return [8]
    if function in _COUNTED:
        return [8, data[6] + 9] if len(data) > 6 else []
    return []
