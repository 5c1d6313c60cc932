"""What is physically there, told apart from any hub: doors, money, letters. It outlives every hub (S16).

The drivers of `devices` bind the capabilities of `hub.api` straight to it: no bytes, no polling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.model.effects import Intent, Rail
from hub.model.observations import DoorSeen, Observation
from hub.model.states import Door
from hub.workflows.rehearsal.answers import Answer, Ask

#: What a payment terminal of a rehearsal can do, unless the plan says otherwise.
PLAIN_RAIL = Rail(query=False, hold=False, partial_capture=False, refund=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that reached its addressee. `to` holds name, phone, email, or the role."""

    message_id: str
    at: int
    to: Mapping[str, Any]
    subject: str
    text: str
    pin: str | None
    code: str | None


@dataclass(slots=True)
class Ground:
    """The physical truth. `hears` is the hub that has power, if any; acts without one are only remembered."""

    ask: Ask
    now: Callable[[], int]
    rail: Rail = PLAIN_RAIL
    hears: Callable[[Observation], None] | None = None
    doors: dict[tuple[str, str], Door] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    #: What each thermometer would measure, in milli-degrees Celsius.
    air: dict[str, int] = field(default_factory=dict)
    #: Devices without power or line.
    dark: set[str] = field(default_factory=set)
    #: Devices whose door contacts say nothing: a lying sensor that always shows `closed`.
    mute: set[tuple[str, str]] = field(default_factory=set)
    #: Doors that stand open and that nobody has seen open.
    unseen: set[tuple[str, str]] = field(default_factory=set)
    #: Told of every door that a lock opens.
    opens: Callable[[str, str], None] | None = None
    #: Each opening that the locks made: (time, device, door, effect).
    opened: list[tuple[int, str, str, str]] = field(default_factory=list)
    #: What became of each act, once and for all.
    _answers: dict[str, Answer] = field(default_factory=dict)

    def answer(self, intent: Intent) -> Answer:
        """What the device does with this act; the same however often it is asked."""
        known = self._answers.get(intent.effect_id)
        if known is None:
            known = self.ask(intent.kind.value, intent.device, intent.target)
            self._answers[intent.effect_id] = known
        return known

    def answered(self, intent: Intent) -> Answer | None:
        """What the device did with this act, None when it never reached it."""
        return self._answers.get(intent.effect_id)

    def seen(self, device: str, door: str) -> Door:
        """What the contact of a door says."""
        if (device, door) in self.mute or (device, door) in self.unseen:
            return Door.CLOSED
        return self.doors.get((device, door), Door.CLOSED)

    def move(self, device: str, door: str, state: Door, *, commanded: bool = True) -> None:
        """A door moves, by its lock or by a hand."""
        if self.doors.get((device, door), Door.CLOSED) is state:
            return
        self.doors[device, door] = state
        hidden = (device, door) in self.mute or (device, door) in self.unseen
        if state is Door.CLOSED:
            self.unseen.discard((device, door))
        if not hidden and device not in self.dark:
            self.tell(DoorSeen(device, door, state, commanded))

    def spring(self, device: str, door: str, effect: str) -> None:
        """A lock lets its door go, for one effect."""
        self.opened.append((self.now(), device, door, effect))
        self.move(device, door, Door.OPEN)
        if self.opens is not None:
            self.opens(device, door)

    def tell(self, seen: Observation) -> None:
        """A device reports, if a hub is there to hear it."""
        if self.hears is not None:
            self.hears(seen)

    def deliver(self, letter: Letter) -> None:
        """Put a letter into the one big letter box."""
        self.letters.append(letter)
