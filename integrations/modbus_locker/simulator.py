"""The simulated relay board: `LockerModel` behind a Modbus slave that knows board-timed pulses.

Written from the board's protocol description (protocol reference 3.1), not from the driver's codec.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.api.modbus_slave import ModbusException, ModbusSlave, pack_bits, two_words, written_bits
from hub.api.sim import SimSetup, Simulator
from integrations.modbus_locker.config import Board, board
from integrations.modbus_locker.simulated_doors import LockerModel

_TOGGLE = 0x5500
#: A coil that is on for longer than the profile allows is burnt: the ledger says so this much later.
_MERCY_SECONDS = 0.25


class BoardWire:
    """The board's side of the line, with the wire faults of the model laid over its answers."""

    def __init__(self, setup: SimSetup, model: LockerModel, profile: Board) -> None:
        self._model = model
        self._board = profile
        self._slave = ModbusSlave(
            int(setup.config.get("address", 1)),
            {
                0x01: self.read_coils, 0x02: self.read_inputs, 0x05: self.write_coil, 0x0F: self.write_coils,
            },
            clock=setup.clock, call_later=setup.call_later,
        )

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        """The line is there."""
        self._slave.connect(lambda frame: self._disturbed(send, frame), baud)

    def receive(self, data: bytes) -> None:
        """Bytes heard on the line; a board without power hears nothing."""
        if self._slave.powered != self._model.powered:
            self._slave.powered = self._model.powered
        self._slave.latency = self._model.latency
        self._slave.receive(data)

    def read_coils(self, data: bytes) -> bytes | int:
        """Function 01."""
        first, count = two_words(data)
        start = first - self._board.first_coil
        if start < 0 or not 0 < count <= self._board.doors - start:
            return ModbusException.ILLEGAL_ADDRESS
        return pack_bits([door.coil_on for door in self._model.doors[start:start + count]])

    def read_inputs(self, data: bytes) -> bytes | int:
        """Function 02; boards without inputs do not know it."""
        inputs = self._board.inputs
        if inputs is None:
            return ModbusException.ILLEGAL_FUNCTION
        first, count = two_words(data)
        start = first - inputs.first
        if start < 0 or not 0 < count <= self._board.doors - start:
            return ModbusException.ILLEGAL_ADDRESS
        return pack_bits([
            self._model.contact_closed(index) == bool(inputs.closed) for index in range(start, start + count)
        ])

    def write_coil(self, data: bytes) -> bytes | int:
        """Function 05: on, off, toggle, all, and the board-timed pulse where the board has it."""
        if self._model.exception:
            return self._model.exception
        address, value = two_words(data)
        how = self._board.pulse
        channel = address - self._board.first_coil
        if how.by_board and 0 <= channel - how.flash < self._board.doors:
            if value == 0:
                return ModbusException.ILLEGAL_VALUE
            self._model.flash(channel - how.flash, value * how.step_ms / 1000)
            return data
        if address == self._board.all_off:
            targets = list(range(self._board.doors))
        elif 0 <= channel < self._board.doors:
            targets = [channel]
        else:
            return ModbusException.ILLEGAL_ADDRESS
        if value not in (how.on, how.off, _TOGGLE):
            return ModbusException.ILLEGAL_VALUE
        for index in targets:
            on = not self._model.doors[index].coil_on if value == _TOGGLE else value == how.on
            self._model.switch(index, on)
        return data

    def write_coils(self, data: bytes) -> bytes | int:
        """Function 15."""
        if self._model.exception:
            return self._model.exception
        first, count = two_words(data)
        start = first - self._board.first_coil
        if start < 0 or not 0 < count <= self._board.doors - start:
            return ModbusException.ILLEGAL_ADDRESS
        for offset, on in enumerate(written_bits(data)):
            self._model.switch(start + offset, on)
        return data[:4]

    def _disturbed(self, send: Callable[[bytes], None], frame: bytes) -> None:
        if self._model.drop:
            self._model.drop -= 1
        elif self._model.corrupt:
            self._model.corrupt -= 1
            send(frame[:-1] + bytes([frame[-1] ^ 0xFF]))
        else:
            send(frame)


def build(setup: SimSetup) -> Simulator:
    """A board as the device's profile and address say."""
    profile = board(setup.profile, setup.config)
    model = LockerModel(setup, profile.doors, profile.pulse.max_ms / 1000 + _MERCY_SECONDS)
    return Simulator(model, BoardWire(setup, model, profile))
