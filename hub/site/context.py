"""The `DeviceContext` of a running hub."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from hub.api import Clock, DeviceSetup, Endpoint, Entropy, FramedLine, ModbusUnit
from hub.core.supervisor import Supervisor
from hub.model.effects import Intent
from hub.model.observations import FaultCleared, FaultRaised, Observation
from hub.model.states import FaultKind
from hub.plugins.watchdog import task_name


class Wiring(Protocol):
    """Gives one device its line, unit or endpoint."""

    def framed_line(self, framer: Any) -> FramedLine:
        """The device's line."""
        ...

    def modbus_unit(self) -> ModbusUnit:
        """The device's unit on its line."""
        ...

    def endpoint(self) -> Endpoint:
        """The device's library-owned endpoint."""
        ...


class SiteContext:
    """One driver's world; lives as long as the driver."""

    def __init__(
        self, setup: DeviceSetup, clock: Clock, entropy: Entropy, wiring: Wiring,
        emit: Callable[[Observation], None], open_intents: Sequence[Intent],
        on_failure: Callable[[str, BaseException], None],
    ) -> None:
        self._setup = setup
        self._clock = clock
        self._entropy = entropy
        self._wiring = wiring
        self._emit = emit
        self._open_intents = tuple(open_intents)
        self._faults: set[tuple[FaultKind, str]] = set()
        self._loop = asyncio.get_running_loop()
        self._log = logging.getLogger(f"hub.device.{setup.name}")
        self._tasks = Supervisor(on_failure)

    @property
    def setup(self) -> DeviceSetup:
        """Name, configuration and profile."""
        return self._setup

    @property
    def clock(self) -> Clock:
        """Time."""
        return self._clock

    @property
    def entropy(self) -> Entropy:
        """Chance."""
        return self._entropy

    @property
    def log(self) -> logging.Logger:
        """A logger named after the device."""
        return self._log

    @property
    def open_intents(self) -> Sequence[Intent]:
        """Intents of an earlier start without an outcome."""
        return self._open_intents

    @property
    def offline(self) -> bool:
        """Whether the driver says that its device is not there."""
        return (FaultKind.OFFLINE, "") in self._faults

    def framed_line(self, framer: Any) -> FramedLine:
        """The device's line, cut by `framer`."""
        return self._wiring.framed_line(framer)

    def modbus_unit(self) -> ModbusUnit:
        """The device's unit."""
        return self._wiring.modbus_unit()

    def endpoint(self) -> Endpoint:
        """Lease the endpoint."""
        return self._wiring.endpoint()

    def emit(self, observation: Observation) -> None:
        """Tell the hub; from the loop at once, from a reader's thread through the loop."""
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            self._emit(observation)
        else:
            self._loop.call_soon_threadsafe(self._emit, observation)

    def fault(self, kind: FaultKind, target: str = "", detail: str = "") -> None:
        """Raise a fault once."""
        if (kind, target) not in self._faults:
            self._faults.add((kind, target))
            self.emit(FaultRaised(self._setup.name, kind, target, detail))

    def clear(self, kind: FaultKind, target: str = "") -> None:
        """End a fault."""
        if (kind, target) in self._faults:
            self._faults.discard((kind, target))
            self.emit(FaultCleared(self._setup.name, kind, target))

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that bears the device's name, so that a stall of the loop can be laid to it."""
        return self._tasks.spawn(task_name(self._setup.name, name), work)

    async def close(self) -> None:
        """End the driver's tasks."""
        await self._tasks.close()
