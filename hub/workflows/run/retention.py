"""Which traces are let go of first when records are no longer needed: by outcome, failures last.

A trace is the bodies of the rows that say which events led where with which steps. Headers and chain stay, so
the record still verifies (S5); what proves a release (effects, custody, credentials, money) is not touched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

from hub.core.clock import Clock
from hub.store import CursorError, Reader, Store, StoreError, Tx
from hub.store.cursors import destroy_body

_LOG = logging.getLogger(__name__)
#: How often is looked, in seconds, and how many go at a time: others write in between.
_PAUSE, _AT_ONCE = 3600.0, 20


class Worth(IntEnum):
    """How long a trace is worth keeping; the lowest goes first."""

    #: Ended as it should.
    DONE = 0
    #: Ended otherwise: cancelled, expired, refunded, collected in part.
    OTHERWISE = 1
    #: Somebody had to see to it: never let go of here.
    TROUBLE = 2


@dataclass(frozen=True, slots=True)
class Evicted:
    """How many handovers and rows lost their bodies; `kept` were due but are needed still."""

    handovers: int = 0
    rows: int = 0
    kept: int = 0


_ENDED = (
    "SELECT h.id, h.status, EXISTS (SELECT 1 FROM incident i WHERE i.handover_id = h.id) FROM handover h "
    "WHERE h.ended = 1 AND h.updated < ? AND EXISTS (SELECT 1 FROM journal j JOIN journal_body b "
    "ON b.seq = j.seq WHERE j.stream = 'handover/' || h.id AND j.type IN "
    "('handover.moved', 'handover.noted', 'handover.kept')) ORDER BY h.updated, h.id"
)
_BODIES = (
    "SELECT j.seq FROM journal j JOIN journal_body b ON b.seq = j.seq "
    "WHERE j.stream = ? AND j.type IN ('handover.moved', 'handover.noted', 'handover.kept') ORDER BY j.seq"
)


def due(reader: Reader, before: int) -> list[tuple[str, Worth]]:
    """Ended handovers with a trace, last touched before `before` (UTC micros): what to let go of first."""
    found = [
        (handover, Worth.TROUBLE if trouble else Worth.DONE if status == "completed" else Worth.OTHERWISE)
        for handover, status, trouble in reader.execute(_ENDED, (before,)).fetchall()
    ]
    return sorted(found, key=lambda one: one[1])


def evict(tx: Tx, before: int, most: int, held: Collection[str] = ()) -> Evicted:
    """Destroy the bodies of at most `most` traces that ended before `before`, the successful ones first.

    A handover that had an incident, one in `held` (a legal hold), and one that a reader of the journal has
    yet to pass are kept whole.
    """
    gone = rows = kept = 0
    for handover, worth in due(tx, before):
        if gone == most:
            break
        if worth is Worth.TROUBLE or handover in held:
            kept += 1
            continue
        try:
            with tx.savepoint():
                rows += _destroy(tx, handover)
            gone += 1
        except CursorError:
            kept += 1
    return Evicted(gone, rows, kept)


async def let_go(store: Store, clock: Clock, kept: int) -> None:
    """Once an hour evict the traces that ended more than `kept` microseconds ago, until cancelled."""
    while True:
        await asyncio.sleep(_PAUSE)
        before, gone = clock.now() - kept, _AT_ONCE
        try:
            while gone == _AT_ONCE and store.can_act:
                gone = (await store.write(partial(evict, before=before, most=_AT_ONCE))).handovers
        except StoreError as error:
            _LOG.warning("Old traces stay for now: %s", error)


def _destroy(tx: Tx, handover: str) -> int:
    seqs = [row[0] for row in tx.execute(_BODIES, (f"handover/{handover}",)).fetchall()]
    for seq in seqs:
        destroy_body(tx, seq)
    return len(seqs)
