"""One lock at a time per supply (S13): a turn lasts from the pulse to the end of the gap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hub.core.clock import SECOND


@dataclass(frozen=True, slots=True)
class Supply:
    """A power supply: how many locks it may drive together, and the pause after each (microseconds)."""

    name: str
    simultaneous: int = 1
    gap: int = SECOND


class SupplyGates:
    """Hands out turns. Devices without a supply share nothing and wait for nobody."""

    def __init__(self, supplies: Mapping[str, Supply], device_supply: Mapping[str, str]) -> None:
        self._supplies = supplies
        self._device_supply = device_supply
        self._gates = {name: asyncio.Semaphore(supply.simultaneous) for name, supply in supplies.items()}

    @asynccontextmanager
    async def turn(self, device: str, deadline: float) -> AsyncIterator[None]:
        """Hold the supply of `device`. Raises TimeoutError when no turn came before `deadline`."""
        supply = self._supplies.get(self._device_supply.get(device, ""))
        if supply is None:
            yield
            return
        gate = self._gates[supply.name]
        async with asyncio.timeout_at(deadline):
            await gate.acquire()
        try:
            yield
        finally:
            asyncio.get_running_loop().call_later(supply.gap / SECOND, gate.release)
