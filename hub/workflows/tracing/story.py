"""The facts of a trace, ready to be drawn or printed as JSON. Times are UTC microseconds."""

from __future__ import annotations

from typing import Any

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where a part stands: its path, and the line of the file as it was when the machine was stored."""

    path: str
    file: str = ""
    line: int = 0
    text: str = ""


class Guard(msgspec.Struct, frozen=True):
    """A condition that was asked: its expression, and true, false or the error."""

    when: str
    value: str
    place: Place | None = None


class Step(msgspec.Struct, frozen=True):
    """A database step: what it was given, and whether it succeeded. `branch` is that of a `choose`."""

    type: str
    args: dict[str, Any]
    done: bool = True
    reason: str = ""
    detail: str = ""
    branch: int | None = None
    place: Place | None = None


class Act(msgspec.Struct, frozen=True):
    """An effect: its intent, its verdict with the evidence, and when each became durable."""

    id: str
    kind: str
    device: str
    target: str
    opened: int
    state: str
    level: str = ""
    params: dict[str, Any] = {}
    settled: int | None = None
    reason: str = ""
    evidence: dict[str, Any] = {}
    place: Place | None = None


class Happening(msgspec.Struct, frozen=True):
    """Any other row of the record: custody, credentials, money, what the desk asked for."""

    at: int
    type: str
    body: dict[str, Any] | None


class Turn(msgspec.Struct, frozen=True):
    """One event and all that followed from it. `handled` False: a recorded no-op.

    `arrow` is the way that was taken; None for what every blueprint inherits, and at the start.
    """

    seq: int
    at: int
    event: str
    left: str = ""
    entered: str = ""
    handled: bool = True
    label: str = ""
    status: str = ""
    phase: str = ""
    data: dict[str, Any] = {}
    effect: str = ""
    arrow: Place | None = None
    guards: tuple[Guard, ...] = ()
    steps: tuple[Step, ...] = ()
    acts: tuple[Act, ...] = ()
    happenings: tuple[Happening, ...] = ()
    evicted: bool = False


class Trouble(msgspec.Struct, frozen=True):
    """An incident of the handover, with whose it is and how it ended."""

    id: str
    kind: str
    urgency: str
    owner: str
    at: int
    resolved: int | None = None
    verdict: str = ""
    target: str = ""


class Story(msgspec.Struct, frozen=True):
    """Everything that is known of a handover, oldest first."""

    id: str
    workflow: str
    blueprint: str
    version: str
    machine: str
    state: str
    status: str
    ended: bool
    created: int
    start: str = ""
    turns: tuple[Turn, ...] = ()
    incidents: tuple[Trouble, ...] = ()
    after: tuple[Happening, ...] = ()
