"""What devices report becomes facts: of a compartment, of a bank, of the handover that they concern (S24)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub import custody, desk
from hub.core.clock import SECOND
from hub.effects.records import explains_opening
from hub.model.observations import DoorSeen, FaultCleared, FaultRaised, Observation
from hub.model.states import Door, FaultKind
from hub.store import Tx
from hub.workflows.engine import Event, EventClass
from hub.workflows.run.advance import Engine

#: Faults that a person must look at, with the urgency of their incident.
_INCIDENTS = {
    FaultKind.STUCK: "normal",
    FaultKind.SENSOR_DISAGREE: "normal",
    FaultKind.OFFLINE: "high",
    FaultKind.THERMAL_WARNING: "normal",
    FaultKind.THERMAL_BREACH: "high",
    FaultKind.MOTOR_FAULT: "normal",
    FaultKind.JAM: "normal",
}
#: How long after its verdict an effect still explains an open door.
_JUST_NOW = 30 * SECOND


class Facts:
    """Writes one observation and tells the handover that it concerns; `moved` hears of its doors after it."""

    def __init__(self, engine: Engine, moved: Callable[[Tx, str, Door, int], None]) -> None:
        self._engine = engine
        self._moved = moved
        #: Devices in service mode: an uncommanded opening there is `serviced`, not a breach (S13).
        self.in_service: set[str] = set()
        #: Doors of an emergency release, and until when it explains their opening.
        self.released: dict[tuple[str, str], int] = {}

    def writer(self, seen: Observation, at: int) -> Callable[[Tx], None] | None:
        """The transaction for an observation, or None when nothing is to be kept of it."""
        if isinstance(seen, DoorSeen):
            return lambda tx: self._door(tx, seen, at)
        if isinstance(seen, FaultRaised):
            return lambda tx: self._fault(tx, seen, at)
        if isinstance(seen, FaultCleared):
            return lambda tx: self._cleared(tx, seen, at)
        return None

    def _door(self, tx: Tx, seen: DoorSeen, at: int) -> None:
        behind = custody.behind_door(tx, seen.device, seen.door)
        if behind is None or seen.state is Door.UNKNOWN:
            return
        compartment, handover = behind
        # Where the driver knows of no pulse, an opening that was seen already explains no second one.
        moved = 0 if seen.commanded else custody.compartment(tx, compartment).door_at
        if not custody.set_door(tx, compartment, seen.state, at):
            return
        uncommanded = seen.state is Door.OPEN and not self._explained(tx, seen, moved, at)
        data: dict[str, Any] = {"compartment": compartment}
        if uncommanded and seen.device in self.in_service:
            tx.journal(f"compartment/{compartment}", "compartment.serviced", data, at)
        elif uncommanded:
            self._breach(tx, seen.device, compartment, handover, at)
        if handover:
            name = "door.opened" if seen.state is Door.OPEN else "door.closed"
            self._engine.deliver(tx, handover, Event(name, EventClass.FACT, at, data))
            self._moved(tx, handover, seen.state, at)

    def _explained(self, tx: Tx, seen: DoorSeen, moved: int, at: int) -> bool:
        """Whether an opening is our own doing. A driver that has just started cannot know; we can."""
        if at <= self.released.get((seen.device, seen.door), 0):
            return True
        return explains_opening(tx, seen.device, seen.door, at - _JUST_NOW, moved)

    def _breach(self, tx: Tx, device: str, compartment: str, handover: str | None, at: int) -> None:
        """An opening that nobody commanded: out of service, custody unknown, somebody is told."""
        custody.breach(tx, compartment, at)
        desk.open_incident(
            tx, "breach", at=at, urgency="high", handover_id=handover, device=device, target=compartment,
        )
        if handover:
            event = Event("door.breach", EventClass.FACT, at, {"compartment": compartment})
            self._engine.deliver(tx, handover, event)

    def _fault(self, tx: Tx, seen: FaultRaised, at: int) -> None:
        tx.journal(f"device/{seen.device}", "fault.raised", {
            "kind": seen.kind.value, "target": seen.target, "detail": seen.detail,
        }, at)
        urgency = _INCIDENTS.get(seen.kind)
        if urgency is None:
            return
        compartment = custody.compartment_of_door(tx, seen.device, seen.target) if seen.target else None
        handover = custody.compartment(tx, compartment).handover_id if compartment else None
        desk.open_incident(
            tx, seen.kind.value, at=at, urgency=urgency, handover_id=handover, device=seen.device,
            target=compartment or seen.target, detail=seen.detail,
        )

    def _cleared(self, tx: Tx, seen: FaultCleared, at: int) -> None:
        tx.journal(
            f"device/{seen.device}", "fault.cleared", {"kind": seen.kind.value, "target": seen.target}, at
        )
