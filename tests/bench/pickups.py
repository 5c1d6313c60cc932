"""Drives the shipped pickup blueprint through the real runner, with locks that obey at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from hub import access, custody
from hub.api import Driver
from hub.config import SiteNames
from hub.config.shipped import shipped
from hub.core.bus import EventBus
from hub.core.clock import Clock, SystemClock
from hub.core.commands import Accepted, Actor, Command
from hub.core.entropy import SystemEntropy
from hub.core.supervisor import Supervisor
from hub.effects.runner import EffectRunner
from hub.effects.supplies import SupplyGates
from hub.model.effects import Intent, JsonMap, Receipt, Resolution
from hub.model.observations import DoorSeen
from hub.model.states import Door, Size, Thermal
from hub.plugins.guard import DeviceGuard
from hub.store import Reader, Store
from hub.workflows.compile import compile_blueprint
from hub.workflows.run.desk import Desk
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.service import Changed, Handovers, Order
from hub.workflows.run.words import Words

T = TypeVar("T")
_STAFF = Actor("token:bench", frozenset({"api.operate"}))
_ITEM = {"sku": "book", "quantity": 1, "size": "M", "thermal": "ambient"}
_DOOR = (
    "SELECT c.door_name FROM allocation AS a JOIN compartment AS c ON c.id = a.compartment "
    "WHERE a.handover_id = ?"
)
_MOVED = "SELECT count(*) FROM journal WHERE type = 'handover.moved'"
_OLDEST = "SELECT id FROM handover WHERE state = 'waiting' ORDER BY number LIMIT 1"


class Locks(Driver):
    """Doors that open when they are told to."""

    def __init__(self, doors: int) -> None:
        self.doors = tuple(str(number) for number in range(doors))

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def door_state(self, door: str) -> Door:
        return Door.CLOSED

    def baseline(self, door: str) -> JsonMap:
        return {"state": "closed", "boot": "bench", "run": 1, "sample": 1}

    async def open(self, intent: Intent, deadline: float) -> Receipt:
        return Receipt()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        return Resolution.confirmed(level="door_sensor", run=1, sample=2)

    async def outputs_off(self) -> None:
        pass

    async def release_now(self, door: str) -> None:
        pass


class OneDevice:
    """A site with one lock bank, always serving."""

    def __init__(self, locks: Locks, clock: Clock) -> None:
        self._locks = locks
        self._guard = DeviceGuard("locks", clock)

    def driver(self, device: str) -> Driver:
        return self._locks

    def guard(self, device: str) -> DeviceGuard:
        return self._guard

    def serving(self, device: str) -> bool:
        return True


class Pickups:
    """A site without wires: the store, the workflow runner and the effect runner are the hub's own.

    `waits` collects, for each event handed in, the seconds until its commit.
    """

    def __init__(self, store: Store, clock: Clock, doors: int) -> None:
        self.store = store
        self.waits: list[float] = []
        self._clock = clock
        bus = EventBus()
        devices = OneDevice(Locks(doors), clock)
        places = Places({"front": TerminalPlace("front", ("scanner",), "", ("main",))})
        self.handovers = Handovers(store, clock, bus, devices, places, Words("Bench", "Europe/Berlin"))
        self._tasks = Supervisor()
        self.handovers.attach(EffectRunner(
            clock, devices, SupplyGates({}, {}), self._tasks, store.epoch, self._settle
        ))
        self._verbs = Desk(store, clock, self.handovers, access.Policy.default()).verbs
        self._reached: dict[str, asyncio.Queue[str]] = {}
        bus.listen(Changed, self._changed)

    @classmethod
    async def open(cls, database: Path, doors: int) -> Pickups:
        """A new site with `doors` compartments."""
        clock = SystemClock()
        site = cls(await Store.open(database, clock, SystemEntropy()), clock, doors)
        compiled = compile_blueprint(
            shipped("blueprints") / "pickup.yaml", "parcels", {"bank": "main"}, SiteNames()
        )
        assert compiled.machine is not None, compiled.problems.render()
        await site.handovers.offer({"parcels": (compiled.machine, "")})
        specs = [
            custody.CompartmentSpec("main", f"A{door}", "locks", str(door), Size.M, Thermal.AMBIENT)
            for door in range(doors)
        ]
        await site.store.write(lambda tx: custody.sync_compartments(tx, specs, clock.now()))
        return site

    async def close(self) -> None:
        """Stop everything."""
        await self._tasks.close()
        await self.store.close()

    async def transitions(self) -> int:
        """How many times a handover has entered a state."""

        def read(reader: Reader) -> int:
            return int(reader.execute(_MOVED).fetchone()[0])

        return await self.store.read(read)

    async def to_waiting(self) -> tuple[str, str]:
        """One order, assigned, loaded and announced; its id and its door."""
        order = Order("parcels", items=(_ITEM,), recipient={"name": "Ada"})
        handover = await self._timed(self.handovers.create(order))
        self._reached[handover] = asyncio.Queue()
        await self._command("load", handover)
        await self._until(handover, "being_loaded")
        door = await self.store.read(lambda r: str(r.execute(_DOOR, (handover,)).fetchone()[0]))
        await self._door(door)
        return handover, door

    async def whole(self) -> None:
        """One pickup from the order to the recipient's closing the door: ten transitions."""
        handover, door = await self.to_waiting()
        await self._command("open", handover)
        await self._until(handover, "collecting")
        await self._door(door)
        del self._reached[handover]

    async def open_oldest(self) -> None:
        """Open the door of the handover that waits longest."""
        await self._command("open", await self.store.read(lambda r: str(r.execute(_OLDEST).fetchone()[0])))

    async def _command(self, verb: str, handover: str) -> None:
        answer = await self._timed(self._verbs(Command(f"handover.{verb}", _STAFF, handover)))
        assert isinstance(answer, Accepted), answer

    async def _door(self, door: str) -> None:
        await self._timed(self.handovers.observe(DoorSeen("locks", door, Door.OPEN)))
        await self._timed(self.handovers.observe(DoorSeen("locks", door, Door.CLOSED)))

    async def _settle(self, intent: Intent, resolution: Resolution) -> None:
        await self._timed(self.handovers.settle(intent, resolution))

    async def _timed(self, work: Awaitable[T]) -> T:
        began = time.perf_counter()
        result = await work
        self.waits.append(time.perf_counter() - began)
        return result

    async def _until(self, handover: str, state: str) -> None:
        while await self._reached[handover].get() != state:
            pass

    def _changed(self, change: Changed) -> None:
        queue = self._reached.get(change.handover_id)
        if queue is not None:
            queue.put_nowait(change.state)
