"""The running workflows of a site: the one place where events enter and transactions begin."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import msgspec

from hub import commerce, desk
from hub.api import StepDefinition
from hub.core.bus import EventBus
from hub.core.clock import MINUTE, SECOND, Clock
from hub.effects.devices import Devices
from hub.effects.runner import EffectRunner
from hub.model.effects import Intent, Resolution
from hub.model.failures import StepFailed
from hub.model.observations import CodeRead, DoorSeen, KeysEntered, Observation, TagRead
from hub.model.states import EffectKind, Verdict
from hub.store import Reader, Store, StoreError, Tx
from hub.workflows import expressions
from hub.workflows.engine import Event, EventClass, Snapshot, scope_of
from hub.workflows.machine import Machine
from hub.workflows.run import records, versions, visits
from hub.workflows.run.advance import Engine, Run
from hub.workflows.run.approvals import withdraw_left
from hub.workflows.run.backlog import Backlog
from hub.workflows.run.executors import Executors, end
from hub.workflows.run.facts import Facts
from hub.workflows.run.intents import Intents
from hub.workflows.run.places import Places
from hub.workflows.run.presentations import Presentations, Presented, Told, is_selection, presented
from hub.workflows.run.settling import give_back_use, settle
from hub.workflows.run.starting import Order, Starting, UnknownWorkflow, Workflow
from hub.workflows.run.thermal import Climate
from hub.workflows.run.timers import Timers
from hub.workflows.run.versions import Draft
from hub.workflows.run.words import Words

_LOG = logging.getLogger(__name__)
#: When a timer is tried again after the disk took no writes, and after a failure of our own.
_SOON, _LATER = 5 * SECOND, MINUTE
#: For how long a number that was keyed waits for the tag or code that belongs to it.
_KEYED = 30 * SECOND
_NO_STEPS: Mapping[str, StepDefinition] = {}


@dataclass(frozen=True, slots=True)
class Changed:
    """Fired on the bus after a handover's transition is durable."""

    handover_id: str
    workflow: str
    state: str
    status: str
    phase: str


class Handovers:
    """Creates handovers, hands them events, settles their effects. Everything durable goes through here."""

    def __init__(
        self, store: Store, clock: Clock, bus: EventBus, devices: Devices, places: Places, words: Words,
        steps: Mapping[str, StepDefinition] = _NO_STEPS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bus = bus
        self._places = places
        self._pending: dict[str, tuple[str, int]] = {}
        self._machines = records.Machines()
        self._effects: EffectRunner | None = None
        self.timers = Timers(clock, self._fire)
        self.executors = Executors(places, words)
        self.intents = Intents(devices, places, steps)
        self.engine = Engine(
            machines=self._machines, guards=expressions.truth, render=expressions.render, scope=scope_of,
            executors=self.executors.table, intend=self.intents,
            begin_effect=self._begin, arm=self.timers.arm, ended=end,
            changed=lambda snapshot: bus.fire(_changed(snapshot)), rested=_rest,
        )
        self.climate = Climate(store, clock, self.engine, places)
        table = self.executors.table
        table["transfer_custody"] = self.climate.watching(table["transfer_custody"])
        self.starting = Starting(self.engine, places.currency, self.timers.arm)
        self.presentations = Presentations(self.engine, places, self.starting, bus.fire)
        self.facts = Facts(self.engine, self.presentations.door_moved)
        self.backlog = Backlog(store)

    def attach(self, effects: EffectRunner) -> None:
        """The effect runner reports back to `settle`, so the two are joined after both exist."""
        self._effects = effects

    async def offer(self, machines: Mapping[str, tuple[Machine, str]]) -> None:
        """Apply compiled workflows (name -> machine and source text): new handovers get them at once."""
        at = self._clock.now()
        drafts = {name: Draft(machine, {name: source}) for name, (machine, source) in machines.items()}

        def write(tx: Tx) -> None:
            for name, draft in drafts.items():
                self.apply(tx, name, draft, at, who=versions.FIRST_START)

        await self._store.write(write)

    async def restore(self, drafts: Mapping[str, Draft | None]) -> None:
        """Go on with what is applied of the site's workflows; what never was applied is applied now.

        A draft is what the files say, None when they say nothing that could run.
        """
        at = self._clock.now()

        def write(tx: Tx) -> dict[str, Workflow]:
            known = versions.applied(tx)
            for name, draft in drafts.items():
                if name not in known and draft is not None:
                    self.apply(tx, name, draft, at, who=versions.FIRST_START)
            going_on = {
                name: Workflow(self._machines.get(tx, known[name].machine), known[name].machine)
                for name in drafts if name in known
            }
            for name, workflow in going_on.items():
                self.starting.await_openings(tx, name, workflow.machine, at)
            return going_on

        kept = await self._store.write(write)
        self.starting.offered = {**self.starting.offered, **kept}

    def apply(
        self, tx: Tx, workflow: str, draft: Draft, at: int, *, who: str, why: str = ""
    ) -> str:
        """Give a version to new handovers once `tx` is durable; live ones keep theirs. Returns its hash."""
        digest = versions.apply(tx, self._machines, workflow, draft, at, who=who, why=why)
        self.starting.await_openings(tx, workflow, draft.machine, at)
        given = Workflow(draft.machine, digest)

        def offered() -> None:
            self.starting.offered = {**self.starting.offered, workflow: given}

        tx.after_commit(offered)
        return digest

    async def load(self) -> int:
        """Take over stored timers; returns how many handovers are running."""
        timers, running, live = await self._store.read(
            lambda r: (records.all_timers(r), records.running(r), self._live_machines(r))
        )
        self.starting.listen(live)
        await self.climate.load()
        self.timers.load(timers)
        return running

    def _live_machines(self, reader: Reader) -> list[Machine]:
        found = []
        for digest in records.live_machines(reader):
            try:
                found.append(self._machines.get(reader, digest))
            except msgspec.DecodeError:  # its handovers cannot go on, all others can
                _LOG.error("Machine %s cannot be read", digest)
        return found

    @property
    def offered(self) -> Mapping[str, Workflow]:
        """The workflows that new handovers may use."""
        return self.starting.offered

    async def create(
        self, order: Order, *, start: str = "api", also: Callable[[Tx, str], None] | None = None
    ) -> str:
        """Begin a handover and return its id. `also` runs in the same transaction (S39).

        Raises UnknownWorkflow, records.ReferenceTaken and StoreError.
        """
        at = self._clock.now()

        def write(tx: Tx) -> str:
            handover_id = self.starting.begin(tx, order, start, at)
            if also is not None:
                also(tx, handover_id)
            return handover_id

        return await self._store.write(write)

    async def settle(self, intent: Intent, resolution: Resolution) -> None:
        """Store an effect's verdict with all that follows from it; uses the disk reserve if need be (S8)."""
        at = self._clock.now()
        try:
            await self._store.write(lambda tx: self._settle(tx, intent, resolution, at), reserve=True)
        except StoreError:
            raise
        except Exception as error:
            _LOG.exception("The outcome of %s could not be handed over", intent.effect_id)
            if intent.handover_id is None:
                raise
            await self._broken(intent.handover_id, f"{intent.kind} {resolution.verdict}", error)

    def _settle(self, tx: Tx, intent: Intent, resolution: Resolution, at: int) -> None:
        settle(tx, self.engine, intent, resolution, at)
        shut = intent.kind is EffectKind.OPEN and resolution.verdict is not Verdict.CONFIRMED
        if shut and intent.handover_id:
            self.presentations.go_on(tx, intent.handover_id, at)

    async def observe(self, seen: Observation) -> None:
        """Take in what a device reported."""
        if isinstance(seen, CodeRead | TagRead | KeysEntered):
            await self._present(seen)
            return
        at = self._clock.now()
        await self.climate.observe(seen, at)
        write = self.facts.writer(seen, at)
        if write is not None:
            subject = seen.door if isinstance(seen, DoorSeen) else getattr(seen, "target", "")
            await self.backlog.keep((seen.device, subject), write)

    async def _present(self, seen: CodeRead | TagRead | KeysEntered) -> None:
        terminal = self.presentations.terminal_of(seen.device)
        if terminal is None:
            _LOG.info("Reader %s belongs to no terminal; what it read is ignored", seen.device)
            return
        name = terminal.name
        try:
            told = await self._keyed(name, seen.keys) if isinstance(seen, KeysEntered) else None
            if told is None and is_selection(seen):
                assert isinstance(seen, KeysEntered)
                told = await self._select(name, seen.keys)
            elif told is None:
                told = await self._credential(name, presented(seen))
        except StoreError as error:
            _LOG.error("Nothing can be opened now: %s", error)
            told = Told(name, "refused.out_of_order", detail=str(error))
        self._bus.fire(told)

    async def _keyed(self, terminal: str, keys: str) -> Told | None:
        """A number that means something to a handover of the visit, or to what a tag or code begins next."""
        at = self._clock.now()
        if await self._store.read(lambda r: visits.visit_at(r, terminal, at)) is not None:
            told = await self._store.write(lambda tx: self.presentations.keyed(tx, terminal, keys, at))
            if told is not None:
                return told
        if not self.starting.awaits(keys, terminal):
            return None
        self._pending[terminal] = (keys, at + _KEYED)
        return Told(terminal, "awaiting", detail=keys)

    async def _credential(self, terminal: str, what: Presented) -> Told:
        at = self._clock.now()
        keys, until = self._pending.pop(terminal, ("", 0))
        asked = replace(what, keys=keys) if at < until else what
        return await self._store.write(lambda tx: self.presentations.present(tx, terminal, asked, at))

    async def _select(self, terminal: str, keys: str) -> Told:
        name = self.starting.find("selection", terminal)
        product = await self._store.read(lambda r: commerce.product_for_selection(r, keys))
        if name is None or product is None:
            return Told(terminal, "refused.no_such_selection", detail=keys)
        if await self._store.read(lambda r: self._busy(r, terminal)):
            return Told(terminal, "refused.busy")
        order = Order(
            name, terminal=terminal,
            items=({"sku": product.sku, "quantity": 1, "size": product.size, "thermal": product.thermal},),
            vars={
                "selection": keys,
                "leg": {
                    "amount": product.price.minor, "currency": product.price.currency,
                    "item": int(keys) if keys.isdecimal() else 0xFFFF,
                },
            },
        )
        return Told(terminal, "selected", await self.create(order, start="selection"), product.name)

    def _busy(self, reader: Reader, terminal: str) -> bool:
        """Whether an act is under way at the terminal, or its payment device waits for a decision."""
        payment = self._places.terminals[terminal].payment
        if payment and commerce.undecided_legs(reader, payment):
            return True
        return any(records.load(reader, found).effect_id for found in records.live_at(reader, terminal))

    async def _fire(self, handover_id: str, name: str, due: int) -> None:
        at = max(self._clock.now(), due)

        def write(tx: Tx) -> None:
            owner, slash, subject = handover_id.partition("/")
            if slash and owner == "visit":
                self.presentations.over(tx, subject, name, at)
            elif slash:
                self.starting.opened(tx, subject, name, at)
            elif records.take_timer(tx, handover_id, name, at):
                self.engine.deliver(tx, handover_id, Event(name, EventClass.INTERNAL, at))

        try:
            if self.climate.concerns(name):
                await self.climate.fire(handover_id, name, at)
            elif "/" in handover_id or await self._store.read(
                lambda r: records.timer_stands(r, handover_id, name)
            ):  # most timers were cancelled: their state was left
                await self._store.write(write)
        except StoreError as error:
            _LOG.error("Timer %s of %s waits for the disk: %s", name, handover_id, error)
            self.timers.arm(handover_id, name, at + _SOON)
        except Exception as error:  # noqa: BLE001  one handover must not stop the timers of all others
            _LOG.exception("Timer %s of %s failed", name, handover_id)
            self.timers.arm(handover_id, name, at + _LATER)
            await self._broken(handover_id, f"timer {name}", error)

    async def _broken(self, handover_id: str, what: str, error: Exception) -> None:
        """What the hub itself could not do with a handover becomes somebody's task."""
        at, detail = self._clock.now(), f"{what}: {type(error).__name__}"
        handover = None if "/" in handover_id else handover_id
        try:
            await self._store.write(lambda tx: desk.open_incident(
                tx, "workflow_failed", at, urgency="high", handover_id=handover,
                target="" if handover else handover_id, detail=detail,
            ))
        except StoreError as blocked:
            _LOG.error("The failure of %s could not be recorded: %s", handover_id, blocked)

    def _begin(self, intent: Intent) -> None:
        assert self._effects is not None
        self._effects.begin(intent)


def _rest(run: Run) -> None:
    """A handover comes to rest: what nobody needs any more is given back."""
    give_back_use(run)
    withdraw_left(run)


def _changed(snapshot: Snapshot) -> Changed:
    return Changed(
        snapshot.handover_id, snapshot.workflow, snapshot.state, snapshot.status, snapshot.phase
    )


__all__ = ["Changed", "Handovers", "Order", "StepFailed", "UnknownWorkflow", "Workflow"]
