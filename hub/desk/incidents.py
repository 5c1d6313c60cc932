"""Incidents: recovery tasks that always have an owner, and end with a verdict, a person and a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.store import Reader, Tx

#: A void that cannot be proved, or money kept without goods: somebody has to pay it back.
REFUND_OWED = "refund_owed"


class Urgency(StrEnum):
    """How soon somebody must look."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class IncidentVerdict(StrEnum):
    """What a resolved incident says of the effect that it is about (S25)."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    CLOSED = "closed"


_COLUMNS = """
id, kind, urgency, handover_id, effect_id, device, target, owner, state, detail, opened, due, resolved,
verdict, note, who, approved_by FROM incident
"""
_ONE = f"SELECT {_COLUMNS} WHERE id = ?"
_ALL = f"SELECT {_COLUMNS} ORDER BY opened, id"
_OPEN = f"SELECT {_COLUMNS} WHERE state = 'open' ORDER BY opened, id"
_PAGE = f"""
SELECT {_COLUMNS} WHERE (state = 'open' OR NOT ?1)
  AND (?2 IS NULL OR (opened, id) < (SELECT opened, id FROM incident WHERE id = ?2))
ORDER BY opened DESC, id DESC LIMIT ?3
"""  # noqa: S608  constants only
_OF = f"SELECT {_COLUMNS} WHERE handover_id = ? ORDER BY opened, id"
_ABOUT = f"SELECT {_COLUMNS} WHERE subject = ?1 AND effect_id = ?1 AND state = 'open'"
_INSERT = """
INSERT INTO incident (id, kind, urgency, subject, handover_id, effect_id, device, target, owner, detail,
  opened, due)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id
"""
_SAME = "SELECT id FROM incident WHERE kind = ? AND subject = ? AND target = ? AND state = 'open'"
_RESOLVE = """
UPDATE incident SET state = 'resolved', verdict = ?, who = ?, note = ?, approved_by = ?, resolved = ?
WHERE id = ? AND state = 'open' RETURNING id
"""
_OWNER = "UPDATE incident SET owner = ? WHERE id = ? AND state = 'open' RETURNING id"


class NoIncident(StepFailed):
    """There is no incident of that id. `reason` is unknown_incident."""

    def __init__(self, incident_id: str) -> None:
        super().__init__("unknown_incident", incident_id)


class IncidentClosed(StepFailed):
    """It was resolved before, with another verdict. `reason` is already_resolved."""

    def __init__(self, incident_id: str, verdict: IncidentVerdict | None) -> None:
        super().__init__("already_resolved", f"{incident_id} was resolved as {verdict}")


@dataclass(frozen=True, slots=True)
class Incident:
    """An owned task. `owner` is `role:<name>` or `person:<person_ref>`; `due` when it must be looked at."""

    id: str
    kind: str
    urgency: Urgency
    handover_id: str | None
    effect_id: str | None
    device: str | None
    target: str
    owner: str
    open: bool
    detail: str
    opened: int
    due: int | None
    resolved: int | None
    verdict: IncidentVerdict | None
    note: str
    who: str | None
    approved_by: str | None


def role(name: str) -> str:
    """The owner that is everybody of a role."""
    return f"role:{name}"


def person(person_ref: str) -> str:
    """The owner that is one person."""
    return f"person:{person_ref}"


def open_incident(
    tx: Tx, kind: str, at: int, *, urgency: Urgency | str = Urgency.NORMAL, handover_id: str | None = None,
    effect_id: str | None = None, device: str | None = None, target: str = "", owner: str = "role:staff",
    detail: str = "", due: int | None = None,
) -> str:
    """Open an incident and return its id.

    While one of the same kind, effect (else handover, else device) and target is open, that one is returned
    and nothing is written. `detail` is for the staff and holds no personal data.
    """
    subject = effect_id or handover_id or device or ""
    urgency = Urgency(urgency)
    new_id = tx.new_id(at)
    opened = tx.execute(_INSERT, (
        new_id, kind, urgency.value, subject, handover_id, effect_id, device, target, owner, detail, at, due,
    )).fetchall()
    if not opened:
        standing: str = tx.execute(_SAME, (kind, subject, target)).fetchone()[0]
        return standing
    body: dict[str, Json] = {
        "kind": kind, "urgency": urgency.value, "owner": owner, "handover": handover_id, "effect": effect_id,
        "device": device, "target": target, "detail": detail, "due": due,
    }
    tx.journal("incident/" + new_id, journal.INCIDENT_OPENED, body, at)
    return new_id


def resolve_incident(
    tx: Tx, incident_id: str, verdict: IncidentVerdict | str, who: str, why: str, at: int, *,
    approved_by: str | None = None,
) -> Incident:
    """End it with a verdict, by `who` (a person_ref or token), for the reason `why`.

    The same verdict again changes nothing. Raises NoIncident, IncidentClosed, ValueError without who or why.
    """
    verdict = IncidentVerdict(verdict)
    if not who or not why:
        raise ValueError("an incident is resolved by somebody, for a reason")
    resolved = tx.execute(_RESOLVE, (verdict.value, who, why, approved_by, at, incident_id)).fetchall()
    found = incident(tx, incident_id)
    if resolved:
        body: dict[str, Json] = {
            "verdict": verdict.value, "who": who, "why": why, "approved_by": approved_by,
            "handover": found.handover_id, "effect": found.effect_id,
        }
        tx.journal("incident/" + incident_id, journal.INCIDENT_RESOLVED, body, at)
    elif found.verdict is not verdict:
        raise IncidentClosed(incident_id, found.verdict)
    return found


def assign_owner(tx: Tx, incident_id: str, owner: str, who: str, at: int) -> None:
    """Hand an open incident to `owner` (see `role`, `person`). Raises NoIncident, IncidentClosed."""
    if not owner.startswith(("role:", "person:")):
        raise ValueError(f"an owner is role:<name> or person:<ref>, not {owner!r}")
    if not tx.execute(_OWNER, (owner, incident_id)).fetchall():
        raise IncidentClosed(incident_id, incident(tx, incident_id).verdict)
    tx.journal("incident/" + incident_id, journal.INCIDENT_ASSIGNED, {"owner": owner, "who": who}, at)


def incident(reader: Reader, incident_id: str) -> Incident:
    """One incident; raises NoIncident."""
    row = reader.execute(_ONE, (incident_id,)).fetchone()
    if row is None:
        raise NoIncident(incident_id)
    return _from_row(row)


def incidents(reader: Reader, *, only_open: bool = False) -> list[Incident]:
    """All incidents, oldest first."""
    return [_from_row(row) for row in reader.execute(_OPEN if only_open else _ALL).fetchall()]


def incident_page(
    reader: Reader, *, only_open: bool, limit: int, before: str | None = None
) -> list[Incident]:
    """At most `limit` incidents, newest first, older than the incident `before`.

    By the time they were opened: ids of one millisecond are in no order.
    """
    return [_from_row(row) for row in reader.execute(_PAGE, (only_open, before, limit)).fetchall()]


def incidents_of(reader: Reader, handover_id: str) -> list[Incident]:
    """The incidents of a handover, oldest first."""
    return [_from_row(row) for row in reader.execute(_OF, (handover_id,)).fetchall()]


def incident_of_effect(reader: Reader, effect_id: str) -> Incident | None:
    """The open incident about an effect, or None."""
    row = reader.execute(_ABOUT, (effect_id,)).fetchone()
    return None if row is None else _from_row(row)


def _from_row(row: Any) -> Incident:
    (id_, kind, urgency, handover_id, effect_id, device, target, owner, state, detail, opened, due, resolved,
     verdict, note, who, approved_by) = row
    return Incident(
        id_, kind, Urgency(urgency), handover_id, effect_id, device, target, owner, state == "open", detail,
        opened, due, resolved, None if verdict is None else IncidentVerdict(verdict), note, who, approved_by,
    )
