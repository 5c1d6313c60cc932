"""Opens what a power cut left with the product's own store and looks for broken promises."""

from __future__ import annotations

import json

from hub import custody
from hub.core.entropy import SeededEntropy
from hub.store import Store, StoreError, cursors
from hub.store.journal import GENESIS, verify_from

from .workload import DRILL, PERSON, Ticks, fatal

_STREAMS = "SELECT stream, count(*) FROM journal WHERE stream NOT LIKE 'asset/%' GROUP BY stream"
_TOLD = """
SELECT b.body, j.seq FROM journal AS j LEFT JOIN journal_body AS b ON b.seq = j.seq
WHERE j.type = 'asset.moved' ORDER BY j.seq
"""


async def violations(path, acked):
    """What is wrong with the state at `path`, given the numbers answered before the cut."""
    try:
        store = await Store.open(
            path, Ticks(), SeededEntropy(f"after {path}"), inline=True, reserve=0, on_fatal=fatal
        )
    except StoreError as error:
        return [f"does not open: {error}"]
    try:
        found = await store.read(lambda reader: _look(reader, acked))
        if not found:
            before = await store.write(lambda tx: tx.head)
            after = await store.write(lambda tx: tx.journal("item/after", "item.event", {}, 1))
            if after != before + 1:
                found.append(f"the next event is {after}, not {before + 1}")
    except StoreError as error:
        found = [f"does not work: {error}"]
    finally:
        await store.close()
    return found


def _look(reader, acked):
    found = []
    rows = [row[0] for row in reader.execute("PRAGMA integrity_check").fetchall()]
    if rows != ["ok"]:
        found.append(f"integrity: {rows[0]}")
    found += _chain(reader)
    if not reader.execute("SELECT 1 FROM sqlite_master WHERE name = 'item'").fetchone():
        return found + (["acknowledged work lost: the tables"] if acked else [])
    return found + _items(reader, acked) + _cursor(reader) + _drill(reader)


def _chain(reader):
    done, _, _, broken = verify_from(reader, 0, GENESIS, 1 << 30)
    if broken is not None:
        return [f"chain broken at {broken.seq}: {broken.reason}"]
    count = reader.execute("SELECT count(*) FROM journal").fetchone()[0]
    return [] if count == done else [f"sequence not contiguous: {count} rows, last {done}"]


def _items(reader, acked):
    found = []
    items = {
        n: (events, note) for n, events, note in reader.execute("SELECT n, events, note FROM item").fetchall()
    }
    lost = acked - {0} - set(items)
    if lost:
        found.append(f"acknowledged work lost: {sorted(lost)}")
    streams = dict(reader.execute(_STREAMS).fetchall())
    expected = {f"item/{n}": events for n, (events, _) in items.items()}
    if streams != expected:
        found.append("events and rows of a write are not together")
    if reader.execute("SELECT 1 FROM place WHERE name LIKE 'undone/%'").fetchone():
        found.append("an undone part is there")
    for n, (_, note) in items.items():
        if note is not None and reader.unseal(PERSON, note) != {"n": n}:
            found.append(f"sealed data of {n} does not open")
    return found


def _drill(reader):
    """Where it is and until when, as its last event says; an undone write has moved nothing."""
    told = reader.execute(_TOLD).fetchall()
    if not told:
        return []
    body, seq = told[-1]
    try:
        drill = custody.asset(reader, DRILL)
    except custody.NoAsset:
        return ["the drill is gone"]
    if drill.holder == "recipient:nobody":
        return ["an undone part has moved the drill"]
    if body is None:  # destroyed after its delivery
        return []
    said = json.loads(body)
    there = {"to": drill.compartment or drill.holder, "due": drill.due, "state": drill.state.value}
    agrees = {key: said[key] for key in there} == there
    return [] if agrees else [f"the drill is elsewhere than event {seq} says"]


def _cursor(reader):
    delivered = [row[0] for row in reader.execute("SELECT seq FROM delivered ORDER BY seq").fetchall()]
    place = cursors.position(reader, "uplink")
    return [] if delivered == list(range(1, place + 1)) else [f"cursor at {place} skipped or repeated"]
