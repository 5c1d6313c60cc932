"""Visits: one authenticated presence at a terminal, spanning handovers, one door at a time (S29).

The rows are the truth, so that a visit goes on after the hub was killed in the middle of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from hub.core.clock import MINUTE
from hub.model import journal
from hub.store import Reader, Tx

#: How long after the last sign of life a visit is over.
LASTS = 3 * MINUTE
#: Owner of the timer at which a visit ends, followed by the terminal.
TIMERS = "visit/"

_COLUMNS = "terminal, id, person_ref, known, method, since, seen, served, waiting FROM visit"
_AT = f"SELECT {_COLUMNS} WHERE terminal = ?"
_OF = f"SELECT {_COLUMNS} WHERE handover_id = ?"
_PUT = """
INSERT OR REPLACE INTO visit
  (terminal, id, person_ref, known, method, since, seen, handover_id, served, waiting)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SEEN = "UPDATE visit SET seen = ? WHERE terminal = ?"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at a terminal. `known`: one of the people of the site, by a credential of their own.

    `served` are the handovers it was about, the latest last; `waiting` are pairs of grant and handover that
    are offered when the door in use is closed.
    """

    terminal: str
    id: str
    person_ref: str | None
    known: bool
    method: str
    since: int
    seen: int
    served: tuple[str, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()

    @property
    def handover(self) -> str | None:
        """The handover whose door is or was in use."""
        return self.served[-1] if self.served else None


def visit_at(reader: Reader, terminal: str, at: int) -> Visit | None:
    """Who is at a terminal, as far as the hub knows."""
    visit = last_visit(reader, terminal)
    return visit if visit is not None and at < visit.seen + LASTS else None


def last_visit(reader: Reader, terminal: str) -> Visit | None:
    """The last visit of a terminal, over or not."""
    return _from_row(reader.execute(_AT, (terminal,)).fetchone())


def visit_of(reader: Reader, handover_id: str, at: int) -> Visit | None:
    """The visit in which a handover's door is in use."""
    visit = _from_row(reader.execute(_OF, (handover_id,)).fetchone())
    return visit if visit is not None and at < visit.seen + LASTS else None


def begin(tx: Tx, terminal: str, person_ref: str | None, known: bool, method: str, at: int) -> Visit:
    """Somebody came. Whoever was there before has gone; end that visit first.

    Of people of the site their coming is on record; of everybody else, what their credential was used for.
    """
    visit = Visit(terminal, tx.new_id(at), person_ref, known, method, at, at)
    keep(tx, visit)
    if known:
        tx.journal(f"terminal/{terminal}", journal.VISIT_BEGUN, {
            "visit": visit.id, "person": person_ref, "method": method,
        }, at)
    return visit


def end(tx: Tx, visit: Visit, at: int) -> None:
    """Somebody has gone."""
    tx.execute("DELETE FROM visit WHERE terminal = ? AND id = ?", (visit.terminal, visit.id))
    if visit.known:
        tx.journal(f"terminal/{visit.terminal}", journal.VISIT_ENDED, {
            "visit": visit.id, "handovers": list(visit.served),
        }, at)


def serve(tx: Tx, visit: Visit, handover_id: str, waiting: tuple[tuple[str, str], ...], at: int) -> Visit:
    """The visit is about this handover now; `waiting` comes afterwards."""
    served = (*(one for one in visit.served if one != handover_id), handover_id)
    changed = replace(visit, seen=at, served=served, waiting=waiting)
    keep(tx, changed)
    return changed


def alive(tx: Tx, visit: Visit, at: int) -> None:
    """A sign of life."""
    tx.execute(_SEEN, (at, visit.terminal))


def keep(tx: Tx, visit: Visit) -> None:
    """Store a visit."""
    tx.execute(_PUT, (
        visit.terminal, visit.id, visit.person_ref, int(visit.known), visit.method, visit.since, visit.seen,
        visit.handover, json.dumps(visit.served), json.dumps(visit.waiting),
    ))


def _from_row(row: Any) -> Visit | None:
    if row is None:
        return None
    terminal, id_, person, known, method, since, seen, served, waiting = row
    return Visit(
        terminal, id_, person, bool(known), method, since, seen, tuple(json.loads(served)),
        tuple((grant, handover) for grant, handover in json.loads(waiting)),
    )
