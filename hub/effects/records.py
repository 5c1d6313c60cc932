"""Effect rows: intents before acts, outcomes after (DESIGN section 4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import Any

import orjson

from hub.core.clock import HOUR
from hub.model.effects import Intent, Resolution
from hub.model.states import EffectKind, EffectState, EvidenceLevel, Verdict
from hub.store import Reader, Tx

_STATE = {
    Verdict.CONFIRMED: EffectState.CONFIRMED,
    Verdict.REFUTED: EffectState.REFUTED,
    Verdict.UNKNOWN: EffectState.IN_DOUBT,
}
_COLUMNS = (
    "id, kind, device, target, sequence, epoch, deadline, level, baseline, params, handover_id, "
    "allocation_id, leg_id, state, reason, evidence, opened, settled, use_id"
)
# Leases are few, however many effects there have been: their index is read whole.
_OPEN = (
    f"SELECT {_COLUMNS} FROM effect INDEXED BY effect_lease "  # noqa: S608  constants only
    "WHERE state IN ('intent', 'in_doubt') AND state = 'intent' AND device = ? ORDER BY opened, id"
)
_EXPLAINS = """
SELECT EXISTS (SELECT 1 FROM effect WHERE lease = ?1 AND state IN ('intent', 'in_doubt')
    AND kind = 'open' AND opened >= ?3)
  OR EXISTS (SELECT 1 FROM effect WHERE lease = ?1 AND settled >= ?2
    AND kind = 'open' AND state = 'confirmed' AND opened >= ?4)
"""


#: What a reader says itself of a void: asking again cannot give another answer.
DEFINITELY_OWED = frozenset({"refund_failed", "refund_owed"})


class LeaseHeld(Exception):
    """Another effect on the same door, slot or terminal has no verdict yet."""


class NotEntitled(Exception):
    """The use of a grant that this opening names has opened something already."""


def write_intent(tx: Tx, intent: Intent, lease: str, use_id: str | None, at: int) -> None:
    """Make an intent durable. Raises LeaseHeld or NotEntitled; then nothing may be acted."""
    try:
        tx.execute(
            "INSERT INTO effect (id, kind, device, target, lease, sequence, epoch, deadline, level, "
            "baseline, params, handover_id, allocation_id, leg_id, use_id, state, opened) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intent', ?)",
            (
                intent.effect_id, intent.kind, intent.device, intent.target, lease, intent.sequence,
                intent.epoch, intent.deadline, intent.level, orjson.dumps(intent.baseline),
                orjson.dumps(intent.params), intent.handover_id, intent.allocation_id, intent.leg_id,
                use_id, at,
            ),
        )
    except sqlite3.IntegrityError as error:
        if "use_id" in str(error):
            raise NotEntitled(f"use {use_id} has opened something already") from error
        if "allocation_id" in str(error):
            raise NotEntitled(f"{intent.allocation_id} has dispensed already") from error
        raise LeaseHeld(f"{lease} is held by an effect without verdict") from error
    tx.journal(_stream(intent), "effect.intended", {
        "effect": intent.effect_id, "kind": intent.kind, "device": intent.device, "target": intent.target,
        "sequence": intent.sequence, "deadline": intent.deadline, "level": intent.level,
        "baseline": dict(intent.baseline), "params": dict(intent.params), "use": use_id,
    }, at)


def record_outcome(tx: Tx, intent: Intent, resolution: Resolution, at: int) -> bool:
    """Store what is known of an effect. False when a verdict stands already (a late second answer)."""
    changed = tx.execute(
        "UPDATE effect SET state = ?, reason = ?, evidence = ?, settled = ? "
        "WHERE id = ? AND state IN ('intent', 'in_doubt') AND state <> ? RETURNING id",
        (
            _STATE[resolution.verdict], resolution.reason, orjson.dumps(resolution.evidence), at,
            intent.effect_id, _STATE[resolution.verdict],
        ),
    ).fetchone()
    if changed:
        tx.journal(_stream(intent), "effect.settled", {
            "effect": intent.effect_id, "kind": intent.kind, "device": intent.device,
            "target": intent.target, "verdict": resolution.verdict, "reason": resolution.reason,
            "evidence": dict(resolution.evidence),
        }, at)
    return bool(changed)


def open_intents(reader: Reader, device: str) -> list[Intent]:
    """Intents of a device that have no outcome at all, oldest first."""
    return [_intent(row) for row in reader.execute(_OPEN, (device,)).fetchall()]


def acting(reader: Reader, device: str, kind: EffectKind) -> str | None:
    """The effect of that kind that a device performs at this moment, or None."""
    return next((i.effect_id for i in open_intents(reader, device) if i.kind is kind), None)


def in_doubt(reader: Reader, effect_id: str) -> bool:
    """Whether the effect is known to be in doubt, and nobody has a verdict."""
    row = reader.execute("SELECT state FROM effect WHERE id = ?", (effect_id,)).fetchone()
    return row is not None and row[0] == EffectState.IN_DOUBT


def doubtful(reader: Reader, kinds: Collection[EffectKind]) -> list[Intent]:
    """Effects of these kinds in doubt whose device may still give an answer, oldest first."""
    wanted = ", ".join(f"'{kind}'" for kind in kinds)
    rows = reader.execute(
        f"SELECT {_COLUMNS} FROM effect INDEXED BY effect_lease "  # noqa: S608  constants only
        f"WHERE state IN ('intent', 'in_doubt') AND state = 'in_doubt' AND kind IN ({wanted}) "
        "ORDER BY opened, id"
    ).fetchall()
    return [_intent(row) for row in rows if row[14] not in DEFINITELY_OWED]


def unsettled_at(reader: Reader, lease: str) -> str | None:
    """The effect that holds a lease (`device/door`, or a terminal's device) without a verdict, or None."""
    row = reader.execute(
        "SELECT id FROM effect WHERE lease = ? AND state IN ('intent', 'in_doubt')", (lease,)
    ).fetchone()
    return None if row is None else str(row[0])


def intent_of(reader: Reader, effect_id: str) -> Intent | None:
    """The intent of one effect."""
    row = reader.execute(f"SELECT {_COLUMNS} FROM effect WHERE id = ?", (effect_id,)).fetchone()  # noqa: S608
    return None if row is None else _intent(row)


def explains_opening(reader: Reader, device: str, door: str, since: int, moved: int = 0) -> bool:
    """Whether an effect without verdict, or one confirmed after `since`, is the cause of an open door.

    With `moved`, when the door moved last before, a confirmed effect older than that has had its opening.
    """
    row = reader.execute(_EXPLAINS, (f"{device}/{door}", since, since - HOUR, moved)).fetchone()
    return bool(row[0])


def opened_at(reader: Reader, effect_id: str) -> int:
    """When the intent was written (UTC microseconds)."""
    row = reader.execute("SELECT opened FROM effect WHERE id = ?", (effect_id,)).fetchone()
    return int(row[0])


def authorisation_of(reader: Reader, leg_id: str) -> Intent | None:
    """The intent by which a leg was authorised."""
    row = reader.execute(
        f"SELECT {_COLUMNS} FROM effect WHERE leg_id = ? AND kind = 'authorise'", (leg_id,)  # noqa: S608
    ).fetchone()
    return None if row is None else _intent(row)


def states_of_use(reader: Reader, handover_id: str, use_id: str) -> list[EffectState]:
    """What became of the openings of a handover that were made on one use of a grant."""
    rows = reader.execute(
        "SELECT state FROM effect WHERE handover_id = ? AND use_id = ?", (handover_id, use_id)
    ).fetchall()
    return [EffectState(row[0]) for row in rows]


def effects_of(reader: Reader, handover_id: str) -> list[dict[str, Any]]:
    """All effects of a handover with their outcome and evidence, oldest first."""
    rows = reader.execute(
        f"SELECT {_COLUMNS} FROM effect WHERE handover_id = ? ORDER BY opened, id", (handover_id,)  # noqa: S608
    ).fetchall()
    return [
        {
            "id": r[0], "kind": r[1], "device": r[2], "target": r[3], "sequence": r[4], "epoch": r[5],
            "deadline": r[6], "level": r[7], "state": r[13], "reason": r[14],
            "evidence": orjson.loads(r[15]), "opened": r[16], "settled": r[17],
        }
        for r in rows
    ]


def _intent(row: Any) -> Intent:
    return Intent(
        effect_id=row[0], kind=EffectKind(row[1]), device=row[2], target=row[3], sequence=row[4],
        epoch=row[5], deadline=row[6], level=EvidenceLevel(row[7]), baseline=orjson.loads(row[8]),
        params=orjson.loads(row[9]), handover_id=row[10], allocation_id=row[11], leg_id=row[12],
    )


def _stream(intent: Intent) -> str:
    return f"handover/{intent.handover_id}" if intent.handover_id else f"device/{intent.device}"
