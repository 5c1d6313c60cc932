"""What a simulation shows: counted while it runs, and read from the tables at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.core.clock import HOUR
from hub.store import Reader
from hub.workflows.machine import Machine
from hub.workflows.run.service import Changed

_USED = """
SELECT count(*), sum(hold <> 'free'), sum(service = 'barred' AND hold = 'free'), sum(product IS NOT NULL)
FROM compartment WHERE removed = 0
"""
_HANDOVERS = """
SELECT workflow, status, ended, count(*) FROM handover GROUP BY workflow, status, ended
ORDER BY workflow, status
"""
_DAYS = """
SELECT (created - ?1) / 86400000000, status, count(*) FROM handover GROUP BY 1, 2 ORDER BY 1, 2
"""
_INCIDENTS = """
SELECT kind, count(*), sum(resolved IS NULL), avg(coalesce(resolved, ?1) - opened) FROM incident GROUP BY kind
ORDER BY 2 DESC, kind
"""
_MONEY = """
SELECT (opened - ?1) / 86400000000, state, sum(coalesce(approved, amount)), count(*) FROM leg
GROUP BY 1, 2 ORDER BY 1, 2
"""
_EFFECTS = """
SELECT kind, state, reason, count(*) FROM effect GROUP BY kind, state, reason ORDER BY kind, 4 DESC, reason
"""
_AT_DOOR = """
SELECT settled - opened FROM effect WHERE kind = 'open' AND state = 'confirmed' AND settled IS NOT NULL
ORDER BY 1
"""
_MESSAGES = "SELECT template, state, count(*) FROM message GROUP BY template, state ORDER BY template, state"


@dataclass(slots=True)
class Measures:
    """Everything that the report tells. Times in microseconds, amounts in minor units."""

    start: int
    days: int
    currency: str = "EUR"
    handovers: list[tuple[str, str, bool, int]] = field(default_factory=list)
    by_day: list[tuple[int, str, int]] = field(default_factory=list)
    incidents: list[tuple[str, int, int, float]] = field(default_factory=list)
    money: list[tuple[int, str, int, int]] = field(default_factory=list)
    effects: list[tuple[str, str, str, int]] = field(default_factory=list)
    messages: list[tuple[str, str, int]] = field(default_factory=list)
    #: (time, share in use, share out of service) every hour.
    usage: list[tuple[int, float, float]] = field(default_factory=list)
    #: From being ready to being taken, per workflow.
    waits: dict[str, list[int]] = field(default_factory=dict)
    #: From the command to the proof that a door is open.
    at_door: list[int] = field(default_factory=list)
    asked: int = 0
    turned_away: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    events: int = 0
    head: str = ""
    looks: int = 0
    transitions: int = 0

    @property
    def begun(self) -> int:
        """How many handovers there were."""
        return sum(count for *_, count in self.handovers)

    @property
    def ended(self) -> int:
        """How many of them have ended."""
        return sum(count for _, _, ended, count in self.handovers if ended)

    def of_status(self, *statuses: str) -> int:
        """How many have one of these statuses."""
        return sum(count for _, status, _, count in self.handovers if status in statuses)

    def money_in(self, *states: str) -> int:
        """The sum of the legs in one of these states."""
        return sum(amount for _, state, amount, _ in self.money if state in states)

    @property
    def success(self) -> float:
        """Completed among those that have ended, 0 to 1; what found no room or no goods counts as not."""
        done = sum(n for _, s, ended, n in self.handovers if ended and s == "completed")
        return done / self.ended if self.ended else 0.0

    def read(self, reader: Reader, now: int) -> None:
        """Take the tables' part."""
        self.handovers = [(w, s, bool(e), n) for w, s, e, n in reader.execute(_HANDOVERS).fetchall()]
        self.by_day = [tuple(row) for row in reader.execute(_DAYS, (self.start,)).fetchall()]
        self.incidents = [tuple(row) for row in reader.execute(_INCIDENTS, (now,)).fetchall()]
        self.money = [tuple(row) for row in reader.execute(_MONEY, (self.start,)).fetchall()]
        self.effects = [tuple(row) for row in reader.execute(_EFFECTS).fetchall()]
        self.messages = [tuple(row) for row in reader.execute(_MESSAGES).fetchall()]
        self.at_door = [row[0] for row in reader.execute(_AT_DOOR).fetchall()]

    def sample(self, reader: Reader, now: int) -> None:
        """How much of the site is in use at this moment."""
        total, held, barred, _ = reader.execute(_USED).fetchone()
        if total:
            self.usage.append((now, (held or 0) / total, (barred or 0) / total))


class Watch:
    """Listens to every change of every handover and keeps the times that people feel."""

    def __init__(self, measures: Measures, machines: dict[str, Machine], clock: Any) -> None:
        self._measures = measures
        self._clock = clock
        self._waiting = {
            name: {state for state, spec in machine.states.items() if "credential.accepted" in spec.on}
            for name, machine in machines.items()
        }
        self._ready: dict[str, int] = {}

    def changed(self, seen: Changed) -> None:
        """A transition is durable."""
        self._measures.transitions += 1
        handover, now = seen.handover_id, self._clock.now()
        if seen.status in ("completed", "partially_completed"):
            ready = self._ready.pop(handover, None)
            if ready is not None and ready >= 0:
                self._measures.waits.setdefault(seen.workflow, []).append(now - ready)
                self._ready[handover] = -1
        elif seen.status in ("expired", "cancelled", "refunded"):
            self._ready.pop(handover, None)
        elif seen.state in self._waiting.get(seen.workflow, ()) and handover not in self._ready:
            self._ready[handover] = now


def quantile(values: list[int], share: float) -> int:
    """The value below which this share lies; 0 for none."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0


def hours(micros: float) -> float:
    """Microseconds as hours."""
    return micros / HOUR
