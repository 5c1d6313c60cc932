"""S34: a reader of the journal gets every event, in order, exactly as far as its cursor says."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.core.entropy import SeededEntropy
from hub.store import CursorError, Store, Upcasters, cursors


class Clock:
    def now(self):
        return 1

    def monotonic(self):
        return 0.0


def write(tx, count):
    for _ in range(count):
        tx.journal("s/1", "made", {"at": tx.head}, at=1)


def deliver(tx, limit, name, sink):
    """Read, hand on and move in one transaction, as an outbox does."""
    events = cursors.read_after(tx, cursors.position(tx, name), limit)
    if events:
        cursors.advance(tx, name, events[-1].seq)
    sink.extend(event.seq for event in events)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 5)),
        st.tuples(st.just("fail"), st.integers(0, 5)),
        st.tuples(st.just("a"), st.integers(1, 4)),
        st.tuples(st.just("b"), st.integers(1, 4)),
        st.tuples(st.just("reopen"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_no_cursor_skips_or_repeats_whatever_happens(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("cursor") / "hub.db"

    async def play():
        store = await Store.open(path, Clock(), SeededEntropy(1), inline=True, reserve=0)
        written, delivered = 0, {"a": [], "b": []}
        for kind, count in steps:
            if kind == "write":
                await store.write(lambda tx, count=count: write(tx, count))
                written += count
            elif kind == "fail":
                with pytest.raises(ZeroDivisionError):
                    await store.write(lambda tx, count=count: (write(tx, count), 1 / 0))
            elif kind == "reopen":
                await store.close()
                store = await Store.open(path, Clock(), SeededEntropy(1), inline=True, reserve=0)
            else:
                sink = []
                await store.write(lambda tx, k=kind, count=count, sink=sink: deliver(tx, count, k, sink))
                delivered[kind] += sink
        for name in delivered:
            await store.write(lambda tx, name=name: deliver(tx, 1000, name, delivered[name]))
        await store.close()
        return written, delivered

    written, delivered = asyncio.run(play())
    assert delivered == {"a": list(range(1, written + 1)), "b": list(range(1, written + 1))}


async def test_a_cursor_goes_neither_back_nor_past_the_end(store):
    await store.write(lambda tx: write(tx, 3))
    await store.write(lambda tx: cursors.advance(tx, "hook", 2))
    with pytest.raises(CursorError, match="cannot go back"):
        await store.write(lambda tx: cursors.advance(tx, "hook", 1))
    with pytest.raises(CursorError, match="cannot pass"):
        await store.write(lambda tx: cursors.advance(tx, "hook", 4))
    assert await store.read(lambda reader: cursors.position(reader, "hook")) == 2


async def test_a_new_cursor_begins_at_the_first_event_or_behind_the_last(store):
    await store.write(lambda tx: write(tx, 3))
    assert await store.write(lambda tx: cursors.register(tx, "all")) == 0
    assert await store.write(lambda tx: cursors.register(tx, "fresh", at_end=True)) == 3
    assert await store.write(lambda tx: cursors.register(tx, "all", at_end=True)) == 0


async def test_an_ended_cursor_keeps_no_body(store):
    await store.write(lambda tx: write(tx, 1))
    await store.write(lambda tx: cursors.register(tx, "hook"))
    await store.write(lambda tx: cursors.remove(tx, "hook"))
    await store.write(lambda tx: cursors.destroy_body(tx, 1))
    (event,) = await store.read(lambda reader: cursors.read_after(reader, 0, 10))
    assert (event.seq, event.body) == (1, None)


async def test_a_stream_is_read_by_itself(store):
    await store.write(lambda tx: [tx.journal(f"s/{n % 2}", "made", {"n": n}, at=n) for n in range(6)])
    events = await store.read(lambda reader: cursors.read_stream(reader, "s/1", after=2, limit=2))
    assert [event.body["n"] for event in events] == [3, 5]


async def test_old_events_are_read_in_todays_shape(open_store):
    upcasters = Upcasters()
    upcasters.register("made", 1, lambda body: {"name": body["title"]})
    upcasters.register("made", 2, lambda body: {**body, "tags": []})
    store = await open_store(upcasters=upcasters)
    await store.write(lambda tx: tx.journal("s/1", "made", {"title": "x"}, at=1, v=1))
    await store.write(lambda tx: tx.journal("s/1", "made", {"name": "y", "tags": ["t"]}, at=1, v=3))
    old, new = await store.read(lambda reader: cursors.read_after(reader, 0, 10))
    assert (old.v, old.body) == (3, {"name": "x", "tags": []})
    assert (new.v, new.body) == (3, {"name": "y", "tags": ["t"]})


def test_a_version_has_one_upcaster():
    upcasters = Upcasters()
    upcasters.register("made", 1, dict)
    with pytest.raises(ValueError, match="already"):
        upcasters.register("made", 1, dict)
