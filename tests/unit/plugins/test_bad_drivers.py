"""Whole plugins that misbehave after loading: in setup, on every call, or by blocking the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.api import InDoubt, NotReady, NotSent
from hub.core.clock import SystemClock
from hub.plugins import DeviceGuard, Integrations, LoopWatchdog, Stall

BODY = """
import asyncio, time
import voluptuous as vol
from hub.api import Driver, hookimpl

class Bad(Driver):
    async def start(self):
        {start}
    async def stop(self): ...
    async def open(self, intent, deadline):
        {call}

@hookimpl
def device_schema():
    return {{}}

@hookimpl
def create_driver(ctx):
    return Bad(ctx)
"""


@pytest.fixture
def bad_driver(plugin: Callable[..., Path]) -> Callable[..., Any]:
    def build(*, start: str = "pass", call: str = "pass") -> Any:
        search = plugin("bad", BODY.format(start=start, call=call))
        return Integrations.load([search], entry_points=False).create_driver(
            "bad", SimpleNamespace()  # type: ignore[arg-type]
        )

    return build


def soon(seconds: float = 5.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_a_driver_that_raises_in_setup_is_not_ready(bad_driver: Any) -> None:
    driver, guard = bad_driver(start="raise KeyError('port')"), DeviceGuard("bad", SystemClock())
    with pytest.raises(NotReady, match=r"bad\.start: KeyError"):
        await guard.ask("start", driver.start, soon())


async def test_a_driver_that_raises_on_every_call_is_taken_out(bad_driver: Any) -> None:
    driver, guard = bad_driver(call="return 1 // 0"), DeviceGuard("bad", SystemClock(), limit=2)
    for _ in range(2):
        with pytest.raises(InDoubt):
            await guard.act("open", lambda: driver.open(None, 0), soon())
    with pytest.raises(NotSent):
        await guard.act("open", lambda: driver.open(None, 0), soon())


async def test_a_driver_that_never_answers_is_left_at_its_deadline(bad_driver: Any) -> None:
    driver, guard = bad_driver(call="await asyncio.sleep(3600)"), DeviceGuard("bad", SystemClock())
    with pytest.raises(InDoubt, match="overran"):
        await guard.act("open", lambda: driver.open(None, 0), soon(0.0))


async def test_a_driver_that_blocks_the_loop_is_named_and_taken_out(bad_driver: Any) -> None:
    driver, guard = bad_driver(call="time.sleep(0.4)"), DeviceGuard("bad", SystemClock(), limit=1)
    seen: asyncio.Queue[Stall] = asyncio.Queue()
    watchdog = LoopWatchdog(SystemClock(), seen.put_nowait, limit=0.05, interval=0.01)
    watchdog.start()
    await guard.act("open", lambda: driver.open(None, 0), soon())
    stall = await seen.get()
    await watchdog.stop()
    guard.stalled(stall)
    assert stall.device == "bad"
    assert guard.quarantined.startswith("stall failed 1 times")
