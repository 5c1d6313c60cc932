"""A driver may raise, hang, block or exit on every call: the answer is typed, the device is named."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hub.api import InDoubt, NotReady, NotSent, Rejected
from hub.core.clock import SystemClock, VirtualClock
from hub.core.virtual import run_virtual
from hub.model.effects import Resolution
from hub.model.states import Verdict
from hub.plugins import DeviceGuard, LoopWatchdog, Stall, task_name

Work = Callable[[], Coroutine[Any, Any, Any]]
START = 1_700_000_000_000_000


def virtual(main: Callable[[VirtualClock], Coroutine[Any, Any, None]]) -> None:
    run_virtual(main, START)


async def raising() -> Any:
    raise ZeroDivisionError


async def exiting() -> Any:
    raise SystemExit(3)


async def hanging() -> Any:
    await asyncio.sleep(1e6)


async def deaf() -> Any:
    for _ in range(4):
        try:
            await asyncio.sleep(1e6)
        except asyncio.CancelledError:
            continue


@pytest.mark.parametrize("work", [raising, exiting, hanging, deaf])
def test_an_act_that_goes_wrong_in_any_way_is_in_doubt(work: Work) -> None:
    async def main(clock: VirtualClock) -> None:
        guard = DeviceGuard("locks", clock)
        with pytest.raises(InDoubt):
            await guard.act("open", work, clock.monotonic() + 1)

    virtual(main)


def test_a_typed_error_passes_and_is_no_failure() -> None:
    async def main(clock: VirtualClock) -> None:
        guard = DeviceGuard("locks", clock, limit=1)

        async def refuse() -> None:
            raise Rejected("rejected")

        with pytest.raises(Rejected):
            await guard.act("open", refuse, clock.monotonic() + 1)
        assert guard.quarantined == ""

    virtual(main)


def test_a_device_that_raises_on_every_call_is_quarantined_and_then_provably_not_reached() -> None:
    async def main(clock: VirtualClock) -> None:
        told: list[str] = []
        guard = DeviceGuard("locks", clock, limit=3, on_quarantine=lambda d, why: told.append(f"{d}: {why}"))
        for _ in range(3):
            with pytest.raises(NotReady):
                await guard.ask("poll", raising, clock.monotonic() + 1)
        assert told == ["locks: poll failed 3 times in a row, last: ZeroDivisionError"]
        with pytest.raises(NotSent):
            await guard.act("open", raising, clock.monotonic() + 1)
        guard.reinstate()
        with pytest.raises(InDoubt):
            await guard.act("open", raising, clock.monotonic() + 1)

    virtual(main)


def test_a_success_of_one_call_does_not_hide_the_failures_of_another() -> None:
    async def main(clock: VirtualClock) -> None:
        guard = DeviceGuard("locks", clock, limit=3)
        for _ in range(3):
            assert guard.now("baseline", lambda: 1) == 1
            with pytest.raises(InDoubt):
                await guard.act("open", raising, clock.monotonic() + 1)
        assert guard.quarantined

    virtual(main)


@pytest.mark.parametrize("work", [raising, hanging])
def test_a_resolver_that_goes_wrong_leaves_the_effect_unknown(work: Work) -> None:
    async def main(clock: VirtualClock) -> None:
        answer: Resolution = await DeviceGuard("locks", clock).resolve(work, clock.monotonic() + 1)
        assert answer.verdict is Verdict.UNKNOWN

    virtual(main)


def test_plain_calls_and_listeners_are_held_in_check() -> None:
    async def main(clock: VirtualClock) -> None:
        guard = DeviceGuard("locks", clock, limit=3)
        with pytest.raises(NotReady):
            guard.now("baseline", lambda: 1 // 0)
        listener = guard.callback("frame", lambda value: value // 0)
        for _ in range(4):
            listener(1)
        assert "frame failed 3 times" in guard.quarantined

    virtual(main)


async def test_the_watchdog_names_the_device_whose_task_holds_the_loop() -> None:
    seen: asyncio.Queue[Stall] = asyncio.Queue()
    watchdog = LoopWatchdog(SystemClock(), seen.put_nowait, limit=0.05, interval=0.01)
    watchdog.start()

    async def block() -> None:
        time.sleep(0.4)  # noqa: ASYNC251  the fault under test

    await asyncio.get_running_loop().create_task(block(), name=task_name("badge", "poll"))
    stall = await seen.get()
    await watchdog.stop()
    assert (stall.device, stall.task) == ("badge", "device:badge:poll")
    assert any("block" in line for line in stall.stack)


async def test_the_watchdog_names_the_device_whose_listener_holds_the_loop() -> None:
    seen: asyncio.Queue[Stall] = asyncio.Queue()
    watchdog = LoopWatchdog(SystemClock(), seen.put_nowait, limit=0.05, interval=0.01)
    watchdog.start()
    guard = DeviceGuard("scanner", SystemClock(), limit=1)
    asyncio.get_running_loop().call_soon(guard.callback("frame", lambda _: time.sleep(0.4)), b"")
    stall = await seen.get()
    await watchdog.stop()
    guard.stalled(stall)
    assert stall.device == "scanner"
    assert "held the event loop" in guard.quarantined
