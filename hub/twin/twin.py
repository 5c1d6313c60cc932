"""The twin of a site: every device's simulator at the other end of its wire (rule S17)."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hub.api.sim import SimSetup
from hub.core.clock import Clock
from hub.core.entropy import Entropy
from hub.transports.peers import LinePeer
from hub.twin.actors import Actors, Placed
from hub.twin.control import ControlServer
from hub.twin.errors import TwinError
from hub.twin.info import FILE, TwinInfo, socket_path, write_info
from hub.twin.ledger import FILE as LEDGER
from hub.twin.ledger import LedgerFile, read_ledger
from hub.twin.places import Places
from hub.twin.plan import Simulators, TwinDevice, TwinPlan

_LOG = logging.getLogger(__name__)


class Twin:
    """Runs from `start` to `stop`; hubs come and go meanwhile.

    Keeps in `state`: `twin.json` (while it is ready), `lines/ID` (serial ports), `camera/DEVICE`,
    `ledger.jsonl`, and the ports of last time.
    """

    def __init__(
        self, plan: TwinPlan, state: Path, simulators: Simulators, clock: Clock, entropy: Entropy
    ) -> None:
        self._plan = plan
        self._state = state
        self._simulators = simulators
        self._clock = clock
        self._entropy = entropy
        self._lock = -1
        self._ledger: LedgerFile | None = None
        self._peers: dict[str, LinePeer] = {}
        self._devices: dict[str, Placed] = {}
        self._control: ControlServer | None = None
        self.info: TwinInfo | None = None

    async def start(self) -> TwinInfo:
        """Build everything and write `twin.json`.

        Raises TwinError when another twin has the folder, ConfigError for a line that cannot be simulated.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        self._take_folder()
        try:
            return await self._build()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Let everything go; the ledger stays."""
        if self.info is not None:
            (self._state / FILE).unlink(missing_ok=True)
            self.info = None
        if self._control is not None:
            await self._control.close()
        for peer in self._peers.values():
            await peer.close()
        self._peers.clear()
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def state(self) -> dict[str, Any]:
        """What can be seen of every device, and how each line is."""
        return {
            "devices": {
                name: {"endpoint": placed.endpoint, **placed.simulator.model.state()}
                for name, placed in self._devices.items()
            },
            "lines": {
                line: {
                    "url": peer.url, "plugged": peer.plugged, "severed": peer.severed,
                    "refusing": peer.refusing,
                }
                for line, peer in self._peers.items()
            },
        }

    def _take_folder(self) -> None:
        self._lock = os.open(self._state / "twin.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = -1
            raise TwinError("refused", f"another twin is running in {self._state}") from None
        (self._state / FILE).unlink(missing_ok=True)

    async def _build(self) -> TwinInfo:
        places = Places(self._state, self._clock)
        self._ledger = LedgerFile(self._state / LEDGER, self._clock)
        shared = {line.id: line.shared for line in self._plan.lines}
        for line in self._plan.lines:
            self._peers[line.id] = await places.open(line)
        for device in self._plan.devices:
            if not self._simulators.has_simulator(device.integration):
                _LOG.info("%s: integration %s ships no simulator", device.name, device.integration)
                continue
            endpoint = places.endpoint(device.name, device.endpoint) if device.endpoint else None
            self._devices[device.name] = self._place(device, shared, endpoint)
        places.save()
        actors = Actors(self._devices, self._peers, self._ledger.of, _later)
        self._control = ControlServer(socket_path(self._state), self._operations(actors))
        await self._control.start()
        self.info = TwinInfo(
            os.getpid(),
            {line: peer.url for line, peer in self._peers.items()},
            {name: placed.endpoint for name, placed in self._devices.items() if placed.endpoint},
            str(self._control.path),
        )
        write_info(self._state, self.info)
        return self.info

    def _place(self, device: TwinDevice, shared: Mapping[str, bool], endpoint: str | None) -> Placed:
        assert self._ledger is not None
        ledger = self._ledger.of(device.name)
        simulator = self._simulators.create_simulator(device.integration, SimSetup(
            device.name, device.config, device.profile, self._plan.currency, self._clock, self._entropy,
            ledger, _later, device.places, endpoint or "",
        ))
        peer = self._peers.get(device.line or "")
        if peer is not None and simulator.wire is not None:
            peer.attach(simulator.wire)
        return Placed(simulator, ledger, peer, shared.get(device.line or "", False), endpoint)

    def _operations(self, actors: Actors) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        async def act(request: Mapping[str, Any]) -> Any:
            words = [request.get("device"), request.get("action"), *_list(request.get("args"))]
            if not all(isinstance(word, str) for word in words):
                raise TwinError("bad_request", "act needs a device, an action and a list of texts as args")
            device, action, *arguments = (str(word) for word in words)
            return await actors.act(device, action, arguments)

        async def actions(request: Mapping[str, Any]) -> Any:
            return actors.actions()

        async def state(request: Mapping[str, Any]) -> Any:
            return self.state()

        async def ledger(request: Mapping[str, Any]) -> Any:
            after, limit = request.get("after") or 0, request.get("limit")
            if not isinstance(after, int) or not (limit is None or isinstance(limit, int)):
                raise TwinError("bad_request", "after and limit are numbers")
            return list(deque(read_ledger(self._state / LEDGER, after), limit))

        async def ping(request: Mapping[str, Any]) -> Any:
            return os.getpid()

        return {"act": act, "actions": actions, "state": state, "ledger": ledger, "ping": ping}


def _later(seconds: float, work: Callable[[], None]) -> Callable[[], None]:
    return asyncio.get_running_loop().call_later(seconds, work).cancel


def _list(value: object) -> list[object]:
    if value is None:
        return []
    # Anything but a list becomes one wrong word, which the caller refuses.
    return value if isinstance(value, list) else [None]
