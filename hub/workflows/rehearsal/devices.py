"""Drivers of a rehearsal: one life of the hub's capabilities over the ground truth (S11, S16)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from hub.api import BadAuth, Clock, Driver, InDoubt, NotReady, NotSent, Rejected
from hub.core.clock import SECOND
from hub.model.effects import Intent, JsonMap, Rail, Receipt, Resolution
from hub.model.states import Door
from hub.plugins.guard import DeviceGuard
from hub.workflows.rehearsal.answers import NOBODY_KNOWS, NOT_SENT, OFFLINE, REFUSED, UNSEEN, Answer
from hub.workflows.rehearsal.ground import Ground, Letter

#: The reason of a refuted act, as a real driver words it, for every answer that refutes.
_REASONS: Mapping[str, str] = {
    "stuck": "no_motion", "denied": "denied", "cancelled": "cancelled", "expired": "expired", "jam": "jam",
    "sold out": "sold_out", "no drop": "no_drop", "motor fault": "motor_fault", "under age": "under_age",
    "no document": "no_document", REFUSED: "rejected", NOT_SENT: "not_sent", OFFLINE: "offline",
}


class _Rehearsed(Driver):
    """A device over the ground; knows which acts it was given in this life of the hub."""

    def __init__(self, name: str, ground: Ground, clock: Clock) -> None:  # needs no context of the hub
        self.name = name
        self.ground = ground
        self._clock = clock
        self._given: set[str] = set()

    async def start(self) -> None:
        """There is nothing to reach."""

    async def stop(self) -> None:
        """There is nothing to let go."""

    def act(self, intent: Intent) -> Answer:
        """Take an act. Raises NotSent, Rejected."""
        answer = self.ground.answer(intent)
        self._given.add(intent.effect_id)
        if answer.word == NOT_SENT:
            raise NotSent("the line is down")
        if answer.word == REFUSED:
            raise Rejected("rejected")
        return answer

    async def prove(self, intent: Intent, deadline: float, **evidence: Any) -> Resolution:
        """Wait for the proof as long as it takes, then say what it proves."""
        answer = self.ground.answer(intent)
        wait = min(answer.takes / SECOND, max(deadline - self._clock.monotonic(), 0.0))
        if wait > 0:
            await asyncio.sleep(wait)
        if answer.word in (NOBODY_KNOWS, UNSEEN):
            return Resolution.unknown("no_answer")
        reason = _REASONS.get(answer.word)
        return Resolution.confirmed(**evidence) if reason is None else Resolution.refuted(reason)


class Locks(_Rehearsed):
    """A board of locks with a contact at each door."""

    def __init__(self, name: str, doors: tuple[str, ...], ground: Ground, clock: Clock) -> None:
        super().__init__(name, ground, clock)
        self._doors = doors

    @property
    def doors(self) -> tuple[str, ...]:
        """The doors that hang on it."""
        return self._doors

    def door_state(self, door: str) -> Door:
        """What the contact says."""
        return self.ground.seen(self.name, door)

    def baseline(self, door: str) -> JsonMap:
        """What is known before an opening."""
        return {"state": self.door_state(door).value}

    async def open(self, intent: Intent, deadline: float) -> Receipt:
        """Pulse the lock once."""
        answer = self.act(intent)
        if answer.word == UNSEEN:
            self.ground.unseen.add((self.name, intent.target))
        if answer.word in ("opens", UNSEEN):
            self.ground.spring(self.name, intent.target, intent.effect_id)
        if answer.word in (NOBODY_KNOWS, UNSEEN):
            raise InDoubt("no answer from the board")
        return Receipt()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """By the contact while this driver lives; an earlier life's act is proved by an open door only."""
        if intent.effect_id in self._given:
            proved = await self.prove(intent, deadline, level="door_sensor")
            lied = (self.name, intent.target) in self.ground.mute
            return Resolution.refuted("no_motion") if lied and proved.reason == "" else proved
        if intent.baseline.get("state") == Door.CLOSED and self.door_state(intent.target) is Door.OPEN:
            return Resolution.confirmed(level="door_sensor")
        return Resolution.unknown("restart")

    async def outputs_off(self) -> None:
        """They are."""

    async def release_now(self, door: str) -> None:
        """Emergency opening."""
        self.ground.move(self.name, door, Door.OPEN)


class Motors(_Rehearsed):
    """Slots that drop one unit per act."""

    def baseline(self, slot: str) -> JsonMap:
        """Nothing counts."""
        return {}

    async def dispense(self, intent: Intent, deadline: float) -> Receipt:
        """Turn the motor once."""
        if self.act(intent).word == NOBODY_KNOWS:
            raise InDoubt("no answer from the machine")
        return Receipt()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """By the drop sensor; nobody saw what an earlier life's motor dropped."""
        if intent.effect_id not in self._given:
            return Resolution.unknown("restart")
        return await self.prove(intent, deadline, level=intent.level.value)


class Terminal(_Rehearsed):
    """A payment terminal, and whatever else stands there to ask a person."""

    @property
    def rail(self) -> Rail:
        """What it can do."""
        return self.ground.rail

    def baseline(self, leg_id: str) -> JsonMap:
        """Nothing counts."""
        return {}

    async def authorise(self, intent: Intent, deadline: float) -> Receipt:
        """Ask for the amount."""
        self.act(intent)
        return Receipt()

    async def capture(self, intent: Intent, deadline: float) -> Receipt:
        """Take the money."""
        self.act(intent)
        return Receipt()

    async def void(self, intent: Intent, deadline: float) -> Receipt:
        """Let the money go."""
        self.act(intent)
        return Receipt()

    async def refund(self, intent: Intent, deadline: float) -> Receipt:
        """Give the money back."""
        self.act(intent)
        return Receipt()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """By the provider's word, which it keeps over a restart of the hub."""
        if self.ground.answered(intent) is None:
            return Resolution.refuted("not_sent")
        return await self.prove(intent, deadline, amount=intent.params.get("amount"))

    async def cancel(self, leg_id: str) -> None:
        """Nobody waits."""


class AgeReader(_Rehearsed):
    """Proves a minimum age."""

    async def verify(self, minimum: int, deadline: float) -> Resolution:
        """Ask the person for a document."""
        answer = self.ground.ask("check_age", self.name, str(minimum))
        wait = min(answer.takes / SECOND, max(deadline - self._clock.monotonic(), 0.0))
        await asyncio.sleep(max(wait, 0.0))
        if answer.word == NOBODY_KNOWS:
            return Resolution.unknown("no_answer")
        reason = _REASONS.get(answer.word)
        return Resolution.confirmed(minimum=minimum) if reason is None else Resolution.refuted(reason)


class LetterBox(_Rehearsed):
    """Delivers every message at once, unless told otherwise."""

    async def notify(self, message: Any, deadline: float) -> None:
        """Deliver. Raises NotReady, BadAuth."""
        answer = self.ground.ask("notify", self.name, message.message_id)
        if answer.word == "down":
            raise NotReady("the message service does not answer")
        if answer.word == "no such address":
            raise BadAuth("the message service knows no such address")
        self.ground.deliver(Letter(
            message.message_id, self._clock.now(), dict(message.to), message.subject, message.text,
            message.pin, message.code,
        ))


class Shelf:
    """Implements effects.Devices over the drivers of one life of the hub."""

    def __init__(self, drivers: Mapping[str, _Rehearsed], ground: Ground, clock: Clock) -> None:
        self._drivers = dict(drivers)
        self._ground = ground
        self._guards = {name: DeviceGuard(name, clock) for name in drivers}
        self.down: set[str] = set()

    def driver(self, device: str) -> Driver | None:
        """The driver of a device."""
        return self._drivers.get(device)

    def guard(self, device: str) -> DeviceGuard:
        """What calls to it go through."""
        return self._guards[device]

    def serving(self, device: str) -> bool:
        """Whether it answers now. A scripted absence is used up by asking."""
        driver = self._drivers.get(device)
        if driver is None or device in self.down or device in self._ground.dark:
            return False
        kind = _ASKED_FOR.get(type(driver))
        return kind is None or not self._ground.ask.away(kind, device)


_ASKED_FOR: Mapping[type[_Rehearsed], str] = {
    Locks: "open", Motors: "dispense", Terminal: "authorise", AgeReader: "check_age",
}
