"""Wrong PINs at a terminal: after some failures in a window the keypad is locked for a time.

Only PINs count. A code holds 128 random bits, and a person with a valid one must not be shut out because
somebody played with the keypad.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.core.clock import MINUTE
from hub.model import journal
from hub.model.effects import Json
from hub.store import Tx

_COUNT = """
INSERT INTO access_throttle (terminal, failures, since, locked_until) VALUES (?1, 1, ?2, 0)
ON CONFLICT (terminal) DO UPDATE SET
  failures = CASE WHEN since <= ?3 THEN 1 ELSE failures + 1 END,
  since = CASE WHEN since <= ?3 THEN ?2 ELSE since END
RETURNING failures
"""
_LOCK = "UPDATE access_throttle SET failures = 0, since = 0, locked_until = ? WHERE terminal = ?"


@dataclass(frozen=True, slots=True)
class Throttle:
    """`failures` wrong PINs within `window` lock the keypad for `lock` (microseconds)."""

    failures: int = 5
    window: int = MINUTE
    lock: int = MINUTE


def locked_until(tx: Tx, terminal: str, at: int) -> int:
    """When the keypad takes PINs again; 0 when it does now."""
    row = tx.execute("SELECT locked_until FROM access_throttle WHERE terminal = ?", (terminal,)).fetchone()
    return row[0] if row is not None and row[0] > at else 0


def count_failure(tx: Tx, terminal: str, at: int, limit: Throttle) -> None:
    """Count one wrong PIN, and lock when it was one too many."""
    failures = tx.execute(_COUNT, (terminal, at, at - limit.window)).fetchall()[0][0]
    if failures >= limit.failures:
        tx.execute(_LOCK, (at + limit.lock, terminal))
        body: dict[str, Json] = {"until": at + limit.lock, "failures": failures}
        tx.journal(f"terminal/{terminal}", journal.ACCESS_LOCKED, body, at)
