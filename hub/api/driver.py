"""The driver base class and the context that the hub hands to it."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hub.api.lines import Endpoint, FramedLine, Framer, ModbusUnit
from hub.core.clock import Clock
from hub.core.entropy import Entropy
from hub.model.effects import Intent
from hub.model.observations import Observation
from hub.model.states import FaultKind


@dataclass(frozen=True, slots=True)
class DeviceSetup:
    """What `site.yaml` says of one device, validated by the integration's own schema."""

    name: str
    config: Mapping[str, Any]
    profile: Mapping[str, Any]
    currency: str
    state_dir: str


class DeviceContext(Protocol):
    """A driver's whole world."""

    @property
    def setup(self) -> DeviceSetup:
        """Name, configuration and profile."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def entropy(self) -> Entropy:
        """Chance."""
        ...

    @property
    def log(self) -> logging.Logger:
        """A logger named after the device."""
        ...

    @property
    def open_intents(self) -> Sequence[Intent]:
        """Intents of this device without an outcome, at start: nothing may be reset over them."""
        ...

    def framed_line(self, framer: type[Framer] | Any) -> FramedLine:
        """The device's line, cut by `framer` (a class or factory without arguments)."""
        ...

    def modbus_unit(self) -> ModbusUnit:
        """The device's unit on its (shared) Modbus line, at its configured address."""
        ...

    def endpoint(self) -> Endpoint:
        """Lease the device's library-owned endpoint. Raises LineBusy when it is held."""
        ...

    def emit(self, observation: Observation) -> None:
        """Tell the hub a fact. Thread-safe."""
        ...

    def fault(self, kind: FaultKind, target: str = "", detail: str = "") -> None:
        """Raise a fault; repeated calls for the same kind and target are one fault."""
        ...

    def clear(self, kind: FaultKind, target: str = "") -> None:
        """End a fault; nothing happens if it is not raised."""
        ...

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a background task that ends with the driver."""
        ...


class Driver(ABC):
    """One device. Implements the capability Protocols that its manifest declares."""

    def __init__(self, ctx: DeviceContext) -> None:
        self.ctx = ctx

    @abstractmethod
    async def start(self) -> None:
        """Reach the device and make its outputs safe. Raises NotReady, BadAuth or ConfigError."""

    @abstractmethod
    async def stop(self) -> None:
        """Let everything go. Tasks spawned through the context are cancelled by the hub afterwards."""
