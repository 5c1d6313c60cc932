"""How warm or cold the air of a thermal class may be, and for how long it may be otherwise.

What the defaults rest on (an installer states others per bank, as the food and the law of the place demand):
- refrigerated, at most 5 degrees: US FDA Food Code, 3-501.16 (41 degrees Fahrenheit); 120 minutes cumulated:
  the two-hour rule of the USDA Food Safety and Inspection Service for food between 40 and 140 Fahrenheit;
- heated, at least 60 degrees, 120 minutes cumulated: the upper end of the same zone, and the same rule;
- frozen, at most -15 degrees: -18 with the deviation of 3 that Council Directive 89/108/EEC allows in local
  distribution; 30 minutes cumulated, shorter than the others since what thawed cannot be refrozen.
The graces are ours: air warms within a minute of an open door and cools within a few, the goods hardly do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.core.clock import HOUR, MINUTE
from hub.model.states import Thermal


@dataclass(frozen=True, slots=True)
class Limits:
    """The rules of one bank. `low` and `high` in milli-degrees Celsius, durations in microseconds.

    `allowed` is the time out of class, added up since the deposit, at which the goods are lost; after
    `warn_after` of it somebody is told. Without a reading for `silent_after` the whole silence counts.
    Warm air is not counted for `filling` after a lot's deposit, nor for `door` after a door was opened while
    the air was good; nor for `defrost`, once in `defrost_every`, in a cycle that no door explains.
    """

    thermal: Thermal
    low: int | None
    high: int | None
    allowed: int
    warn_after: int
    silent_after: int = 2 * MINUTE
    filling: int = 15 * MINUTE
    door: int = 5 * MINUTE
    defrost: int = 0
    defrost_every: int = 6 * HOUR

    def outside(self, millicelsius: int) -> bool:
        """Whether air of that temperature is out of the class."""
        too_low = self.low is not None and millicelsius < self.low
        return too_low or (self.high is not None and millicelsius > self.high)


DEFAULTS: Mapping[Thermal, Limits] = {
    Thermal.REFRIGERATED: Limits(
        Thermal.REFRIGERATED, None, 5_000, 120 * MINUTE, 30 * MINUTE, defrost=20 * MINUTE
    ),
    Thermal.FROZEN: Limits(
        Thermal.FROZEN, None, -15_000, 30 * MINUTE, 10 * MINUTE, filling=5 * MINUTE, door=3 * MINUTE,
        defrost=20 * MINUTE,
    ),
    Thermal.HEATED: Limits(Thermal.HEATED, 60_000, None, 120 * MINUTE, 30 * MINUTE),
}


def say_degrees(millicelsius: int) -> str:
    """A temperature as staff reads it."""
    return f"{millicelsius / 1000:.1f} °C"
