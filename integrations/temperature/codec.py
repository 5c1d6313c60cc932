"""What the registers of a thermometer mean. Pure.

XY-MD02: function 04 from register 1, temperature as a signed number of tenths of a degree Celsius,
humidity as an unsigned number of tenths of a per cent (protocol reference 6.7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.api.rtu import RtuFramer
from integrations.temperature.config import Sensor

#: Cuts the bus traffic of these devices for taps and proxies.
FRAMER = RtuFramer



class NoReading(ValueError):
    """The registers hold something that is not a measurement."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Milli-degrees Celsius, and relative humidity in per mille where the sensor has it."""

    millicelsius: int
    permille: int | None


def signed(word: int) -> int:
    """A 16-bit word as a two's complement number."""
    return word - 0x1_0000 if word & 0x8000 else word


def decode(sensor: Sensor, words: Sequence[int]) -> Reading:
    """Raises NoReading for values outside what the sensor can measure, as broken ones report."""
    if len(words) != (2 if sensor.humidity else 1):
        raise NoReading(f"{len(words)} registers")
    millicelsius = signed(words[0]) * sensor.scale
    if not sensor.lowest <= millicelsius <= sensor.highest:
        raise NoReading(f"{millicelsius / 1000} degrees is outside what the sensor can measure")
    if not sensor.humidity:
        return Reading(millicelsius, None)
    if words[1] > 1000:
        raise NoReading(f"{words[1] / 10} % relative humidity")
    return Reading(millicelsius, words[1])
