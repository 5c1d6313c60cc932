"""A twin that outlives everything, and the hub processes that come and go beside it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from kills.furnished import furnish

from hub.twin.client import TwinClient
from hub.twin.info import default_state
from hub.twin.launch import TwinProcess, ensure_twin
from hub.twin.ledger import FILE, read_ledger

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "config" / "demo"
BOARDS = ("locks_a", "locks_b")
_NONE: Mapping[str, str] = {}


@dataclass(slots=True)
class HubProcess:
    """One life of a hub. `died` holds its exit code once it has ended."""

    process: asyncio.subprocess.Process
    log: Path

    async def died(self) -> int:
        return await self.process.wait()

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-6:])


class Pair:
    """A site of its own in `folder`, its twin, and one hub at a time on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        self.port = _free_port()
        self.doors: dict[str, tuple[str, str]] = {}
        self._twin: TwinProcess | None = None
        self._lives = 0

    async def start(self) -> None:
        """Copy the demo site, furnish it and start its twin."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(DEMO, self.site, ignore=shutil.ignore_patterns("var"))
        text = furnish(self.site)
        for bank, spec in _places(text).items():
            self.doors.update({f"{bank}/{name}": place for name, place in spec.items()})
        self._twin = await ensure_twin(self.site, default_state(self.site))

    async def stop(self) -> None:
        if self._twin is not None:
            await self._twin.stop()
            self._twin = None

    @property
    def twin(self) -> TwinClient:
        assert self._twin is not None
        return TwinClient(self._twin.info.control)

    def ledger(self, after: int = 0) -> list[dict]:
        """The ground truth, read from its file."""
        return list(read_ledger(default_state(self.site) / FILE, after))

    async def tidy(self, goods: Mapping[str, str] = _NONE) -> int:
        """Put the simulated place in order for the next case, with `goods` by compartment.

        Returns the ledger's last number.
        """
        seen = await self.twin.state()
        for board in BOARDS:
            for door, facts in seen["devices"][board]["doors"].items():
                if facts["stuck"]:
                    await self.twin.act(board, "free", door)
                if facts["position"] == "closed" and not facts["content"]:
                    continue
                if facts["content"]:
                    await self.twin.act(board, "pull", door)
                    await self.twin.act(board, "take", door)
                await self.twin.act(board, "close", door)
        for compartment, what in goods.items():
            board, door = self.doors[compartment]
            await self.twin.act(board, "pull", door)
            await self.twin.act(board, "load", door, what)
            await self.twin.act(board, "close", door)
        await self.twin.act("card", "restart")
        await self.twin.act("card", "set", "refund", "ok")
        entries = self.ledger()
        return entries[-1]["seq"] if entries else 0

    async def hub(self, state: Path, armed: str = "", runner: Path | None = None) -> HubProcess:
        """Begin a life of the hub with its database in `state`; `armed` is a failpoint with its count."""
        state.mkdir(parents=True, exist_ok=True)
        self._lives += 1
        log = state / f"hub-{self._lives}.log"
        environment = {k: v for k, v in os.environ.items() if k != "HUB_FAILPOINT"}
        environment["PYTHONPATH"] = str(ROOT)  # a script finds the hub of this checkout
        if armed:
            environment["HUB_FAILPOINT"] = armed
        program = [str(runner)] if runner else ["-m", "hub.cli.main"]
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *program, "run", str(self.site), "--twin", "--port", str(self.port),
                "--state", str(state), stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
                env=environment, cwd=ROOT, start_new_session=True,
            )
        return HubProcess(process, log)


def was_killed(code: int) -> bool:
    return code == -signal.SIGKILL


def _places(text: str) -> dict[str, dict[str, tuple[str, str]]]:
    body = text.split("\nproducts:", 1)[0].replace("!secret ", "").replace("!include ", "")
    banks = yaml.safe_load(body)["banks"]
    return {
        bank: {name: tuple(place["door"].split("/")) for name, place in spec["compartments"].items()}
        for bank, spec in banks.items()
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
