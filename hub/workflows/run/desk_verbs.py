"""What the desk and the API may ask of a compartment, its stock, and an incident of whatever kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hub import access, commerce, custody, desk
from hub.core.clock import Clock
from hub.core.commands import Accepted, Answer, Command, Refused
from hub.effects.records import unsettled_at
from hub.model.states import Hold, Occupancy, Service
from hub.store import Store, Tx
from hub.workflows.engine import Snapshot
from hub.workflows.run import records
from hub.workflows.run.advance import Engine
from hub.workflows.run.commanding import Rules, answer, decided, note, target_of
from hub.workflows.run.verdicts import awaited, resolve

#: The reason of a bar that somebody set by hand.
BY_DESK = "desk"
#: The task of clearing out what was found in a compartment.
FOUND_ITEM = "found_item"

DESK_VERBS = (
    "compartment.bar", "compartment.unbar", "compartment.found", "compartment.empty", "stock.count",
    "incident.resolve", "incident.assign",
)


class DeskVerbs:
    """Answers commands on compartments and incidents."""

    def __init__(self, store: Store, clock: Clock, engine: Engine, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._engine = engine
        self._rules = rules
        self._at_compartment: dict[str, Callable[[Tx, custody.Compartment, Command, int], Answer]] = {
            "compartment.bar": _bar, "compartment.unbar": _unbar, "compartment.found": _found,
            "compartment.empty": _empty, "stock.count": _count,
        }
        self._on_incident: dict[
            str, Callable[[Tx, desk.Incident, Snapshot | None, Command, int], Answer]
        ] = {"incident.resolve": self._resolve, "incident.assign": self._assign}

    async def __call__(self, command: Command) -> Answer:
        """Serve a verb of DESK_VERBS on the compartment or incident `command.target`. Raises StoreError."""
        at = self._clock.now()
        return await answer(self._store, command, lambda tx: self.in_transaction(tx, command, at))

    def in_transaction(self, tx: Tx, command: Command, at: int) -> Answer:
        """The command within a transaction of the caller's. Raises StepFailed."""
        if command.verb in self._at_compartment:
            return decided(
                tx, self._rules, command, access.Target(command.target), at,
                lambda: self._compartment(tx, command, at),
            )
        return self._incident(tx, command, at)

    def _compartment(self, tx: Tx, command: Command, at: int) -> Answer:
        try:
            place = custody.compartment(tx, command.target)
        except custody.NoCompartment:
            place = None
        if place is None or place.removed:
            return Refused("unknown-compartment", f"there is no compartment {command.target!r}")
        answered = self._at_compartment[command.verb](tx, place, command, at)
        if isinstance(answered, Accepted):
            note(tx, f"compartment/{place.id}", command, at)
        return answered

    def _incident(self, tx: Tx, command: Command, at: int) -> Answer:
        try:
            found = desk.incident(tx, command.target)
        except desk.NoIncident:
            found = None
        snapshot = _handover_of(tx, found) if found is not None else None
        target = target_of(snapshot) if snapshot is not None else access.Target(command.target)
        return decided(
            tx, self._rules, command, target, at,
            lambda: self._on_one(tx, found, snapshot, command, at),
        )

    def _on_one(
        self, tx: Tx, found: desk.Incident | None, snapshot: Snapshot | None, command: Command, at: int
    ) -> Answer:
        if found is None:
            return Refused("unknown-incident", f"there is no incident {command.target!r}")
        if not found.open:
            return Refused(
                "no-incident", f"it was resolved before: {found.verdict}", {"verdict": found.verdict}
            )
        answered = self._on_incident[command.verb](tx, found, snapshot, command, at)
        if isinstance(answered, Accepted):
            note(tx, f"incident/{found.id}", command, at)
        return answered

    def _resolve(
        self, tx: Tx, found: desk.Incident, snapshot: Snapshot | None, command: Command, at: int
    ) -> Answer:
        verdict, why = str(command.body["verdict"]), str(command.body.get("why", ""))
        if verdict not in set(desk.IncidentVerdict):
            return Refused("bad-verdict", "a verdict is one of: " + ", ".join(desk.IncidentVerdict))
        if not why:
            return Refused("not-possible", "an incident is resolved for a reason: say why")
        refused = awaited(found, snapshot)
        if refused is not None:
            return refused
        resolve(
            tx, self._engine, found, snapshot, verdict, command.actor.ref, why, at,
            approved_by=", ".join(command.approved_by) or None,
        )
        if snapshot is not None:
            note(tx, f"handover/{snapshot.handover_id}", command, at)
        return Accepted(_incident_view(desk.incident(tx, found.id)))

    def _assign(
        self, tx: Tx, found: desk.Incident, snapshot: Snapshot | None, command: Command, at: int
    ) -> Answer:
        owner = str(command.body["owner"])
        kind, _, name = owner.partition(":")
        roles = [role for role in self._rules.policy.roles if not role.startswith("api.")]
        if not (kind == "role" and name in roles) and not (
            kind == "person" and access.identity(tx, name) is not None
        ):
            return Refused(
                "bad-owner", f"{owner!r} is neither role:NAME nor person:REF of this site", {"roles": roles}
            )
        desk.assign_owner(tx, found.id, owner, command.actor.ref, at)
        return Accepted(_incident_view(desk.incident(tx, found.id)))


def _bar(tx: Tx, place: custody.Compartment, command: Command, at: int) -> Answer:
    if not custody.bar(tx, place.id, BY_DESK, at):
        return Refused("not-now", f"{place.name} was taken out of service by hand before")
    return Accepted(_place_view(tx, place.id))


def _unbar(tx: Tx, place: custody.Compartment, command: Command, at: int) -> Answer:
    """Lift every bar. Who puts a compartment back that nobody holds has seen that nothing is inside.

    Nothing but the assets that are known to lie there: who misses one says that the compartment is empty.
    """
    refused = _in_doubt(tx, place)
    if refused is not None:
        return refused
    if custody.found_in(tx, place.id):
        return Refused("not-now", f"something was found in {place.name}: say when it is empty")
    idle = place.hold is Hold.FREE and place.product is None
    inside = Occupancy.OCCUPIED if custody.assets_in(tx, place.id) else Occupancy.EMPTY
    unknown = idle and place.occupancy is not inside and place.occupancy_by != "sensor"
    if place.service is Service.IN_SERVICE and not unknown:
        return Refused("not-now", f"{place.name} is in service")
    custody.unbar(tx, place.id, at)
    if unknown:
        custody.set_occupancy(tx, place.id, inside, "person", at)
    return Accepted(_place_view(tx, place.id))


def _found(tx: Tx, place: custody.Compartment, command: Command, at: int) -> Answer:
    """Somebody saw something inside that nobody expected: it is barred, and somebody owns the clearing."""
    custody.record_found(tx, place.id, str(command.body["what"]), command.actor.ref, at)
    desk.open_incident(tx, FOUND_ITEM, at, handover_id=place.handover_id, target=place.id)
    return Accepted(_place_view(tx, place.id))


def _empty(tx: Tx, place: custody.Compartment, command: Command, at: int) -> Answer:
    """Somebody looked and nothing is inside. An asset that should have been there is missed from now on."""
    refused = _in_doubt(tx, place)
    if refused is not None:
        return refused
    who, why = command.actor.ref, str(command.body["why"])
    missing = custody.declare_empty(
        tx, place.id, who, at, taken_to=str(command.body.get("taken_to", ""))
    )
    for asset in missing:
        desk.open_incident(tx, "asset_missing", at, urgency="high", target=asset)
    for found in desk.incidents(tx, only_open=True):
        if found.kind == FOUND_ITEM and found.target == place.id:
            desk.resolve_incident(tx, found.id, "closed", who, why, at)
    return Accepted(_place_view(tx, place.id))


def _count(tx: Tx, place: custody.Compartment, command: Command, at: int) -> Answer:
    if place.product is None:
        return Refused("not-possible", f"{place.name} holds no product", {"reason": "no_product"})
    if place.hold is not Hold.FREE:
        return Refused("not-now", f"{place.name} is held for a handover: count when that has ended")
    commerce.count_stock(tx, place.id, int(command.body["quantity"]), at, who=command.actor.ref)
    return Accepted(_place_view(tx, place.id))


def _in_doubt(tx: Tx, place: custody.Compartment) -> Refused | None:
    """Why nobody can say yet that the compartment is good: an act, or its content, has no verdict."""
    effect = unsettled_at(tx, f"{place.door_device}/{place.door_name}")
    if effect is not None:
        return Refused(
            "in-doubt", f"an opening of {place.name} has no verdict yet; resolve its incident first",
            {"effect": effect},
        )
    if place.allocation_id is None or place.handover_id is None:
        return None
    if custody.allocation(tx, place.allocation_id).custody != custody.UNKNOWN:
        return None
    waiting = [
        found.id for found in desk.incidents_of(tx, place.handover_id)
        if found.open and found.target == place.id
    ]
    if not waiting:
        return None
    return Refused(
        "in-doubt", f"nobody has said what became of the item in {place.name}; resolve the incident first",
        {"incidents": waiting},
    )


def _handover_of(tx: Tx, found: desk.Incident) -> Snapshot | None:
    """The incident's handover; None also for one that cannot be read, so that its incident can end."""
    if found.handover_id is None:
        return None
    try:
        return records.load(tx, found.handover_id)
    except (records.UnknownHandover, msgspec.DecodeError):
        return None


def _place_view(tx: Tx, compartment: str) -> dict[str, Any]:
    place, stock = custody.compartment(tx, compartment), commerce.stock_of(tx, compartment)
    return {
        "id": place.id, "service": place.service, "reasons": list(place.reasons),
        "occupancy": place.occupancy,
        "stock": None if stock is None or stock.uncertain else stock.quantity,
    }


def _incident_view(found: desk.Incident) -> dict[str, Any]:
    verdict = None if found.verdict is None else found.verdict.value
    return {
        "id": found.id, "kind": found.kind, "owner": found.owner, "open": found.open, "verdict": verdict,
    }
