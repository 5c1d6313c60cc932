"""What happens in a case, done to the rehearsed site: people, doors, the desk, power cuts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hub import custody, desk
from hub.core.commands import Actor, Refused
from hub.model.failures import StepFailed
from hub.model.observations import FaultCleared, FaultRaised
from hub.model.states import Door, FaultKind, Method
from hub.store import Reader
from hub.workflows import expressions
from hub.workflows.cases.parse import FIRST, Case, Happening
from hub.workflows.cases.shapes import When
from hub.workflows.cases.stage import (
    ADA,
    CARD,
    CURRENCY,
    READER,
    board,
    items_of,
    motors,
    people_of,
    thermometer,
)
from hub.workflows.cases.trace import TraceLine
from hub.workflows.engine import Event, EventClass, step
from hub.workflows.rehearsal import Letter, Rehearsal
from hub.workflows.rehearsal.orders import order_of
from hub.workflows.rehearsal.plan import LETTERS
from hub.workflows.rehearsal.weather import fine, wrong
from hub.workflows.run.service import Order, UnknownWorkflow

_WRONG = "000000"
_FAULTS = {
    "breach": FaultKind.THERMAL_BREACH, "warning": FaultKind.THERMAL_WARNING, "silent": FaultKind.OFFLINE,
}
_NEW = "SELECT id FROM handover ORDER BY created, rowid"
_OPENED = "SELECT stream FROM journal WHERE type = 'incident.opened' ORDER BY seq"
_OF_MESSAGE = "SELECT handover_id FROM message WHERE id = ?"


class Player:
    """Acts a case out. `handovers` maps the case's names to ids; `told` is why the terminal refused last."""

    def __init__(self, case: Case, site: Rehearsal) -> None:
        self._case = case
        self._site = site
        self.handovers: dict[str, str] = {}
        self.told = ""
        self.refused: list[str] = []
        self.notes: list[TraceLine] = []
        self._acts: Mapping[str, Callable[[Happening], Awaitable[None]]] = {
            "command": self._command, "credential": self._credential, "door": self._door,
            "desk": self._desk, "extend": self._extend, "start": self._start, "restart": self._restart,
            "thermal": self._thermal, "fact": self._fact, "tag": self._tag, "code": self._code,
            "keys": self._keys, "approve": self._approve, "deny": self._approve,
            "offline": self._line, "online": self._line,
        }

    async def act(self, one: Happening) -> None:
        """Let it happen."""
        await self._acts[one.action](one)

    async def adopt(self, name: str) -> None:
        """A handover that has just begun gets the name that the case uses for it."""
        known = set(self.handovers.values())
        rows = await self._site.read(lambda r: r.execute(_NEW).fetchall())
        for (handover,) in rows:
            if handover not in known:
                label = name if name not in self.handovers else f"handover {len(self.handovers) + 1}"
                self.handovers[label] = handover

    # Beginnings

    async def start_first(self) -> None:
        """The handover that the case is about begins the way its blueprint names first."""
        machine = self._case.compiled.machine
        assert machine is not None
        kinds = [start.on for start in machine.start]
        if kinds and kinds[0] in ("api", "selection", "desk"):
            await self._begin(kinds[0], self._case.given)
            await self._site.rest()
            await self.adopt(FIRST)

    async def _start(self, one: Happening) -> None:
        given = {**self._case.given, **one.more.get("order", {})}
        if "item" in one.more.get("order", {}):
            given.pop("items", None)
        if one.value == "tag":
            await self._site.present(READER, Method.TAG, self._tag_of(str(one.more.get("by", ADA))))
        elif one.value != "schedule":
            await self._begin(one.value, given, one.more.get("data", {}))

    async def _begin(self, how: str, given: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> None:
        if how == "selection":
            told = await self._site.present(READER, Method.PIN, str(given.get("selection", 1)))
            self._hear(told.code)
            return
        try:
            await self._site.create(self._order(how, given, more or {}), start=how)
        except (UnknownWorkflow, StepFailed) as error:
            self._refuse("start", type(error).__name__)

    def _order(self, how: str, given: Mapping[str, Any], more: Mapping[str, Any]) -> Order:
        now, start = self._site.clock.now(), self._case.start
        window = {key: now + after for key, after in given.get("window", {}).items()}
        machine = self._case.compiled.machine
        assert machine is not None
        due = given.get("due")
        leg = None
        if "price" in given:
            leg = {"amount": given["price"], "currency": CURRENCY, "item": int(given.get("selection", 1))}
        return order_of(
            machine.workflow, items_of(given),
            given.get("recipient", {"ref": ADA, **_contact(people_of(self._case)[ADA])}),
            f"order-{len(self.handovers) + 1}", window=window,
            terminal=next((one.terminal for one in machine.start if one.on == how), ""), leg=leg,
            depositor=given.get("depositor"),
            data={**given.get("data", {}), **more} or None,
            paid={"currency": CURRENCY, **given["paid"]} if "paid" in given else None,
            due=due.of(start, now, self._case.zone) if isinstance(due, When) else None,
        )

    # People at the terminal

    async def _credential(self, one: Happening) -> None:
        method = str(one.value)
        if method == "wrong":
            told = await self._site.present(READER, Method.PIN, _WRONG)
        elif method == Method.TAG:
            told = await self._site.present(READER, Method.TAG, self._tag_of(self._who(one)))
        else:
            letter = await self._letter(one, method)
            text = (letter.pin if method == Method.PIN else letter.code) if letter else None
            told = await self._site.present(
                READER, Method.PIN if text is None else method, text or _WRONG
            )
        self._hear(told.code)

    def _who(self, one: Happening) -> str:
        party = str(one.more.get("of", "recipient"))
        return str(self._case.given.get(party, {}).get("ref", ADA))

    async def _letter(self, one: Happening, method: str) -> Letter | None:
        """The latest message of this handover to that party with such a credential in it."""
        handover, who = self.handovers.get(one.handover, ""), self._who(one)
        letters = [
            letter for letter in self._site.ground.letters
            if (letter.pin if method == Method.PIN else letter.code)
        ]
        addressed = [letter for letter in letters if not one.more.get("of") or letter.to.get("ref") == who]

        def read(reader: Reader) -> Letter | None:
            for letter in reversed(addressed):
                row = reader.execute(_OF_MESSAGE, (letter.message_id,)).fetchone()
                if row is not None and row[0] == handover:
                    return letter
            return None

        return await self._site.read(read)

    async def _tag(self, one: Happening) -> None:
        self._hear((await self._site.present(READER, Method.TAG, self._tag_of(str(one.value)))).code)

    def _tag_of(self, key: str) -> str:
        """The tag of a person of the site, or the text itself."""
        tags = people_of(self._case).get(key, {}).get("tags", ())
        return str(tags[0]) if tags else key

    async def _code(self, one: Happening) -> None:
        self._hear((await self._site.present(READER, Method.BARCODE, str(one.value))).code)

    async def _keys(self, one: Happening) -> None:
        self._hear((await self._site.present(READER, Method.PIN, str(one.value))).code)

    def _hear(self, code: str) -> None:
        word, _, reason = code.partition(".")
        self.told = reason if word == "refused" else ""

    # Doors and devices

    async def _door(self, one: Happening) -> None:
        state = Door.CLOSED if one.value == "closes" else Door.OPEN
        place = await self._place(one.handover, self._compartment(one.more.get("compartment")))
        if place is None:
            self._note("door", {"door": one.value}, "no compartment is in hand")
            return
        if one.value == "breach":
            self._site.ground.doors[place.door_device, place.door_name] = Door.CLOSED
        self._site.door(place.door_device, place.door_name, state, commanded=one.value != "breach")

    def _compartment(self, named: str | None) -> str | None:
        """A compartment by its full name; a bare one is of the first bank."""
        if not named or "/" in named:
            return named
        return f"{next(iter(self._case.given['banks']))}/{named}"

    async def _place(self, handover: str, compartment: str | None) -> custody.Compartment | None:
        """The compartment that is named, else the one that the handover has in hand or had last."""
        key = self.handovers.get(handover, "")

        def read(reader: Reader) -> custody.Compartment | None:
            wanted = compartment
            if not wanted:
                had = custody.allocations_of(reader, key)
                standing = [one for one in had if one.live] or had
                wanted = standing[-1].compartment if standing else None
            return custody.compartment(reader, wanted) if wanted else None

        if not compartment and key:
            allocation = (await self._site.snapshot(key)).vars.get("allocation") or {}
            compartment = allocation.get("compartment")
        return await self._site.read(read)

    async def _thermal(self, one: Happening) -> None:
        bank = str(one.value.get("bank") or next(iter(self._case.given["banks"])))
        device, state = thermometer(bank), str(one.value.get("state", ""))
        ground, limits = self._site.ground, self._site.plan.places.climate.get(bank)
        if "celsius" in one.value:
            ground.air[device] = round(one.value["celsius"] * 1000)
        elif limits is not None and state in ("fine", "warm"):
            ground.air[device] = fine(limits) if state == "fine" else wrong(limits)
        if state == "fine":
            ground.dark.discard(device)
            for kind in _FAULTS.values():
                await self._site.observe(FaultCleared(device, kind))
        elif state in _FAULTS:
            await self._site.observe(FaultRaised(device, _FAULTS[state], "", f"{state} in a rehearsal"))
        if state == "silent":
            ground.dark.add(device)
        elif device in ground.air:
            self._site.weather.tell(device)

    async def _line(self, one: Happening) -> None:
        dark = one.action == "offline"
        for device in self._devices(str(one.value)):
            (self._site.ground.dark.add if dark else self._site.ground.dark.discard)(device)
            change = FaultRaised if dark else FaultCleared
            await self._site.observe(change(device, FaultKind.OFFLINE))

    def _devices(self, word: str) -> list[str]:
        banks = list(self._case.given.get("banks", {}))
        return {
            "locks": [board(bank) for bank in banks], "terminal": [CARD], "letters": [LETTERS],
            "motors": [motors(machine) for machine in self._case.given.get("machines", {})],
            "thermometer": [thermometer(bank) for bank in banks],
        }.get(word, [board(word) if word in banks else word])

    async def _restart(self, one: Happening) -> None:
        """The hub loses its power in the middle of whatever it does, and comes back."""
        await self._site.kill()
        if "down_for" in one.more:
            await self._site.until(self._site.clock.now() + one.more["down_for"])
        await self._site.begin()
        self._note("restart", {}, "the hub was killed and recovered")

    async def _fact(self, one: Happening) -> None:
        handover = self.handovers[one.handover]
        event = Event(str(one.value), EventClass.FACT, self._site.clock.now(), dict(one.more.get("data", {})))
        await self._site.store.write(lambda tx: self._site.handovers.engine.deliver(tx, handover, event))

    # The desk

    async def _command(self, one: Happening) -> None:
        word, body = one.value
        await self._ask(one, word, {**body, **one.more.get("data", {})})

    async def _approve(self, one: Happening) -> None:
        await self._ask(one, one.action, dict(one.more.get("data", {})), "supervisor/second")

    async def _extend(self, one: Happening) -> None:
        snapshot = await self._site.snapshot(self.handovers[one.handover])
        for name, micros in one.value.items():
            until = snapshot.deadlines.get(name, self._site.clock.now()) + micros
            await self._ask(one, "extend", {"deadline": name, "until": until})

    async def _ask(self, one: Happening, word: str, body: dict[str, Any], by: str = "") -> None:
        handover = self.handovers.get(one.handover, "")
        if "why" in one.more:
            body["why"] = one.more["why"]
        guards = await self._guards(handover, word, body)
        actor = _actor(str(one.more.get("by", by)))
        answer = await self._site.call(f"handover.{word}", handover, actor, body)
        if isinstance(answer, Refused):
            self.refused.append(word)
            self._note(f"command.{word}", body, f"not handled: {answer.reason}", guards, one.handover)

    async def _guards(self, handover: str, word: str, body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """What the guards say to a command, for the trace of one that is refused."""
        machine = self._case.compiled.machine
        if not handover or machine is None:
            return ()
        snapshot = await self._site.snapshot(handover)
        event = Event(f"command.{word}", EventClass.COMMAND, self._site.clock.now(), dict(body))
        return step(machine, snapshot, event, expressions.truth).guards

    async def _desk(self, one: Happening) -> None:
        handover, kind = self.handovers.get(one.handover, ""), one.more.get("incident", "")

        def open_ones(reader: Reader) -> list[desk.Incident]:
            wanted = [
                found for found in desk.incidents(reader, only_open=True)
                if kind in ("", found.kind) and found.handover_id in (handover, None)
            ]
            order = {row[0]: number for number, row in enumerate(reader.execute(_OPENED).fetchall())}
            return sorted(wanted, key=lambda one: (one.handover_id is not None, order[f"incident/{one.id}"]))

        found = await self._site.read(open_ones)
        if not found:
            self._note("desk", {"verdict": one.value}, "no such open incident")
            self.refused.append("resolve")
            return
        body = {"verdict": one.value, "why": one.more.get("why", "somebody looked")}
        actor = _actor(str(one.more.get("by", "")))
        answer = await self._site.call("incident.resolve", found[-1].id, actor, body)
        if isinstance(answer, Refused):
            self.refused.append("resolve")
            self._note("desk", {"verdict": one.value}, answer.reason)

    # Notes for the trace

    def _refuse(self, word: str, why: str) -> None:
        self.refused.append(word)
        self._note(word, {}, why)

    def _note(
        self, event: str, data: Mapping[str, Any], note: str, guards: tuple[tuple[str, str], ...] = (),
        handover: str = "",
    ) -> None:
        label = handover if len(self.handovers) > 1 else ""
        self.notes.append(TraceLine(
            self._site.clock.now(), event, data, guards, note=note, handover=label, seq=1 << 62
        ))


def _actor(by: str) -> Actor:
    """`ROLE` or `ROLE/person`; without one, a supervisor at the desk."""
    role, _, person = by.partition("/")
    return Actor(f"person:{person}" if person else "token:desk", frozenset({role or "supervisor"}))


def _contact(person: Mapping[str, Any]) -> dict[str, Any]:
    return {key: person[key] for key in ("name", "phone", "email") if key in person}
