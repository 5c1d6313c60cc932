"""Somebody at the site: patience, hands, a badge, and the last thing that the screen said."""

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
    """What the scenarios have in common."""

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

    async def play(self) -> list[str]:
        """Live through the story until there is nothing left to do."""
        until = asyncio.get_running_loop().time() + LIMIT
        await self.begin()
        while asyncio.get_running_loop().time() < until:
            await self.find()
            if not await self.hands() and self.fresh and await self.screen():
                break
            await asyncio.sleep(TURN)
        return []

    async def begin(self) -> None:
        """What happens before anybody looks."""

    async def find(self) -> None:
        """Look at the newest handover."""
        try:
            listed = (await self.world.get("handovers"))["handovers"]
        except HubGone:
            self.fresh = False
            return
        self.view, self.fresh = {}, True
        if listed:
            await self.look(listed[0]["id"])

    async def hands(self) -> bool:
        """At an open door: put in or take out, and close it. False at closed doors."""
        raise NotImplementedError

    async def screen(self) -> bool:
        """What the screen asks for; True when there is nothing left to do."""
        raise NotImplementedError

    async def order(self, body: dict[str, Any]) -> str:
        """Ask for a handover until somebody answers; its id."""
        while True:
            try:
                status, answer = await self.world.post("handovers", body, key="order-1")
            except HubGone:
                await asyncio.sleep(TURN)
                continue
            assert status < 300, answer
            return str(answer["id"])

    async def do(self, what: str, deed: Callable[[], Awaitable[None]]) -> bool:
        """Try something once more if it is time; True when there is no more patience for it."""
        if self.may(what):
            await deed()
        return self.gave_up(what)

    async def key_pin(self) -> None:
        """Key the PIN of the newest message that has one."""
        try:
            messages = (await self.world.get("messages"))["messages"]
        except HubGone:
            return
        pins = [message["pin"] for message in messages if message.get("pin")]
        if pins:
            await self.world.key(f"{pins[0]}#")
        else:
            self.tried["key"] -= 1  # nothing to key yet: that was no try
