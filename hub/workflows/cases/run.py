"""Runs one case: the pure engine, an in-memory world, and virtual time that jumps from event to event."""

from __future__ import annotations

import copy
import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.config.marks import Mark
from hub.core.clock import SECOND
from hub.model.failures import StepFailed
from hub.workflows import expressions
from hub.workflows.cases.compare import differences
from hub.workflows.cases.parse import ANSWERS, Case, Happening
from hub.workflows.cases.world import Incident, World
from hub.workflows.engine import (
    Decision,
    Event,
    EventClass,
    Snapshot,
    begin,
    deliverable,
    extend,
    handles,
    scope_of,
    step,
)
from hub.workflows.machine import Machine, StepCall

_RESULT = {
    "opens": ("confirmed", ""), "paid": ("confirmed", ""), "done": ("confirmed", ""),
    "stuck": ("refuted", "no_motion"), "not sent": ("refuted", "not_sent"), "offline": ("refuted", "offline"),
    "refused": ("refuted", "rejected"), "denied": ("refuted", "denied"),
    "cancelled": ("refuted", "cancelled"), "expired": ("refuted", "expired"),
    "nobody knows": ("in_doubt", ""),
}
_MONEY = {
    ("authorise", "confirmed"): "held", ("authorise", "in_doubt"): "unknown",
    ("capture", "confirmed"): "taken", ("capture", "in_doubt"): "unknown",
    ("void", "confirmed"): "given back", ("void", "in_doubt"): "unknown",
}
_CLOSED = "door.closed"
_INCIDENT = {
    "open": "door_in_doubt", "authorise": "payment_unknown", "capture": "capture_unproved",
    "void": "refund_owed",
}
#: More events than any case has: a blueprint that runs in circles is stopped and shown.
_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class TraceLine:
    """What one event did: `guards` as evaluated, `entered` empty when no state was entered."""

    at: int
    event: str
    data: Mapping[str, Any]
    guards: tuple[tuple[str, str], ...] = ()
    entered: str = ""
    steps: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that did not hold, and where it stands in the cases file."""

    mark: Mark
    key: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went. `trace` is complete, also for a case that passed."""

    case: Case
    differences: tuple[Difference, ...]
    trace: tuple[TraceLine, ...]

    @property
    def passed(self) -> bool:
        """Whether everything that was expected holds."""
        return not self.differences


def run_case(case: Case) -> CaseResult:
    """Run one case to its end."""
    return _Run(case).result()


@dataclass(slots=True)
class _Run:
    case: Case
    now: int = 0
    events: int = 0
    effects: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    told: str = ""
    closed: bool = False
    path: list[str] = field(default_factory=list)
    trace: list[TraceLine] = field(default_factory=list)
    wrong: list[Difference] = field(default_factory=list)
    queue: list[tuple[int, int, Event]] = field(default_factory=list)
    world: World = field(init=False)
    machine: Machine = field(init=False)
    snapshot: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        assert self.case.compiled.machine is not None
        self.machine = self.case.compiled.machine
        self.now = self.case.start
        window = {key: self.case.start + after for key, after in self.case.order.get("window", {}).items()}
        self.world = World.of(self.case, window.get("from", 0))
        self.snapshot = Snapshot("case", self.machine.workflow, "", vars=self._order(window))

    def _order(self, window: Mapping[str, int]) -> dict[str, Any]:
        order = self.case.order
        item = {"sku": "item", "quantity": 1, "size": None, "thermal": None} | dict(order.get("item", {}))
        found: dict[str, Any] = {
            "item": item, "items": [copy.copy(item)], "recipient_ref": "person-1", "external_ref": "order-1",
            "window": dict(window),
        }
        if "price" in order:
            number = order.get("selection", 1)
            found["leg"] = {"id": "leg-1", "amount": order["price"], "currency": "EUR", "item": number}
        if "terminal" in self.machine.inputs:
            found["terminal"] = self.machine.inputs["terminal"]
        return found

    def result(self) -> CaseResult:
        begun = Event("begun", EventClass.INTERNAL, self.now)
        self._follow(begun, begin(self.machine, self.snapshot, begun, expressions.truth))
        self._settle()
        for one in self.case.when:
            self._happen(one)
        self._until(self.now)
        self._expect(self.case.then, (*self.case.path, "then"))
        return CaseResult(self.case, tuple(self.wrong), tuple(self.trace))

    # Time

    def _happen(self, one: Happening) -> None:
        self._until(self.now)
        target = self.case.start + one.at if one.at is not None else self.now + (one.after or 0)
        if one.at is None and one.after is None and one.action:
            target = self._quiet()
        self._until(max(target, self.now))
        if one.action:
            self._act(one)
        self._expect(one.then, (*one.path, "then"))

    def _quiet(self) -> int:
        """Without a time, something happens as soon as the open effect has its answer."""
        while effect := self.snapshot.effect_id:
            self._until(next(at for at, _, event in self.queue if event.effect_id == effect))
        return self.now

    def _until(self, target: int) -> None:
        while self.queue and self.queue[0][0] <= target:
            at, _, event = heapq.heappop(self.queue)
            self.now = max(at, self.now)
            self._deliver(msgspec.structs.replace(event, at=self.now))
        self.now = max(target, self.now)

    def _later(self, at: int, event: Event) -> None:
        self.events += 1
        heapq.heappush(self.queue, (at, self.events, event))

    # What happens

    def _act(self, one: Happening) -> None:
        match one.action:
            case "command":
                self._deliver(self._event(f"command.{one.value}", EventClass.COMMAND, one.data))
            case "credential":
                self._present(str(one.value))
            case "door":
                name = {"opens": "opened", "closes": "closed", "breach": "breach"}[one.value]
                self.closed = name == "closed"
                self._deliver(self._event(f"door.{name}", EventClass.FACT, one.data))
            case "desk":
                self._judge(str(one.value), str(one.data.get("incident", "")))
            case "extend":
                for name, micros in one.value.items():
                    due = self.snapshot.deadlines[name] + micros
                    self.snapshot = extend(self.snapshot, name, due)
                    self._later(due, Event(f"deadline.{name}", EventClass.INTERNAL, due))
                self.world.deadlines = self.snapshot.deadlines
            case _:
                self._deliver(self._event(str(one.value), EventClass.FACT, one.data))

    def _present(self, method: str) -> None:
        reason = self.world.judge(method, self.now)
        if reason:
            self.told = reason
            self._deliver(self._event("credential.refused", EventClass.FACT, {"reason": reason}))
        elif not self._deliver(self._event("credential.accepted", EventClass.FACT, {"method": method})):
            self.told = "not_now"
        else:
            self.told = ""

    def _judge(self, verdict: str, kind: str) -> None:
        """The desk resolves an incident: its verdict is about that incident's effect and no other."""
        incident = self.world.resolve(kind)
        if incident is None:
            self.trace.append(TraceLine(self.now, "desk", {"verdict": verdict}, note="no such open incident"))
            self.refused.append("resolve")
            return
        if incident.effect and verdict != "closed" and "allocation" in self.snapshot.vars:
            self.world.box(self.snapshot.vars).barred.discard("in_doubt")
        data = {"verdict": verdict, "kind": incident.kind}
        self._deliver(
            Event("incident.resolved", EventClass.INTERNAL, self.now, data, incident.effect)
        )

    def _event(self, name: str, kind: EventClass, data: Mapping[str, Any]) -> Event:
        return Event(name, kind, self.now, dict(data))

    # The engine

    def _deliver(self, event: Event) -> bool:
        if event.kind is EventClass.RESULT:
            self._note_result(event)
        decision = step(self.machine, self.snapshot, event, expressions.truth)
        if not decision.handled:
            self.snapshot = decision.snapshot
            line = TraceLine(self.now, event.name, event.data, decision.guards, note="not handled")
            self.trace.append(line)
            if event.kind is EventClass.COMMAND:
                self.refused.append(event.name.removeprefix("command."))
            return False
        self._follow(event, decision)
        self._settle()
        if event.kind is EventClass.RESULT and self.closed and handles(self.machine, self.snapshot, _CLOSED):
            # Whoever closed the door was quicker than the result: the runner looks at the door, too.
            self._deliver(self._event(_CLOSED, EventClass.FACT, {}))
        return True

    def _settle(self) -> None:
        """Events that waited for this state (S24); a handover that ended gives its compartment back."""
        while name := deliverable(self.machine, self.snapshot):
            event = Event(name, EventClass.INTERNAL, self.now)
            decision = step(self.machine, self.snapshot, event, expressions.truth)
            self._follow(event, decision)
        if self.snapshot.ended:
            self.world.give_back(self.snapshot.vars)

    def _follow(self, event: Event, decision: Decision) -> None:
        for _ in range(_LIMIT):
            before, self.snapshot = self.snapshot, decision.snapshot
            self.world.deadlines = self.snapshot.deadlines
            if decision.cancel_timers:
                self.queue = [one for one in self.queue if not one[2].name.startswith("after.")]
                heapq.heapify(self.queue)
            for name, due in decision.timers:
                self._later(due, Event(name, EventClass.INTERNAL, due))
            if decision.entered:
                self.path.append(decision.entered)
            following, note = self._enter(event, decision, before)
            names = tuple(call.type for call in decision.steps)
            names += (decision.effect.type,) if decision.effect is not None else ()
            self.trace.append(
                TraceLine(self.now, event.name, event.data, decision.guards, decision.entered, names, note)
            )
            if following is None:
                return
            event = following
            decision = step(self.machine, self.snapshot, event, expressions.truth)
            if not decision.handled:
                self.snapshot = decision.snapshot
                return

    def _enter(self, event: Event, decision: Decision, before: Snapshot) -> tuple[Event | None, str]:
        """Run the steps of an entry as the runner does; the next internal event, a note for the trace."""
        if not decision.entered:
            return None, "stays"
        kept, values = copy.deepcopy(self.world), self.snapshot.vars
        for call in decision.steps:
            try:
                done = self.world.run(call.type, self._arguments(event, call), self.snapshot.vars)
            except StepFailed as error:
                kept.fails = self.world.fails
                self.world = kept
                self.snapshot = msgspec.structs.replace(
                    self.snapshot, vars=values, status=before.status, phase=before.phase
                )
                failed = Event(
                    f"{call.type}.failed", EventClass.INTERNAL, self.now, {"reason": error.reason}
                )
                return failed, f"{call.type} failed: {error}"
            self._remember(done)
        if decision.effect is not None:
            return None, self._begin_effect(event, decision.effect)
        if self.snapshot.ended:
            return None, "ended"
        return Event("entered", EventClass.INTERNAL, self.now), ""

    def _remember(self, values: Mapping[str, Any]) -> None:
        kept = {key: value for key, value in {**self.snapshot.vars, **values}.items() if value is not None}
        self.snapshot = msgspec.structs.replace(self.snapshot, vars=kept)

    def _arguments(self, event: Event, call: StepCall) -> dict[str, Any]:
        scope = scope_of(self.machine, self.snapshot, event)
        rendered = expressions.render(call.args, scope)
        return {key: value for key, value in rendered.items() if value is not None}

    def _begin_effect(self, event: Event, call: StepCall) -> str:
        args = self._arguments(event, call)
        count = self.effects[call.type] = self.effects.get(call.type, 0) + 1
        effect = f"{call.type}-{count}"
        self.snapshot = msgspec.structs.replace(
            self.snapshot, effect_id=effect, attempts=self.snapshot.attempts + 1
        )
        script = self.case.answers.get(call.type) or ((ANSWERS[call.type][0], SECOND),)
        answer, takes = script[min(count, len(script)) - 1]
        verdict, reason = _RESULT[answer]
        if call.type == "open":
            self.closed = False
            if self.world.box(self.snapshot.vars).barred and args.get("for") != "staff":
                answer, takes, verdict, reason = "barred", 0, "refuted", "barred"
        data = {"reason": reason} if reason else {}
        self._later(
            self.now + takes, Event(f"effect.{verdict}", EventClass.RESULT, self.now + takes, data, effect)
        )
        return f"{effect} will be answered: {answer}"

    def _note_result(self, event: Event) -> None:
        """What the effects' side records by itself: where the money is, an incident for a doubt (S25)."""
        effect = event.effect_id.partition("-")[0]
        verdict = event.name.removeprefix("effect.")
        self.world.money = _MONEY.get((effect, verdict), self.world.money)
        if verdict == "in_doubt":
            self.world.incidents.append(Incident(_INCIDENT[effect], event.effect_id))
            if effect == "open":
                self.world.box(self.snapshot.vars).barred.add("in_doubt")

    # What must hold

    def _expect(self, then: Mapping[str, Any], path: tuple[str | int, ...]) -> None:
        if not then:
            return
        self._until(self._quiet())
        for key, expected, found in differences(then, self._found()):
            mark = self.case.document.marks.key((*path, key))
            self.wrong.append(Difference(mark, key, expected, found))

    def _found(self) -> dict[str, Any]:
        boxes = [(key, box) for bank in self.world.banks.values() for key, box in bank.items()]
        return {
            "state": self.snapshot.state, "status": self.snapshot.status, "phase": self.snapshot.phase,
            "ended": self.snapshot.ended, "messages": self.world.messages,
            "incidents": [one.kind for one in self.world.incidents],
            "effects": self.effects, "custody": self.world.custody, "money": self.world.money,
            "compartment": self.snapshot.vars.get("allocation", {}).get("compartment", ""),
            "barred": [key for key, box in boxes if box.barred],
            "occupied": [key for key, box in boxes if box.occupied],
            "stock": {key: box.count for key, box in boxes},
            "credential": "valid" if self.world.credential_until else "none",
            "told": self.told, "refused": self.refused, "path": self.path,
        }
