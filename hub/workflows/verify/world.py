"""What the checker knows of one handover: the engine's snapshot, reduced, and the world around it.

The world is physical truth as far as it matters: a refuted opening never happened (S11), one in doubt may
have. Where goods are is told from who stood before an open door; a closing door proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hub.workflows.verify.free import UNKNOWN

#: Where goods are: with whoever brings them, inside, in somebody's hand, or nobody knows.
OUT, IN, GONE, LOST = "out", "in", "gone", "lost"


class Place(NamedTuple):
    """One allocation: a compartment or slot and what is in it.

    `own`: the goods lay there before (stock, an asset). `proof` is who last stood before the open door,
    `brought` who did so when the goods went in.
    `told`: somebody owns the task of what is wrong here.
    """

    goods: str = OUT
    own: bool = False
    open: bool = False
    held: bool = True
    outcome: str = ""
    custody: str = ""
    bars: frozenset[str] = frozenset()
    told: bool = False
    fault: str = ""
    doubt: bool = False
    proof: str = ""
    brought: str = ""


class Incident(NamedTuple):
    """An open task, `about` what is here or an act in doubt. The engine hears of no compartment left."""

    kind: str
    about: str = "here"


class State(NamedTuple):
    """One point that a handover can rest at; all of it hashable."""

    # the engine's snapshot
    state: str = ""
    attempts: int = 0
    status: str = "created"
    phase: str = ""
    pending: tuple[str, ...] = ()
    asked: str = ""
    doubt: str = ""
    turn: int = -1
    due: frozenset[str] = frozenset()
    ended: bool = False
    vars: tuple[tuple[str, Any], ...] = ()
    # timers
    rung: frozenset[str] = frozenset()
    timers: tuple[int, ...] = ()
    # the open effect: its step type, for whom, which leg; of one in doubt, whether it happened
    effect: str = ""
    doer: str = ""
    leg: str = ""
    truth: bool = False
    doubted: str = ""
    # the world; `looked`: a person has just said what became of the item; `who` was let in last
    places: tuple[Place, ...] = ()
    hand: int = -1
    legs: tuple[tuple[str, str], ...] = ()
    creds: frozenset[tuple[str, str]] = frozenset()
    incidents: frozenset[Incident] = frozenset()
    use: str = ""
    visit: str = ""
    who: str = ""
    looked: bool = False
    released: bool = False
    owned: bool = False
    heard: bool = False
    owing: str = ""
    approval: bool = False
    events: frozenset[str] = frozenset()
    guesses: frozenset[tuple[str, bool]] = frozenset()


#: A question with this many answers; gives the number of the one to follow.
Choose = Callable[[int], int]


class Choices:
    """Every way through a piece of code that asks: the answers are counted up until none is left."""

    __slots__ = ("_at", "_sizes", "_taken")

    def __init__(self) -> None:
        self._taken: list[int] = []
        self._sizes: list[int] = []
        self._at = 0

    def __call__(self, count: int) -> int:
        """One of `count` answers, by its number."""
        if count < 2:
            return 0
        if self._at == len(self._taken):
            self._taken.append(0)
            self._sizes.append(count)
        answer = self._taken[self._at]
        self._at += 1
        return answer

    def another(self) -> bool:
        """Turn to the next way; False when all were taken."""
        self._at = 0
        while self._taken:
            if self._taken[-1] + 1 < self._sizes[-1]:
                self._taken[-1] += 1
                return True
            self._taken.pop()
            self._sizes.pop()
        return False


class Violation(NamedTuple):
    """A property that does not hold, in words, at a state of the machine."""

    property: str
    message: str
    state: str


class World:
    """A State taken apart, to be changed by one event and put together again."""

    state: str
    attempts: int
    status: str
    phase: str
    pending: tuple[str, ...]
    asked: str
    doubt: str
    turn: int
    due: frozenset[str]
    ended: bool
    vars: dict[str, Any]
    rung: frozenset[str]
    timers: tuple[int, ...]
    effect: str
    doer: str
    leg: str
    truth: bool
    doubted: str
    places: list[Place]
    hand: int
    legs: dict[str, str]
    creds: frozenset[tuple[str, str]]
    incidents: frozenset[Incident]
    use: str
    visit: str
    who: str
    looked: bool
    released: bool
    owned: bool
    heard: bool
    owing: str
    approval: bool
    events: frozenset[str]
    guesses: frozenset[tuple[str, bool]]

    def __init__(self, known: State, choose: Choose) -> None:
        self._load(known)
        self.choose = choose
        self.violations: list[Violation] = []
        self.notes: list[str] = []

    def _load(self, known: State) -> None:
        self.__dict__.update(zip(State._fields, known, strict=True))
        self.vars, self.places, self.legs = dict(known.vars), list(known.places), dict(known.legs)

    def frozen(self) -> State:
        """The state that it came to."""
        return State(
            self.state, self.attempts, self.status, self.phase, self.pending, self.asked, self.doubt,
            self.turn, self.due, self.ended, tuple(sorted(self.vars.items(), key=_name)), self.rung,
            self.timers, self.effect, self.doer, self.leg, self.truth, self.doubted, tuple(self.places),
            self.hand, tuple(sorted(self.legs.items())), self.creds, self.incidents, self.use, self.visit,
            self.who, self.looked and bool(self.effect), self.released, self.owned, self.heard, self.owing,
            self.approval, self.events, self.guesses,
        )

    def back_to(self, kept: State) -> None:
        """Undo what happened since, but for what was found out meanwhile."""
        guesses, violations, notes, looked = self.guesses, self.violations, self.notes, self.looked
        self._load(kept)
        self.guesses, self.violations, self.notes, self.looked = guesses, violations, notes, looked

    def violate(self, name: str, message: str) -> None:
        """Record that a property does not hold."""
        self.violations.append(Violation(name, message, self.state))

    @property
    def here(self) -> Place | None:
        """The allocation in hand."""
        return self.places[self.hand] if 0 <= self.hand < len(self.places) else None

    def live(self) -> Sequence[int]:
        """What database steps act on: in a loop the allocation in hand, else all that are held (S28)."""
        if self.turn >= 0:
            return (self.hand,) if self.places[self.hand].held else ()
        return [index for index, place in enumerate(self.places) if place.held]

    def change(self, index: int, **values: Any) -> None:
        """Change one place."""
        self.places[index] = self.places[index]._replace(**values)

    def raise_incident(self, kind: str, about: str = "here") -> None:
        """Somebody is given a task: they know of what is wrong here."""
        self.incidents |= {Incident(kind, about)}
        self.heard, self.owned, self.owing = True, True, ""
        for index in self.live():
            self.change(index, told=True)


def _name(pair: tuple[str, Any]) -> str:
    return pair[0]


def hashable(value: Any) -> Any:
    """A value of a variable as the model keeps it: what is not a plain word or number is not known."""
    return value if isinstance(value, str | int | bool | None) else UNKNOWN
