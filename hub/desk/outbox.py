"""Messages to people: queued in the transaction that causes them, delivered later, at least once (S34).

The text lies sealed in the row and nowhere else, and is destroyed when the message is delivered, given up,
withdrawn or out of date, so that no PIN outlives its purpose (S5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.desk.templates import render
from hub.model import journal
from hub.model.effects import Json
from hub.model.failures import StepFailed
from hub.store import PersonForgotten, Reader, Tx

_INSERT = """
INSERT INTO message (id, handover_id, person_ref, role, template, sealed, next_at, expires, created)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, coalesce(?9, ?7), ?8, ?7)
"""
_COLUMNS = """
id, handover_id, person_ref, role, template, state, attempts, error, next_at, expires, created, ended
FROM message
"""
_ALL = f"SELECT {_COLUMNS} ORDER BY id DESC LIMIT ?"
_DUE = """
SELECT id, handover_id, person_ref, role, template, attempts, sealed FROM message
WHERE state = 'queued' AND next_at <= ?1 AND (expires IS NULL OR expires > ?1) ORDER BY next_at, id LIMIT ?2
"""
_ONE = """
SELECT id, handover_id, person_ref, role, template, attempts, sealed FROM message
WHERE id = ? AND state = 'queued'
"""
_NEXT = "SELECT min(next_at) FROM message WHERE state = 'queued'"
_QUEUED = "SELECT attempts FROM message WHERE id = ? AND state = 'queued'"
_END = "UPDATE message SET state = ?, sealed = NULL, error = ?, ended = ?, attempts = ? WHERE id = ?"
_AGAIN = """
UPDATE message SET attempts = attempts + 1, error = ?, next_at = ? WHERE id = ? AND state = 'queued'
RETURNING attempts
"""
# `+id` keeps the planner from walking all messages there ever were for the sake of their order.
_OVERDUE = "SELECT id FROM message WHERE state = 'queued' AND expires <= ? ORDER BY +id"
_OF_HANDOVER = """
SELECT id FROM message WHERE handover_id = ?1 AND state = 'queued' AND person_ref IS NOT NULL
  AND (?2 IS NULL OR person_ref = ?2) ORDER BY id
"""
_OF_PERSON = "SELECT id FROM message WHERE person_ref = ? AND state = 'queued' ORDER BY id"


class NoMessage(StepFailed):
    """There is no such message in the queue. `reason` is unknown_message."""

    def __init__(self, message_id: str) -> None:
        super().__init__("unknown_message", message_id)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to deliver: to a person (look up their contact) or to everybody of a role."""

    message_id: str
    handover_id: str | None
    person_ref: str | None
    role: str | None
    template: str
    attempts: int
    subject: str
    text: str = field(repr=False)
    pin: str | None = field(repr=False)
    code: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """What may be shown of a message at any time: everything but its text."""

    message_id: str
    handover_id: str | None
    person_ref: str | None
    role: str | None
    template: str
    state: str
    attempts: int
    error: str
    next_at: int
    expires: int | None
    created: int
    ended: int | None


def queue_message(
    tx: Tx, template: str, fields: Mapping[str, object], at: int, *, handover_id: str | None = None,
    person_ref: str | None = None, role: str | None = None, pin: str | None = None, code: str | None = None,
    expires: int | None = None, not_before: int | None = None,
) -> str:
    """Write a message for `person_ref` or `role` and return its id.

    `fields` fill the template; `pin` and `code` (what a QR picture must contain) also count as its fields
    pin and qr. It is sent from `not_before` on, and after `expires` no longer. Raises MissingField.
    """
    if (person_ref is None) == (role is None):
        raise ValueError("a message goes to a person or to a role")
    rendered = render(template, {**fields, "pin": pin, "qr": code})
    body: dict[str, Json] = {"subject": rendered.subject, "text": rendered.text, "pin": pin, "code": code}
    message_id = tx.new_id(at)
    sealed = tx.seal(person_ref or f"role/{role}", body)
    tx.execute(_INSERT, (
        message_id, handover_id, person_ref, role, template, sealed, at, expires, not_before,
    ))
    tx.journal("message/" + message_id, journal.MESSAGE_QUEUED, {
        "template": template, "handover": handover_id, "person": person_ref, "role": role,
    }, at)
    return message_id


def due_messages(reader: Reader, at: int, limit: int = 20) -> list[Outgoing]:
    """What should be delivered now, the longest waiting first."""
    found = (_outgoing(reader, row) for row in reader.execute(_DUE, (at, limit)).fetchall())
    return [message for message in found if message is not None]


def outgoing(reader: Reader, message_id: str) -> Outgoing:
    """One queued message with its text. Raises NoMessage when it is not queued any more."""
    row = reader.execute(_ONE, (message_id,)).fetchone()
    message = None if row is None else _outgoing(reader, row)
    if message is None:
        raise NoMessage(message_id)
    return message


def next_due(reader: Reader) -> int | None:
    """When the next message is due, or None when the queue is empty."""
    due: int | None = reader.execute(_NEXT).fetchone()[0]
    return due


def messages(reader: Reader, limit: int = 200) -> list[MessageRow]:
    """The latest messages, newest first, without their texts."""
    return [MessageRow(*row) for row in reader.execute(_ALL, (limit,)).fetchall()]


def mark_delivered(tx: Tx, message_id: str, at: int) -> bool:
    """It was delivered: its text is destroyed. False when it was not queued any more."""
    return _end(tx, message_id, "delivered", "", at, journal.MESSAGE_DELIVERED, attempts=1)


def mark_failed(tx: Tx, message_id: str, error: str, retry_at: int | None, at: int) -> bool:
    """An attempt failed: try again at `retry_at`, or give up (None), which destroys the text.

    `error` is for the staff and holds no personal data. False when it was not queued any more.
    """
    if retry_at is None:
        return _end(tx, message_id, "failed", error, at, journal.MESSAGE_FAILED, attempts=1)
    again = tx.execute(_AGAIN, (error, retry_at, message_id)).fetchall()
    if again:
        body: dict[str, Json] = {"attempts": again[0][0], "error": error, "final": False}
        tx.journal("message/" + message_id, journal.MESSAGE_FAILED, body, at)
    return bool(again)


def expire_messages(tx: Tx, at: int) -> int:
    """Destroy queued messages that are out of date, and return how many."""
    overdue = tx.execute(_OVERDUE, (at,)).fetchall()
    return sum(_end(tx, row[0], "expired", "", at, journal.MESSAGE_EXPIRED) for row in overdue)


def withdraw_messages(tx: Tx, handover_id: str, at: int, *, person_ref: str | None = None) -> int:
    """Destroy the handover's unsent messages to people, or to this person, and return how many."""
    waiting = tx.execute(_OF_HANDOVER, (handover_id, person_ref)).fetchall()
    return sum(_end(tx, row[0], "expired", "withdrawn", at, journal.MESSAGE_EXPIRED) for row in waiting)


def withdraw_credentials(tx: Tx, handover_id: str, at: int) -> int:
    """Destroy the handover's unsent messages that carry a PIN or a code, and return how many."""
    waiting = [row[0] for row in tx.execute(_OF_HANDOVER, (handover_id, None)).fetchall()]
    found = (_outgoing(tx, tx.execute(_ONE, (message_id,)).fetchone()) for message_id in waiting)
    return sum(
        _end(tx, message.message_id, "expired", "withdrawn", at, journal.MESSAGE_EXPIRED)
        for message in list(found) if message is not None and (message.pin or message.code)
    )


def withdraw_for_person(tx: Tx, person_ref: str, at: int) -> int:
    """Destroy what waits for a person who is to be forgotten, and return how many."""
    waiting = tx.execute(_OF_PERSON, (person_ref,)).fetchall()
    return sum(_end(tx, row[0], "expired", "withdrawn", at, journal.MESSAGE_EXPIRED) for row in waiting)


def _end(
    tx: Tx, message_id: str, state: str, error: str, at: int, event: str, *, attempts: int = 0
) -> bool:
    row = tx.execute(_QUEUED, (message_id,)).fetchone()
    if row is None:
        return False
    attempts += row[0]
    tx.execute(_END, (state, error, at, attempts, message_id))
    body: dict[str, Json] = {"attempts": attempts}
    if event == journal.MESSAGE_FAILED:
        body |= {"error": error, "final": True}
    tx.journal("message/" + message_id, event, body, at)
    return True


def _outgoing(reader: Reader, row: Any) -> Outgoing | None:
    message_id, handover_id, person_ref, role, template, attempts, sealed = row
    try:
        body: dict[str, Any] = {**reader.unseal(person_ref or f"role/{role}", sealed)}
    except PersonForgotten:
        return None
    return Outgoing(
        message_id, handover_id, person_ref, role, template, attempts, body["subject"], body["text"],
        body["pin"], body["code"],
    )
