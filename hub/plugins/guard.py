"""Between the hub and one driver: whatever the driver does, the caller gets a typed error in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from hub.api import Clock, InDoubt, IntegrationError, NotReady, NotSent
from hub.model.effects import Resolution
from hub.plugins.watchdog import Stall, running, task_name

_LOG = logging.getLogger(__name__)
#: Seconds past the deadline that a driver has to raise its own, better error.
GRACE = 0.5
T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]


class _Unexpected(Exception):
    """The driver raised what it must not, or overran its deadline."""


class DeviceGuard:
    """Calls one device's driver. `limit` unexpected failures of one kind of call in a row quarantine it.

    Typed errors (IntegrationError) pass through and are no failure. `on_quarantine(device, reason)` is
    called once; the device then answers NotSent, NotReady or UNKNOWN until `reinstate`.
    """

    def __init__(
        self, device: str, clock: Clock, *, limit: int = 5,
        on_quarantine: Callable[[str, str], None] | None = None,
    ) -> None:
        self.device = device
        self._clock = clock
        self._limit = limit
        self._on_quarantine = on_quarantine
        self._failures: dict[str, int] = {}
        self._reason = ""

    @property
    def quarantined(self) -> str:
        """Why the device is out of use; empty while it is in use."""
        return self._reason

    def reinstate(self) -> None:
        """Use the device again, all failures forgotten."""
        self._reason = ""
        self._failures.clear()

    async def act(self, name: str, work: Work[T], deadline: float) -> T:
        """A physical or money act. Unexpected errors and overrun become InDoubt; quarantine NotSent."""
        if self._reason:
            raise NotSent(f"{self.device} is quarantined: {self._reason}")
        try:
            return await self._call(name, work, deadline)
        except _Unexpected as error:
            raise InDoubt(str(error)) from error

    async def resolve(self, work: Work[Resolution], deadline: float) -> Resolution:
        """A resolver. It never raises: what goes wrong leaves the effect UNKNOWN."""
        if self._reason:
            return Resolution.unknown("quarantined")
        try:
            return await self._call("resolve", work, deadline)
        except (_Unexpected, IntegrationError) as error:
            return Resolution.unknown(f"{type(error.__cause__ or error).__name__}")

    async def ask(self, name: str, work: Work[T], deadline: float) -> T:
        """A call without physical effect (start, stop, notify, a reading). Failures become NotReady."""
        self._refuse_if_quarantined()
        try:
            return await self._call(name, work, deadline)
        except _Unexpected as error:
            raise NotReady(str(error)) from error

    def now(self, name: str, work: Callable[[], T]) -> T:
        """A plain call (baseline, door_state). Failures become NotReady."""
        self._refuse_if_quarantined()
        try:
            with running(self.device):
                result = work()
        except IntegrationError:
            raise
        except (Exception, SystemExit) as error:
            self.failed(name, error)
            raise NotReady(f"{self.device}.{name}: {type(error).__name__}") from error
        self._failures.pop(name, None)
        return result

    def callback(self, name: str, listener: Callable[[T], None]) -> Callable[[T], None]:
        """`listener` of the driver, made safe to be called by a line: it never raises."""

        def safe(value: T) -> None:
            if self._reason:
                return
            try:
                with running(self.device):
                    listener(value)
            except (Exception, SystemExit) as error:  # noqa: BLE001  counted and logged by `failed`
                self.failed(name, error)
            else:
                self._failures.pop(name, None)

        return safe

    def failed(self, name: str, error: BaseException) -> None:
        """Count an unexpected failure, here or in a background task of the driver."""
        _LOG.error("Device %s failed in %s", self.device, name, exc_info=error)
        self._count(name, type(error).__name__)

    def stalled(self, stall: Stall) -> None:
        """Count a stall of the loop that this device caused."""
        _LOG.error("Device %s held the event loop for %.2f s at %s", self.device, stall.seconds, stall.where)
        self._count("stall", f"held the event loop at {stall.where}")

    async def _call(self, name: str, work: Work[T], deadline: float) -> T:
        # A task of its own carries the device's name and can be left behind when it ignores cancellation.
        task = asyncio.get_running_loop().create_task(_contained(work), name=task_name(self.device, name))
        task.add_done_callback(_retrieve)
        try:
            done, _ = await asyncio.wait({task}, timeout=max(0.0, deadline + GRACE - self._clock.monotonic()))
            if not done:
                task.cancel()
                await asyncio.wait({task}, timeout=GRACE)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            self._count(name, "overran its deadline")
            raise _Unexpected(f"{self.device}.{name} overran its deadline")
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            self._failures.pop(name, None)
            return task.result()
        if isinstance(error, IntegrationError):
            raise error
        self.failed(name, error)
        raise _Unexpected(f"{self.device}.{name}: {type(error).__name__}") from error

    def _refuse_if_quarantined(self) -> None:
        if self._reason:
            raise NotReady(f"{self.device} is quarantined: {self._reason}")

    def _count(self, name: str, what: str) -> None:
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] < self._limit or self._reason:
            return
        self._reason = f"{name} failed {self._limit} times in a row, last: {what}"
        _LOG.error("Device %s is quarantined: %s", self.device, self._reason)
        if self._on_quarantine is not None:
            self._on_quarantine(self.device, self._reason)


async def _contained(work: Work[T]) -> T:
    try:
        return await work()
    except SystemExit as error:  # would end the whole hub
        raise RuntimeError(f"the driver asked to exit: {error}") from error


def _retrieve(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
