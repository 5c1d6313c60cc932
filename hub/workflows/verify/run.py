"""One event, as the runner carries it out (hub/workflows/run/advance.py), over the abstract world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from hub.workflows.engine import (
    Decision,
    Event,
    EventClass,
    Snapshot,
    begin,
    chosen,
    deliverable,
    step,
)
from hub.workflows.machine import Machine, StepCall
from hub.workflows.steps.types import StepType
from hub.workflows.verify import acts, free
from hub.workflows.verify.acts import NOBODY_CAME
from hub.workflows.verify.steps import MEANING, Fails
from hub.workflows.verify.vocabulary import Vocabulary
from hub.workflows.verify.world import Incident, World

#: Every moment is the same one: when a timer fires is the explorer's choice.
NOW = 1
#: Stands for the id of the open effect, or of the one in doubt.
EFFECT = "effect"
#: What becomes of a status by which nobody may collect any more, and of every such status.
GIVEN_UP = "given up"
GIVEN_UP_STATUS = frozenset(("expired", "cancelled", "refunded", GIVEN_UP))
#: A leg that nothing can be done about any more.
CLOSED = "closed"
_LIMIT = 64


class Run:
    """Carries events out for one machine."""

    def __init__(self, machine: Machine, steps: Mapping[str, StepType]) -> None:
        self.machine = machine
        self.words = Vocabulary(machine)
        self._steps = steps

    def start(self, world: World, known: Mapping[str, Any]) -> None:
        """A handover begins."""
        snapshot = Snapshot("h", self.machine.workflow, "", vars=dict(known))
        event = Event("begun", EventClass.INTERNAL, NOW)
        guards = partial(self._guard, world)
        self._follow(world, event, begin(self.machine, snapshot, event, guards))
        self._finish(world)

    def deliver(
        self, world: World, event: Event, prepare: Callable[[], None] | None = None
    ) -> bool:
        """Hand an event to the handover; whether anything handled it."""
        moved = self._one(world, event, prepare)
        self._finish(world)
        return moved

    def handles(self, world: World, name: str) -> bool:
        """Whether the state or its parent has arrows for the event."""
        return self.words.handles(world.state, name)

    def handles_in(self, state: str, name: str) -> bool:
        """The same of a state by its name."""
        return self.words.handles(state, name)

    def step(self, name: str) -> StepType | None:
        """A step type by its name."""
        return self._steps.get(name)

    def _one(self, world: World, event: Event, prepare: Callable[[], None] | None = None) -> bool:
        before = self._snapshot(world)
        decision = step(self.machine, before, event, partial(self._guard, world))
        if not decision.handled:
            world.pending = decision.snapshot.pending
            if event.kind is EventClass.RESULT and event.effect_id == before.effect_id:
                world.effect = ""
            return False
        if prepare is not None:
            prepare()
        if decision.entered or decision.follow is not None:
            world.heard = False
        self._follow(world, event, decision)
        return True

    def _follow(self, world: World, event: Event, decision: Decision) -> None:
        """Carry out a handled decision and every internal event that it leads to."""
        for _ in range(_LIMIT):
            status, phase = world.status, world.phase
            self._take(world, decision)
            following = decision.follow
            if decision.entered:
                world.timers = tuple(range(len(self.machine.states[world.state].after)))
                following = self._steps_of(world, event, decision, status, phase)
                if following is None:
                    following = self._entered(world, event, decision)
            if following is None:
                return
            event = following
            decision = step(self.machine, self._snapshot(world), event, partial(self._guard, world))
            if not decision.handled:
                world.pending = decision.snapshot.pending
                if event.kind is EventClass.RESULT:
                    world.effect = ""
                return
        world.violate("ends", "these states lead to each other without ever coming to rest")

    def _steps_of(
        self, world: World, event: Event, decision: Decision, status: str, phase: str
    ) -> Event | None:
        """The database steps of the entered state; a failing one rolls the entry's steps back (S23)."""
        if not decision.steps:
            return None
        kept = world.frozen()
        for call in self._in_order(world, event, decision.steps):
            try:
                self._fail(world, call)
                meaning = MEANING.get(call.type)
                if meaning is not None:
                    meaning(world, self._arguments(world, event, call))
            except Fails as failure:
                world.back_to(kept)
                world.status, world.phase = status, phase
                world.notes.append(f"{call.type}.failed:{failure.reason}")
                return _internal(f"{call.type}.failed", reason=failure.reason, detail="")
        return None

    def _fail(self, world: World, call: StepCall) -> None:
        """Whether this step succeeds is anybody's guess; reasons that lead to the same arrow count once."""
        kind = self._steps.get(call.type)
        if kind is None or not kind.fails:
            return
        reasons = self.words.told_apart(world.state, f"{call.type}.failed", kind.fails)
        way = world.choose(1 + len(reasons))
        if way:
            raise Fails(reasons[way - 1])

    def _in_order(self, world: World, event: Event, calls: Iterable[StepCall]) -> Iterable[StepCall]:
        for call in calls:
            if call.cases:
                scope = self._scope(world, event)
                yield from self._in_order(world, event, chosen(call, scope, partial(self._guard, world)))
            else:
                yield call

    def _entered(self, world: World, event: Event, decision: Decision) -> Event | None:
        if decision.effect is None:
            return None if world.ended else _internal("entered")
        call = decision.effect
        world.attempts = min(world.attempts + 1, self.words.attempts)
        refuts = self._steps[call.type].refutes if call.type in self._steps else ()
        reasons = self.words.told_apart(world.state, "effect.refuted", refuts)
        refused = acts.intend(world, call, self._arguments(world, event, call), reasons)
        world.effect = call.type
        if refused is None:
            return None
        world.notes.append(f"{call.type}.refused:{refused}")
        data = {"reason": refused, "detail": ""}
        return Event("effect.refuted", EventClass.RESULT, NOW, data, EFFECT)

    def _arguments(self, world: World, event: Event, call: StepCall) -> dict[str, Any]:
        scope = self._scope(world, event)
        found = {key: free.value(value, scope) for key, value in call.args.items()}
        if call.type in ("bar", "unbar"):
            found["reason"] = self.words.bar(str(found["reason"]))
        return found

    def _finish(self, world: World) -> None:
        """Come to rest: a use that opened nothing is given back, deadlines that waited are delivered."""
        if world.use == "tried" and not world.effect and not world.asked:
            world.use = ""
        for _ in range(_LIMIT):
            name = deliverable(self.machine, self._snapshot(world)) if world.pending else ""
            if not name:
                break
            self._one(world, Event(name, EventClass.INTERNAL, NOW))
        self._forget(world)

    def _forget(self, world: World) -> None:
        """Drop what nothing can tell apart any more, so that fewer states are different."""
        words, live = self.words, self.words.live(world.asked or world.state)
        if not world.asked and not any(one.about == "act" for one in world.incidents):
            world.doubted, world.truth = "", False
        if world.incidents:
            kinds = words.kinds_of(world.state)
            world.incidents = frozenset(
                one for one in world.incidents
                if one.about == "act" or one.kind in kinds
                or (one.kind in live.kinds and words.missed(one.kind))
            )
        if world.guesses:
            world.guesses = frozenset(one for one in world.guesses if one[0] in live.atoms)
        if world.vars:
            world.vars = {name: value for name, value in world.vars.items() if name in live.names}
        world.due &= live.deadlines
        world.rung &= live.deadlines
        if "phase" not in words.read:
            world.phase = ""
        if "status" not in words.read and not (world.legs and world.status == NOBODY_CAME):
            world.status = GIVEN_UP if world.status in GIVEN_UP_STATUS else ""
        if not world.effect:
            world.doer = world.leg = ""
            if not world.asked:
                world.attempts = 0
        if not words.turns:
            world.visit = world.visit if world.visit == "lent" else ""
        if not world.use and not world.visit:
            world.who = ""
        if world.legs:
            world.legs = {
                key: CLOSED if self._over(world, key, leg) else leg
                for key, leg in world.legs.items() if leg != "denied"
            }
        if not words.outcomes:
            world.places = [place._replace(outcome="") for place in world.places]
        if not words.money:
            world.released = False

    def _over(self, world: World, purpose: str, leg: str) -> bool:
        """Whether nothing can be done about a leg any more, and nothing is to be said of it at the end."""
        if leg == "captured":
            return world.released and purpose not in self.words.refunded
        return leg in ("refused", "voided", "refunded", "settled")

    # The engine's snapshot

    def _take(self, world: World, decision: Decision) -> None:
        now = decision.snapshot
        world.state, world.attempts, world.status, world.phase = (
            now.state, now.attempts, now.status, now.phase,
        )
        world.pending, world.asked, world.doubt, world.turn = now.pending, now.asked, now.doubt, now.turn
        world.ended, world.due = now.ended, frozenset(now.deadlines)
        world.effect = world.effect if now.effect_id else ""
        world.timers = () if decision.left else world.timers
        if now.turn >= 0 and now.turn != world.hand:
            world.guesses = frozenset(one for one in world.guesses if not one[0].startswith("item"))
        if now.turn >= 0:
            world.hand = now.turn

    def _snapshot(self, world: World) -> Snapshot:
        return Snapshot(
            "h", self.machine.workflow, "", state=world.state, attempts=world.attempts, status=world.status,
            phase=world.phase, vars=self._vars(world), deadlines=dict.fromkeys(world.due, 0),
            pending=world.pending, effect_id=EFFECT if world.effect else "", asked=world.asked,
            ended=world.ended, doubt=world.doubt, turn=world.turn,
        )

    def _vars(self, world: World) -> dict[str, Any]:
        known = dict(world.vars)
        if world.places:
            known["allocations"] = _allocations(tuple((one.outcome, one.held) for one in world.places))
            here = world.here
            if here is not None and here.held:
                known["allocation"] = known["allocations"][world.hand]
        if world.creds:
            known["credentials"] = free.Loose({party: free.UNKNOWN for party, _ in world.creds})
            if any(party == "recipient" for party, _ in world.creds):
                known["credential"] = free.UNKNOWN
        if world.legs:
            known["legs"] = {purpose: _leg(state) for purpose, state in world.legs.items()}
        if self.words.money:
            known["leg"] = _leg(world.legs.get("price", ""))
        return known

    def _scope(self, world: World, event: Event) -> dict[str, Any]:
        return {
            **self.words.free, **self._vars(world), "event": event.data, "attempts": world.attempts,
            "state": world.state, "status": world.status, "phase": world.phase,
        }

    def _guard(self, world: World, source: str, scope: Mapping[str, Any]) -> bool:
        """A guard: exact where the model knows, else both ways, the same one every time on one way."""

        def ask(atom: str, roots: frozenset[str]) -> bool:
            known = dict(world.guesses).get(atom)
            if known is None:
                known = bool(world.choose(2))
                if roots <= self.words.constant:
                    world.guesses |= {(atom, known)}
            return known

        return free.truth(source, {**self.words.free, **scope, "inputs": free.UNKNOWN}, ask)


def _leg(state: str) -> free.Loose:
    """What the variables tell of a leg: what was approved stands there from then on."""
    leg = free.Loose()
    if state in ("", "asked", "unknown", "denied"):
        leg.without = frozenset({"approved"})
    else:
        leg["approved"] = free.SOMETHING
    return leg


@lru_cache(maxsize=1024)
def _allocations(places: tuple[tuple[str, bool], ...]) -> list[dict[str, Any]]:
    """The variable `allocations` of the engine; nobody changes it."""
    return [
        free.Loose(id=f"a{index}", compartment=f"main/A{index + 1}", outcome=outcome, freed=not held)
        for index, (outcome, held) in enumerate(places)
    ]


def _internal(name: str, **data: Any) -> Event:
    return Event(name, EventClass.INTERNAL, NOW, data)


def resolved(incident: Incident, verdict: str) -> Event:
    """A person has ended an incident."""
    data = {"verdict": verdict, "incident": "i", "kind": incident.kind}
    about = EFFECT if incident.about == "act" else ""
    return Event("incident.resolved", EventClass.INTERNAL, NOW, data, about)
