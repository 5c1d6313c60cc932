"""Faults on the wire: which frame they hit, what becomes of it, and whether they ever fired.

A fault that never fired proves nothing, so every rule counts the frames it saw and notes each firing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

#: Directions as the tap names them: `out` leaves the hub, `in` comes to it.
DIRECTIONS = ("out", "in")
HELP = """\
A fault is written ACTION DIRECTION [KEY=VALUE ...], for example "corrupt in nth=2 byte=-1".
DIRECTION is `out` (from the hub) or `in` (to the hub).

\b
drop     the frame is lost; with byte=N only that byte, with count=M that many
corrupt  one byte is changed: byte=N (default -1, the last), xor=HEX (default ff)
delay    the frame and all behind it wait: ms=N
late     the frame waits until the other side has sent its next one
cut      the frame and everything in both directions is lost: ms=N

nth=N takes the N-th frame (default 1), frame=HEX counts only frames that begin so.
"""


class Action(StrEnum):
    """What becomes of a frame."""

    DROP = "drop"
    CORRUPT = "corrupt"
    DELAY = "delay"
    LATE = "late"
    CUT = "cut"


_KEYS: Mapping[Action, tuple[str, ...]] = {
    Action.DROP: ("byte", "count"),
    Action.CORRUPT: ("byte", "xor"),
    Action.DELAY: ("ms",),
    Action.LATE: (),
    Action.CUT: ("ms",),
}
_COMMON = ("nth", "frame")


class FaultSyntaxError(ValueError):
    """A fault that cannot be understood; the text says what to write."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault. `byte` counts from 0, or from the end when negative; `wait` is in seconds."""

    text: str
    action: Action
    direction: str
    nth: int = 1
    prefix: bytes = b""
    byte: int | None = None
    count: int = 1
    xor: int = 0xFF
    wait: float = 0.0


@dataclass(slots=True)
class Fault:
    """A rule at work: how many frames it has counted, and what it did to which."""

    rule: Rule
    counted: int = 0
    fired: list[str] = field(default_factory=list)

    def hits(self, direction: str, frame: bytes) -> bool:
        """Count `frame`; whether it is the one."""
        rule = self.rule
        if direction != rule.direction or not frame.startswith(rule.prefix):
            return False
        self.counted += 1
        return self.counted == rule.nth and _reaches(rule, frame)

    def altered(self, frame: bytes) -> bytes | None:
        """What passes of `frame`: changed bytes, or None when it is lost."""
        rule = self.rule
        if rule.action is Action.CUT or (rule.action is Action.DROP and rule.byte is None):
            return None
        if rule.action is Action.CORRUPT:
            at = (-1 if rule.byte is None else rule.byte) % len(frame)
            return frame[:at] + bytes([frame[at] ^ rule.xor]) + frame[at + 1:]
        if rule.action is Action.DROP and rule.byte is not None:
            at = rule.byte % len(frame)
            return (frame[:at] + frame[at + rule.count:]) or None
        return frame

    def report(self) -> str:
        """One line: what it did, or why it proves nothing."""
        if self.fired:
            return f"fired    {self.rule.text}: {'; '.join(self.fired)}"
        return f"INVALID  {self.rule.text}: never fired ({self.counted} matching frames)"


@dataclass(slots=True)
class Faults:
    """All faults of a run, in the order given."""

    faults: Sequence[Fault] = ()

    @classmethod
    def of(cls, *texts: str) -> Faults:
        """Raises FaultSyntaxError."""
        return cls([Fault(parse(text)) for text in texts])

    def on(self, direction: str, frame: bytes) -> list[Fault]:
        """The faults that hit this frame; every rule counts it."""
        return [fault for fault in self.faults if fault.hits(direction, frame)]

    @property
    def all_fired(self) -> bool:
        """Whether the run proves what it was meant to."""
        return all(fault.fired for fault in self.faults)


def parse(text: str) -> Rule:
    """Read one fault. Raises FaultSyntaxError."""
    words = text.split()
    if len(words) < 2 or words[0] not in list(Action) or words[1] not in DIRECTIONS:
        raise FaultSyntaxError(f"{text!r}: write {' | '.join(Action)}, then out | in, then KEY=VALUE")
    action = Action(words[0])
    given = _settings(text, action, words[2:])
    wait = _number(text, given, "ms", 0, lowest=1) / 1000
    if "ms" in _KEYS[action] and not wait:
        raise FaultSyntaxError(f"{text!r}: {action} needs ms=N, how long in milliseconds")
    xor = _hex(text, "xor", given.get("xor", "ff"))
    if len(xor) != 1 or xor == b"\x00":
        raise FaultSyntaxError(f"{text!r}: xor is one byte from 01 to ff")
    return Rule(
        text=text, action=action, direction=words[1], nth=_number(text, given, "nth", 1, lowest=1),
        prefix=_hex(text, "frame", given.get("frame", "")),
        byte=_number(text, given, "byte", 0) if "byte" in given else None,
        count=_number(text, given, "count", 1, lowest=1), xor=xor[0], wait=wait,
    )


def _reaches(rule: Rule, frame: bytes) -> bool:
    """Whether the frame is long enough to have the byte that the rule names."""
    at = rule.byte if rule.byte is not None else -1
    return -len(frame) <= at < len(frame)


def _settings(text: str, action: Action, words: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    known = (*_COMMON, *_KEYS[action])
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value or key not in known:
            raise FaultSyntaxError(f"{text!r}: {word!r} is none of {', '.join(f'{name}=' for name in known)}")
        given[key] = value
    if action is Action.DROP and "count" in given and "byte" not in given:
        raise FaultSyntaxError(f"{text!r}: count= goes with byte=")
    return given


def _convert(text: str, key: str, value: str, read: Callable[[str], int]) -> int:
    try:
        return read(value)
    except ValueError:
        raise FaultSyntaxError(f"{text!r}: {key} is a whole number, not {value!r}") from None


def _number(
    text: str, given: Mapping[str, str], key: str, default: int, *, lowest: int | None = None
) -> int:
    value = _convert(text, key, given[key], int) if key in given else default
    if lowest is not None and key in given and value < lowest:
        raise FaultSyntaxError(f"{text!r}: {key} is at least {lowest}")
    return value


def _hex(text: str, key: str, value: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise FaultSyntaxError(f"{text!r}: {key} is hexadecimal, such as 0105, not {value!r}") from None
