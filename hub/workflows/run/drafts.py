"""What every intent has in common: its numbers, its lease, the driver that will act, its result event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Protocol, TypeVar

from hub.api import Driver, IntegrationError
from hub.effects.devices import Devices
from hub.effects.records import LeaseHeld, NotEntitled, record_outcome, write_intent
from hub.model.effects import Intent, JsonMap, Resolution
from hub.model.failures import StepFailed
from hub.model.ids import AllocationId, EffectId
from hub.model.states import EffectKind, EvidenceLevel, Verdict
from hub.workflows.engine import Event, EventClass
from hub.workflows.run.advance import Run

_RESULT = {
    Verdict.CONFIRMED: "effect.confirmed",
    Verdict.REFUTED: "effect.refuted",
    Verdict.UNKNOWN: "effect.in_doubt",
}
T = TypeVar("T")
#: An intent, and its result where that is known at once.
Drafted = tuple[Intent, Event | None]


class HasBaseline(Protocol):
    """A driver that can tell what is known of a target before the act."""

    def baseline(self, target: str, /) -> JsonMap:
        """What is known now."""
        ...


def result_of(intent: Intent, resolution: Resolution, at: int) -> Event:
    """The event that tells the handover what became of its effect."""
    data = {"reason": resolution.reason, **resolution.evidence}
    return Event(_RESULT[resolution.verdict], EventClass.RESULT, at, data, intent.effect_id)


class Drafts:
    """Makes and writes intents inside the runner's transaction; touches no device."""

    def __init__(self, devices: Devices) -> None:
        self.devices = devices
        #: Commands of this epoch per device: an epoch and a number together are never given twice.
        self._sequences: defaultdict[str, int] = defaultdict(int)

    def intent(
        self, run: Run, kind: EffectKind, device: str, target: str, deadline: int, params: JsonMap, *,
        level: EvidenceLevel = EvidenceLevel.ACK, baseline: JsonMap | None = None,
        allocation_id: str | None = None, leg_id: str | None = None,
    ) -> Intent:
        """A new intent; nothing is written yet."""
        self._sequences[device] += 1
        return Intent(
            effect_id=EffectId(run.tx.new_id(run.at)), kind=kind, device=device, target=target,
            sequence=self._sequences[device], epoch=run.tx.epoch, deadline=deadline, level=level,
            baseline=baseline or {}, params=params, handover_id=run.handover_id,
            allocation_id=AllocationId(allocation_id) if allocation_id else None, leg_id=leg_id,
        )

    def write(self, run: Run, intent: Intent, lease: str, use_id: str | None = None) -> Intent:
        """Make it durable with the transaction. Raises StepFailed: busy, not_entitled, dispensed."""
        try:
            write_intent(run.tx, intent, lease, use_id, run.at)
        except LeaseHeld as error:
            raise StepFailed("busy", str(error)) from error
        except NotEntitled as error:
            raise StepFailed("not_entitled", str(error)) from error
        return intent

    def settled(self, run: Run, intent: Intent, resolution: Resolution) -> Drafted:
        """Write an intent whose outcome needs no device, with that outcome."""
        self.write(run, intent, f"{intent.device}/{intent.effect_id}")
        record_outcome(run.tx, intent, resolution, run.at)
        return intent, result_of(intent, resolution, run.at)

    def serving(self, device: str) -> Driver:
        """The driver of a device that serves. Raises StepFailed(offline)."""
        driver = self.devices.driver(device)
        if driver is None or not self.devices.serving(device):
            raise StepFailed("offline", f"{device} does not answer")
        return driver

    def baseline(self, device: str, driver: HasBaseline, target: str) -> JsonMap:
        """What the driver knows of the target now. Raises StepFailed(offline)."""
        return self.ask(device, "baseline", lambda: driver.baseline(target))

    def ask(self, device: str, name: str, question: Callable[[], T]) -> T:
        """A plain question to a driver. Raises StepFailed(offline)."""
        try:
            return self.devices.guard(device).now(name, question)
        except IntegrationError as error:
            raise StepFailed("offline", str(error)) from error
