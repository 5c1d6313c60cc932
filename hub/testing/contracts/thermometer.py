"""The contract of `Thermometer`, on virtual time.

Inherit and say how to build your device::

    class TestMyThermometer(ThermometerContract):
        async def build(self, kit: Kit) -> ThermometerRig: ...
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.api import DeviceContext, Driver, Thermometer
from hub.model.observations import TemperatureRead
from hub.model.states import FaultKind
from hub.testing.context import RecordingContext


@dataclass(slots=True)
class ThermometerRig:
    """One thermometer, not yet started.

    `warm` sets what it measures, in milli-degrees Celsius; `silence` takes it away or brings it back.
    `patience` is how long, in seconds, a reading or its absence may take to be told.
    """

    context: RecordingContext
    create: Callable[[DeviceContext], Driver]
    warm: Callable[[int], Any]
    silence: Callable[[bool], Any]
    patience: float = 120.0


class ThermometerContract:
    """Inherit from it."""

    async def build(self, kit: Any) -> ThermometerRig:
        """The device under test, its driver not started."""
        raise NotImplementedError

    def test_it_tells_what_it_measures_also_below_zero(self, hub_virtual: Callable[..., Any]) -> None:
        """As an observation and as a property."""

        async def main(kit: Any) -> None:
            rig = await self.build(kit)
            await _ran(rig.warm(4500))
            driver = await kit.start(rig.create(rig.context))
            assert isinstance(driver, Thermometer)
            await rig.context.seen(TemperatureRead, lambda seen: seen.millicelsius == 4500, rig.patience)
            await _ran(rig.warm(-18_500))
            await rig.context.seen(TemperatureRead, lambda seen: seen.millicelsius == -18_500, rig.patience)
            assert driver.millicelsius == -18_500

        hub_virtual(main)

    def test_a_silent_one_has_no_reading_and_comes_back(self, hub_virtual: Callable[..., Any]) -> None:
        """An old number is never passed off as a new one."""

        async def main(kit: Any) -> None:
            rig = await self.build(kit)
            driver = await kit.start(rig.create(rig.context))
            await _ran(rig.silence(True))
            await rig.context.until(lambda: driver.millicelsius is None, rig.patience)
            await rig.context.until(lambda: (FaultKind.OFFLINE, "") in rig.context.faults, rig.patience)
            await _ran(rig.silence(False))
            await rig.context.until(lambda: driver.millicelsius is not None, rig.patience)
            await rig.context.until(lambda: not rig.context.faults, rig.patience)

        hub_virtual(main)


async def _ran(answer: Any) -> None:
    if asyncio.iscoroutine(answer):
        await answer
