"""The compiled form of a blueprint with its inputs: what a handover pins and `step()` runs (S31).

All values are plain JSON. A string that is one whole `{{ }}` is an expression (S30); any other is text.
The canonical bytes of a Machine are `msgspec.json.encode(machine)`; its hash is their SHA-256.
Source marks stay outside (`Marks`), so that moving a line does not change the hash.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


class Arrow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One guarded way out of a state for one event. `to` empty means: stay, without re-entering."""

    to: str = ""
    when: str = ""


class StepCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of a state's `enter` list. `cases` are the branches of a `choose`."""

    type: str
    args: dict[str, Any] = {}
    effect: bool = False
    cases: tuple[Case, ...] = ()


class Case(msgspec.Struct, frozen=True, omit_defaults=True):
    """One branch of a `choose`: the first whose `when` holds is done; an empty `when` always holds."""

    do: tuple[StepCall, ...]
    when: str = ""


class After(msgspec.Struct, frozen=True, omit_defaults=True):
    """A timer per state entry: elapsed microseconds, then the arrow."""

    micros: int
    arrows: tuple[Arrow, ...]


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """One state. `on` maps event names to arrows, first match wins (S26).

    A parent with `each` runs its children once per allocation for which `where` holds (S28).
    """

    name: str
    parent: str = ""
    label: str = ""
    status: str = ""
    phase: str = ""
    enter: tuple[StepCall, ...] = ()
    on: dict[str, tuple[Arrow, ...]] = {}
    after: tuple[After, ...] = ()
    final: bool = False
    each: str = ""
    where: str = ""
    initial: str = ""


class Deadline(msgspec.Struct, frozen=True, omit_defaults=True):
    """A promise of the handover: due `micros` after the start, or after first entering `since` (S22).

    Instead of `micros`, where there is one: the end of the order's window (`until_window`), the moment in
    the variable `at`, the next closing of `schedule`, or the next `time` of day ("HH:MM:SS") in `zone`.
    """

    micros: int = 0
    since: str = ""
    until_window: bool = False
    at: str = ""
    schedule: dict[str, Any] = {}
    time: str = ""
    zone: str = ""


class Start(msgspec.Struct, frozen=True, omit_defaults=True):
    """What begins a handover: api, code, tag, selection, schedule or desk (S27).

    `group` names the people who may begin it, `keys` what is keyed before, `schedule` when it opens.
    """

    on: str
    terminal: str = ""
    group: str = ""
    keys: str = ""
    schedule: dict[str, Any] = {}


class Machine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole workflow, ready to run."""

    workflow: str
    blueprint: str
    version: str
    lang: int
    initial: str
    states: dict[str, State]
    deadlines: dict[str, Deadline] = {}
    start: tuple[Start, ...] = ()
    keys: dict[str, str] = {}
    inputs: dict[str, Any] = {}
    source_owner: str = ""
    urgency: str = "normal"
    first_paged: str = "staff"
    promise_micros: int = 0

    def canonical(self) -> bytes:
        """The bytes that are hashed and stored."""
        return msgspec.json.encode(self, order="sorted")

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, hex."""
        return hashlib.sha256(self.canonical()).hexdigest()
