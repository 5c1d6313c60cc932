"""Who begins handovers: orders from elsewhere, people at a terminal, staff at the desk (S27)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub import access, commerce
from hub.core.clock import DAY, HOUR
from hub.model.failures import StepFailed
from hub.model.states import Method
from hub.workflows.machine import Machine, StepCall
from hub.workflows.rehearsal import Plan, Rehearsal
from hub.workflows.rehearsal.orders import order_of
from hub.workflows.run.records import ReferenceTaken
from hub.workflows.run.service import UnknownWorkflow
from hub.workflows.simulate.agenda import Agenda
from hub.workflows.simulate.calendar import Calendar
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.people import People
from hub.workflows.simulate.profiles import Users

#: Ways to begin in the order in which they are preferred; a schedule needs nobody.
_WAYS = ("api", "selection", "desk", "tag", "code")
_PRICE = 500


@dataclass(frozen=True, slots=True)
class Stream:
    """The arrivals of one workflow."""

    machine: Machine
    way: str
    per_day: float
    terminal: str
    boxes: tuple[tuple[str, str], ...]
    products: tuple[commerce.ProductSpec, ...]
    #: People of the site with a tag, where the workflow is for them.
    members: tuple[access.PersonSpec, ...] = ()


class Arrivals:
    """Begins handovers of every workflow of the site at their rates."""

    def __init__(
        self, site: Rehearsal, people: People, agenda: Agenda, calendar: Calendar, users: Users,
        chance: Chance,
    ) -> None:
        self._site = site
        self._people = people
        self._agenda = agenda
        self._calendar = calendar
        self._chance = chance
        self._count = 0
        self.streams = streams(site.plan, users)
        self.asked = 0
        self.turned_away: dict[str, int] = {}

    def begin(self, until: int) -> None:
        """Lay out the first arrival of each stream; nobody comes after `until`."""
        for stream in self.streams:
            if stream.per_day > 0:
                self._next(stream, until)

    def _next(self, stream: Stream, until: int) -> None:
        moment = self._calendar.arrival(self._site.clock.now(), stream.per_day, self._chance)
        if moment >= until:
            return

        async def come() -> None:
            self._next(stream, until)
            if self._site.alive:
                self.asked += 1
                await self._arrive(stream)

        self._agenda.at(moment, come)

    async def _arrive(self, stream: Stream) -> None:
        reader = self._readers().get(stream.terminal, "")
        match stream.way:
            case "selection":
                wanted = [product for product in stream.products if product.selection]
                if wanted and reader:
                    chosen = self._chance.one_of(wanted)
                    told = await self._site.present(reader, Method.PIN, str(chosen.selection))
                    if told.code.startswith("refused"):
                        self._away(told.code)
            case "tag" | "code":
                tag = self._chance.one_of(stream.members).tags[0] if stream.members else ""
                if tag and reader:
                    told = await self._site.present(reader, Method.TAG, tag)
                    self._people.has_tag(told.handover_id, tag)
                if reader and stream.way == "code":
                    self._count += 1
                    await self._site.present(reader, Method.BARCODE, f"PARCEL-{self._count:08}")
            case way:
                await self._order(stream, way)

    async def _order(self, stream: Stream, way: str) -> None:
        self._count += 1
        now, chance, number = self._site.clock.now(), self._chance, self._count
        product = chance.one_of(stream.products) if stream.products else None
        price = product.price.minor if product else _PRICE
        member = chance.one_of(stream.members) if stream.members else None
        person: Mapping[str, Any] = {
            "name": f"Guest {number}", "email": f"guest{number}@example.org", "ref": f"guest-{number}",
        } if member is None else {"ref": member.key, **member.contact}
        order = order_of(
            stream.machine.workflow, [self._item(stream, product, price)], person, f"{way}-{number}",
            terminal=next((one.terminal for one in stream.machine.start if one.on == way), ""),
            leg={"amount": price, "currency": "EUR", "item": number % 100},
            depositor={**person, "ref": f"bringer-{number}"}, data={},
            due=now + int(chance.between(4 * HOUR, 3 * DAY)),
            paid={"reference": f"upstream-{number}", "amount": price, "currency": "EUR"},
        )
        try:
            handover = await self._site.create(order, start=way)
            if member is not None:
                self._people.has_tag(handover, member.tags[0])
        except (StepFailed, UnknownWorkflow, ReferenceTaken, ValueError) as error:
            self._away(type(error).__name__)

    def _item(
        self, stream: Stream, product: commerce.ProductSpec | None, price: int
    ) -> Mapping[str, Any]:
        if product is not None:
            return {"sku": product.sku, "quantity": 1, "size": str(product.size or "S"),
                    "thermal": str(product.thermal or "ambient"), "price": price}
        size, thermal = self._chance.one_of(stream.boxes)
        return {"sku": "parcel", "quantity": 1, "size": size, "thermal": thermal, "price": price}

    def _readers(self) -> dict[str, str]:
        places = self._site.plan.places.terminals
        return {name: terminal.readers[0] for name, terminal in places.items() if terminal.readers}

    def _away(self, why: str) -> None:
        self.turned_away[why] = self.turned_away.get(why, 0) + 1


def streams(plan: Plan, users: Users) -> tuple[Stream, ...]:
    """The arrivals of a site's workflows: compartments of a bank are shared between those that use it."""
    banks = {place.bank for place in plan.compartments}
    uses = {name: sorted(_words(machine) & banks) for name, (machine, _) in plan.workflows.items()}
    found = []
    for name, (machine, _) in plan.workflows.items():
        sells = any(_assigns_product(call) for state in machine.states.values() for call in state.enter)
        boxes = [
            place for place in plan.compartments
            if place.bank in (uses[name] or banks) and (place.product is not None) == sells
        ]
        sharing = [
            other for other in uses if set(uses[other]) & set(uses[name]) or not uses[name]
        ]
        skus = {place.product for place in boxes}
        way = next((way for way in _WAYS if any(start.on == way for start in machine.start)), "")
        per_day = users.per_day.get(name, users.per_compartment * len(boxes) / max(1, _rivals(
            plan, sharing, uses, sells)))
        found.append(Stream(
            machine, way, per_day if way else 0.0, _terminal(plan, machine, uses[name]),
            tuple((str(place.size), str(place.thermal)) for place in boxes) or (("S", "ambient"),),
            tuple(product for product in plan.products if product.sku in skus) if sells else (),
            _members(plan, machine),
        ))
    return tuple(found)


def _members(plan: Plan, machine: Machine) -> tuple[access.PersonSpec, ...]:
    """Who may begin it with their tag; nobody where it is for everybody."""
    by_tag = [start for start in machine.start if start.on in ("tag", "code")]
    return tuple(
        person for person in plan.people
        if person.tags and any(not start.group or start.group in person.groups for start in by_tag)
    )


def _rivals(plan: Plan, names: list[str], uses: Mapping[str, Any], sells: bool) -> int:
    """How many workflows draw on the same kind of compartment."""
    return sum(
        1 for name in names
        if sells == any(
            _assigns_product(call)
            for state in plan.workflows[name][0].states.values() for call in state.enter
        )
    )


def _terminal(plan: Plan, machine: Machine, banks: list[str]) -> str:
    named = str(machine.inputs.get("terminal") or "")
    if named in plan.places.terminals:
        return named
    serving = [name for name, place in plan.places.terminals.items() if set(place.banks) & set(banks)]
    return next(iter(serving or list(plan.places.terminals)), "")


def _words(machine: Machine) -> set[str]:
    return {value for value in machine.inputs.values() if isinstance(value, str)}


def _assigns_product(call: StepCall) -> bool:
    nested: Callable[[StepCall], bool] = _assigns_product
    return (call.type == "assign" and "product" in call.args) or any(
        nested(inner) for case in call.cases for inner in case.do
    )
