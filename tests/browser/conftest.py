"""The demo site as a newcomer runs it, seen through Debian's Chromium."""

from __future__ import annotations

import contextlib
import json
import re
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

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.address}/api/v1/{path}", method=method, data=data,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def until(self, holds: Callable[[], bool], *, log: Path, within: float = 30.0) -> None:
        end = time.monotonic() + within
        while not holds():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)


@contextlib.contextmanager
def serving(site: Path, port: int = 0) -> Iterator[RunningSite]:
    """`hub run SITE --twin`; 0 is any free port."""
    command = [sys.executable, "-m", "hub.cli.main", "run", str(site), "--twin", "--port", str(port)]
    log = site.parent / "hub.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        found = RunningSite(_address(process, log))
        found.until(lambda: found.ask("GET", "health")["status"] == "ok", log=log)
        yield found
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Copies the demo site into a folder of its own."""

    def copies() -> Path:
        site = tmp_path_factory.mktemp("demo") / "site"
        shutil.copytree(_DEMO, site, ignore=shutil.ignore_patterns("var"))
        return site

    return copies


@pytest.fixture(scope="session")
def running_site(demo_site: Callable[[], Path]) -> Iterator[RunningSite]:
    """The demo site, served for all tests."""
    with serving(demo_site()) as found:
        yield found


@pytest.fixture
def serve_site() -> Callable[..., contextlib.AbstractContextManager[RunningSite]]:
    """`with serve_site(folder, port) as site:` for tests that stop and start it."""
    return serving


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        match = _ADDRESS.search(log.read_text())
        if match:
            return match.group(1)
        time.sleep(0.05)
    raise AssertionError(log.read_text())


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

    def opens(
        *, width: int = 1280, height: int = 900, dark: bool = False, signed_in: bool = True, at: str = "",
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
        page.goto(f"{at or running_site.address}/{f'#token={TOKEN}' if signed_in else ''}")
        if signed_in:
            page.wait_for_selector("#connection[data-state=live]")
            page.wait_for_selector(".tile")
        return page

    return opens
