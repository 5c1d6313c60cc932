"""A busy hub in small: groups of writes, failing ones among them, a cursor, destroyed bodies, sealed data.

A drill goes out and comes back with them, by the domain's own writes.
"""

from __future__ import annotations

import asyncio
import itertools
import random

from hub import custody
from hub.core.entropy import SeededEntropy
from hub.model.states import Size
from hub.store import Store, cursors

PERSON = "person/7"
DRILL = "drill-1"
_PLACES = 3
_SCHEMA = (
    "CREATE TABLE item (n INTEGER PRIMARY KEY, events INTEGER NOT NULL, note BLOB) STRICT",
    "CREATE TABLE place (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT",
    "CREATE TABLE delivered (seq INTEGER PRIMARY KEY) STRICT",
)


class Ticks:
    """A clock that moves by one microsecond at each look."""

    def __init__(self):
        self._ticks = itertools.count(1_700_000_000_000_000)

    def now(self):
        return next(self._ticks)

    def monotonic(self):
        return 0.0


class Refused(Exception):
    """A domain's no."""


def fatal(error):
    raise AssertionError(error)


async def run(path, connect, trace, seed, writes):
    """Fill the store at `path`; `("ack", n)` enters the trace when write `n` was answered."""
    chance = random.Random(seed)
    clock = Ticks()
    store = await Store.open(
        path,
        clock,
        SeededEntropy(seed),
        connect=connect,
        reserve=0,
        on_fatal=fatal,
        checkpoint_after=chance.choice([8, 20, 50]),
    )
    await store.write(lambda tx: _prepare(tx, clock.now()))
    trace.append(("ack", 0))
    numbers = itertools.count(1)
    left = writes
    while left > 0:
        batch = [
            _one(store, trace, next(numbers), clock, random.Random(chance.random()))
            for _ in range(chance.randint(1, 6))
        ]
        left -= len(batch)
        await asyncio.gather(*batch)
    await store.close()


def _prepare(tx, at):
    for statement in _SCHEMA:
        tx.execute(statement)
    cursors.register(tx, "uplink")
    custody.sync_assets(tx, [custody.AssetSpec(DRILL, "drill", "Drill 1", Size.M)], at)


async def _one(store, trace, n, clock, chance):
    kind = chance.random()
    if kind < 0.15:
        try:
            await store.write(lambda tx: _failing(tx, n, clock.now()))
        except Refused:
            return
    if kind < 0.3:
        await store.write(lambda tx: _deliver(tx, chance))
        return
    await store.write(lambda tx: _item(tx, n, clock.now(), chance))
    trace.append(("ack", n))


def _item(tx, n, at, chance):
    events = chance.randint(1, 3)
    for number in range(events):
        tx.journal(
            f"item/{n}", "item.event", {"n": n, "number": number, "pad": "x" * chance.randint(0, 600)}, at
        )
    try:
        with tx.savepoint():
            tx.journal(f"never/{n}", "item.undone", {}, at)
            tx.execute("INSERT INTO place VALUES (?, ?)", (f"undone/{n}", n))
            raise Refused
    except Refused:
        pass
    note = tx.seal(PERSON, {"n": n}) if chance.random() < 0.1 else None
    tx.execute("INSERT INTO item VALUES (?, ?, ?)", (n, events, note))
    tx.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (f"place/{chance.randint(1, 9)}", n))
    if chance.random() < 0.4:
        _lend(tx, n, at, chance)


def _lend(tx, n, at, chance):
    """Out to somebody, until a moment; or back, into any place."""
    if custody.asset(tx, DRILL).state.value == "out":
        place = f"main/A{chance.randint(1, _PLACES)}"
        custody.move_asset(tx, DRILL, at, to="hub", compartment=place, handover_id=str(n))
    else:
        custody.move_asset(tx, DRILL, at, to=f"recipient:{n}", due=at + n, handover_id=str(n))


def _failing(tx, n, at):
    tx.journal(f"never/{n}", "item.failed", {"n": n}, at)
    tx.execute("INSERT INTO item VALUES (?, 0, NULL)", (n,))
    custody.move_asset(tx, DRILL, at, to="recipient:nobody", handover_id=str(n))
    raise Refused


def _deliver(tx, chance):
    events = cursors.read_after(tx, cursors.position(tx, "uplink"), 20)
    for event in events:
        tx.execute("INSERT INTO delivered VALUES (?)", (event.seq,))
    if events:
        cursors.advance(tx, "uplink", events[-1].seq)
        if chance.random() < 0.3:
            cursors.destroy_body(tx, events[0].seq)
