"""What must hold at any time of a simulation; a violation ends it with the handover's story."""

from __future__ import annotations

from dataclasses import dataclass

from hub.config.durations import say_duration
from hub.store import Reader
from hub.workflows.cases.trace import TraceLine, trace_of
from hub.workflows.engine import Snapshot
from hub.workflows.machine import Machine
from hub.workflows.run import records

_TWO_OWNERS = """
SELECT a.compartment, min(a.handover_id) FROM allocation AS a
JOIN handover AS h ON h.id = a.handover_id WHERE a.live = 1
GROUP BY a.compartment HAVING count(DISTINCT coalesce(h.person_ref, h.id)) > 1
"""
_ENDED_WITH = """
SELECT h.id FROM handover AS h JOIN allocation AS a ON a.handover_id = h.id
WHERE h.ended = 1 AND a.live = 1 LIMIT 1
"""
_UNPAID_FOR = """
SELECT l.handover_id FROM leg AS l WHERE l.state = 'captured' AND l.opened > ?1
AND NOT EXISTS (SELECT 1 FROM effect AS e WHERE e.handover_id = l.handover_id
  AND e.kind IN ('open', 'dispense') AND e.state = 'confirmed')
AND NOT EXISTS (SELECT 1 FROM incident AS i WHERE i.handover_id = l.handover_id) LIMIT 1
"""
_UNENTITLED = """
SELECT handover_id FROM effect WHERE kind = 'open' AND use_id IS NULL AND opened > ?1
AND handover_id IS NOT NULL LIMIT 1
"""
_TOO_MUCH = """
SELECT l.handover_id FROM leg AS l JOIN money_decision AS d ON d.leg_id = l.id
WHERE l.opened > ?1 AND d.decision = 'capture' AND d.amount > coalesce(l.approved, l.amount) LIMIT 1
"""
_LIVE = "SELECT id, updated FROM handover WHERE ended = 0 AND updated < ?"
_TIMERS = "SELECT 1 FROM timer WHERE handover_id = ? LIMIT 1"
_OWNED = "SELECT 1 FROM incident WHERE handover_id = ? AND resolved IS NULL LIMIT 1"


@dataclass(frozen=True, slots=True)
class Violation(Exception):
    """A promise that did not hold: `rule` in words, the handover, and its story."""

    rule: str
    handover: str
    story: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.rule} (handover {self.handover or 'none'})", *self.story])


class Checks:
    """Looks again and again; each look covers what has happened since the one before."""

    def __init__(self, machines: records.Machines) -> None:
        self._machines = machines
        self._since = 0
        self.looks = 0

    def look(self, reader: Reader, now: int) -> None:
        """Raises Violation."""
        self.looks += 1
        row = reader.execute(_TWO_OWNERS).fetchone()
        if row is not None:
            raise self._violation(reader, f"compartment {row[0]} has two owners", row[1])
        for sql, rule in (
            (_UNPAID_FOR, "money was captured for nothing that was released, and nobody owns it"),
            (_UNENTITLED, "a door was opened without an accepted use of a grant"),
            (_TOO_MUCH, "more money was captured than was authorised"),
        ):
            row = reader.execute(sql, (self._since,)).fetchone()
            if row is not None:
                raise self._violation(reader, rule, row[0])
        row = reader.execute(_ENDED_WITH).fetchone()
        if row is not None:
            raise self._violation(reader, "a handover ended and still holds a compartment", row[0])
        self._stranded(reader, now)
        self._since = now - 3_600_000_000

    def _stranded(self, reader: Reader, now: int) -> None:
        """Every live handover has an act under way, a timer, an owned task, or a person who can act."""
        for handover, _ in reader.execute(_LIVE, (now - 3_600_000_000,)).fetchall():
            snapshot = records.load(reader, handover)
            if snapshot.effect_id and not snapshot.asked:
                raise self._violation(reader, "an act has had no verdict for an hour", handover)
            if self._somebody(reader, snapshot):
                continue
            raise self._violation(reader, f"nobody and nothing ends state {snapshot.state!r}", handover)

    def _somebody(self, reader: Reader, snapshot: Snapshot) -> bool:
        machine = self._machines.get(reader, snapshot.machine)
        state = machine.states[snapshot.state]
        parent = machine.states[state.parent].on if state.parent else {}
        takes = (*state.on, *parent)
        if any(name.startswith("command.") for name in takes):
            return True
        return any(
            reader.execute(sql, (snapshot.handover_id,)).fetchone() is not None for sql in (_TIMERS, _OWNED)
        )

    def _violation(self, reader: Reader, rule: str, handover: str) -> Violation:
        return Violation(rule, handover, tuple(story(reader, self._machines, handover)))


def story(reader: Reader, machines: records.Machines, handover: str) -> list[str]:
    """What happened in a handover, line by line."""
    machine: Machine = machines.get(reader, records.load(reader, handover).machine)
    lines = trace_of(reader, handover, machine, {})
    return [_said(line, lines[0].at) for line in lines]


def _said(line: TraceLine, start: int) -> str:
    data = " ".join(f"{key}={value}" for key, value in line.data.items())
    into = f" -> {line.entered}" if line.entered else ""
    steps = f"  [{', '.join(line.steps)}]" if line.steps else ""
    note = f"  ({line.note})" if line.note else ""
    when = say_duration(round(line.at - start, -6))
    return f"  {when:>36}  {line.event} {data}".rstrip() + into + steps + note
