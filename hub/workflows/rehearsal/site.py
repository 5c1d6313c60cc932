"""A running hub over the ground: begins, is killed, begins again; people and the desk act on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from hub import access, commerce, custody
from hub.core.bus import EventBus
from hub.core.clock import SECOND, Clock
from hub.core.commands import Actor, Answer, Command, CommandPort
from hub.core.entropy import Entropy
from hub.core.supervisor import Supervisor
from hub.effects.records import doubtful, in_doubt, open_intents
from hub.effects.runner import REPEATED, EffectRunner
from hub.effects.supplies import SupplyGates
from hub.model.effects import Intent, Resolution
from hub.model.observations import CodeRead, DoorSeen, KeysEntered, Observation, TagRead
from hub.model.states import Door, Method
from hub.store import Reader, Store, StoreError, Tx
from hub.workflows.engine import Snapshot
from hub.workflows.rehearsal.devices import AgeReader, LetterBox, Locks, Motors, Shelf, Terminal
from hub.workflows.rehearsal.ground import Ground
from hub.workflows.rehearsal.memory import Memory
from hub.workflows.rehearsal.plan import LETTERS, Plan
from hub.workflows.rehearsal.weather import Weather
from hub.workflows.run import records
from hub.workflows.run.desk import Desk
from hub.workflows.run.messages import MessageDelivery
from hub.workflows.run.presentations import Told
from hub.workflows.run.service import Changed, Handovers, Order

_LOG = logging.getLogger(__name__)
_STEP = 0.05
_INSTANT = 1e-8
#: Seconds between looks for what nobody told of: the virtual clock is never set.
_LONG, _RETRY = 3600.0, 600.0
_POST = 20.0
T = TypeVar("T")


class Rehearsal:
    """One synthetic site. `begin` starts its hub, `kill` cuts the hub's power, `end` lets go of everything.

    `wrap` may replace database steps of each new hub, for steps that shall fail; `grouped` is for long ones.
    """

    def __init__(
        self, plan: Plan, ground: Ground, clock: Clock, entropy: Entropy, *,
        wrap: Callable[[dict[str, Any]], None] | None = None, grouped: bool = False,
    ) -> None:
        self.plan = plan
        self.ground = ground
        self.clock = clock
        self.memory = Memory(entropy, grouped=grouped)
        self.weather = Weather(plan.places, ground)
        self.told: list[Told] = []
        self._wrap = wrap
        self._grouped = grouped
        self._round: asyncio.TimerHandle | None = None
        self._listeners: list[tuple[type[Any], Callable[[Any], None]]] = []
        self.alive = False
        self._news = asyncio.Event()
        self._lives = 0
        self.store: Store
        self.bus: EventBus
        self.handovers: Handovers
        self.effects: EffectRunner
        self.commands: CommandPort
        self.tasks: Supervisor
        self.shelf: Shelf

    def listen(self, kind: type[T], listener: Callable[[T], None]) -> None:
        """Hear what the hub fires, in every life of it. Called before `begin`."""
        self._listeners.append((kind, listener))

    # The hub's life

    async def begin(self) -> None:
        """Start the hub over what the database holds."""
        self.store = await self.memory.open(self.clock)
        self._build()
        at = self.clock.now()
        await self.store.write(lambda tx: self._sync(tx, at))
        await self.handovers.offer(self.plan.workflows)
        await self.handovers.load()
        self.handovers.timers.longest, self.messages.pause = _LONG, _RETRY
        self.ground.hears = self._hear
        if self._lives:
            await self._recover()
        self._lives += 1
        self.alive = True
        self.tasks.spawn("timers", self.handovers.timers.run())
        self.tasks.spawn("messages", self.messages.run())
        self.tasks.spawn("weather", self.weather.run())

    async def kill(self) -> None:
        """The power goes: nothing that runs ends well, what is committed stays."""
        self.ground.hears, self.alive = None, False
        await self.tasks.close()
        await self.store.close()

    async def end(self) -> None:
        """Stop everything and forget it."""
        await self.kill()
        self.memory.forget()

    def _build(self) -> None:
        plan, clock = self.plan, self.clock
        self.bus = EventBus()
        self.bus.listen(Told, self.told.append)
        for kind, listener in self._listeners:
            self.bus.listen(kind, listener)
        self.tasks = Supervisor()
        self.shelf = Shelf(self._drivers(), self.ground, clock)
        self.handovers = Handovers(self.store, clock, self.bus, self.shelf, plan.places, plan.words)
        self.effects = EffectRunner(
            clock, self.shelf, SupplyGates(plan.supplies, plan.device_supply), self.tasks, self.store.epoch,
            self._settle, in_doubt=self._in_doubt,
        )
        self.handovers.attach(self.effects)
        if self._wrap is not None:
            self._wrap(self.handovers.executors.table)
        self.messages = MessageDelivery(self.store, clock, self.shelf, LETTERS)
        self.bus.listen(Changed, self._post)
        self.commands = CommandPort()
        Desk(self.store, clock, self.handovers, plan.policy).register(self.commands)

    def _drivers(self) -> dict[str, Any]:
        ground, clock, plan = self.ground, self.clock, self.plan
        payments = sorted({t.payment for t in plan.places.terminals.values() if t.payment})
        return {
            **{name: Locks(name, doors, ground, clock) for name, doors in plan.boards.items()},
            **{name: Motors(name, ground, clock) for name in plan.motors},
            **{name: Terminal(name, ground, clock) for name in payments},
            **{name: AgeReader(name, ground, clock) for name in plan.verifiers},
            LETTERS: LetterBox(LETTERS, ground, clock),
        }

    def _sync(self, tx: Tx, at: int) -> None:
        custody.sync_compartments(tx, self.plan.compartments, at)
        commerce.sync_products(tx, self.plan.products, at)
        commerce.ensure_stock(tx, self.plan.stock, at)
        custody.sync_assets(tx, self.plan.assets, at)
        access.sync_people(tx, self.plan.people, at)

    async def _recover(self) -> None:
        """What a device manager does at a start: doors are read, open intents get their verdict."""
        for place in self.plan.compartments:
            if place.door_device in self.plan.boards:
                seen = self.ground.seen(place.door_device, place.door)
                await self.handovers.observe(DoorSeen(place.door_device, place.door, seen))
        for device in sorted(self._drivers()):
            for intent in await self.store.read(partial(open_intents, device=device)):
                resolution = await self.effects.recover(intent)
                if resolution is not None:
                    await self.effects.report(intent, resolution)
        for intent in await self.store.read(lambda r: doubtful(r, REPEATED)):
            self.effects.chase(intent)

    async def _in_doubt(self, effect_id: str) -> bool:
        return await self.store.read(lambda r: in_doubt(r, effect_id))

    def _post(self, _: Changed) -> None:
        """There may be letters; in a long rehearsal the postman comes every few seconds only."""
        if not self._grouped:
            self.messages.nudge()
        elif self._round is None:
            self._round = asyncio.get_running_loop().call_later(_POST, self._nudge)

    def _nudge(self) -> None:
        self._round = None
        self.messages.nudge()

    async def _settle(self, intent: Intent, resolution: Resolution) -> None:
        await self.handovers.settle(intent, resolution)
        self._news.set()

    def _hear(self, seen: Observation) -> None:
        self.tasks.spawn("observe", self._keep(seen))

    async def _keep(self, seen: Observation) -> None:
        try:
            await self.handovers.observe(seen)
        except StoreError as error:
            _LOG.error("%s was not recorded: %s", seen, error)

    # Time

    async def until(self, at: int) -> None:
        """Let time pass up to `at` (UTC microseconds)."""
        left = (at - self.clock.now()) / SECOND
        if left > 0:
            await asyncio.sleep(left)
        await self.rest()

    async def rest(self) -> None:
        """Let everything happen that is due at this very moment: virtual time moves when nothing else can."""
        await asyncio.sleep(_INSTANT)

    async def quiet(self) -> None:
        """Let time pass until no act is under way."""
        await self.rest()
        while self.effects.in_flight:
            self._news.clear()
            try:
                async with asyncio.timeout(_STEP):
                    await self._news.wait()
            except TimeoutError:
                continue
            await self.rest()

    # What people and programs do

    async def create(self, order: Order, *, start: str = "api") -> str:
        """Begin a handover; returns its id. Raises UnknownWorkflow, ReferenceTaken."""
        return await self.handovers.create(order, start=start)

    async def call(self, verb: str, target: str, actor: Actor, body: Mapping[str, Any]) -> Answer:
        """Ask the desk or the API for something."""
        return await self.commands.call(Command(verb, actor, target, dict(body)))

    async def present(self, reader: str, method: Method | str, text: str) -> Told:
        """Somebody keys, shows or taps something; what the terminal says to it."""
        seen: Observation
        if method == Method.PIN:
            seen = KeysEntered(reader, text)
        elif method == Method.TAG:
            seen = TagRead(reader, text)
        else:
            seen = CodeRead(reader, text, Method(method))
        before = len(self.told)
        await self.handovers.observe(seen)
        return self.told[-1] if len(self.told) > before else Told("", "")

    async def observe(self, seen: Observation) -> None:
        """A device reports something else."""
        await self.handovers.observe(seen)

    def door(self, device: str, door: str, state: Door, *, commanded: bool = True) -> None:
        """A hand moves a door."""
        self.ground.move(device, door, state, commanded=commanded)

    # What can be seen

    async def read(self, fn: Callable[[Reader], T]) -> T:
        """Read the database."""
        return await self.store.read(fn)

    async def snapshot(self, handover: str) -> Snapshot:
        """Where a handover stands."""
        return await self.store.read(lambda r: records.load(r, handover))
