"""The air of rehearsed banks, and the thermometers that tell it."""

from __future__ import annotations

import asyncio

from hub.custody.thermal import Limits
from hub.model.observations import TemperatureRead
from hub.workflows.rehearsal.ground import Ground
from hub.workflows.run.places import Places

#: Seconds between two readings: well within the silence that a class allows.
EVERY = 60.0


class Weather:
    """Every thermometer of the plan tells its air, at once and then regularly, unless it is in the dark."""

    def __init__(self, places: Places, ground: Ground) -> None:
        self._ground = ground
        self._devices = {
            device: places.climate[bank] for device, banks in sorted(places.thermometers.items())
            for bank in banks if bank in places.climate
        }
        for device, limits in self._devices.items():
            ground.air.setdefault(device, fine(limits))

    async def run(self) -> None:
        """Until cancelled."""
        while self._devices:
            for device in self._devices:
                self.tell(device)
            await asyncio.sleep(EVERY)

    def tell(self, device: str) -> None:
        """One reading."""
        if device not in self._ground.dark:
            self._ground.tell(TemperatureRead(device, self._ground.air[device]))


def fine(limits: Limits) -> int:
    """A temperature well within its class, in milli-degrees Celsius."""
    return limits.high - 1_000 if limits.high is not None else (limits.low or 0) + 5_000


def wrong(limits: Limits) -> int:
    """A temperature out of its class."""
    return limits.high + 7_000 if limits.high is not None else (limits.low or 0) - 20_000
