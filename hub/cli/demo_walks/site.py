"""A demo site of its own: a copy in a folder, its twin and its hub as real processes on free ports."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from hub.cli.demo_walks.api import Api
from hub.cli.demo_walks.story import WalkFailed
from hub.config import Problems, load_yaml
from hub.site.shipped import shipped
from hub.twin.client import TwinClient
from hub.twin.info import default_state
from hub.twin.launch import TwinProcess, ensure_twin

HOST = "127.0.0.1"
_READY_WITHIN = 30.0
_STOP_WITHIN = 15.0


class DemoSite:
    """Runs in `folder` from `start` to `stop`. The hub may be killed and started again meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        self.database = self.site / "var" / "hub.db"
        self.port = free_port()
        self.log = folder / "hub.log"
        self._twin: TwinProcess | None = None
        self._hub: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where the hub serves."""
        return f"http://{HOST}:{self.port}"

    @property
    def twin_state(self) -> Path:
        """Where the twin keeps its ledger."""
        return default_state(self.site)

    @property
    def twin(self) -> TwinClient:
        """The way to the simulators."""
        return TwinClient.of(self.twin_state)

    @property
    def hub_pid(self) -> int:
        """The process of the hub that runs now."""
        assert self._hub is not None
        return self._hub.pid

    @property
    def twin_pid(self) -> int:
        """The process of the twin."""
        assert self._twin is not None
        return self._twin.info.pid

    def endpoint(self, device: str) -> str:
        """What stands in for a device's endpoint on this simulated site."""
        assert self._twin is not None
        return self._twin.info.endpoints[device]

    async def start(self) -> Api:
        """Copy the shipped demo site, start its twin and its hub; return when every device serves.

        Raises WalkFailed with the last words of the hub, TwinError with those of the twin.
        """
        if not self.site.exists():
            shutil.copytree(shipped("config") / "demo", self.site, ignore=shutil.ignore_patterns("var"))
        self._twin = await ensure_twin(self.site, self.twin_state)
        api = Api(self.address, self.token())
        try:
            await self.start_hub(api)
        except BaseException:
            await api.close()
            raise
        return api

    def token(self) -> str:
        """The bearer token that the demo's own secrets.yaml gives away."""
        path = self.site / "secrets.yaml"
        document = load_yaml(path, Problems())
        if document is None or "api_token" not in document.data:
            raise WalkFailed(f"api_token in {path}", "none")
        return str(document.data["api_token"])

    async def start_hub(self, api: Api, environment: Mapping[str, str] | None = None) -> None:
        """Start `hub run` beside the running twin and wait until every device serves."""
        self.spawn_hub(environment)
        try:
            async with asyncio.timeout(_READY_WITHIN):
                while not await api.ready():
                    self._expect_alive()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise WalkFailed(f"a serving hub within {_READY_WITHIN:.0f} s", self.last_words()) from None

    def spawn_hub(self, environment: Mapping[str, str] | None = None) -> None:
        """Start `hub run` and do not wait for it."""
        argv = [
            sys.executable, "-m", "hub.cli.main", "run", str(self.site), "--twin", "--port", str(self.port),
        ]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches the demo, which ends the hub itself.
            self._hub = subprocess.Popen(  # noqa: S603  our own program
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **(environment or {})},
            )

    async def kill_hub(self) -> None:
        """End the hub at once, without a chance to tidy up."""
        assert self._hub is not None
        self._hub.kill()
        await asyncio.to_thread(self._hub.wait)

    async def stop_hub(self) -> int:
        """Ask the hub to end and return its exit code; 0 is a clean end."""
        assert self._hub is not None
        self._hub.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self._hub.wait, _STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._hub.kill()
            await asyncio.to_thread(self._hub.wait)
            return -int(signal.SIGKILL)

    async def stop(self) -> None:
        """End whatever runs."""
        if self._hub is not None and self._hub.poll() is None:
            await self.stop_hub()
        if self._twin is not None:
            await self._twin.stop()

    def last_words(self) -> str:
        """The end of the hub's log."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return " / ".join(lines[-5:]) or "nothing was said"

    def _expect_alive(self) -> None:
        assert self._hub is not None
        if self._hub.poll() is not None:
            raise WalkFailed("a running hub", f"exit {self._hub.returncode}: {self.last_words()}")


def free_port() -> int:
    """A TCP port of this machine that nobody uses just now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port
