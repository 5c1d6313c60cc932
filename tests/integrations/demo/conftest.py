"""`hub demo` as a process of its own, once for all tests of its outcome; and sites to start and stop."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from rich.console import Console

from hub.cli.demo_walks.api import Api
from hub.cli.demo_walks.site import DemoSite
from hub.cli.demo_walks.story import Story, WalkReport
from hub.cli.demo_walks.visit import Visit
from hub.core.clock import SystemClock

_LONGEST = 100


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `hub demo --json` printed, with its exit code."""
    folder = tmp_path_factory.mktemp("demo")
    ran = subprocess.run(
        [sys.executable, "-m", "hub.cli.main", "demo", "--json"], capture_output=True, text=True,
        timeout=_LONGEST, env={**os.environ, "TMPDIR": str(folder)},
    )
    assert ran.stdout, ran.stderr
    return {**json.loads(ran.stdout), "exit": ran.returncode, "left": sorted(folder.iterdir())}


@pytest.fixture
def walked(demo: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    """One walk's report, which must have gone as it must."""

    def find(name: str) -> dict[str, Any]:
        walk: dict[str, Any] = next(walk for walk in demo["walks"] if walk["name"] == name)
        assert walk["ok"], f"expected {walk['expected']}, saw {walk['seen']}"
        return walk

    return find


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoSite]:
    """A demo site that serves."""
    demo_site = DemoSite(tmp_path_factory.mktemp("site"))

    async def start() -> None:
        await (await demo_site.start()).close()

    try:
        asyncio.run(start())
        yield demo_site
    finally:
        asyncio.run(demo_site.stop())


@pytest.fixture
async def site(running: DemoSite) -> AsyncIterator[tuple[DemoSite, Api]]:
    """That site, with the way to its API."""
    api = running.api()
    yield running, api
    await api.close()


@pytest.fixture
def visit(site: tuple[DemoSite, Api]) -> Visit:
    """What people at that site can do."""
    clock = SystemClock()
    return Visit(*site, Story(WalkReport("test", ""), Console(quiet=True), clock, clock.monotonic()), 0)


@pytest.fixture
def hub_run() -> Callable[..., Any]:
    """Run `hub run` until it ends by itself; exit code and what it said."""

    async def run(*words: str, within: float = 20.0) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli.main", "run", *words, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(within):
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode, said.decode()

    return run
