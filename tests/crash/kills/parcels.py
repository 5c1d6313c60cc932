"""Somebody brings a parcel, somebody else collects it; or whoever brought it takes it back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from kills.actor import Actor

KURT = "04e1b2c3d4e504"
_LABEL = "PARCEL-{}"
#: How often the courier looks whether the screen has understood, at a door that was not empty.
_LOOKS = 40


@dataclass(slots=True)
class Drop(Actor):
    """An announced parcel is dropped by its label and collected with a PIN.

    `occupied`: the first so many doors are not empty; `cancel`: nobody collects, the courier takes it back.
    """

    occupied: int = 0
    cancel: bool = False
    dropped: bool = False
    taken: bool = False
    handover: str = ""

    async def begin(self) -> None:
        self.handover = await self.order({
            "workflow": "drops", "recipient": {"name": "Ada", "email": "ada@example.org"},
            "depositor": {"ref": "kurt"}, "external_ref": _LABEL.format(1),
            "items": [{"sku": "parcel-m", "quantity": 1, "size": "M", "thermal": "refrigerated"}],
        })

    async def find(self) -> None:
        await self.look(self.handover)

    async def hands(self) -> bool:
        if not self.compartment:
            return False
        board, name = self.world.pair.doors[self.compartment]
        door = await self.world.door(self.compartment)
        if door["position"] == "closed":
            return False
        await self.linger()
        if not self.dropped and self.occupied and await self._not_empty():
            self.occupied -= 1
        elif not self.dropped:
            self.dropped = await self.world.act(board, "load", name, _LABEL.format(1)) is not None
        elif door["content"]:
            self.taken = await self.world.act(board, "take", name) is not None
        await self.shut(board, name)
        return True

    async def _not_empty(self) -> bool:
        """Key it, and wait for the screen before the door is closed."""
        for _ in range(_LOOKS):
            await self.look(self.handover)
            if self.fresh and self.view["state"] == "not_empty":
                return True
            if self.fresh and self.view["state"] == "drop_standing_open" and self.may("not empty"):
                await self.world.key("7#")
            await asyncio.sleep(0.2)
        return False

    async def screen(self) -> bool:
        state = self.view["state"]
        if self.busy:
            return False
        if state == "expected":
            return await self.do(f"scan {self.occupied}", self._scan)
        if state == "waiting" and self.cancel:
            return await self.do("cancel", lambda: self.command(self.handover, "cancel"))
        if state == "waiting":
            return await self.do("key", self.key_pin)
        if state == "uncollected":
            return await self.do("take back", lambda: self.world.tap(KURT))
        return bool(state == "collected" or self.view["ended"] or (self.incidents and not self.occupied))

    async def _scan(self) -> None:
        await self.world.scan(_LABEL.format(1))


@dataclass(slots=True)
class Round(Actor):
    """One visit of a courier with a badge, and a door for each label that is scanned."""

    parcels: int = 2
    dropped: int = 0

    async def hands(self) -> bool:
        if not self.compartment:
            return False
        board, name = self.world.pair.doors[self.compartment]
        door = await self.world.door(self.compartment)
        if door["position"] == "closed":
            return False
        await self.linger()
        if not door["content"] and await self.world.act(board, "load", name) is not None:
            self.dropped += 1
        await self.shut(board, name)
        return True

    async def screen(self) -> bool:
        if self.busy:
            return False
        if self.dropped == self.parcels:
            return True
        return await self.do(f"drop {self.dropped}", self._drop)

    async def _drop(self) -> None:
        if not self.dropped or self.tried[f"drop {self.dropped}"] > 1:
            await self.world.tap(KURT)
            await asyncio.sleep(0.5)
        await self.world.scan(_LABEL.format(self.dropped + 1))
