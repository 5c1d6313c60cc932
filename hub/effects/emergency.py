"""Emergency release (S12): staggered per supply, never blocked by store, lease or approval."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from hub.core.clock import SECOND, Clock
from hub.effects.devices import Devices, lock_bank
from hub.effects.supplies import Supply
from hub.store import Store, StoreError, Tx

_LOG = logging.getLogger(__name__)
#: How long after its pulse an emergency release accounts for an open door.
_EXPLAINS = 30 * SECOND


class EmergencyRelease:
    """Opens doors at once. What it did is recorded afterwards, from the disk reserve if need be.

    `expected` is told until when (UTC microseconds) the release explains a door's opening, so that it is
    not taken for a breach.
    """

    def __init__(
        self, clock: Clock, store: Store, devices: Devices, supplies: Mapping[str, Supply],
        device_supply: Mapping[str, str], expected: dict[tuple[str, str], int],
    ) -> None:
        self._clock = clock
        self._store = store
        self._devices = devices
        self._supplies = supplies
        self._device_supply = device_supply
        self._expected = expected

    async def release(self, doors: Iterable[tuple[str, str]], cause: str) -> dict[str, str]:
        """Open `doors` (device, door). Returns `device/door` -> "released" or what went wrong."""
        by_supply: dict[str, list[tuple[str, str]]] = {}
        for device, door in doors:
            supply = self._device_supply.get(device, f"device {device}")
            by_supply.setdefault(supply, []).append((device, door))
        parts = await asyncio.gather(*(self._stagger(name, some) for name, some in by_supply.items()))
        results = {door: result for part in parts for door, result in part.items()}
        await self._record(cause, results)
        return results

    async def _stagger(self, supply_name: str, doors: list[tuple[str, str]]) -> dict[str, str]:
        supply = self._supplies.get(supply_name, Supply(supply_name))
        results: dict[str, str] = {}
        for index, (device, door) in enumerate(doors):
            if index and index % supply.simultaneous == 0:
                await asyncio.sleep(supply.gap / SECOND)
            self._expected[device, door] = self._clock.now() + _EXPLAINS
            results[f"{device}/{door}"] = await self._one(device, door)
        return results

    async def _one(self, device: str, door: str) -> str:
        driver = lock_bank(self._devices.driver(device))
        if driver is None:
            return "no lock driver"
        try:
            await driver.release_now(door)
        except Exception as error:  # noqa: BLE001  one dead door must not keep the others shut
            _LOG.error("Emergency release of %s/%s failed: %s", device, door, error)
            return f"failed: {error}"
        return "released"

    async def _record(self, cause: str, results: dict[str, str]) -> None:
        at = self._clock.now()

        def write(tx: Tx) -> None:
            tx.journal("site", "emergency.released", {"cause": cause, "doors": dict(results)}, at)

        try:
            await self._store.write(write, reserve=True)
        except StoreError:
            _LOG.exception("Emergency release could not be recorded: %s", results)
