"""A `DeviceContext` that records: a driver's whole world, to be read by a test."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from hub.api import Clock, DeviceSetup, Endpoint, Entropy, FramedLine, LineBusy, ModbusUnit
from hub.core.supervisor import Supervisor
from hub.model.effects import Intent
from hub.model.observations import FaultCleared, FaultRaised, Observation
from hub.model.states import FaultKind
from hub.testing.bus import TestBus

Seen = TypeVar("Seen")


class LeaseEndpoint:
    """A leased endpoint; `reports` lists what the driver told the tap."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.held = False
        self.reports: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return self._url

    def report(self, direction: str, data: bytes) -> None:
        """Record what crossed."""
        self.reports.append((direction, data))

    def release(self) -> None:
        """Give it back."""
        self.held = False


class RecordingContext:
    """Implements `DeviceContext` on a line of its own (in memory unless `url` names a port), or on `bus`.

    `observations` holds everything emitted and every fault change in order; `faults` the faults raised
    now as {(kind, target): detail}; `failures` the background tasks that died with their error.
    """

    def __init__(
        self, clock: Clock, entropy: Entropy, *, name: str = "device",
        config: Mapping[str, Any] | None = None, profile: Mapping[str, Any] | None = None,
        currency: str = "EUR", state_dir: str = "", open_intents: Sequence[Intent] = (),
        endpoint_url: str = "", bus: TestBus | None = None, url: str = "",
    ) -> None:
        self._setup = DeviceSetup(name, dict(config or {}), dict(profile or {}), currency, state_dir)
        self._clock = clock
        self._entropy = entropy
        self._open_intents = tuple(open_intents)
        self._endpoint = LeaseEndpoint(endpoint_url)
        self._loop = asyncio.get_running_loop()
        self._waiters: list[asyncio.Event] = []
        self.bus = bus or TestBus(clock, url)
        self.observations: list[Observation] = []
        self.faults: dict[tuple[FaultKind, str], str] = {}
        self.failures: list[tuple[str, BaseException]] = []
        self.tasks = Supervisor(lambda task, error: self.failures.append((task, error)))

    @property
    def setup(self) -> DeviceSetup:
        """Name, configuration and profile."""
        return self._setup

    @property
    def clock(self) -> Clock:
        """Follows the running loop, real or virtual."""
        return self._clock

    @property
    def entropy(self) -> Entropy:
        """Seeded."""
        return self._entropy

    @property
    def log(self) -> logging.Logger:
        """A logger named after the device."""
        return logging.getLogger(f"device.{self._setup.name}")

    @property
    def open_intents(self) -> Sequence[Intent]:
        """As given."""
        return self._open_intents

    @property
    def lease(self) -> LeaseEndpoint:
        """The endpoint, whether leased or not."""
        return self._endpoint

    def framed_line(self, framer: Any) -> FramedLine:
        """A line on this context's bus."""
        return self.bus.framed(framer)

    def modbus_unit(self) -> ModbusUnit:
        """The unit at the configured address."""
        return self.bus.unit(int(self._setup.config.get("address", 1)))

    def endpoint(self) -> Endpoint:
        """Lease the endpoint; a second lease raises LineBusy."""
        if self._endpoint.held:
            raise LineBusy(f"{self._endpoint.url} is held already")
        self._endpoint.held = True
        return self._endpoint

    def emit(self, observation: Observation) -> None:
        """Record; safe from any thread."""
        self._loop.call_soon_threadsafe(self._record, observation)

    def fault(self, kind: FaultKind, target: str = "", detail: str = "") -> None:
        """Raise once per kind and target."""
        if (kind, target) not in self.faults:
            self.faults[kind, target] = detail
            self.emit(FaultRaised(self._setup.name, kind, target, detail))

    def clear(self, kind: FaultKind, target: str = "") -> None:
        """End a fault if it is raised."""
        if self.faults.pop((kind, target), None) is not None:
            self.emit(FaultCleared(self._setup.name, kind, target))

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run until it ends or the context closes."""
        return self.tasks.spawn(name, work)

    def of(self, kind: type[Seen]) -> list[Seen]:
        """The observations of one type, in order."""
        return [seen for seen in self.observations if isinstance(seen, kind)]

    async def until(self, condition: Callable[[], Any], within: float = 10.0) -> Any:
        """Wait until `condition()` is true, asked after every observation and every few milliseconds.

        Returns what it returned; raises AssertionError after `within` seconds of the loop's time.
        """
        deadline = self._clock.monotonic() + within
        wake = asyncio.Event()
        self._waiters.append(wake)
        try:
            while not (answer := condition()):
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    raise AssertionError(f"it did not happen within {within} s; seen: {self.observations}")
                wake.clear()
                try:
                    async with asyncio.timeout(min(left, 0.005)):
                        await wake.wait()
                except TimeoutError:
                    continue
            return answer
        finally:
            self._waiters.remove(wake)

    async def seen(
        self, kind: type[Seen], where: Callable[[Seen], bool] = lambda _: True, within: float = 10.0
    ) -> Seen:
        """The first observation of `kind` for which `where` holds, awaited if need be."""
        found: Seen = await self.until(lambda: next((x for x in self.of(kind) if where(x)), None), within)
        return found

    async def close(self) -> None:
        """End the background tasks and let the line go."""
        await self.tasks.close()
        await self.bus.close()

    def _record(self, observation: Observation) -> None:
        self.observations.append(observation)
        for waiter in self._waiters:
            waiter.set()
