"""A driver and a simulated reader on one virtual line, with shorthands for what a hub would ask."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import integrations.mdb as mdb
from hub.api import ActError
from hub.model.effects import Intent, Resolution
from hub.model.observations import DeviceOnline
from hub.model.states import EffectKind, EvidenceLevel
from hub.testing import Kit, RecordingContext, SimHandle, make_intent


class Till:
    """One hub process after the other in front of one reader that outlives them all."""

    def __init__(self, kit: Kit, state_dir: Path, config: dict[str, Any], currency: str) -> None:
        self.kit = kit
        self.state_dir = str(state_dir)
        self.config = config
        self.currency = currency
        self.contexts: list[RecordingContext] = []
        self.ctx = self._context()
        self.peer = self.ctx.bus.peer
        self.peer.baud = 115200
        self.sim: SimHandle = kit.simulator(mdb, self.ctx)
        self.driver: Any = None
        self.sequence = 0

    def _context(self, *intents: Intent, url: str = "") -> RecordingContext:
        context = self.kit.context(
            name="card", config=self.config, state_dir=self.state_dir, currency=self.currency,
            open_intents=intents, url=url,
        )
        self.contexts.append(context)
        return context

    async def boot(self, *intents: Intent) -> None:
        """Start a hub that finds these intents open."""
        if self.driver is not None:
            self.ctx = self._context(*intents, url=self.peer.url)
        self.driver = mdb.create_driver(self.ctx)
        await self.driver.start()

    async def online(self, within: float = 60.0) -> None:
        await self.ctx.seen(DeviceOnline, within=within)

    async def kill(self) -> None:
        """The process dies: its port closes, nothing is said to the reader."""
        await self.ctx.tasks.close()
        await self.ctx.bus.lines.close()

    def intent(
        self, kind: EffectKind, leg: str = "leg1", *, amount: int = 250, item: int = 10,
        seconds: float = 60.0, **params: Any,
    ) -> Intent:
        self.sequence += 1
        return make_intent(
            "card", leg, self.driver.baseline(leg), kind=kind, sequence=self.sequence,
            deadline=self.kit.clock.now() + int(seconds * 1e6), level=EvidenceLevel.ACK, leg_id=leg,
            params={"amount": amount, "currency": self.currency, "item": item, **params},
        )

    def in_seconds(self, seconds: float) -> float:
        return self.kit.clock.monotonic() + seconds

    async def authorise(self, leg: str = "leg1", **parts: Any) -> Intent:
        intent = self.intent(EffectKind.AUTHORISE, leg, **parts)
        await self.driver.authorise(intent, self.in_seconds(5))
        return intent

    async def resolve(self, intent: Intent, within: float = 60.0) -> Resolution:
        answer = await self.driver.resolve(intent, self.in_seconds(within))
        assert isinstance(answer, Resolution)
        return answer

    async def approved(self, leg: str = "leg1", **parts: Any) -> Intent:
        """A leg that the reader approved."""
        intent = await self.authorise(leg, **parts)
        await self.sim.do("pay")
        assert (await self.resolve(intent)).verdict == "confirmed"
        return intent

    async def capture(self, leg: str = "leg1", within: float = 60.0, **parts: Any) -> Resolution:
        intent = self.intent(EffectKind.CAPTURE, leg, **parts)
        with contextlib.suppress(ActError):
            await self.driver.capture(intent, self.in_seconds(within))
        return await self.resolve(intent, within)

    async def void(self, leg: str = "leg1", within: float = 60.0, **parts: Any) -> Resolution:
        intent = self.intent(EffectKind.VOID, leg, **parts)
        with contextlib.suppress(ActError):
            await self.driver.void(intent, self.in_seconds(within))
        return await self.resolve(intent, within)

    async def commanded(self, line: str, within: float = 20.0) -> None:
        """Wait until the hub has sent this line."""
        await self.ctx.until(lambda: self.count(line) or None, within)

    @property
    def sent(self) -> str:
        return b"".join(context.bus.sent for context in self.contexts).decode()

    def count(self, line: str) -> int:
        return self.sent.split("\r\n").count(line)

    def lines(self) -> list[str]:
        """What the hub said, without polls and mode lines."""
        return [x for x in self.sent.split("\r\n") if x and x not in ("R,12", "R,62", "M,1")]

    @property
    def money(self) -> list[str]:
        return [entry["act"] for entry in self.sim.ledger]


@pytest.fixture
def till_class() -> type[Till]:
    return Till


@pytest.fixture
def at_till(hub_virtual: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """`at_till(story, simulate={...}, **config)` plays `story(till)` with a hub that has just come online."""

    def play(
        story: Callable[[Till], Coroutine[Any, Any, None]], *, simulate: dict[str, Any] | None = None,
        currency: str = "EUR", online: bool = True, **config: Any,
    ) -> None:
        async def main(kit: Kit) -> None:
            till = Till(kit, tmp_path, {"simulate": simulate or {}, **config}, currency)
            await till.boot()
            if online:
                await till.online()
            try:
                await story(till)
            finally:
                await till.driver.stop()

        hub_virtual(main)

    return play
