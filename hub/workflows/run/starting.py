"""How handovers begin: what is offered, who may begin it where, and the row that a new one gets (S27)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub import access, commerce
from hub.model import schedules
from hub.model.failures import StepFailed
from hub.store import Tx
from hub.workflows.engine import Event, EventClass, Snapshot
from hub.workflows.machine import Machine, Start
from hub.workflows.run import records
from hub.workflows.run.advance import Engine
from hub.workflows.run.intents import VISIT

#: Who stands there begins it: the doors that it comes to are opened on that person's account.
_IN_PERSON = ("tag", "code", "desk")
#: Owner of the timers of a workflow that begins by schedule, followed by its name.
TIMERS = "start/"


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
    """What a new handover is about. `order_ref` names the order that several handovers may belong to.

    `by` is the person who began it in person, by reference.
    """

    workflow: str
    items: tuple[Mapping[str, Any], ...] = ()
    recipient: Mapping[str, Any] = field(default_factory=dict)
    external_ref: str | None = None
    window: Mapping[str, int] = field(default_factory=dict)
    terminal: str = ""
    vars: Mapping[str, Any] = field(default_factory=dict)
    order_ref: str | None = None
    depositor: Mapping[str, Any] = field(default_factory=dict)
    by: str | None = None


class UnknownWorkflow(Exception):
    """The site offers no workflow of that name, or it does not start that way."""


class Starting:
    """Begins handovers inside the caller's transaction."""

    def __init__(self, engine: Engine, currency: str, arm: Callable[[str, str, int], None]) -> None:
        self._engine = engine
        self._currency = currency
        self._arm = arm
        self._offered: Mapping[str, Workflow] = {}
        self._heard: frozenset[str] = frozenset()

    @property
    def offered(self) -> Mapping[str, Workflow]:
        """What new handovers may use."""
        return self._offered

    @offered.setter
    def offered(self, workflows: Mapping[str, Workflow]) -> None:
        self._offered = workflows
        self.listen(one.machine for one in workflows.values())

    def listen(self, machines: Iterable[Machine]) -> None:
        """Handovers run on these, though new ones may get others."""
        states = (state for machine in machines for state in machine.states.values())
        self._heard |= {name for state in states for name in state.on}

    def find(
        self, on: str, terminal: str, person: access.Identity | None = None, keys: str = ""
    ) -> str | None:
        """The workflow that `on` begins at a terminal, for a person who has keyed `keys`."""
        return next((
            name for name, start in self._starts(on, terminal)
            if start.keys == keys and (not start.group or (person and start.group in person.groups))
        ), None)

    def awaits(self, keys: str, terminal: str) -> bool:
        """Whether something begins there once these digits were keyed and a tag or code follows."""
        return any(
            start.keys == keys for on in ("tag", "code") for _, start in self._starts(on, terminal)
        )

    def hears(self, fact: str) -> bool:
        """Whether any workflow listens to a fact, among those that are offered or that still run."""
        return fact in self._heard

    def _starts(self, on: str, terminal: str) -> Iterator[tuple[str, Start]]:
        for name, workflow in self.offered.items():
            for start in workflow.machine.start:
                if start.on == on and start.terminal in ("", terminal):
                    yield name, start

    def begin(self, tx: Tx, order: Order, start: str, at: int) -> str:
        """Begin a handover and return its id. Raises UnknownWorkflow and records.ReferenceTaken."""
        workflow = self.offered.get(order.workflow)
        if workflow is None or not workflow.starts_on(start, order.terminal):
            raise UnknownWorkflow(order.workflow)
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
        if start in _IN_PERSON:
            values["grant"] = access.lend(tx, handover_id, order.by, at + VISIT, at)
        person = values["recipient_ref"]
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
        self._engine.start(tx, snapshot, Event(f"start.{start}", EventClass.FACT, at))
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
            tx, handover_id, items, self._currency, at, reference=order.order_ref, person_ref=person,
            paid=paid,
        )

    # Schedules

    def await_openings(self, tx: Tx, name: str, machine: Machine, at: int) -> None:
        """Keep a timer for the next opening of each schedule that begins the workflow, and no other one."""
        wanted = dict(_openings(machine))
        waiting = records.timers_of(tx, TIMERS + name)
        for timer in waiting - wanted.keys():
            records.take_timer(tx, TIMERS + name, timer)
        for timer in wanted.keys() - waiting:
            self._await(tx, name, timer, wanted[timer], at)

    def opened(self, tx: Tx, name: str, timer: str, at: int) -> str | None:
        """A schedule opens: begin what it begins and wait for the next time. The new handover, if any.

        An opening that the hub has slept through is made up for once.
        """
        if not records.take_timer(tx, TIMERS + name, timer, at):
            return None
        workflow = self.offered.get(name)
        start = dict(_openings(workflow.machine)).get(timer) if workflow is not None else None
        if start is None:
            return None
        self._await(tx, name, timer, start, at)
        return self.begin(tx, Order(name, terminal=start.terminal), "schedule", at)

    def _await(self, tx: Tx, name: str, timer: str, start: Start, at: int) -> None:
        due = schedules.next_opening(start.schedule, at)
        if due is not None:
            records.set_timers(tx, TIMERS + name, [(timer, due)])
            tx.after_commit(lambda: self._arm(TIMERS + name, timer, due))


def _openings(machine: Machine) -> Iterator[tuple[str, Start]]:
    """The starts by schedule with the names of their timers: another schedule is another timer."""
    for start in machine.start:
        if start.on == "schedule":
            text = msgspec.json.encode([start.schedule, start.terminal], order="sorted")
            yield f"opening.{hashlib.sha256(text).hexdigest()[:12]}", start
