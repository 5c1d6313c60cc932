"""Approvals: asked of a role, answered by others than who asked, or over in time (four eyes)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from hub.core.clock import MINUTE
from hub.model import journal
from hub.model.failures import StepFailed
from hub.store import Reader, Tx

#: How long a command waits for its approval: who asked stands there.
APPROVE_WITHIN = 10 * MINUTE

_COLUMNS = """
id, handover_id, verb, target, body, about, role, wanted, asker, asker_roles, barred, state, opened, expires,
settled FROM approval
"""
_INSERT = """
INSERT INTO approval (id, handover_id, verb, target, body, about, role, wanted, asker, asker_roles, barred,
  opened, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ONE = f"SELECT {_COLUMNS} WHERE id = ?"
_PAGE = f"""
SELECT {_COLUMNS} WHERE (state = 'open' OR NOT ?1)
  AND (?2 IS NULL OR (opened, id) < (SELECT opened, id FROM approval WHERE id = ?2))
ORDER BY opened DESC, id DESC LIMIT ?3
"""  # noqa: S608  constants only
_OPEN_OF = f"SELECT {_COLUMNS} WHERE handover_id = ? AND state = 'open' ORDER BY opened, id"
_SAME = "SELECT id, body FROM approval WHERE verb = ? AND target = ? AND asker = ? AND state = 'open'"
# What the command said may concern a person: it is kept no longer than it is waited for.
_SETTLE = """
UPDATE approval SET state = ?, settled = ?, body = '{}' WHERE id = ? AND state = 'open' RETURNING id
"""
_DUE = "SELECT id FROM approval WHERE state = 'open' AND expires <= ? ORDER BY expires, id"
_NEXT = "SELECT min(expires) FROM approval WHERE state = 'open' AND expires IS NOT NULL"
_ANSWER = "INSERT INTO approval_answer (approval_id, who, given, why, at) VALUES (?, ?, ?, ?, ?)"
_ANSWERS = "SELECT who, given, why, at FROM approval_answer WHERE approval_id = ? ORDER BY at, who"


class ApprovalState(StrEnum):
    """What became of a request."""

    OPEN = "open"
    GIVEN = "given"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class NoApproval(StepFailed):
    """There is no such request. `reason` is unknown_approval."""

    def __init__(self, approval_id: str) -> None:
        super().__init__("unknown_approval", approval_id)


class ApprovalOver(StepFailed):
    """It was answered, ran out or was withdrawn. `reason` is approval_over."""

    def __init__(self, state: ApprovalState) -> None:
        super().__init__("approval_over", f"the request is over: {state}")


class NotYours(StepFailed):
    """This person cannot answer it. `reason`: own_request, or answered before."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one person said, and when (UTC microseconds)."""

    who: str
    given: bool
    why: str
    at: int


@dataclass(frozen=True, slots=True)
class Approval:
    """A request. `verb`, `target` and `body` are the command that waits; all empty when a step asks."""

    id: str
    handover_id: str | None
    verb: str
    target: str
    body: Mapping[str, Any]
    about: str
    role: str
    wanted: int
    asker: str
    asker_roles: frozenset[str]
    barred: frozenset[str]
    state: ApprovalState
    opened: int
    expires: int | None
    settled: int | None
    answers: tuple[Answered, ...]

    @property
    def open(self) -> bool:
        """Whether it still waits."""
        return self.state is ApprovalState.OPEN

    @property
    def given_by(self) -> tuple[str, ...]:
        """Who has agreed, in order."""
        return tuple(answer.who for answer in self.answers if answer.given)


def ask_approval(
    tx: Tx, role: str, asker: str, at: int, *, verb: str = "", target: str = "",
    body: Mapping[str, Any] | None = None, asker_roles: Iterable[str] = (), about: str = "", count: int = 1,
    barred: Iterable[str | None] = (), handover_id: str | None = None, expires: int | None = None,
) -> Approval:
    """Ask `count` different people of `role`. Neither `asker` nor anybody in `barred` can answer.

    The same command asked again by the same person while it waits is the request that stands; with other
    arguments it takes that one's place.
    """
    arguments = json.dumps(dict(body or {}), sort_keys=True, default=str)
    found = tx.execute(_SAME, (verb, target, asker)).fetchone() if verb else None
    if found is not None:
        standing = approval(tx, found[0])
        over = standing.expires is not None and standing.expires <= at
        if found[1] == arguments and not over:
            return standing
        _settle(tx, standing, ApprovalState.EXPIRED if over else ApprovalState.WITHDRAWN, at)
    kept_out = sorted({asker, *(ref for ref in barred if ref)})
    new_id = tx.new_id(at)
    tx.execute(_INSERT, (
        new_id, handover_id, verb, target, arguments, about, role, count, asker,
        " ".join(sorted(asker_roles)), json.dumps(kept_out), at, expires,
    ))
    asked = approval(tx, new_id)
    tx.journal(_stream(asked), journal.APPROVAL_ASKED, {
        "approval": new_id, "role": role, "wanted": count, "verb": verb, "target": target, "about": about,
        "who": asker, "expires": expires,
    }, at)
    return asked


def answer_approval(tx: Tx, approval_id: str, who: str, given: bool, why: str, at: int) -> Approval:
    """Record an answer. The last one wanted gives it, one denial ends it; the request as it is then.

    A request that is over has its `body` in this answer for the last time.

    Whether `who` has the role is the caller's to know. Raises NoApproval, ApprovalOver, NotYours.
    """
    asked = approval(tx, approval_id)
    if asked.open and asked.expires is not None and asked.expires <= at:
        asked = _settle(tx, asked, ApprovalState.EXPIRED, at)
    if not asked.open:
        raise ApprovalOver(asked.state)
    if who in asked.barred:
        raise NotYours("own_request", "nobody approves what concerns themselves: somebody else has to")
    if who in {answer.who for answer in asked.answers}:
        raise NotYours("answered", "you have answered already: somebody else has to")
    tx.execute(_ANSWER, (approval_id, who, given, why, at))
    tx.journal(_stream(asked), journal.APPROVAL_ANSWERED, {
        "approval": approval_id, "given": given, "who": who, "why": why, "verb": asked.verb,
        "asked_by": asked.asker,
    }, at)
    asked = approval(tx, approval_id)
    if not given:
        return _settle(tx, asked, ApprovalState.DENIED, at)
    return _settle(tx, asked, ApprovalState.GIVEN, at) if len(asked.given_by) >= asked.wanted else asked


def withdraw_approval(tx: Tx, approval_id: str, at: int) -> None:
    """Nobody has to answer it any more; one that is over stays as it is."""
    asked = approval(tx, approval_id)
    if asked.open:
        _settle(tx, asked, ApprovalState.WITHDRAWN, at)


def withdraw_approvals_of(tx: Tx, handover_id: str, at: int) -> None:
    """Withdraw every open request that concerns a handover."""
    for asked in open_approvals_of(tx, handover_id):
        _settle(tx, asked, ApprovalState.WITHDRAWN, at)


def expire_approvals(tx: Tx, at: int) -> int:
    """End the requests whose time is over; how many."""
    due = tx.execute(_DUE, (at,)).fetchall()
    for row in due:
        _settle(tx, approval(tx, row[0]), ApprovalState.EXPIRED, at)
    return len(due)


def next_expiry(reader: Reader) -> int | None:
    """When the next open request runs out (UTC microseconds), or None."""
    found: int | None = reader.execute(_NEXT).fetchone()[0]
    return found


def approval(reader: Reader, approval_id: str) -> Approval:
    """One request. Raises NoApproval."""
    row = reader.execute(_ONE, (approval_id,)).fetchone()
    if row is None:
        raise NoApproval(approval_id)
    return _from_row(reader, row)


def open_approvals_of(reader: Reader, handover_id: str) -> list[Approval]:
    """The open requests that concern a handover, oldest first."""
    return [_from_row(reader, row) for row in reader.execute(_OPEN_OF, (handover_id,)).fetchall()]


def approval_page(
    reader: Reader, *, only_open: bool, limit: int, before: str | None = None
) -> list[Approval]:
    """At most `limit` requests, newest first, older than the request `before`."""
    return [_from_row(reader, row) for row in reader.execute(_PAGE, (only_open, before, limit)).fetchall()]


def _settle(tx: Tx, asked: Approval, state: ApprovalState, at: int) -> Approval:
    if tx.execute(_SETTLE, (state.value, at, asked.id)).fetchall():
        tx.journal(_stream(asked), journal.APPROVAL_SETTLED, {
            "approval": asked.id, "state": state.value, "verb": asked.verb, "by": list(asked.given_by),
        }, at)
    return replace(approval(tx, asked.id), body=asked.body)


def _stream(asked: Approval) -> str:
    """A handover's record holds who approved what was done to it."""
    return f"handover/{asked.handover_id}" if asked.handover_id else f"approval/{asked.id}"


def _from_row(reader: Reader, row: Any) -> Approval:
    (id_, handover_id, verb, target, body, about, role, wanted, asker, asker_roles, barred, state, opened,
     expires, settled) = row
    answers = tuple(
        Answered(who, bool(given), why, at)
        for who, given, why, at in reader.execute(_ANSWERS, (id_,)).fetchall()
    )
    return Approval(
        id_, handover_id, verb, target, json.loads(body), about, role, wanted, asker,
        frozenset(asker_roles.split()), frozenset(json.loads(barred)), ApprovalState(state), opened, expires,
        settled, answers,
    )
