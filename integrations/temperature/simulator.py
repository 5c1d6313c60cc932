"""The simulated thermometer: a room that drifts towards a target, behind Modbus registers.

Written from the sensor's register list (protocol reference 6.7), not from the driver's codec.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.api import Clock
from hub.api.modbus_slave import ModbusException, ModbusSlave, pack_registers, two_words
from hub.api.sim import SimSetup, Simulator
from hub.model.effects import Json, JsonMap

#: What a room does in one second: this part of its distance to the target.
_DRIFT = 0.01
_ADDRESS_REGISTER = 0x0101
_BAUD = 9600


class RoomModel:
    """Air around the sensor. `set temperature` moves it at once, `set target` lets it drift there."""

    def __init__(self, setup: SimSetup) -> None:
        self._clock: Clock = setup.clock
        self._tell = setup.ledger
        self._start = 4000
        self._target = 4000
        self._since = setup.clock.monotonic()
        self.permille = 546
        self.powered = True
        self.plugged = True
        self.broken = False
        self.latency = 0.0
        self.drop = 0
        self.corrupt = 0

    def actions(self) -> Mapping[str, Callable[..., Any]]:
        """set, unplug, plug."""
        return {"set": self.set, "unplug": self.unplug, "plug": self.plug}

    def state(self) -> JsonMap:
        """Temperature in milli-degrees, humidity in per mille, and what is wrong with the sensor."""
        return {
            "millicelsius": self.millicelsius, "target": self._target, "permille": self.permille,
            "powered": self.powered, "plugged": self.plugged, "broken": self.broken,
        }

    def power(self, on: bool) -> None:
        """The room keeps its temperature."""
        self.powered = on

    @property
    def millicelsius(self) -> int:
        """What the air has now."""
        away = math.exp(-_DRIFT * max(self._clock.monotonic() - self._since, 0.0))
        return round(self._target + (self._start - self._target) * away)

    def set(self, key: str, value: str) -> Json:
        """Change the room or disturb the sensor.

        `temperature DEGREES` at once, `target DEGREES` by drifting, `humidity PERCENT`, `broken yes|no`
        (reports nonsense), `latency SECONDS`, `drop N` replies, `corrupt N` checksums.
        """
        if key in ("temperature", "target"):
            wanted = _milli(value)
            self._start = wanted if key == "temperature" else self.millicelsius
            self._target, self._since = wanted, self._clock.monotonic()
            self._tell("temperature", **{key: wanted})
        elif key == "humidity":
            self.permille = _milli(value) // 100
        elif key == "broken":
            if value not in ("yes", "no"):
                raise ValueError("write broken yes or broken no")
            self.broken = value == "yes"
        elif key == "latency":
            self.latency = float(value)
        elif key in ("drop", "corrupt"):
            setattr(self, key, int(value))
        else:
            raise ValueError(
                f"unknown setting {key!r}; there are temperature, target, humidity, broken, latency, drop,"
                " corrupt"
            )
        return {key: value}

    def unplug(self) -> Json:
        """Take the sensor off the bus."""
        self.plugged = False
        self._tell("unplugged")
        return {"plugged": False}

    def plug(self) -> Json:
        """Put it back."""
        self.plugged = True
        self._tell("plugged")
        return {"plugged": True}


class SensorWire:
    """The sensor's side of the bus."""

    def __init__(self, setup: SimSetup, model: RoomModel) -> None:
        self._model = model
        self._address = int(setup.config.get("address", 1))
        self._slave = ModbusSlave(
            self._address, {0x03: self.read_holding, 0x04: self.read_inputs},
            clock=setup.clock, call_later=setup.call_later,
        )

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        """The line is there."""
        self._slave.connect(lambda frame: self._disturbed(send, frame), baud)

    def receive(self, data: bytes) -> None:
        """Bytes heard on the bus; an unplugged or dark sensor hears nothing."""
        alive = self._model.powered and self._model.plugged
        if self._slave.powered != alive:
            self._slave.powered = alive
        self._slave.latency = self._model.latency
        self._slave.receive(data)

    def read_inputs(self, data: bytes) -> bytes | int:
        """Function 04: 1 temperature in tenths, 2 humidity in tenths."""
        measured = {1: round(self._model.millicelsius / 100), 2: self._model.permille}
        if self._model.broken:
            measured = {1: -0x8000, 2: 0x7FFF}
        return _registers(measured, data)

    def read_holding(self, data: bytes) -> bytes | int:
        """Function 03: address, baud rate as a number, corrections."""
        return _registers({_ADDRESS_REGISTER: self._address, 0x0102: _BAUD, 0x0103: 0, 0x0104: 0}, data)

    def _disturbed(self, send: Callable[[bytes], None], frame: bytes) -> None:
        if self._model.drop:
            self._model.drop -= 1
        elif self._model.corrupt:
            self._model.corrupt -= 1
            send(frame[:-1] + bytes([frame[-1] ^ 0xFF]))
        else:
            send(frame)


def _milli(text: str) -> int:
    try:
        return int(Decimal(text) * 1000)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no number of degrees or per cent") from error


def _registers(known: Mapping[int, int], data: bytes) -> bytes | int:
    first, count = two_words(data)
    if not 1 <= count <= 125:
        return ModbusException.ILLEGAL_VALUE
    if any(address not in known for address in range(first, first + count)):
        return ModbusException.ILLEGAL_ADDRESS
    return pack_registers([known[address] & 0xFFFF for address in range(first, first + count)])


def build(setup: SimSetup) -> Simulator:
    """A thermometer at the device's address."""
    model = RoomModel(setup)
    return Simulator(model, SensorWire(setup, model))
