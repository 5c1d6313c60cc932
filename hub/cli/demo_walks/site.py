"""A demo site of its own: a copy in a folder, its twin and its hub as real processes on free ports."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from hub.cli.demo_walks.api import Api
from hub.cli.demo_walks.story import WalkFailed
from hub.config import Problems, load_yaml
from hub.config.shipped import shipped
from hub.twin.client import TwinClient
from hub.twin.info import default_state, read_info
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
        info = read_info(self.twin_state)
        assert info is not None
        return info.pid

    def endpoint(self, device: str) -> str:
        """What stands in for a device's endpoint on this simulated site."""
        info = read_info(self.twin_state)
        assert info is not None
        return info.endpoints[device]

    def copy(self) -> None:
        """Copy the shipped demo site, without the state of another run."""
        shutil.copytree(shipped("config") / "demo", self.site, ignore=shutil.ignore_patterns("var"))

    async def start(self) -> Api:
        """Copy the site, start its twin and its hub; return when every device serves.

        Raises WalkFailed with the last words of the hub, TwinError with those of the twin.
        """
        self.copy()
        self._twin = await ensure_twin(self.site, self.twin_state)
        return await self._serving()

    async def start_alone(self) -> Api:
        """As `start`, but the hub itself starts the twin, as `make run` has it."""
        self.copy()
        return await self._serving()

    def api(self) -> Api:
        """The way to the hub's API."""
        return Api(self.address, self.token())

    async def _serving(self) -> Api:
        api = self.api()
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

    async def start_hub(self, api: Api) -> None:
        """Start `hub run --twin` and wait until every device serves."""
        self.spawn_hub()
        try:
            async with asyncio.timeout(_READY_WITHIN):
                while not await api.ready():
                    self._expect_alive()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise WalkFailed(f"a serving hub within {_READY_WITHIN:.0f} s", self.last_words()) from None

    def spawn_hub(self, *, twin: bool = True) -> None:
        """Start `hub run` and do not wait for it. A twin that runs is attached to."""
        argv = [sys.executable, "-m", "hub.cli.main", "run", str(self.site), "--port", str(self.port)]
        argv += ["--twin"] if twin else []
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches the demo, which ends the hub itself.
            self._hub = subprocess.Popen(  # noqa: S603  our own program
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def hold_hub(self) -> None:
        """Stop the hub in its tracks, so that it learns nothing more before it is killed."""
        assert self._hub is not None
        self._hub.send_signal(signal.SIGSTOP)

    async def kill_hub(self) -> None:
        """End the hub at once, without a chance to tidy up."""
        assert self._hub is not None
        self._hub.kill()
        await asyncio.to_thread(self._hub.wait)

    async def stop_hub(self) -> int:
        """Ask the hub to end and return its exit code; 0 is a clean end."""
        assert self._hub is not None
        self._hub.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for the end of a hub that was asked to, and return its exit code."""
        assert self._hub is not None
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
