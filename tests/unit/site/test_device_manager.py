"""The order of things when a hub comes up with acts that an earlier start left open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from hub.api import DeviceSetup, Driver, NotReady
from hub.core.entropy import SeededEntropy
from hub.core.supervisor import Supervisor
from hub.core.virtual import run_virtual
from hub.model.effects import Intent, Resolution
from hub.model.states import EffectKind, EvidenceLevel
from hub.site.devices import DeviceEntry, DeviceManager, Hooks

START = 1_790_000_000_000_000
PAYMENT = Intent(
    effect_id="e1", kind=EffectKind.AUTHORISE, device="card", target="leg", sequence=1, epoch="old",
    deadline=START, level=EvidenceLevel.ACK, baseline={}, params={},
)


class Slow(Driver):
    """Is ready `after` seconds of trying."""

    def __init__(self, clock: Any, after: float) -> None:
        self._clock, self._after = clock, after

    async def start(self) -> None:
        if self._clock.monotonic() < self._after:
            raise NotReady("the port is not there yet")

    async def stop(self) -> None: ...


def _reported_at(ready: Mapping[str, float]) -> tuple[float, dict[str, bool]]:
    """When the payment's verdict was reported, and which devices served by then."""
    async def main(clock: Any) -> tuple[float, dict[str, bool]]:
        told: asyncio.Future[tuple[float, dict[str, bool]]] = asyncio.get_running_loop().create_future()

        async def open_intents(device: str) -> list[Intent]:
            return [PAYMENT] if device == "card" else []

        async def recover(intent: Intent) -> Resolution:
            return Resolution.confirmed(amount=250)

        async def report(intent: Intent, resolution: Resolution) -> None:
            told.set_result((clock.monotonic(), {name: manager.serving(name) for name in ready}))

        integrations: Any = SimpleNamespace(
            create_driver=lambda domain, ctx: Slow(clock, ready[ctx.setup.name])
        )
        wiring: Any = SimpleNamespace()
        entries = {
            name: DeviceEntry(DeviceSetup(name, {}, {}, "EUR", ""), "toy", wiring) for name in ready
        }
        tasks = Supervisor()
        manager = DeviceManager(
            entries, integrations, clock, SeededEntropy(1), tasks,
            Hooks(lambda seen: None, open_intents, recover, report),
        )
        manager.start()
        try:
            return await told
        finally:
            await manager.stop()
            await tasks.close()

    return run_virtual(main, START)


@pytest.mark.req("PY-07")
def test_a_verdict_found_at_start_waits_for_the_doors_that_it_may_open() -> None:
    _, serving = _reported_at({"card": 0.0, "locks": 0.4})
    assert serving == {"card": True, "locks": True}


def test_a_device_that_does_not_come_holds_a_verdict_up_for_seconds_only() -> None:
    at, serving = _reported_at({"card": 0.0, "locks": 1e9})
    assert serving == {"card": True, "locks": False}
    assert 4.0 < at < 6.0


def test_long_after_the_start_nobody_is_waited_for() -> None:
    at, _ = _reported_at({"card": 60.0, "locks": 1e9})
    assert at < 100.0
