"""What people see and do: the web API as far as it answers, and the doors, keys and cards of the twin."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import yaml
from kills.pair import DEMO, Pair

from hub.twin.errors import TwinError

TOKEN = yaml.safe_load((DEMO / "secrets.yaml").read_text())["api_token"]
#: What staff ask for at the desk that opens a door.
_OPENING = ("load", "open")
_PATIENCE = aiohttp.ClientTimeout(total=5)


class HubGone(Exception):
    """Nothing answers: the screen is dark."""


@dataclass(slots=True)
class World:
    """One case's people. `slow` people act only when the screen is back; others do not wait for it.

    `presented` counts by method what was shown to a reader, `asked` what staff asked to be opened.
    """

    pair: Pair
    session: aiohttp.ClientSession
    slow: bool = False
    presented: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    paid: int = 0
    deeds: list[str] = field(default_factory=list)

    async def get(self, path: str) -> Any:
        return await self._ask("GET", path, None, {})

    async def post(self, path: str, body: dict[str, Any], key: str = "") -> tuple[int, Any]:
        verb = path.rsplit("/", 1)[-1]
        self.deeds.append(f"POST {verb}")
        self.asked += verb in _OPENING
        return await self._ask("POST", path, body, {"Idempotency-Key": key} if key else {}, answer=True)

    async def up(self, within: float = 15.0) -> None:
        """Wait until the hub answers and all its devices serve, or as many as will."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        while loop.time() < until:
            try:
                health = await self.get("health")
            except HubGone:
                health = None
            if health and health["devices"]["serving"] == health["devices"]["total"]:
                return
            await asyncio.sleep(0.05)

    async def act(self, device: str, action: str, *args: str) -> Any:
        """Do something to the simulated place; None when it cannot be done just now."""
        self.deeds.append(" ".join([action, device, *("PIN" if len(a) > 4 else a for a in args)]))
        try:
            return await self.pair.twin.act(device, action, *args)
        except TwinError as error:
            self.deeds.append(f"({error})")
            return None

    async def key(self, keys: str) -> None:
        """Key a PIN, a selection or a number at the terminal."""
        self.presented["pin"] += 1
        await self.act("scanner", "key", keys)

    async def tap(self, uid: str) -> None:
        """Hold a badge to the reader for a moment."""
        self.presented["tag"] += 1
        await self.act("badge", "tap", uid, "1.2")

    async def scan(self, label: str) -> None:
        """Show a label to the scanner."""
        self.presented["qr"] += 1
        await self.act("scanner", "scan", label)

    async def seen(self) -> dict[str, Any]:
        """What can be seen of all devices."""
        return (await self.pair.twin.state())["devices"]

    async def door(self, compartment: str, seen: dict[str, Any] | None = None) -> dict[str, Any]:
        board, name = self.pair.doors[compartment]
        return (seen or await self.seen())[board]["doors"][name]

    async def _ask(
        self, method: str, path: str, body: Any, headers: dict[str, str], *, answer: bool = False
    ) -> Any:
        url = f"http://127.0.0.1:{self.pair.port}/api/v1/{path}"
        parts = {"json": body, "headers": {"Authorization": f"Bearer {TOKEN}", **headers}}
        try:
            async with self.session.request(method, url, timeout=_PATIENCE, **parts) as reply:
                if not answer and reply.status >= 400:
                    raise RuntimeError(f"{method} {path}: {reply.status} {await reply.text()}")
                content = await reply.json(content_type=None)
                return (reply.status, content) if answer else content
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            raise HubGone from None
