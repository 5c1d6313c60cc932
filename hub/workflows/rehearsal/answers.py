"""How devices answer: one word for each act, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub.core.clock import SECOND

NOBODY_KNOWS, NOT_SENT, OFFLINE, REFUSED = "nobody knows", "not sent", "offline", "refused"
#: The door springs open, and neither board nor contact tells.
UNSEEN = "opens unseen"

#: The answers to each kind of act; the first is what happens when nothing else is said.
WORDS: Mapping[str, tuple[str, ...]] = {
    "open": ("opens", "stuck", NOBODY_KNOWS, UNSEEN, NOT_SENT, REFUSED, OFFLINE),
    "dispense": (
        "drops", "jam", "sold out", "no drop", "motor fault", NOBODY_KNOWS, NOT_SENT, REFUSED, OFFLINE,
    ),
    "authorise": ("paid", "denied", "cancelled", "expired", NOBODY_KNOWS, NOT_SENT, REFUSED, OFFLINE),
    "capture": ("done", REFUSED, NOBODY_KNOWS),
    "void": ("done", REFUSED, NOBODY_KNOWS),
    "refund": ("done", REFUSED, NOBODY_KNOWS),
    "check_age": ("old enough", "under age", "no document", NOBODY_KNOWS, OFFLINE),
    "notify": ("delivered", "down", "no such address"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device does with one act, and how many microseconds its proof takes."""

    word: str
    takes: int = SECOND


class Ask(Protocol):
    """Decides what devices do. Asked once for each act."""

    def __call__(self, kind: str, device: str, target: str) -> Answer:
        """The answer to an act of `kind` on a device's door, slot or leg."""
        ...

    def away(self, kind: str, device: str) -> bool:
        """Whether a device does not serve when it is about to be asked for an act of `kind`."""
        ...


@dataclass(slots=True)
class Script:
    """Answers in order, for each kind of act; the last one of a kind again and again."""

    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    def __call__(self, kind: str, device: str, target: str) -> Answer:
        """The next answer of that kind."""
        answer = self._next(kind)
        self.asked[kind] = self.asked.get(kind, 0) + 1
        return answer

    def away(self, kind: str, device: str) -> bool:
        """A scripted `offline` is used up by the attempt that finds the device away."""
        gone = self._next(kind).word == OFFLINE
        if gone:
            self.asked[kind] = self.asked.get(kind, 0) + 1
        return gone

    def _next(self, kind: str) -> Answer:
        listed = self.answers.get(kind) or (Answer(WORDS[kind][0]),)
        return listed[min(self.asked.get(kind, 0), len(listed) - 1)]
