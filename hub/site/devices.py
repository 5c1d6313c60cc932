"""The life of the site's devices: create, start, recover, serve, go offline and come back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.api import (
    BadAuth,
    Clock,
    ConfigError,
    DeviceSetup,
    Driver,
    Entropy,
    IntegrationError,
    LineError,
    NotReady,
)
from hub.core.supervisor import Supervisor
from hub.core.virtual import VirtualLoop
from hub.effects.devices import DeviceState
from hub.model.effects import Intent, Resolution
from hub.model.observations import DeviceOnline, FaultCleared, FaultRaised, Observation
from hub.model.states import FaultKind
from hub.plugins.errors import PluginError
from hub.plugins.guard import DeviceGuard
from hub.plugins.integrations import Integrations
from hub.plugins.watchdog import LoopWatchdog, Stall
from hub.site.context import SiteContext, Wiring

_LOG = logging.getLogger(__name__)
#: Short, since a port takes a moment to open; it doubles with every failed start.
_FIRST_DELAY = 0.03
_LOG_AFTER = 0.5
_LONGEST_DELAY = 30.0
#: A device that is not there when the delay has grown to this is a fault that somebody is told of.
_TELL_AFTER = 2.0
_START_LIMIT = 20.0
#: Seconds before a driver whose task failed is started again.
_RESTART_AFTER = 2.0
#: Seconds after which a device that never came is given up: what it was doing is a person's to find out.
_GIVE_UP_AFTER = 600.0
#: So long after the hub's start a verdict that was found waits for devices that are not up yet.
_TOGETHER = 5.0


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """One device of `site.yaml` with everything its driver is built from."""

    setup: DeviceSetup
    integration: str
    wiring: Wiring


@dataclass(slots=True)
class _Device:
    entry: DeviceEntry
    guard: DeviceGuard
    state: DeviceState = DeviceState.STARTING
    reason: str = ""
    driver: Driver | None = None
    context: SiteContext | None = None
    faults: dict[tuple[FaultKind, str], str] = field(default_factory=dict)
    restarting: bool = False

    @property
    def coming(self) -> bool:
        """Whether it may serve soon for the first time."""
        if self.driver is None:
            return self.state in (DeviceState.STARTING, DeviceState.OFFLINE)
        return self.state is DeviceState.RECOVERING


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the manager calls: the rest of the hub, seen from a device.

    `recover` finds the verdict of an intent that an earlier start left open, `report` hands it over.
    """

    emit: Callable[[Observation], None]
    open_intents: Callable[[str], Awaitable[Sequence[Intent]]]
    recover: Callable[[Intent], Awaitable[Resolution | None]]
    report: Callable[[Intent, Resolution], Awaitable[None]]


class DeviceManager:
    """Implements `effects.Devices`. Start never waits for a device; each one comes when it can."""

    def __init__(
        self, entries: Mapping[str, DeviceEntry], integrations: Integrations, clock: Clock, entropy: Entropy,
        supervisor: Supervisor, hooks: Hooks,
    ) -> None:
        self._integrations = integrations
        self._clock = clock
        self._entropy = entropy
        self._supervisor = supervisor
        self._hooks = hooks
        self._devices = {
            name: _Device(entry, DeviceGuard(name, clock, on_quarantine=self._quarantined))
            for name, entry in entries.items()
        }
        self._watchdog = LoopWatchdog(clock, self._stalled)
        self._began = clock.monotonic()

    def start(self) -> None:
        """Begin the life of every device."""
        self._began = self._clock.monotonic()
        if not isinstance(asyncio.get_running_loop(), VirtualLoop):
            self._watchdog.start()
        for name in self._devices:
            self._supervisor.spawn(f"device {name}", self._live(name))

    async def stop(self) -> None:
        """Stop all drivers together."""
        await asyncio.gather(*(self._end(device) for device in self._devices.values()))
        await self._watchdog.stop()

    def driver(self, device: str) -> Driver | None:
        """The started driver, or None."""
        found = self._devices.get(device)
        return None if found is None else found.driver

    def guard(self, device: str) -> DeviceGuard:
        """What every call to that driver goes through."""
        return self._devices[device].guard

    def serving(self, device: str) -> bool:
        """True once outputs are safe and open intents have a verdict."""
        found = self._devices.get(device)
        return found is not None and found.state is DeviceState.SERVING

    def describe(self) -> list[dict[str, Any]]:
        """All devices for people: state, why, faults."""
        return [
            {
                "name": name, "integration": d.entry.integration, "state": d.state.value, "reason": d.reason,
                "faults": [
                    {"kind": kind.value, "target": target, "detail": detail}
                    for (kind, target), detail in d.faults.items()
                ],
            }
            for name, d in self._devices.items()
        ]

    async def _live(self, name: str) -> None:
        device = self._devices[name]
        delay = _FIRST_DELAY
        began = self._clock.monotonic()
        given_up = False
        while not await self._try_start(name, device):
            gone = device.state in (DeviceState.FAILED, DeviceState.QUARANTINED)
            if gone or (not given_up and self._clock.monotonic() - began > _GIVE_UP_AFTER):
                given_up = True
                await self._give_up(name)
            if gone:
                return
            if delay <= _LOG_AFTER < delay * 2:
                _LOG.warning("Device %s is not ready, trying again: %s", name, device.reason)
            if delay > _TELL_AFTER and (FaultKind.OFFLINE, "") not in device.faults:
                self._seen(device, FaultRaised(name, FaultKind.OFFLINE, "", device.reason))
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)
        device.state = DeviceState.RECOVERING
        assert device.context is not None
        intents = [i for i in await self._hooks.open_intents(name) if not i.params.get("approved")]
        verdicts = [(intent, await self._hooks.recover(intent)) for intent in intents]
        if device.context.offline:  # lost again meanwhile; it serves when its driver says so
            device.state = DeviceState.OFFLINE
            device.reason = device.faults.get((FaultKind.OFFLINE, ""), "")
        else:
            self._seen(device, FaultCleared(name, FaultKind.OFFLINE))
            device.state, device.reason = DeviceState.SERVING, ""
            self._hooks.emit(DeviceOnline(name))
        if verdicts:
            await self._others()
        for intent, verdict in verdicts:
            if verdict is not None:
                await self._hooks.report(intent, verdict)

    async def _give_up(self, name: str) -> None:
        """Nobody will ever tell what became of a lost device's open acts: each becomes an incident."""
        for intent in await self._hooks.open_intents(name):
            if not intent.params.get("approved"):
                await self._hooks.report(intent, Resolution.unknown("device_gone"))

    async def _others(self) -> None:
        """While the hub starts, wait for the other devices: a verdict may lead to an act of theirs at once.

        After a restart in mid-sale the reader tells that it was paid before the lock board has its line.
        """
        while self._clock.monotonic() < self._began + _TOGETHER:
            if not any(device.coming for device in self._devices.values()):
                return
            await asyncio.sleep(_FIRST_DELAY)

    async def _try_start(self, name: str, device: _Device) -> bool:
        intents = await self._hooks.open_intents(name)
        context = device.context = SiteContext(
            device.entry.setup, self._clock, self._entropy, device.entry.wiring,
            lambda seen: self._seen(device, seen), intents,
            lambda task, error: self._task_failed(device, task, error),
        )
        deadline = self._clock.monotonic() + _START_LIMIT
        driver: Driver | None = None
        try:
            driver = self._integrations.create_driver(device.entry.integration, context)
            await device.guard.ask("start", driver.start, deadline)
        except (NotReady, LineError) as error:
            device.state, device.reason = DeviceState.OFFLINE, str(error)
        except BadAuth as error:
            self._fail(device, f"refuses our credentials: {error}")
        except ConfigError as error:
            self._fail(device, f"cannot work as configured: {error}")
        except PluginError as error:
            self._fail(device, str(error))
        else:
            device.driver = driver
            return True
        if device.guard.quarantined:
            device.state, device.reason = DeviceState.QUARANTINED, device.guard.quarantined
        if driver is not None:
            await self._stop_driver(device, driver)
        await context.close()
        return False

    def _task_failed(self, device: _Device, task: str, error: BaseException) -> None:
        """A driver without one of its tasks only seems to serve: it is stopped and started again."""
        device.guard.failed(task, error)
        if device.driver is None or device.restarting:
            return  # it never got up: `_live` has that
        device.restarting = True
        name = device.entry.setup.name
        self._supervisor.spawn(f"restart {name}", self._restart(name, device, f"its task {task} failed"))

    async def _restart(self, name: str, device: _Device, reason: str) -> None:
        driver, context = device.driver, device.context
        assert driver is not None and context is not None
        device.state, device.reason = DeviceState.OFFLINE, reason
        self._seen(device, FaultRaised(name, FaultKind.OFFLINE, "", reason))
        await self._stop_driver(device, driver)
        await context.close()
        device.driver = None
        await asyncio.sleep(_RESTART_AFTER)
        device.restarting = False
        if device.guard.quarantined:
            device.state, device.reason = DeviceState.QUARANTINED, device.guard.quarantined
            await self._give_up(name)
        else:
            await self._live(name)

    def _fail(self, device: _Device, reason: str) -> None:
        name = device.entry.setup.name
        device.state, device.reason = DeviceState.FAILED, reason
        _LOG.error("Device %s: %s", name, reason)
        self._seen(device, FaultRaised(name, FaultKind.OFFLINE, "", reason))

    def _seen(self, device: _Device, seen: Observation) -> None:
        if isinstance(seen, FaultRaised):
            device.faults[seen.kind, seen.target] = seen.detail
            if seen.kind is FaultKind.OFFLINE and not seen.target and device.state is DeviceState.SERVING:
                device.state, device.reason = DeviceState.OFFLINE, seen.detail
        elif isinstance(seen, FaultCleared):
            device.faults.pop((seen.kind, seen.target), None)
            if seen.kind is FaultKind.OFFLINE and not seen.target and device.state is DeviceState.OFFLINE:
                device.state, device.reason = DeviceState.SERVING, ""
        self._hooks.emit(seen)

    def _quarantined(self, name: str, reason: str) -> None:
        device = self._devices[name]
        device.state, device.reason = DeviceState.QUARANTINED, reason
        self._hooks.emit(FaultRaised(name, FaultKind.OFFLINE, "", f"quarantined: {reason}"))

    def _stalled(self, stall: Stall) -> None:
        if stall.device in self._devices:
            self._devices[stall.device].guard.stalled(stall)
        else:
            _LOG.error("The event loop was held for %.2f s at %s", stall.seconds, stall.where)

    async def _end(self, device: _Device) -> None:
        if device.driver is not None:
            await self._stop_driver(device, device.driver)
        if device.context is not None:
            await device.context.close()

    async def _stop_driver(self, device: _Device, driver: Driver) -> None:
        try:
            await device.guard.ask("stop", driver.stop, self._clock.monotonic() + 3.0)
        except IntegrationError as error:
            _LOG.warning("Device %s did not stop cleanly: %s", device.entry.setup.name, error)
