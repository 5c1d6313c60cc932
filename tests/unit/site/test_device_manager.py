"""The order of things when a hub comes up with acts that an earlier start left open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from hub.api import ConfigError, DeviceSetup, Driver, NotReady
from hub.core.entropy import SeededEntropy
from hub.core.supervisor import Supervisor
from hub.core.virtual import run_virtual
from hub.model.effects import Intent, Resolution
from hub.model.observations import FaultRaised
from hub.model.states import EffectKind, EvidenceLevel, FaultKind, Verdict
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


class Lost(Driver):
    """Starts, and loses its device at once."""

    async def start(self) -> None:
        self.ctx.fault(FaultKind.OFFLINE, detail="unplugged")

    async def stop(self) -> None: ...


def _reported_at(ready: Mapping[str, float]) -> tuple[float, dict[str, bool]]:
    """When the payment's verdict was reported, and which devices served by then."""
    return _first_report(ready, lambda clock, ctx: Slow(clock, ready[ctx.setup.name]))[:2]


def _first_report(
    ready: Iterable[str], make: Callable[[Any, Any], Driver]
) -> tuple[float, dict[str, bool], Resolution]:
    """When the payment's verdict was reported, which devices served by then, and what it was."""
    async def main(clock: Any) -> tuple[float, dict[str, bool], Resolution]:
        told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def open_intents(device: str) -> list[Intent]:
            return [PAYMENT] if device == "card" else []

        async def recover(intent: Intent) -> Resolution:
            return Resolution.confirmed(amount=250)

        async def report(intent: Intent, resolution: Resolution) -> None:
            serving = {name: manager.serving(name) for name in ready}
            if not told.done():
                told.set_result((clock.monotonic(), serving, resolution))

        integrations: Any = SimpleNamespace(
            create_driver=lambda domain, ctx: make(clock, ctx)
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
            async with asyncio.timeout(5000):
                report_of: tuple[float, dict[str, bool], Resolution] = await told
            return report_of
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


def test_an_act_of_a_device_that_never_comes_back_is_handed_to_a_person() -> None:
    at, _, verdict = _first_report(["card"], lambda clock, ctx: Slow(clock, 1e9))
    assert (verdict.verdict, verdict.reason) == (Verdict.UNKNOWN, "device_gone")
    assert 600.0 < at < 700.0


def test_an_act_of_a_device_that_cannot_work_is_handed_to_a_person_at_once() -> None:
    def refuse(clock: Any, ctx: Any) -> Driver:
        raise ConfigError("there is no such board any more")

    at, _, verdict = _first_report(["card"], refuse)
    assert (at, verdict.reason) == (0.0, "device_gone")


def test_a_device_that_is_lost_while_it_starts_does_not_serve() -> None:
    _, serving, _ = _first_report(["card"], lambda clock, ctx: Lost(ctx))
    assert serving == {"card": False}


class Fragile(Driver):
    """Loses its only task a second after its first start."""

    starts = 0

    async def start(self) -> None:
        Fragile.starts += 1
        if Fragile.starts == 1:
            self.ctx.spawn("watch", self._watch())

    async def _watch(self) -> None:
        await asyncio.sleep(1)
        raise ZeroDivisionError("a mistake in the driver")

    async def stop(self) -> None: ...


def test_a_driver_that_loses_a_task_is_told_of_and_started_again() -> None:
    async def main(clock: Any) -> None:
        Fragile.starts = 0
        seen: list[Any] = []

        async def nothing_open(device: str) -> list[Intent]:
            return []

        hooks: Any = Hooks(seen.append, nothing_open, None, None)  # type: ignore[arg-type]
        integrations: Any = SimpleNamespace(create_driver=lambda domain, ctx: Fragile(ctx))
        entry = DeviceEntry(DeviceSetup("locks", {}, {}, "EUR", ""), "toy", SimpleNamespace())  # type: ignore[arg-type]
        tasks = Supervisor()
        manager = DeviceManager({"locks": entry}, integrations, clock, SeededEntropy(1), tasks, hooks)
        manager.start()
        await asyncio.sleep(2)
        assert not manager.serving("locks")
        assert [one.kind for one in seen if isinstance(one, FaultRaised)] == [FaultKind.OFFLINE]
        await asyncio.sleep(5)
        assert manager.serving("locks") and Fragile.starts == 2
        await manager.stop()
        await tasks.close()

    run_virtual(main, START)
