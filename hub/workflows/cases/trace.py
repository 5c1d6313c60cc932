"""What happened in a handover, from its journal: events, guards, states, steps, acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.store import Reader
from hub.store.cursors import Event, read_stream
from hub.workflows.machine import Machine
from hub.workflows.tracing import Step
from hub.workflows.tracing.lines import Lines

_LIMIT = 100_000
_SHOWN = {
    "effect.intended": ("kind", "target"), "effect.settled": ("kind", "verdict", "reason"),
    "access.denied": ("method", "reason"), "handover.extended": ("deadline",),
}


@dataclass(frozen=True, slots=True)
class TraceLine:
    """What one event did: `guards` as evaluated, `entered` empty when no state was entered.

    `place` is the line of the entered state in its blueprint; `details` tell each step with what it was
    given, where that was asked for; `seq` sorts lines of one moment.
    """

    at: int
    event: str
    data: Mapping[str, Any]
    guards: tuple[tuple[str, str], ...] = ()
    entered: str = ""
    steps: tuple[str, ...] = ()
    note: str = ""
    handover: str = ""
    place: str = ""
    details: tuple[str, ...] = ()
    seq: int = 0


def trace_of(
    reader: Reader, handover: str, machine: Machine, places: Mapping[str, str], label: str = "",
    lines: Lines | None = None,
) -> list[TraceLine]:
    """The lines of one handover, in order. `places` are the lines of the states; `lines` gives details."""
    events = read_stream(reader, f"handover/{handover}", 0, _LIMIT)
    found = (_line(event, machine, places, label, lines) for event in events)
    return [line for line in found if line is not None]


def _line(
    event: Event, machine: Machine, places: Mapping[str, str], label: str, lines: Lines | None
) -> TraceLine | None:
    body: Mapping[str, Any] = event.body or {}
    if event.type in _SHOWN:
        data = {key: body[key] for key in _SHOWN[event.type] if body.get(key)}
        return TraceLine(event.time, event.type, data, handover=label, seq=event.seq)
    if event.type not in ("handover.moved", "handover.noted"):
        return None
    entered = str(body.get("to", "")) if event.type == "handover.moved" else ""
    state = machine.states.get(entered)
    note = ""
    if event.type == "handover.noted":
        note = "not handled"
    elif not entered:
        note = "stays"
    elif state is not None and state.final:
        note = "ended"
    return TraceLine(
        event.time, str(body.get("event", "")), body.get("data") or {},
        tuple((str(source), str(value)) for source, value in body.get("guards", ())), entered,
        tuple(call.type for call in state.enter) if state is not None else (), note, label,
        places.get(entered, ""), _steps(lines, entered, body), event.seq,
    )


def _steps(lines: Lines | None, state: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    if lines is None:
        return ()
    return tuple(_step(step) for step in lines.steps(state, body.get("steps", ())))


def _step(step: Step) -> str:
    given = " ".join(f"{key}={value}" for key, value in step.args.items())
    failed = f"  failed: {step.detail or step.reason}" if not step.done else ""
    place = f"  {step.place.file}:{step.place.line}" if step.place is not None and step.place.file else ""
    branch = f" branch {step.branch}" if step.branch is not None else ""
    return f"{step.type}{branch} {given}".rstrip() + failed + place
