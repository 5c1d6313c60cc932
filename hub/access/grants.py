"""Grants: stored rights with their credentials, counted uses and one re-opening (S10, S29)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hub.access.credentials import CODE, KIND, PIN, TAG, draw_code, draw_pin, hash_of
from hub.core.clock import SECOND
from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.model.states import GrantKind, Method
from hub.store import Reader, Tx

#: For how long after its last use a spent grant may open the same door again, and how often.
REOPEN_WITHIN = 120 * SECOND
REOPENS = 1
_DRAWS = 64

_GRANT = """
INSERT INTO access_grant (id, kind, handover_id, person_ref, terminals, valid_from, valid_until, max_uses,
  badge, created, party, members, own_pin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_TAG = "INSERT INTO credential (hash, slot, kind, grant_id) VALUES (?1, ?2, 'tag', ?2)"
_TAKEN = """
SELECT 1 FROM credential AS c JOIN access_grant AS g ON g.id = c.grant_id
WHERE c.hash = ?1 AND c.slot = '' AND g.closed = 0
UNION ALL SELECT 1 FROM person_credential WHERE hash = ?1
"""
_GIVE_PIN = """
INSERT INTO credential (hash, slot, kind, grant_id) VALUES (?1, '', 'pin', ?2)
ON CONFLICT (hash, slot) DO UPDATE SET grant_id = ?2
"""
# 128 random bits are never drawn twice; should they be, the key refuses the second.
_GIVE_CODE = "INSERT INTO credential (hash, slot, kind, grant_id) VALUES (?, ?, 'code', ?)"
_HOLDERS = """
SELECT g.handover_id FROM credential AS c JOIN access_grant AS g ON g.id = c.grant_id
WHERE c.hash = ? AND g.closed = 0
"""
_TAKE_CODE = "DELETE FROM credential WHERE hash = ? AND slot = ''"
_USE = """
UPDATE access_grant SET uses = uses + 1, last_use = ?1, last_use_id = ?2, reopens = 0, status = ?3,
  presented = CASE ?5 WHEN 1 THEN ?1 ELSE presented END WHERE id = ?4
"""
_ONCE = """
INSERT INTO access_grant (id, kind, handover_id, person_ref, valid_from, valid_until, max_uses, created,
  uses, status, last_use, last_use_id, presented, party)
VALUES (?1, ?7, ?2, ?3, ?4, ?5, ?8, ?4, 1, ?9, ?4, ?6, ?4, '')
"""
_LEND = """
INSERT INTO access_grant (id, kind, handover_id, person_ref, valid_from, valid_until, max_uses, created,
  presented, party) VALUES (?1, 'session', ?2, ?3, ?4, ?5, 0, ?4, ?4, '')
"""
_PRESENTED = "SELECT kind, presented FROM access_grant WHERE id = ?"
_REUSE = "UPDATE access_grant SET reopens = reopens + 1 WHERE id = ?"
_LAST = "SELECT handover_id, last_use_id, last_use, reopens, closed FROM access_grant WHERE id = ?"
_USED = "INSERT INTO grant_use (id, grant_id, reopens_use, at) VALUES (?, ?, ?, ?)"
_RETURN = """
UPDATE grant_use SET returned = ?2 WHERE id = ?1 AND returned IS NULL RETURNING grant_id, reopens_use
"""
_UNUSE = """
UPDATE access_grant SET uses = uses - 1, last_use = 0, last_use_id = NULL,
  status = CASE status WHEN 'spent' THEN 'live' ELSE status END
WHERE id = ? RETURNING handover_id
"""
_UNREUSE = "UPDATE access_grant SET reopens = reopens - 1 WHERE id = ? AND reopens > 0 RETURNING handover_id"
_OPEN = """
SELECT id FROM access_grant WHERE handover_id = ?1 AND closed = 0 AND (?2 IS NULL OR party = ?2)
"""
_CLOSE = """
UPDATE access_grant SET closed = 1, status = CASE status WHEN 'live' THEN 'revoked' ELSE status END
WHERE id = ?
"""
_EXTEND = "UPDATE access_grant SET valid_until = ? WHERE id = ?"
_COLUMNS = """
id, kind, handover_id, person_ref, terminals, valid_from, valid_until, max_uses, uses, status, last_use,
closed, created, party, members FROM access_grant
"""
_ONE = f"SELECT {_COLUMNS} WHERE id = ?"
_OF = f"SELECT {_COLUMNS} WHERE handover_id = ? ORDER BY created, id"


class GrantSpent(StepFailed):
    """The grant gives nothing now. `reason`: used, revoked, early, late or unknown."""


class CodeTaken(StepFailed):
    """Another handover's live credential has that text. `reason` is code_taken."""

    def __init__(self) -> None:
        super().__init__("code_taken", "that code opens another handover already")


class NoFreePin(StepFailed):
    """Too many live PINs to find a free one. `reason` is no_free_pin."""

    def __init__(self) -> None:
        super().__init__("no_free_pin", "no unused PIN was found")


@dataclass(frozen=True, slots=True)
class Issued:
    """A new grant and the texts to send. They are kept nowhere else: seal them into the message at once."""

    grant_id: str
    pin: str | None = field(repr=False)
    qr_text: str | None = field(repr=False)
    valid_from: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Grant:
    """A stored right. `max_uses` 0 means any number; `terminals` empty means all.

    `party` is whose right it is, empty for one of the moment; `members` the people who share it.
    """

    id: str
    kind: GrantKind
    handover_id: str
    person_ref: str | None
    terminals: tuple[str, ...]
    valid_from: int
    valid_until: int
    max_uses: int
    uses: int
    status: str
    last_use: int
    closed: bool
    created: int
    party: str = "recipient"
    members: str | None = None


def issue(
    tx: Tx, handover_id: str, person_ref: str | None, methods: Iterable[Method | str],
    kind: GrantKind | str, valid_from: int, valid_until: int, uses: int, at: int,
    tag_uids: Iterable[str] = (), *, terminals: Iterable[str] = (), party: str = "recipient",
    members: str | None = None, code: str | None = None,
) -> Issued:
    """Create a grant with one credential per method, valid in `valid_from <= t < valid_until`.

    A PIN or code is unlike every other live one of the site; `code` is taken instead of a fresh one. With
    `tag` in `methods`, the tags `tag_uids` and the person's own tags open it. `members` (`group:NAME` or
    `role:NAME`) share the right: each uses a tag or PIN of their own. `uses` counts only for kind counted;
    `terminals` empty means all. Raises NoFreePin, CodeTaken.
    """
    asked = [Method(method) for method in methods]
    kinds = {KIND[method] for method in asked}
    grant_id = tx.new_id(at)
    kind = GrantKind(kind)
    limit = {GrantKind.SINGLE: 1, GrantKind.SESSION: 0, GrantKind.COUNTED: max(uses, 1)}[kind]
    scope = "".join(f" {terminal}" for terminal in terminals)
    own_pin = members is not None and PIN in kinds
    tx.execute(_GRANT, (
        grant_id, kind.value, handover_id, person_ref, f"{scope} " if scope else "", valid_from, valid_until,
        limit, int(TAG in kinds), at, party, members, int(own_pin),
    ))
    pin = _give_pin(tx, grant_id) if PIN in kinds and not own_pin else None
    if code is not None:
        _take_code(tx, grant_id, handover_id, code)
    elif CODE in kinds:
        code = _give_code(tx, grant_id)
    if TAG in kinds:
        for uid in tag_uids:
            tx.execute(_TAG, (hash_of(tx, TAG, uid), grant_id))
    body: dict[str, Json] = {
        "grant": grant_id, "kind": kind.value, "methods": [method.value for method in asked],
        "from": valid_from, "until": valid_until, "person": person_ref,
    }
    if party != "recipient":
        body["party"] = party
    tx.journal("handover/" + handover_id, journal.GRANT_ISSUED, body, at)
    return Issued(grant_id, pin, code, valid_from, valid_until)


def use(
    tx: Tx, grant_id: str, at: int, *, method: str = "", terminal: str = "", drawn: bool = False
) -> str:
    """Count one use, in the transaction that handles the presentation, and return its id (S29).

    One that is `drawn` follows from an earlier presentation, whose time stands.
    Raises GrantSpent when the grant has no use left, was revoked, or `at` is outside its window.
    """
    row = tx.execute(_ONE, (grant_id,)).fetchone()
    if row is None:
        raise GrantSpent("unknown", grant_id)
    grant = _from_row(row)
    why = _unusable(grant, at)
    if why:
        raise GrantSpent(why, grant_id)
    use_id = tx.new_id(at)
    tx.execute(_USE, (
        at, use_id, "spent" if grant.uses + 1 == grant.max_uses else "live", grant_id, int(not drawn),
    ))
    tx.execute(_USED, (use_id, grant_id, None, at))
    body: dict[str, Json] = {"grant": grant_id, "use": use_id, "method": method, "terminal": terminal}
    tx.journal("handover/" + grant.handover_id, journal.GRANT_USED, body, at)
    return use_id


def draw(tx: Tx, grant_id: str, at: int, within: int, *, session: bool = False) -> str:
    """The next use of a grant that somebody presented at most `within` microseconds ago; its id.

    With `session` only of one that is good as often as wanted. Raises GrantSpent.
    """
    row = tx.execute(_PRESENTED, (grant_id,)).fetchone()
    if row is None or at - row[1] > within or (session and row[0] != GrantKind.SESSION.value):
        raise GrantSpent("used", grant_id)
    return use(tx, grant_id, at, drawn=True)


def grant_once(
    tx: Tx, handover_id: str, person_ref: str | None, until: int, at: int, *, method: str, uses: int = 1
) -> tuple[str, str]:
    """Create a grant without credentials and use it at once, as `issue` and `use` would; both ids.

    Of more than one of its `uses` the others are still to be drawn.
    """
    grant_id, use_id = tx.new_id(at), tx.new_id(at)
    kind, status = ("single", "spent") if uses == 1 else ("counted", "live")
    tx.execute(_ONCE, (grant_id, handover_id, person_ref, at, until, use_id, kind, uses, status))
    tx.execute(_USED, (use_id, grant_id, None, at))
    stream = "handover/" + handover_id
    tx.journal(stream, journal.GRANT_ISSUED, {
        "grant": grant_id, "kind": kind, "methods": [], "from": at, "until": until, "person": person_ref,
    }, at)
    used: dict[str, Json] = {"grant": grant_id, "use": use_id, "method": method, "terminal": ""}
    tx.journal(stream, journal.GRANT_USED, used, at)
    return grant_id, use_id


def lend(tx: Tx, handover_id: str, person_ref: str | None, until: int, at: int) -> str:
    """Give who stands there the right to what the handover opens next, until `until`; the grant's id.

    It has no credential and no use yet: each opening draws its own.
    """
    grant_id = tx.new_id(at)
    tx.execute(_LEND, (grant_id, handover_id, person_ref, at, until))
    tx.journal("handover/" + handover_id, journal.GRANT_ISSUED, {
        "grant": grant_id, "kind": "session", "methods": [], "from": at, "until": until, "person": person_ref,
    }, at)
    return grant_id


def reuse(tx: Tx, grant_id: str, at: int) -> str:
    """Let the last use open the same door once more, within REOPEN_WITHIN, and return a use id for it.

    Raises GrantSpent (used, revoked, unknown) when there is nothing to repeat.
    """
    row = tx.execute(_LAST, (grant_id,)).fetchone()
    if row is None:
        raise GrantSpent("unknown", grant_id)
    handover_id, last, last_at, reopens, closed = row
    if closed or last is None or reopens >= REOPENS or at - last_at > REOPEN_WITHIN:
        raise GrantSpent("revoked" if closed else "used", grant_id)
    use_id = tx.new_id(at)
    tx.execute(_REUSE, (grant_id,))
    tx.execute(_USED, (use_id, grant_id, last, at))
    body: dict[str, Json] = {"grant": grant_id, "use": use_id, "of": last}
    tx.journal("handover/" + handover_id, journal.GRANT_REUSED, body, at)
    return use_id


def give_back(tx: Tx, use_id: str, at: int) -> bool:
    """Undo a use whose opening was proved not to have happened, so that the person may come again (S10).

    False when it was given back before, or there is no such use.
    """
    returned = tx.execute(_RETURN, (use_id, at)).fetchall()
    if not returned:
        return False
    grant_id, reopened = returned[0]
    handover_id = tx.execute(_UNUSE if reopened is None else _UNREUSE, (grant_id,)).fetchall()[0][0]
    body: dict[str, Json] = {"grant": grant_id, "use": use_id}
    tx.journal("handover/" + handover_id, journal.GRANT_USE_RETURNED, body, at)
    return True


def revoke(tx: Tx, handover_id: str, at: int, *, party: str | None = None) -> int:
    """End every grant of the handover, or of one party, and return how many. Its PINs are free again.

    None of them opens again, not even within REOPEN_WITHIN.
    """
    open_ids: list[Json] = [row[0] for row in tx.execute(_OPEN, (handover_id, party)).fetchall()]
    for grant_id in open_ids:
        tx.execute(_CLOSE, (grant_id,))
    if open_ids:
        tx.journal("handover/" + handover_id, journal.GRANT_REVOKED, {"grants": open_ids}, at)
    return len(open_ids)


def extend(tx: Tx, handover_id: str, until: int, at: int, *, party: str | None = None) -> int:
    """Move the end of every open grant of the handover, or of one party, and return how many."""
    open_ids = tx.execute(_OPEN, (handover_id, party)).fetchall()
    for (grant_id,) in open_ids:
        tx.execute(_EXTEND, (until, grant_id))
    if open_ids:
        tx.journal("handover/" + handover_id, journal.GRANT_EXTENDED, {"until": until}, at)
    return len(open_ids)


def grants_of(reader: Reader, handover_id: str) -> list[Grant]:
    """All grants of a handover, oldest first."""
    return [_from_row(row) for row in reader.execute(_OF, (handover_id,)).fetchall()]


def _give_pin(tx: Tx, grant_id: str) -> str:
    for _ in range(_DRAWS):
        pin = draw_pin(tx)
        digest = hash_of(tx, PIN, pin)
        if tx.execute(_TAKEN, (digest,)).fetchone() is None:
            tx.execute(_GIVE_PIN, (digest, grant_id))
            return pin
    raise NoFreePin


def _give_code(tx: Tx, grant_id: str) -> str:
    code = draw_code(tx)
    tx.execute(_GIVE_CODE, (hash_of(tx, CODE, code), "", grant_id))
    return code


def _take_code(tx: Tx, grant_id: str, handover_id: str, code: str) -> None:
    """A code that stands on the goods already: several grants of one handover may share it."""
    digest = hash_of(tx, CODE, code)
    holders = {holder for (holder,) in tx.execute(_HOLDERS, (digest,)).fetchall()}
    if holders - {handover_id}:
        raise CodeTaken
    if not holders:
        tx.execute(_TAKE_CODE, (digest,))
    tx.execute(_GIVE_CODE, (digest, grant_id if holders else "", grant_id))


def _unusable(grant: Grant, at: int) -> str:
    if grant.status == "spent":
        return "used"
    if grant.closed:
        return "revoked"
    if at < grant.valid_from:
        return "early"
    return "" if at < grant.valid_until else "late"


def _from_row(row: Any) -> Grant:
    id_, kind, handover, person, terminals, since, until, limit, uses, status, last, closed, *rest = row
    return Grant(
        id_, GrantKind(kind), handover, person, tuple(terminals.split()), since, until, limit, uses, status,
        last, bool(closed), *rest,
    )
