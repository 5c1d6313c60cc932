"""Performs a committed intent once, gathers evidence, reports the verdict (DESIGN section 4).

Nothing here decides what a verdict means: that is the workflow's part, reached through `on_result`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from hub.api import Driver, IntegrationError, NotSent, Rejected, StepDefinition
from hub.core.clock import SECOND, Clock
from hub.core.failpoints import Failpoint
from hub.core.supervisor import Supervisor
from hub.effects.devices import Devices, age_verifier, cashless, dispenser, lock_bank, refunder
from hub.effects.records import DEFINITELY_OWED
from hub.effects.supplies import SupplyGates
from hub.model.effects import Intent, Receipt, Resolution
from hub.model.states import EffectKind, EvidenceLevel, Verdict
from hub.store import StoreBlocked

_LOG = logging.getLogger(__name__)
_BEFORE_ACT = Failpoint("effects.act.before")
_AFTER_ACT = Failpoint("effects.act.after")
_BEFORE_RESULT = Failpoint("effects.result.before")

#: Acts that carry their own key and may be repeated until the answer is definite.
IDEMPOTENT = frozenset({EffectKind.CAPTURE, EffectKind.VOID, EffectKind.REFUND})
#: Kinds among which acts are that may be repeated: of steps, the idempotent ones.
REPEATED = IDEMPOTENT | {EffectKind.STEP}
#: Acts that end within seconds and that only their driver can tell the outcome of.
_MOVING = frozenset({EffectKind.OPEN, EffectKind.DISPENSE})
_LONGEST_RECOVERY = 300.0
_PAUSE = 0.5
#: Seconds between two tries after somebody was told: they double, from the first to the last.
_FIRST_PAUSE = 10.0
_LONGEST_PAUSE = 900.0
_ONE_TRY = 30.0
_DISK_PAUSE = 1.0

Act = Callable[[Intent, float], Coroutine[Any, Any, Receipt]]
OnResult = Callable[[Intent, Resolution], Awaitable[None]]
_NO_STEPS: Mapping[str, StepDefinition] = {}


async def _always(effect_id: str) -> bool:
    return True


class EffectRunner:
    """One task per intent. `epoch` fences intents of an earlier start.

    `in_doubt` tells whether an effect still has no verdict: a person may give it while we go on asking.
    `steps` are those of integrations, by name.
    """

    def __init__(
        self, clock: Clock, devices: Devices, gates: SupplyGates, supervisor: Supervisor, epoch: str,
        on_result: OnResult, *, in_doubt: Callable[[str], Awaitable[bool]] = _always,
        steps: Mapping[str, StepDefinition] = _NO_STEPS,
    ) -> None:
        self._clock = clock
        self._devices = devices
        self._gates = gates
        self._supervisor = supervisor
        self._epoch = epoch
        self._on_result = on_result
        self._in_doubt = in_doubt
        self._steps = steps
        self._chased: set[str] = set()
        self.in_flight = 0
        self._moving = 0
        self._still = asyncio.Event()
        self._still.set()

    async def drain(self, seconds: float) -> None:
        """Let doors and motors under way come to their verdict, for `seconds` at most: a hub that stops in
        between could not tell afterwards what they did."""
        try:
            async with asyncio.timeout(seconds):
                await self._still.wait()
        except TimeoutError:
            _LOG.warning("Stopping in mid-act; the next start finds out what became of it")

    def begin(self, intent: Intent) -> None:
        """Perform an intent whose commit is durable. Called from `tx.after_commit` only."""
        self._supervisor.spawn(f"effect {intent.kind} {intent.device}/{intent.target}", self._run(intent))

    async def recover(self, intent: Intent) -> Resolution | None:
        """Find the verdict of an intent that an earlier start left open; `report` hands it over.

        Never sends it again. What carries its own key (capture, void, refund) is the exception: it is
        repeated. None when the device has gone meanwhile.
        """
        if intent.kind is EffectKind.CHECK_AGE:
            return Resolution.refuted("expired")  # nothing was proved, and the person has gone
        driver = self._devices.driver(intent.device)
        if driver is None:
            return None
        # A clock that was set back since must not hold the device up for as long as it went back.
        deadline = self._clock.monotonic() + min(max(self._left(intent), 2.0), _LONGEST_RECOVERY)
        if self._repeatable(intent):
            return await self._repeat(intent, deadline)
        return await self._resolve(driver, intent, deadline)

    def chase(self, intent: Intent) -> None:
        """Go on repeating an act in doubt, ever more rarely, until it is definite. Only one with its own key.

        Somebody was told meanwhile. What the device says in the end is reported and settles the doubt.
        """
        if self._repeatable(intent) and intent.effect_id not in self._chased:
            self._chased.add(intent.effect_id)
            self._supervisor.spawn(f"chase {intent.kind} {intent.target}", self._chase(intent))

    async def _chase(self, intent: Intent) -> None:
        pause = _FIRST_PAUSE
        try:
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                if not await self._in_doubt(intent.effect_id):
                    return
                driver = self._devices.driver(intent.device)
                if driver is None:
                    continue
                found = await self._once(driver, intent, self._clock.monotonic() + _ONE_TRY)
                if found is not None:
                    await self.report(intent, found)
                    return
        finally:
            self._chased.discard(intent.effect_id)

    def _repeatable(self, intent: Intent) -> bool:
        if intent.kind is EffectKind.STEP:
            step = self._step(intent)
            return step is not None and step.effect_class == "idempotent"
        return intent.kind in IDEMPOTENT

    def _step(self, intent: Intent) -> StepDefinition | None:
        return self._steps.get(str(intent.params.get("step")))

    async def _run(self, intent: Intent) -> None:
        moves = int(intent.kind in _MOVING)
        self.in_flight += 1
        self._moving += moves
        if moves:
            self._still.clear()
        try:
            resolution = await self._perform(intent)
            _BEFORE_RESULT.hit()
            await self.report(intent, resolution)
        finally:
            self.in_flight -= 1
            self._moving -= moves
            if not self._moving:
                self._still.set()

    async def report(self, intent: Intent, resolution: Resolution) -> None:
        """Hand the verdict over; while the disk refuses it, the lease stays and we try again."""
        while True:
            try:
                await self._on_result(intent, resolution)
            except StoreBlocked as error:
                _LOG.error("The outcome of %s waits for the disk: %s", intent.effect_id, error)
                await asyncio.sleep(_DISK_PAUSE)
            else:
                break
        if resolution.verdict is Verdict.UNKNOWN and resolution.reason not in DEFINITELY_OWED:
            self.chase(intent)

    async def _perform(self, intent: Intent) -> Resolution:
        if self._repeatable(intent):
            # Also while the device is away: the money is decided, and the call repeats until it is definite.
            return await self._repeat(intent, self._clock.monotonic() + self._left(intent))
        driver = self._devices.driver(intent.device)
        if driver is None or not self._devices.serving(intent.device):
            return Resolution.refuted("offline")
        if intent.epoch != self._epoch:  # an earlier start may have sent it: only evidence can tell
            return await self._resolve(driver, intent, self._clock.monotonic())
        if self._left(intent) <= 0:
            return Resolution.refuted("expired")
        deadline = self._clock.monotonic() + self._left(intent)
        if intent.kind is EffectKind.CHECK_AGE:
            return await self._verify(driver, intent, deadline)
        try:
            async with self._gates.turn(intent.device, deadline):
                sent = await self._act(driver, intent, deadline)
        except TimeoutError:
            return Resolution.refuted("not_sent")
        if sent is not None:
            return sent
        return await self._resolve(driver, intent, deadline)

    async def _act(self, driver: Driver, intent: Intent, deadline: float) -> Resolution | None:
        """Send once. A Resolution when the act alone decides, None when evidence must."""
        method = self._method(driver, intent)
        if method is None:
            return Resolution.refuted("not_supported")
        guard = self._devices.guard(intent.device)
        _BEFORE_ACT.hit()
        try:
            receipt = await guard.act(str(intent.kind), lambda: method(intent, deadline), deadline)
        except NotSent:
            return Resolution.refuted("not_sent")
        except Rejected as error:
            return Resolution.refuted(error.reason)
        except IntegrationError as error:  # whatever else went wrong, the command may have gone out
            _LOG.warning("Effect %s on %s is in doubt: %s", intent.effect_id, intent.device, error)
            return None
        _AFTER_ACT.hit()
        if intent.level is EvidenceLevel.ACK and not self._has_resolver(intent):
            return Resolution.confirmed(level="ack", **dict(receipt.detail))
        return None

    def _has_resolver(self, intent: Intent) -> bool:
        """Whether an acknowledgement alone decides nothing."""
        step = self._step(intent)
        return intent.kind is EffectKind.AUTHORISE or (step is not None and step.resolve is not None)

    async def _verify(self, driver: Driver, intent: Intent, deadline: float) -> Resolution:
        """Look at a document. Whatever is not proved is refuted: nothing was released on its account."""
        verifier = age_verifier(driver)
        if verifier is None:
            return Resolution.refuted("no_verifier")
        minimum = int(str(intent.params["minimum"]))
        guard = self._devices.guard(intent.device)
        found = await guard.resolve(lambda: verifier.verify(minimum, deadline), deadline)
        return Resolution.refuted("no_document") if found.verdict is Verdict.UNKNOWN else found

    async def _resolve(self, driver: Driver, intent: Intent, deadline: float) -> Resolution:
        if intent.kind is EffectKind.STEP:
            return await self._resolve_step(driver, intent, deadline)
        able = lock_bank(driver) or cashless(driver) or dispenser(driver)
        if able is None:
            return Resolution.unknown("not_supported")
        guard = self._devices.guard(intent.device)
        return await guard.resolve(lambda: able.resolve(intent, deadline), deadline)

    async def _resolve_step(self, driver: Driver, intent: Intent, deadline: float) -> Resolution:
        step = self._step(intent)
        resolve = None if step is None else step.resolve
        if resolve is None:
            return Resolution.unknown("no_resolver")
        guard = self._devices.guard(intent.device)

        async def ask() -> Resolution:
            return await resolve(driver, intent, deadline)

        return await guard.resolve(ask, deadline)

    async def _repeat(self, intent: Intent, deadline: float) -> Resolution:
        """Repeat an act that carries its own key until its answer is definite or time is up.

        A device that is away or still starting is waited for: what it is to be told stands already.
        """
        while True:
            driver = self._devices.driver(intent.device)
            if driver is not None:
                resolution = await self._once(driver, intent, deadline)
                if resolution is not None:
                    return resolution
            if self._clock.monotonic() + _PAUSE >= deadline:
                return Resolution.unknown("no_answer")
            await asyncio.sleep(_PAUSE)

    async def _once(self, driver: Driver, intent: Intent, deadline: float) -> Resolution | None:
        """One try of an act that may be repeated; None when nothing definite is known yet."""
        method = self._method(driver, intent)
        if method is None:
            return Resolution.refuted("not_supported")
        guard = self._devices.guard(intent.device)
        await_until = min(deadline, self._clock.monotonic() + _ONE_TRY)
        _BEFORE_ACT.hit()
        try:
            receipt = await guard.act(str(intent.kind), lambda: method(intent, await_until), await_until)
        except Rejected as error:
            return Resolution.refuted(error.reason)
        except IntegrationError as error:
            _LOG.info("%s of %s not answered yet: %s", intent.kind, intent.target, error)
            return None
        _AFTER_ACT.hit()
        if intent.kind is EffectKind.STEP and not self._has_resolver(intent):
            return Resolution.confirmed(level="ack", **dict(receipt.detail))
        resolution = await self._resolve(driver, intent, await_until)
        definite = resolution.verdict is not Verdict.UNKNOWN or resolution.reason in DEFINITELY_OWED
        return resolution if definite else None

    def _left(self, intent: Intent) -> float:
        return (intent.deadline - self._clock.now()) / SECOND

    def _method(self, driver: Driver, intent: Intent) -> Act | None:
        step = self._step(intent)
        if step is None or intent.kind is not EffectKind.STEP:
            return _method(driver, intent)
        act = step.act

        async def own(intent: Intent, deadline: float) -> Receipt:
            return await act(driver, intent, deadline)

        return own


def _method(driver: Driver, intent: Intent) -> Act | None:
    match intent.kind:
        case EffectKind.OPEN:
            doors = lock_bank(driver)
            return None if doors is None else doors.open
        case EffectKind.DISPENSE:
            slots = dispenser(driver)
            return None if slots is None else slots.dispense
        case EffectKind.REFUND:
            payer = refunder(driver)
            return None if payer is None else payer.refund
    reader = cashless(driver)
    if reader is None:
        return None
    match intent.kind:
        case EffectKind.AUTHORISE:
            return reader.authorise
        case EffectKind.CAPTURE:
            return reader.capture
        case EffectKind.VOID:
            return reader.void
        case _:
            return None
