"""A site on the virtual clock: the real store, runner and blueprints over devices that do as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from hub import access, commerce, custody, desk
from hub.api import Driver, InDoubt, NotSent, Rejected
from hub.core.bus import EventBus
from hub.core.commands import Actor, Answer, Command
from hub.core.entropy import SeededEntropy
from hub.core.supervisor import Supervisor
from hub.core.virtual import run_virtual
from hub.effects.records import effects_of, in_doubt
from hub.effects.runner import EffectRunner
from hub.effects.supplies import Supply, SupplyGates
from hub.model.effects import Intent, JsonMap, Rail, Receipt, Resolution
from hub.model.money import Money
from hub.model.observations import CodeRead, DoorSeen, KeysEntered
from hub.model.states import Door, EffectKind, Method, Size, Thermal
from hub.plugins.guard import DeviceGuard
from hub.store import Store
from hub.store.cursors import read_stream
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import records
from hub.workflows.run.desk import Desk
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.presentations import Told
from hub.workflows.run.service import Handovers, Order
from hub.workflows.run.words import Words

BLUEPRINTS = Path(__file__).parents[3] / "blueprints"
START = 1_790_000_000_000_000
SUPERVISOR = Actor("token:desk", frozenset({"supervisor"}))


class ScriptedLock(Driver):
    """Doors 1 to 9. `script` holds what the next openings do: opens, stuck, unknown, rejected, not_sent."""

    doors = tuple("123456789")

    def __init__(self) -> None:  # a scripted device needs no context
        self.script: list[str] = []
        self.sent: list[Intent] = []
        self.opened: list[str] = []
        self.released: list[str] = []
        self._last = ""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def door_state(self, door: str) -> Door:
        return Door.CLOSED

    def baseline(self, door: str) -> JsonMap:
        return {"state": "closed"}

    async def open(self, intent: Intent, deadline: float) -> Receipt:
        self._last = self.script.pop(0) if self.script else "opens"
        if self._last == "not_sent":
            raise NotSent("line down")
        self.sent.append(intent)
        if self._last == "rejected":
            raise Rejected("rejected")
        if self._last == "opens":
            self.opened.append(intent.target)
        if self._last == "unknown":
            raise InDoubt("no answer")
        return Receipt()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        if self._last == "opens":
            return Resolution.confirmed(level="door_sensor")
        if self._last == "stuck":
            return Resolution.refuted("no_motion")
        return Resolution.unknown("gap")

    async def outputs_off(self) -> None: ...

    async def release_now(self, door: str) -> None:
        self.released.append(door)


class ScriptedTerminal(Driver):
    """A payment terminal. `answers` holds what the next calls lead to, per kind; default: all goes well."""

    rail = Rail(query=False, hold=False, partial_capture=False, refund=False)

    def __init__(self) -> None:
        self.answers: dict[str, list[Resolution]] = {}
        self.calls: list[str] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def baseline(self, leg_id: str) -> JsonMap:
        return {}

    async def authorise(self, intent: Intent, deadline: float) -> Receipt:
        return self._called(intent)

    async def capture(self, intent: Intent, deadline: float) -> Receipt:
        return self._called(intent)

    async def void(self, intent: Intent, deadline: float) -> Receipt:
        return self._called(intent)

    async def cancel(self, leg_id: str) -> None: ...

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        waiting = self.answers.get(intent.kind.value, [])
        if waiting:
            return waiting.pop(0)
        return Resolution.confirmed(amount=intent.params["amount"])

    def _called(self, intent: Intent) -> Receipt:
        self.calls.append(intent.kind.value)
        return Receipt()


class FixedDevices:
    """Implements effects.Devices; `down` lists devices that do not serve."""

    def __init__(self, drivers: dict[str, Driver], clock: Any) -> None:
        self._drivers = drivers
        self._guards = {name: DeviceGuard(name, clock) for name in drivers}
        self.down: set[str] = set()

    def driver(self, device: str) -> Driver | None:
        return self._drivers.get(device)

    def guard(self, device: str) -> DeviceGuard:
        return self._guards[device]

    def serving(self, device: str) -> bool:
        return device in self._drivers and device not in self.down


class World:
    """Everything a test drives: orders, people at the terminal, doors, the desk, and what can be seen."""

    def __init__(self, clock: Any, store: Store) -> None:
        self.clock, self.store = clock, store
        self.lock, self.terminal = ScriptedLock(), ScriptedTerminal()
        self.devices = FixedDevices({"locks": self.lock, "card": self.terminal}, clock)
        self.bus = EventBus()
        self.told: list[Told] = []
        self.bus.listen(Told, self.told.append)
        places = Places({"front": TerminalPlace("front", ("scanner",), "card", ("main",))}, {}, "EUR")
        words = Words("Here", "Europe/Berlin")
        self.handovers = Handovers(store, clock, self.bus, self.devices, places, words)
        self.tasks = Supervisor()
        gates = SupplyGates({"psu": Supply("psu")}, {"locks": "psu"})
        self.effects = EffectRunner(
            clock, self.devices, gates, self.tasks, store.epoch, self.handovers.settle,
            in_doubt=lambda effect: store.read(lambda r: in_doubt(r, effect)),
        )
        self.handovers.attach(self.effects)
        self.people = Desk(store, clock, self.handovers, access.Policy.default())
        self.verbs, self.desk_verbs = self.people.verbs, self.people.desk_verbs

    async def begin(self, *, timers: bool = True) -> None:
        sizes = {1: None, 2: None, 3: "cola", 4: "cola"}
        specs = [
            custody.CompartmentSpec("main", f"A{n}", "locks", str(n), Size.M, Thermal.AMBIENT, product=sku)
            for n, sku in sizes.items()
        ]
        cola = commerce.ProductSpec("cola", "Cola", Money(180, "EUR"), Size.S, Thermal.AMBIENT, "11")

        def sync(tx: Any) -> None:
            custody.sync_compartments(tx, specs, self.clock.now())
            commerce.sync_products(tx, [cola], self.clock.now())
            commerce.ensure_stock(tx, {"main/A3": 1, "main/A4": 1}, self.clock.now())

        await self.store.write(sync)
        pickup = compile_blueprint(BLUEPRINTS / "pickup.yaml", "parcels", {"bank": "main"})
        sale = compile_blueprint(BLUEPRINTS / "sale.yaml", "shop", {"bank": "main", "terminal": "front"})
        assert pickup.machine and sale.machine
        await self.handovers.offer({"parcels": (pickup.machine, ""), "shop": (sale.machine, "")})
        await self.handovers.load()
        if timers:
            self.tasks.spawn("timers", self.handovers.timers.run())

    async def end(self) -> None:
        await self.tasks.close()
        await self.store.close()

    async def settled(self, seconds: float = 30.0) -> None:
        """Let everything under way come to rest; doors and people stand still meanwhile."""
        await asyncio.sleep(seconds)

    async def order(self, **more: Any) -> str:
        item = {"sku": "parcel", "quantity": 1, "size": "M", "thermal": "ambient"}
        return await self.handovers.create(
            Order("parcels", (item,), more.pop("recipient", {"name": "Ada"}), **more)
        )

    async def ask(self, handover: str, verb: str, actor: Actor = SUPERVISOR, **body: Any) -> Answer:
        answer = await self.verbs(Command(f"handover.{verb}", actor, handover, body))
        await self.settled(3)
        return answer

    async def desk(self, verb: str, target: str, actor: Actor = SUPERVISOR, **body: Any) -> Answer:
        """A command on a compartment or an incident."""
        answer = await self.desk_verbs(Command(verb, actor, target, body))
        await self.settled(3)
        return answer

    async def approve(self, approval: str, actor: Actor = SUPERVISOR, **body: Any) -> Answer:
        """Agree to a request."""
        return await self._answered("approval.approve", approval, actor, body)

    async def deny(self, approval: str, actor: Actor = SUPERVISOR, **body: Any) -> Answer:
        """Do not agree to a request."""
        return await self._answered("approval.deny", approval, actor, body)

    async def _answered(self, verb: str, approval: str, actor: Actor, body: Any) -> Answer:
        answer = await self.people.approving(Command(verb, actor, approval, body))
        await self.settled(3)
        return answer

    async def requests(self) -> list[access.Approval]:
        """The open requests for approval, newest first."""
        return await self.store.read(lambda r: access.approval_page(r, only_open=True, limit=50))

    async def incident(self, kind: str) -> Any:
        """The one open incident of a kind."""
        found = await self.store.read(lambda r: desk.incidents(r, only_open=True))
        [one] = [incident for incident in found if incident.kind == kind]
        return one

    async def noted(self, stream: str, type: str) -> list[Any]:
        """The bodies of a stream's events of one type."""
        events = await self.store.read(lambda r: read_stream(r, stream, 0, 1000))
        return [event.body for event in events if event.type == type]

    async def door(self, number: str, state: Door, *, commanded: bool = True) -> None:
        await self.handovers.observe(DoorSeen("locks", number, state, commanded))
        await self.settled(1)

    async def use_door(self, number: str) -> None:
        await self.door(number, Door.OPEN)
        await self.door(number, Door.CLOSED)

    async def waiting(self, **more: Any) -> tuple[str, str, str]:
        """An order that is loaded and announced: handover id, PIN, QR text."""
        handover = await self.order(**more)
        await self.ask(handover, "load")
        await self.use_door(await self.door_of(handover))
        pin, code = await self.secrets()
        return handover, pin, code

    async def secrets(self) -> tuple[str, str]:
        messages = await self.store.read(lambda r: desk.due_messages(r, self.clock.now()))
        latest = [m for m in messages if m.pin][-1]
        assert latest.pin and latest.code
        return latest.pin, latest.code

    async def key(self, text: str) -> Told:
        await self.handovers.observe(KeysEntered("scanner", text))
        await self.settled(2)
        return self.told[-1]

    async def scan(self, text: str) -> Told:
        await self.handovers.observe(CodeRead("scanner", text, Method.QR))
        await self.settled(2)
        return self.told[-1]

    async def state(self, handover: str) -> str:
        return (await self.snapshot(handover)).state

    async def snapshot(self, handover: str) -> Any:
        return await self.store.read(lambda r: records.load(r, handover))

    async def door_of(self, handover: str) -> str:
        compartment = (await self.snapshot(handover)).vars["allocation"]["compartment"]
        return (await self.compartment(compartment)).door_name

    async def compartment(self, name: str) -> Any:
        return await self.store.read(lambda r: custody.compartment(r, name))

    async def incidents(self) -> list[str]:
        found = await self.store.read(lambda r: desk.incidents(r, only_open=True))
        return [incident.kind for incident in found]

    async def openings(self, handover: str) -> list[str]:
        effects = await self.store.read(lambda r: effects_of(r, handover))
        return [e["state"] for e in effects if e["kind"] == EffectKind.OPEN]

    async def legs(self, handover: str) -> list[Any]:
        return await self.store.read(lambda r: commerce.legs_of(r, handover))

    async def journal(self) -> list[str]:
        rows = await self.store.read(lambda r: r.execute("SELECT type FROM journal ORDER BY seq").fetchall())
        return [row[0] for row in rows]


@pytest.fixture
def world() -> Callable[[Callable[[World], Coroutine[Any, Any, None]]], None]:
    """Run `main(world)` on the virtual clock over an in-memory store."""

    def run(main: Callable[[World], Coroutine[Any, Any, None]]) -> None:
        async def inside(clock: Any) -> None:
            site = World(clock, await Store.open(":memory:", clock, SeededEntropy(7)))
            await site.begin()
            try:
                await main(site)
            finally:
                await site.end()

        run_virtual(inside, START)

    return run


@pytest.fixture
def make_world() -> Callable[..., World]:
    """Build a world by hand, for tests that restart the hub over one database."""
    return World
