"""Runs the twin of a site until it is told to end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.twin.info import TwinInfo
from hub.twin.plan import Simulators, TwinPlan
from hub.twin.twin import Twin


async def serve(
    plan: TwinPlan, state: Path, simulators: Simulators, ready: Callable[[TwinInfo], None]
) -> None:
    """Serve until SIGINT or SIGTERM. Raises what `Twin.start` raises."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    twin = Twin(plan, state, simulators, SystemClock(), SystemEntropy())
    ready(await twin.start())
    try:
        await ended.wait()
    finally:
        await twin.stop()
