"""The staff's own rounds: incidents get their verdict, doors their mending, shelves their goods."""

from __future__ import annotations

from hub import commerce, custody, desk
from hub.core.clock import HOUR, MINUTE
from hub.core.commands import Refused
from hub.model.states import Door, Hold, Occupancy, Service
from hub.store import Reader
from hub.workflows.rehearsal import Rehearsal
from hub.workflows.simulate.agenda import Agenda
from hub.workflows.simulate.calendar import Calendar
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.people import DESK
from hub.workflows.simulate.troubles import Devices

_ROUND = 20 * MINUTE
_MORNING = 7
#: How long staff take to get to an incident, by its urgency (microseconds, on average).
_PAUSE = {"high": 15 * MINUTE, "normal": 90 * MINUTE, "low": 6 * HOUR}
_BY_HAND = 0.15
_REFILL = 8


class Staff:
    """Sees what is open, goes there, and says what it found; by the ground truth where there is one."""

    def __init__(
        self, site: Rehearsal, agenda: Agenda, calendar: Calendar, devices: Devices, chance: Chance,
    ) -> None:
        self._site = site
        self._agenda = agenda
        self._calendar = calendar
        self._devices = devices
        self._chance = chance
        self._seen: set[str] = set()
        self._opened = 0
        self._really: set[str] = set()
        self.refused = 0

    def begin(self) -> None:
        """Start the rounds."""
        self._agenda.later(_ROUND, self._round)
        self._agenda.at(self._next_morning(), self._morning)

    async def _round(self) -> None:
        self._agenda.later(_ROUND, self._round)
        if not self._site.alive:
            return
        now = self._site.clock.now()
        found = await self._site.read(lambda r: desk.incidents(r, only_open=True))
        for one in found:
            if one.id not in self._seen:
                self._seen.add(one.id)
                pause = int(self._chance.about(_PAUSE.get(str(one.urgency), 2 * HOUR))) + MINUTE
                moment = self._calendar.working(now + pause, self._chance)
                self._agenda.at(moment, lambda incident=one: self._see_to(incident))  # type: ignore[misc]

    async def _see_to(self, incident: desk.Incident) -> None:
        if not self._site.alive:
            self._agenda.later(10 * MINUTE, lambda: self._see_to(incident))
            return
        now_open = await self._site.read(lambda r: desk.incident(r, incident.id).open)
        if not now_open:
            return
        verdict = await self._verdict(incident)
        answer = await self._site.call(
            "incident.resolve", incident.id, DESK, {"verdict": verdict, "why": "somebody looked"}
        )
        if isinstance(answer, Refused):
            self.refused += 1
            self._agenda.later(2 * HOUR, lambda: self._see_to(incident))

    async def _verdict(self, incident: desk.Incident) -> str:
        """What really happened, as far as one can see by going there."""
        match incident.kind:
            case "door_in_doubt":
                return "confirmed" if self._truly(incident.effect_id) else "refuted"
            case "stuck":
                await self._mend(incident.target)
                return "confirmed" if self._chance.hits(_BY_HAND) else "refuted"
            case "payment_unknown":
                return "confirmed" if self._chance.hits(0.5) else "refuted"
            case "breach":
                return "confirmed" if self._chance.hits(0.2) else "refuted"
            case "ajar":
                await self._shut(incident.target)
                return "confirmed"
            case "offline" | "thermal_warning" | "thermal_breach" | "sensor_disagree":
                return "closed"
            case _:
                return "confirmed"

    def _truly(self, effect: str | None) -> bool:
        opened = self._site.ground.opened
        for entry in opened[self._opened:]:
            self._really.add(entry[3])
        self._opened = len(opened)
        return effect in self._really

    async def _mend(self, compartment: str) -> None:
        place = await self._site.read(lambda r: _place(r, compartment))
        if place is not None:
            self._devices.stuck.discard((place.door_device, place.door_name))

    async def _shut(self, compartment: str) -> None:
        place = await self._site.read(lambda r: _place(r, compartment))
        if place is not None:
            self._site.ground.move(place.door_device, place.door_name, Door.CLOSED)

    # Mornings

    def _next_morning(self) -> int:
        moment = self._site.clock.now() + HOUR
        while self._calendar.local(moment)[0] != _MORNING:
            moment += HOUR
        return moment - moment % HOUR

    async def _morning(self) -> None:
        self._agenda.at(self._next_morning(), self._morning)
        if not self._site.alive:
            return
        places = await self._site.read(custody.compartments)
        for place in places:
            if place.hold is Hold.FREE and place.allocation_id is None:
                await self._tidy(place)
        await self._refill(places)

    async def _tidy(self, place: custody.Compartment) -> None:
        """Look into a free compartment that is out of use; put it back into service."""
        unclear = place.product is None and place.occupancy is not Occupancy.EMPTY
        if place.service is not Service.BARRED and not unclear:
            return
        self._devices.stuck.discard((place.door_device, place.door_name))
        self._site.ground.move(place.door_device, place.door_name, Door.CLOSED)
        await self._site.call("compartment.unbar", place.id, DESK, {"why": "looked inside"})

    async def _refill(self, places: list[custody.Compartment]) -> None:
        stocks = await self._site.read(commerce.stocks)
        for place in places:
            if place.product is None or place.hold is not Hold.FREE:
                continue
            held = stocks.get(place.id)
            if held is None or held.quantity <= 0:
                await self._site.call(
                    "stock.count", place.id, DESK, {"quantity": _REFILL, "why": "filled up"}
                )


def _place(reader: Reader, compartment: str) -> custody.Compartment | None:
    try:
        return custody.compartment(reader, compartment)
    except custody.NoCompartment:
        return None


