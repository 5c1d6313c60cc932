"""A message as files: JSON for programs, text for people, a QR picture for cameras. No I/O."""

from __future__ import annotations

import hashlib
import io
import json
import re
from typing import Any

import segno

from hub.api import Message

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
_FIELDS = frozenset({"id", "at", "to", "subject", "text", "code", "pin"})
_SCALE = 8
_BORDER = 4


def file_stem(message_id: str) -> str:
    """The file name of a message without suffix; an id that would be no plain file name is hashed."""
    return message_id if _SAFE.match(message_id) else "m-" + hashlib.sha256(message_id.encode()).hexdigest()


def picture(code: str) -> bytes:
    """A PNG of a QR code with error correction M or better. Raises ValueError when `code` is too long.

    Never a Micro QR code, which many scanners cannot read.
    """
    out = io.BytesIO()
    segno.make_qr(code, error="m").save(out, kind="png", scale=_SCALE, border=_BORDER)
    return out.getvalue()


def letter(message: Message) -> str:
    """The message as a person would get it."""
    to = ", ".join(str(value) for value in message.to.values() if value)
    return f"To: {to}\nSubject: {message.subject}\n\n{message.text}\n"


def record(message: Message, at: int) -> dict[str, Any]:
    """The message for programs; `at` is UTC microseconds."""
    return {
        "id": message.message_id, "at": at, "to": dict(message.to), "subject": message.subject,
        "text": message.text, "code": message.code, "pin": message.pin,
    }


def dump(found: dict[str, Any]) -> bytes:
    """JSON bytes."""
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True).encode()


def load(data: bytes) -> dict[str, Any] | None:
    """What `dump` wrote, or None when it is something else."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not found.keys() >= _FIELDS or not isinstance(found["at"], int):
        return None
    return found
