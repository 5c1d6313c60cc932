"""What a presented PIN, code or tag is good for here and now. Nothing is spent by asking (S29)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.access.credentials import CODE, KIND, PIN, TAG, hash_of
from hub.access.grants import REOPEN_WITHIN, REOPENS
from hub.access.people import Identity, owner_of
from hub.access.throttle import Throttle, count_failure, locked_until
from hub.model import journal
from hub.model.effects import Json
from hub.model.states import Method
from hub.store import Reader, Tx

_LIMIT = Throttle()

_FOUND = """
SELECT g.id, g.handover_id, g.person_ref, g.terminals, g.valid_from, g.valid_until, g.status, g.last_use,
  g.reopens, g.closed, g.party
FROM credential AS c JOIN access_grant AS g ON g.id = c.grant_id WHERE c.hash = ?
"""
_BADGE = """
SELECT g.id, g.handover_id, g.person_ref, g.terminals, g.valid_from, g.valid_until, g.status, g.last_use,
  g.reopens, g.closed, g.party
FROM access_grant AS g WHERE g.person_ref = ? AND g.badge = 1 AND g.closed = 0
"""
_GRANT = """
SELECT g.id, g.handover_id, g.person_ref, g.terminals, g.valid_from, g.valid_until, g.status, g.last_use,
  g.reopens, g.closed, g.party
FROM access_grant AS g WHERE g.id = ?
"""
_SHARED = """
SELECT g.id, g.handover_id, g.person_ref, g.terminals, g.valid_from, g.valid_until, g.status, g.last_use,
  g.reopens, g.closed, g.party
FROM access_grant AS g WHERE g.members = ?1 AND g.closed = 0
  AND CASE ?2 WHEN 'tag' THEN g.badge ELSE g.own_pin END = 1
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One grant that the presentation may use. `reopen`: it is spent, `reuse` may open its door once more.

    `person_ref` is whose it is; of a right that a group shares, who presented it.
    """

    grant_id: str
    handover_id: str
    person_ref: str | None
    valid_until: int
    reopen: bool
    party: str = "recipient"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The presentation is good for `candidates`, the earliest expiring first. Nothing is spent yet.

    `person` is set when the credential is a known person's own.
    """

    candidates: tuple[Candidate, ...]
    person: Identity | None = None

    @property
    def grant_id(self) -> str:
        """The first candidate's grant."""
        return self.candidates[0].grant_id

    @property
    def handover_id(self) -> str:
        """The first candidate's handover."""
        return self.candidates[0].handover_id


@dataclass(frozen=True, slots=True)
class Denied:
    """The presentation opens nothing here and now.

    `reason`: unknown, early, late, used, revoked, wrong_terminal, throttled (until `valid_from`), or
    no_grant when the credential is `person`'s own, who has nothing to collect.
    """

    reason: str
    handover_id: str | None = None
    valid_from: int | None = None
    valid_until: int | None = None
    person: Identity | None = None


def present(
    tx: Tx, method: Method | str, text: str, terminal: str, at: int, *, limit: Throttle = _LIMIT
) -> Accepted | Denied:
    """Look up what was keyed, scanned or tapped at `terminal`.

    A denial is journalled with method and reason, never with the text; an unknown PIN is counted, and
    too many lock the terminal's keypad for PINs.
    """
    method = Method(method)
    kind = KIND[method]
    if kind == PIN:
        until = locked_until(tx, terminal, at)
        if until:
            return _deny(tx, Denied("throttled", valid_from=until), method, terminal, at)
    digest = hash_of(tx, kind, text)
    rows = tx.execute(_FOUND, (digest,)).fetchall()
    person = None if kind == CODE else owner_of(tx, digest)
    if person is not None and kind == TAG:
        known = {row[0] for row in rows}
        rows += [row for row in tx.execute(_BADGE, (person.ref,)).fetchall() if row[0] not in known]
    if person is not None:
        rows += _shared(tx, kind, person)
    judged = [(_judge(row, terminal, at), row) for row in rows]
    # What is still to collect comes before opening an old door again, then what expires first.
    good = sorted((reason, row[5], row[0], row) for reason, row in judged if reason in ("", "reopen"))
    if good:
        return Accepted(tuple(_candidate(row, person) for _, _, _, row in good), person)
    if not judged:
        if person is not None:
            return Denied("no_grant", person=person)
        if kind == PIN:
            count_failure(tx, terminal, at, limit)
        return _deny(tx, Denied("unknown"), method, terminal, at)
    # An open grant tells the person more than a closed one, a newer more than an older.
    reason, row = max(judged, key=lambda pair: (not pair[1][9], pair[1][0]))
    return _deny(tx, Denied(reason, row[1], row[4], row[5], person), method, terminal, at, row[0])


def candidate(reader: Reader, grant_id: str, terminal: str, at: int) -> Candidate | None:
    """A grant that is still good for something new at the terminal; None when it is not."""
    row = reader.execute(_GRANT, (grant_id,)).fetchone()
    return _candidate(row, None) if row is not None and _judge(row, terminal, at) == "" else None


def knows(reader: Reader, method: Method | str, text: str) -> bool:
    """Whether the text is a credential that was ever issued here, or a person's own."""
    digest = hash_of(reader, KIND[Method(method)], text)
    found = reader.execute("SELECT 1 FROM credential WHERE hash = ? LIMIT 1", (digest,)).fetchone()
    return found is not None or owner_of(reader, digest) is not None


def _judge(row: Any, terminal: str, at: int) -> str:
    """Empty when the grant is good, `reopen` when only for its last door, else why not."""
    _, _, _, terminals, since, until, status, last_use, reopens, closed, _ = row
    if terminals and f" {terminal} " not in terminals:
        return "wrong_terminal"
    if status == "spent":
        again = not closed and reopens < REOPENS and at - last_use <= REOPEN_WITHIN
        return "reopen" if again else "used"
    if status == "revoked" or closed:
        return "revoked"
    if at < since:
        return "early"
    return "" if at < until else "late"


def _candidate(row: Any, person: Identity | None) -> Candidate:
    owner = row[2] if row[2] is not None or person is None else person.ref
    return Candidate(row[0], row[1], owner, row[5], row[6] == "spent", row[10])


def _shared(tx: Tx, kind: str, person: Identity) -> list[Any]:
    """The grants that a person shares with everybody of a group or role."""
    names = [f"group:{name}" for name in sorted(person.groups)]
    names += [f"role:{name}" for name in sorted(person.roles)]
    return [row for name in names for row in tx.execute(_SHARED, (name, kind)).fetchall()]


def _deny(
    tx: Tx, denied: Denied, method: Method, terminal: str, at: int, grant_id: str | None = None
) -> Denied:
    stream = f"handover/{denied.handover_id}" if denied.handover_id else f"terminal/{terminal}"
    body: dict[str, Json] = {
        "terminal": terminal, "method": method.value, "reason": denied.reason, "grant": grant_id,
    }
    tx.journal(stream, journal.ACCESS_DENIED, body, at)
    return denied
