"""The demo site as a newcomer runs it, seen through Debian's Chromium."""

from __future__ import annotations

import json
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
TOKEN = "demo-token-not-for-real-sites"
_DEMO = Path(__file__).parents[2] / "config" / "demo"
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
_ADDRESS = re.compile(r"is open at (http://\S+)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason="Chromium is missing: sudo apt-get install chromium")
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(missing)


@dataclass(frozen=True)
class RunningSite:
    """A hub with its twin, each a process of its own."""

    address: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.address}/api/v1/{path}", method=method, data=data,
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def until(self, holds: Callable[[], bool], within: float = 30.0) -> None:
        end = time.monotonic() + within
        while not holds():
            assert time.monotonic() < end, "it did not come about in time"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """`hub run DEMO --twin` on a free port."""
    site = tmp_path_factory.mktemp("demo") / "site"
    shutil.copytree(_DEMO, site, ignore=shutil.ignore_patterns("var"))
    command = [sys.executable, "-m", "hub.cli.main", "run", str(site), "--twin", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        found = RunningSite(_address(process))
        found.until(lambda: found.ask("GET", "health")["status"] == "ok")
        yield found
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def _address(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    said = b""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.2)[0]:
            piece = process.stdout.read1()
            assert piece, said.decode()
            said += piece
            match = _ADDRESS.search(said.decode(errors="replace"))
            if match:
                return match.group(1)
    raise AssertionError(said.decode(errors="replace"))


@pytest.fixture
def chromium() -> Iterator[Any]:
    """A browser of the test's own. Playwright's loop ends with it, so that other tests may run theirs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, running_site: RunningSite) -> Callable[..., Any]:
    """`open_page(width=360, dark=True)` is the page, signed in and live. An error in its scripts fails."""

    def opens(*, width: int = 1280, height: int = 900, dark: bool = False, signed_in: bool = True) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
        page.goto(f"{running_site.address}/{f'#token={TOKEN}' if signed_in else ''}")
        if signed_in:
            page.wait_for_selector("#connection[data-state=live]")
            page.wait_for_selector(".tile")
        return page

    return opens
