"""The running workflows of a site: the one place where events enter and transactions begin."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub import access, commerce, desk
from hub.api import StepDefinition
from hub.core.bus import EventBus
from hub.core.clock import MINUTE, SECOND, Clock
from hub.effects.devices import Devices
from hub.effects.runner import EffectRunner
from hub.model.effects import Intent, Resolution
from hub.model.failures import StepFailed
from hub.model.observations import CodeRead, DoorSeen, KeysEntered, Observation, TagRead
from hub.store import Reader, Store, StoreError, Tx
from hub.workflows import expressions
from hub.workflows.engine import Event, EventClass, Snapshot, scope_of
from hub.workflows.machine import Machine
from hub.workflows.run import records, versions
from hub.workflows.run.advance import Engine
from hub.workflows.run.backlog import Backlog
from hub.workflows.run.executors import Executors, end
from hub.workflows.run.facts import Facts
from hub.workflows.run.intents import Intents
from hub.workflows.run.places import Places
from hub.workflows.run.presentations import Presentations, Presented, Told, is_selection, presented
from hub.workflows.run.settling import give_back_use, settle
from hub.workflows.run.thermal import Climate
from hub.workflows.run.timers import Timers
from hub.workflows.run.versions import Draft
from hub.workflows.run.words import Words

_LOG = logging.getLogger(__name__)
#: When a timer is tried again after the disk took no writes, and after a failure of our own.
_SOON, _LATER = 5 * SECOND, MINUTE
_NO_STEPS: Mapping[str, StepDefinition] = {}


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow of the site as it is offered to new handovers."""

    machine: Machine
    digest: str

    def starts_on(self, what: str, terminal: str = "") -> bool:
        """Whether `what` at `terminal` begins a handover of it (S27)."""
        return any(s.on == what and s.terminal in ("", terminal) for s in self.machine.start)


@dataclass(frozen=True, slots=True)
class Order:
    """What a new handover is about. `order_ref` names the order that several handovers may belong to."""

    workflow: str
    items: tuple[Mapping[str, Any], ...] = ()
    recipient: Mapping[str, Any] = field(default_factory=dict)
    external_ref: str | None = None
    window: Mapping[str, int] = field(default_factory=dict)
    terminal: str = ""
    vars: Mapping[str, Any] = field(default_factory=dict)
    order_ref: str | None = None
    depositor: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """Fired on the bus after a handover's transition is durable."""

    handover_id: str
    workflow: str
    state: str
    status: str
    phase: str


class UnknownWorkflow(Exception):
    """The site offers no workflow of that name, or it does not start that way."""


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
        self._offered: dict[str, Workflow] = {}
        self._machines = records.Machines()
        self._effects: EffectRunner | None = None
        self.timers = Timers(clock, self._fire)
        self.executors = Executors(places, words)
        self.intents = Intents(devices, places, steps)
        self.engine = Engine(
            machines=self._machines, guards=expressions.truth, render=expressions.render, scope=scope_of,
            executors=self.executors.table, intend=self.intents,
            begin_effect=self._begin, arm=self.timers.arm, ended=end,
            changed=lambda snapshot: bus.fire(_changed(snapshot)), rested=give_back_use,
        )
        self.climate = Climate(store, clock, self.engine, places)
        table = self.executors.table
        table["transfer_custody"] = self.climate.watching(table["transfer_custody"])
        self.facts = Facts(self.engine)
        self.backlog = Backlog(store)
        self.presentations = Presentations(self.engine, places)

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
            return {
                name: Workflow(self._machines.get(tx, known[name].machine), known[name].machine)
                for name in drafts if name in known
            }

        kept = await self._store.write(write)
        self._offered = {**self._offered, **kept}

    def apply(
        self, tx: Tx, workflow: str, draft: Draft, at: int, *, who: str, why: str = ""
    ) -> str:
        """Give a version to new handovers once `tx` is durable; live ones keep theirs. Returns its hash."""
        digest = versions.apply(tx, self._machines, workflow, draft, at, who=who, why=why)
        given = Workflow(draft.machine, digest)

        def offered() -> None:
            self._offered = {**self._offered, workflow: given}

        tx.after_commit(offered)
        return digest

    async def load(self) -> int:
        """Take over stored timers; returns how many handovers are running."""
        timers, running = await self._store.read(lambda r: (records.all_timers(r), records.running(r)))
        await self.climate.load()
        self.timers.load(timers)
        return running

    @property
    def offered(self) -> Mapping[str, Workflow]:
        """The workflows that new handovers may use."""
        return self._offered

    async def create(
        self, order: Order, *, start: str = "api", also: Callable[[Tx, str], None] | None = None
    ) -> str:
        """Begin a handover and return its id. `also` runs in the same transaction (S39).

        Raises UnknownWorkflow, records.ReferenceTaken and StoreError.
        """
        workflow = self._offered.get(order.workflow)
        if workflow is None or not workflow.starts_on(start, order.terminal):
            raise UnknownWorkflow(order.workflow)
        at = self._clock.now()

        def write(tx: Tx) -> str:
            handover_id = self._insert(tx, workflow, order, start, at)
            if also is not None:
                also(tx, handover_id)
            return handover_id

        return await self._store.write(write)

    async def settle(self, intent: Intent, resolution: Resolution) -> None:
        """Store an effect's verdict with all that follows from it; uses the disk reserve if need be (S8)."""
        at = self._clock.now()
        try:
            await self._store.write(
                lambda tx: settle(tx, self.engine, intent, resolution, at), reserve=True
            )
        except StoreError:
            raise
        except Exception as error:
            _LOG.exception("The outcome of %s could not be handed over", intent.effect_id)
            if intent.handover_id is None:
                raise
            await self._broken(intent.handover_id, f"{intent.kind} {resolution.verdict}", error)

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
        try:
            if is_selection(seen):
                assert isinstance(seen, KeysEntered)
                told = await self._select(terminal.name, seen.keys)
            else:
                told = await self._credential(terminal.name, presented(seen))
        except StoreError as error:
            _LOG.error("Nothing can be opened now: %s", error)
            told = Told(terminal.name, "refused.out_of_order", detail=str(error))
        self._bus.fire(told)

    async def _credential(self, terminal: str, what: Presented) -> Told:
        at = self._clock.now()

        def write(tx: Tx) -> Told:
            return self.presentations.present(tx, terminal, what, at)

        return await self._store.write(write)

    async def _select(self, terminal: str, keys: str) -> Told:
        name = next((n for n, w in self._offered.items() if w.starts_on("selection", terminal)), None)
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

    def _insert(self, tx: Tx, workflow: Workflow, order: Order, start: str, at: int) -> str:
        handover_id = tx.new_id(at)
        person = access.remember_recipient(tx, dict(order.recipient), at) if order.recipient else None
        brings = access.remember_recipient(tx, dict(order.depositor), at) if order.depositor else None
        items: list[Any] = [
            {k: str(v) if k in ("size", "thermal") else v for k, v in item.items() if v is not None}
            for item in order.items
        ]
        values: dict[str, Any] = {
            "items": items, "item": items[0] if items else {}, "recipient_ref": person,
            "depositor_ref": brings, "external_ref": order.external_ref, "window": dict(order.window),
            "terminal": order.terminal, **order.vars,
        }
        snapshot = Snapshot(
            handover_id, order.workflow, workflow.digest,
            vars={key: value for key, value in values.items() if value not in (None, "")},
        )
        records.insert(tx, snapshot, person, order.external_ref, at)
        tx.journal(f"handover/{handover_id}", "handover.created", {
            "workflow": order.workflow, "machine": workflow.digest, "person": person, "items": items,
            "external_ref": order.external_ref, "window": dict(order.window), "start": start,
            "terminal": order.terminal, "vars": snapshot.vars,
        }, at)
        self._join(tx, handover_id, order, items, person, at)
        event = Event(f"start.{start}", EventClass.FACT, at)
        self.engine.start(tx, snapshot, event)
        return handover_id

    def _join(
        self, tx: Tx, handover_id: str, order: Order, items: list[Any], person: str | None, at: int
    ) -> None:
        """What somebody asked for belongs to an order; a handover about nothing of that kind does not."""
        if not items and order.order_ref is None:
            return
        try:
            paid = commerce.Paid.of(order.vars.get("paid"))
        except StepFailed:
            paid = None  # the blueprint hears of it when it asks for the money
        commerce.join_order(
            tx, handover_id, items, self._places.currency, at, reference=order.order_ref, person_ref=person,
            paid=paid,
        )

    async def _fire(self, handover_id: str, name: str, due: int) -> None:
        at = max(self._clock.now(), due)

        def write(tx: Tx) -> None:
            if records.take_timer(tx, handover_id, name, at):
                self.engine.deliver(tx, handover_id, Event(name, EventClass.INTERNAL, at))

        try:
            if self.climate.concerns(name):
                await self.climate.fire(handover_id, name, at)
            else:
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
        try:
            await self._store.write(lambda tx: desk.open_incident(
                tx, "workflow_failed", at, urgency="high", handover_id=handover_id, detail=detail
            ))
        except StoreError as blocked:
            _LOG.error("The failure of %s could not be recorded: %s", handover_id, blocked)

    def _begin(self, intent: Intent) -> None:
        assert self._effects is not None
        self._effects.begin(intent)


def _changed(snapshot: Snapshot) -> Changed:
    return Changed(
        snapshot.handover_id, snapshot.workflow, snapshot.state, snapshot.status, snapshot.phase
    )


__all__ = ["Changed", "Handovers", "Order", "StepFailed", "UnknownWorkflow", "Workflow"]
