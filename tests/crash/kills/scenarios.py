"""Handovers as people live through them: look, then do the next sensible thing, also after a blackout.

No scenario counts steps of the hub. Each turn looks at the door and the screen and acts on what is there,
so that it goes on after any kill. People try again a few times, as people do, and then leave it to staff.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from kills.world import HubGone, World

TURN = 0.1
LIMIT = 60.0
#: How often somebody tries the same thing, and how long they look at it first.
TRIES = 4
PAUSE = 3.0
_UNDECIDED = {"intent"}


@dataclass(slots=True)
class Actor:
    """What the scenarios have in common: patience, hands, and the last thing that the screen said."""

    world: World
    view: dict[str, Any] = field(default_factory=dict)
    fresh: bool = False
    tried: dict[str, int] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)

    def may(self, what: str) -> bool:
        """Whether it is time to try `what` (again)."""
        now = asyncio.get_running_loop().time()
        if self.tried.get(what, 0) >= TRIES or now - self.at.get(what, -PAUSE) < PAUSE:
            return False
        self.tried[what] = self.tried.get(what, 0) + 1
        self.at[what] = now
        return True

    def gave_up(self, what: str) -> bool:
        now = asyncio.get_running_loop().time()
        return self.tried.get(what, 0) >= TRIES and now - self.at[what] > PAUSE

    async def look(self, handover: str) -> None:
        try:
            self.view, self.fresh = await self.world.get(f"handovers/{handover}"), True
        except HubGone:
            self.fresh = False

    async def linger(self) -> None:
        """Before touching an open door: some wait for the screen, some do not."""
        await asyncio.sleep(0.3)
        if self.world.slow:
            await self.world.up()
            await asyncio.sleep(0.4)

    async def command(self, handover: str, verb: str, body: dict[str, Any] | None = None) -> None:
        try:
            await self.world.post(f"handovers/{handover}/{verb}", body or {})
        except HubGone:
            return

    async def shut(self, board: str, door: str) -> None:
        for _ in range(10):
            if await self.world.act(board, "close", door) is not None:
                return
            await asyncio.sleep(0.2)

    @property
    def compartment(self) -> str:
        """Where the handover's item is, as far as the screen has said."""
        live = [a["compartment"] for a in self.view.get("allocations", ()) if a["live"]]
        return live[-1] if live else ""

    @property
    def busy(self) -> bool:
        return any(effect["state"] in _UNDECIDED for effect in self.view.get("effects", ()))

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return [incident for incident in self.view.get("incidents", ()) if incident["open"]]


@dataclass(slots=True)
class Pickup(Actor):
    """Staff load an order, the recipient collects it; `again`: opens once more; `cancel`: nobody collects."""

    again: bool = False
    cancel: bool = False
    loaded: bool = False
    taken: bool = False
    returned: bool = False
    handover: str = ""

    async def play(self) -> list[str]:
        self.handover = await self._order()
        until = asyncio.get_running_loop().time() + LIMIT
        while asyncio.get_running_loop().time() < until:
            await self.look(self.handover)
            if not await self._hands() and self.fresh and await self._screen():
                break
            await asyncio.sleep(TURN)
        return [self.handover]

    async def _order(self) -> str:
        body = {
            "workflow": "parcels", "recipient": {"name": "Ada", "email": "ada@example.org"},
            "items": [{"sku": "parcel-m", "quantity": 1, "size": "M", "thermal": "refrigerated"}],
            "external_ref": "order-1",
        }
        while True:
            try:
                status, answer = await self.world.post("handovers", body, key="order-1")
            except HubGone:
                await asyncio.sleep(TURN)
                continue
            assert status < 300, answer
            return answer["id"]

    async def _hands(self) -> bool:
        """At an open door: put in or take out, and close it."""
        if not self.compartment:
            return False
        board, name = self.world.pair.doors[self.compartment]
        door = await self.world.door(self.compartment)
        if door["position"] == "closed":
            return False
        await self.linger()
        if not self.loaded:
            self.loaded = await self.world.act(board, "load", name) is not None
        elif door["content"]:
            self.taken = await self.world.act(board, "take", name) is not None
        elif self.taken:
            self.returned = True
        await self.shut(board, name)
        return True

    async def _screen(self) -> bool:
        """What the screen asks for; True when there is nothing left to do."""
        state = self.view["state"]
        if self.busy:
            return False
        if state == "loading":
            return await self._try("load", lambda: self.command(self.handover, "load"))
        if state == "waiting" and self.cancel:
            return await self._try("cancel", lambda: self.command(self.handover, "cancel"))
        if state == "waiting" or (state == "collected" and self.again and self.taken and not self.returned):
            return await self._try("key", self._key)
        if state == "uncollected":
            return await self._try("open", lambda: self.command(self.handover, "open"))
        return state == "collected" or self.view["ended"] or bool(self.incidents)

    async def _try(self, what: str, deed: Callable[[], Awaitable[None]]) -> bool:
        if self.may(what):
            await deed()
        return self.gave_up(what)

    async def _key(self) -> None:
        try:
            messages = (await self.world.get("messages"))["messages"]
        except HubGone:
            return
        pins = [message["pin"] for message in messages if message.get("pin")]
        if pins:
            self.world.keyed += 1
            await self.world.act("scanner", "key", f"{pins[0]}#")
        else:
            self.tried["key"] -= 1  # nothing to key yet: that was no try


@dataclass(slots=True)
class Sale(Actor):
    """Somebody buys one of `selection`; `decline`: the card is refused; `stuck`: those doors do not open."""

    selection: str = "11"
    places: tuple[str, ...] = ("main/A11", "main/A12")
    decline: bool = False
    stuck: int = 0
    mine: list[str] = field(default_factory=list)
    got: bool = False

    async def play(self) -> list[str]:
        for place in self.places[: self.stuck]:
            board, name = self.world.pair.doors[place]
            await self.world.act(board, "stick", name)
        until = asyncio.get_running_loop().time() + LIMIT
        while asyncio.get_running_loop().time() < until:
            await self._newest()
            if not await self._hands() and self.fresh and await self._screen():
                break
            await asyncio.sleep(TURN)
        return self.mine

    async def _newest(self) -> None:
        try:
            listed = (await self.world.get("handovers"))["handovers"]
        except HubGone:
            self.fresh = False
            return
        self.mine = [handover["id"] for handover in listed]
        self.view, self.fresh = {}, True
        if self.mine:
            await self.look(self.mine[0])

    async def _hands(self) -> bool:
        seen = await self.world.seen()
        for place in self.places:
            board, name = self.world.pair.doors[place]
            if (await self.world.door(place, seen))["position"] != "closed":
                await self.linger()
                self.got = True
                await self.shut(board, name)
                return True
        return False

    async def _screen(self) -> bool:
        state = self.view.get("state")
        if state == "paying":
            if self.may(f"pay {self.mine[0]}"):
                self.world.paid += 1
                await self.world.act("card", "decline" if self.decline else "pay")
            return False
        if self.busy:
            return False
        if self.incidents and (self.view["ended"] or state in ("recovery", "refund_owed", "ajar")):
            return True
        if state is None or self.view["ended"]:
            if self.got or state in ("denied", "refunded", "sold_out", "completed") or self.gave_up("select"):
                return True
            if self.may("select"):
                await self.world.act("scanner", "key", f"{self.selection}#")
        return False


SCENARIOS: dict[str, Callable[[World], Pickup | Sale]] = {
    "pickup": Pickup,
    "sale": Sale,
    "pickup_again": lambda world: Pickup(world, again=True),
    "sale_declined": lambda world: Sale(world, decline=True),
    "pickup_cancelled": lambda world: Pickup(world, cancel=True),
    "sale_another_door": lambda world: Sale(world, stuck=1),
    "sale_refunded": lambda world: Sale(world, selection="13", places=("main/A15",), stuck=1),
}
#: Incidents that belong to a story: its own stuck door, its own item to be cleared out.
EXPECTED = {
    "pickup_cancelled": frozenset({"clear_out"}),
    "sale_another_door": frozenset({"stuck"}),
    "sale_refunded": frozenset({"stuck"}),
}
#: The two that every failpoint is walked through to its end first.
BASE = ("pickup", "sale")
