"""Reads a handover's record back: each event with its arrow, guards, steps and effects, and their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hub import desk
from hub.effects.records import effects_of
from hub.store import Event, Reader
from hub.store.cursors import read_stream
from hub.workflows.engine import RECOVERY
from hub.workflows.machine import Machine
from hub.workflows.run import records, versions
from hub.workflows.tracing.lines import Lines
from hub.workflows.tracing.story import Act, Happening, Story, Trouble, Turn

_PAGE = 1000
_TURNS = ("handover.moved", "handover.noted")
_FIND = (
    "SELECT id FROM handover WHERE id = ?1 OR external_ref = ?1 OR (length(?1) >= 4 AND id LIKE ?1 || '%') "
    "OR (length(?1) >= 4 AND id LIKE '%' || ?1) ORDER BY id LIMIT 6"
)


class NoHandover(Exception):
    """No handover has that id or reference."""


class SeveralHandovers(Exception):
    """Several handovers have it; `ids` are some of them."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"several handovers fit: {', '.join(ids)}")
        self.ids = ids


def find(reader: Reader, word: str) -> str:
    """The id that `word` means: an id, its beginning or end, or an external reference.

    Raises NoHandover and SeveralHandovers.
    """
    ids = [row[0] for row in reader.execute(_FIND, (word,)).fetchall()]
    if word in ids:
        return word
    if not ids:
        raise NoHandover(word)
    if len(ids) > 1:
        raise SeveralHandovers(ids)
    return str(ids[0])


def trace(reader: Reader, handover_id: str) -> Story:
    """The whole story of a handover. Raises NoHandover.

    The blueprint is that which the handover pins, as it was stored: files are not read.
    """
    row = records.summary(reader, handover_id)
    if row is None:
        raise NoHandover(handover_id)
    machine = versions.machine_of(reader, row["machine"])
    lines = Lines(machine, versions.written_of(reader, row["machine"]))
    events = _events(reader, handover_id)
    acts = {found["id"]: found for found in effects_of(reader, handover_id)}
    told = _Telling(machine, lines, acts)
    for event in events:
        told.take(event)
    return Story(
        handover_id, row["workflow"], machine.blueprint, machine.version, row["machine"], row["state"],
        row["status"], row["ended"], row["created"], told.start, tuple(told.turns),
        tuple(_trouble(found) for found in desk.incidents_of(reader, handover_id)), tuple(told.waiting),
    )


class _Telling:
    """Folds the rows of a stream into turns. What a turn's steps wrote stands before the turn's own row."""

    def __init__(self, machine: Machine, lines: Lines, acts: Mapping[str, Mapping[str, Any]]) -> None:
        self._machine = machine
        self._lines = lines
        self._acts = acts
        self._state = ""
        self._asked = ""
        self.start = ""
        self.turns: list[Turn] = []
        self.waiting: list[Happening] = []

    def take(self, event: Event) -> None:
        """The next row."""
        body = event.body
        if event.type in _TURNS:
            self._turn(event, body)
        elif event.type == "handover.created" and body is not None:
            self.start = str(body.get("start", ""))
        elif event.type == "effect.intended" and body is not None and self.turns:
            self._act(event, body)
        elif event.type not in ("effect.settled", "handover.kept", "handover.created"):
            self.waiting.append(Happening(event.time, event.type, None if body is None else dict(body)))

    def _turn(self, event: Event, body: Mapping[str, Any] | None) -> None:
        happened, self.waiting = tuple(self.waiting), []
        if body is None:
            self.turns.append(Turn(event.seq, event.time, "", happenings=happened, evicted=True))
            return
        left, entered = body.get("from") or self._state, body.get("to", "")
        name = body["event"]
        guards = [tuple(guard) for guard in body.get("guards", ())]
        asked = self._asked if name == "incident.resolved" else ""
        arrow, values = self._lines.arrow(name, left, asked, body.get("data", {}), guards)
        state = self._machine.states.get(entered or left)
        self.turns.append(Turn(
            event.seq, event.time, name, body.get("from", ""), entered,
            handled=event.type == "handover.moved", label=state.label if state and entered else "",
            status=body["status"], phase=body["phase"], data=dict(body.get("data", {})),
            effect=body.get("effect", ""), arrow=arrow if event.type == "handover.moved" else None,
            guards=values, steps=self._lines.steps(entered, body.get("steps", ())), happenings=happened,
        ))
        if entered == RECOVERY:
            self._asked = self._asked or left
        elif entered:
            self._asked = ""
        self._state = entered or left

    def _act(self, event: Event, body: Mapping[str, Any]) -> None:
        found = self._acts.get(body["effect"], {})
        act = Act(
            body["effect"], body["kind"], body["device"], body["target"], event.time,
            found.get("state", "intent"), body.get("level", ""), dict(body.get("params", {})),
            found.get("settled"), found.get("reason") or "", dict(found.get("evidence") or {}),
            self._lines.effect(self._state),
        )
        last = self.turns[-1]
        self.turns[-1] = msgspec.structs.replace(last, acts=(*last.acts, act))


def _events(reader: Reader, handover_id: str) -> list[Event]:
    events: list[Event] = []
    while page := read_stream(reader, f"handover/{handover_id}", events[-1].seq if events else 0, _PAGE):
        events += page
    return events


def _trouble(found: desk.Incident) -> Trouble:
    return Trouble(
        found.id, found.kind, found.urgency.value, found.owner, found.opened, found.resolved,
        found.verdict.value if found.verdict else "", found.target,
    )
