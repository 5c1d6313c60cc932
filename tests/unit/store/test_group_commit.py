"""S4: functions share a transaction and are answered in order after its COMMIT."""

import asyncio
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.entropy import SeededEntropy
from hub.store.connection import connect
from hub.store.group import GroupRunner, Job
from hub.store.opening import open_database
from hub.store.upcasters import Upcasters


class Refused(Exception):
    pass


def journal(tx, n):
    return tx.journal(f"item/{n}", "item.made", {"n": n}, at=n)


def refuse(tx, n):
    journal(tx, n)
    tx.execute("INSERT INTO cursors VALUES (?, 0)", (f"refused{n}",))
    raise Refused(n)


async def numbers(store):
    rows = await store.read(
        lambda reader: reader.execute("SELECT stream FROM journal ORDER BY seq").fetchall()
    )
    return [int(stream.split("/")[1]) for (stream,) in rows]


async def test_concurrent_writes_are_answered_in_submit_order(store):
    seqs = await asyncio.gather(*[store.write(lambda tx, n=n: journal(tx, n)) for n in range(700)])
    assert seqs == list(range(1, 701))
    assert await numbers(store) == list(range(700))


async def test_callbacks_run_after_commit_in_order_before_their_future_resolves(store):
    seen = []

    def noting(tx, n):
        tx.after_commit(lambda: seen.append(f"callback {n}"))

    async def one(n):
        await store.write(lambda tx: noting(tx, n))
        seen.append(f"answered {n}")

    await asyncio.gather(*[one(n) for n in range(5)])
    for n in range(5):
        assert seen.index(f"callback {n}") < seen.index(f"answered {n}")
    assert [entry for entry in seen if "callback" in entry] == [f"callback {n}" for n in range(5)]


async def test_a_failing_function_undoes_only_itself(store):
    outcomes = await asyncio.gather(
        store.write(lambda tx: journal(tx, 1)),
        store.write(lambda tx: refuse(tx, 2)),
        store.write(lambda tx: journal(tx, 3)),
        return_exceptions=True,
    )
    assert [outcomes[0], type(outcomes[1]), outcomes[2]] == [1, Refused, 2]
    assert await numbers(store) == [1, 3]


async def test_a_failing_function_leaves_no_callback(store):
    seen = []

    def failing(tx):
        tx.after_commit(lambda: seen.append("ran"))
        raise Refused

    with pytest.raises(Refused):
        await store.write(failing)
    assert seen == []


async def test_a_failing_part_undoes_its_rows_events_and_callbacks(store):
    seen = []

    def whole(tx):
        journal(tx, 1)
        with pytest.raises(Refused), tx.savepoint():
            tx.execute("SELECT count(*) FROM journal").fetchone()
            journal(tx, 2)
            tx.after_commit(lambda: seen.append("part"))
            tx.execute("INSERT INTO cursors VALUES ('part', 0)")
            raise Refused
        return journal(tx, 3)

    assert await store.write(whole) == 2
    assert await numbers(store) == [1, 3]
    assert seen == []


async def test_a_function_sees_its_own_events(store):
    def look(tx):
        journal(tx, 1)
        return tx.execute("SELECT count(*) FROM journal").fetchone()[0]

    assert await store.write(look) == 1


async def test_a_failing_callback_does_not_keep_others_from_their_answer(store, caplog):
    def bad():
        raise ValueError("listener")

    first, second = await asyncio.gather(
        store.write(lambda tx: tx.after_commit(bad)), store.write(lambda tx: "answered")
    )
    assert (first, second) == (None, "answered")
    assert "listener" in caplog.text


async def test_a_function_that_raises_stop_iteration_is_answered_too(store):
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.write(lambda tx: next(iter([])))
    assert await store.write(lambda tx: 1) == 1


async def test_a_cancelled_caller_does_not_undo_the_write(store):
    task = asyncio.create_task(store.write(lambda tx: journal(tx, 1)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.write(lambda tx: journal(tx, 2))
    assert await numbers(store) == [1, 2]


async def test_a_constraint_that_fails_at_commit_fails_only_the_function_that_broke_it(store):
    def tables(tx):
        tx.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        tx.execute("CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)")

    await store.write(tables)
    outcomes = await asyncio.gather(
        store.write(lambda tx: journal(tx, 1)),
        store.write(lambda tx: tx.execute("INSERT INTO child VALUES (9)") and None),
        store.write(lambda tx: journal(tx, 2)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], sqlite3.IntegrityError)
    assert await numbers(store) == [1, 2]
    assert store.can_act


async def test_an_event_the_journal_cannot_hold_fails_only_its_function(store):
    outcomes = await asyncio.gather(
        store.write(lambda tx: journal(tx, 1)),
        store.write(lambda tx: tx.journal("s/1", "made", {}, at="yesterday")),
        store.write(lambda tx: (journal(tx, 2), tx.execute("SELECT 1 FROM journal").fetchall())[0]),
        return_exceptions=True,
    )
    assert [outcomes[0], outcomes[2]] == [1, 2]
    assert isinstance(outcomes[1], sqlite3.IntegrityError)


async def test_inline_mode_gives_the_same_answers(open_store):
    store = await open_store(inline=True)
    seen = []
    assert await store.write(lambda tx: (journal(tx, 1), tx.after_commit(lambda: seen.append(1)))[0]) == 1
    with pytest.raises(Refused):
        await store.write(lambda tx: refuse(tx, 2))
    assert await numbers(store) == [1]
    assert seen == [1]


async def test_a_store_in_memory_needs_no_files(open_store, tmp_path):
    store = await open_store(":memory:")
    await store.write(lambda tx: journal(tx, 1))
    assert await numbers(store) == [1]
    assert list(tmp_path.iterdir()) == []


async def test_what_was_written_is_there_after_close_and_open(open_store):
    first = await open_store()
    await asyncio.gather(*[first.write(lambda tx, n=n: journal(tx, n)) for n in range(50)])
    await first.close()
    assert await numbers(await open_store()) == list(range(50))


def _bytes_of(groups):
    opened = open_database(None, SeededEntropy(5), connect, Upcasters(), 0)
    runner = GroupRunner(opened.parts, None, None, lambda error: None)
    for group in groups:
        runner.run([Job(fn) for fn in group])
    connection = opened.parts.connection
    rows = [
        connection.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall()
        for table in ("journal", "journal_body")
    ]
    connection.close()
    return rows


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=12), st.data())
def test_journal_bytes_do_not_depend_on_how_functions_are_grouped(kinds, data):
    kind_of = {
        0: journal,
        1: refuse,
        2: lambda tx, n: (journal(tx, n), tx.execute("SELECT 1 FROM journal").fetchall()),
    }
    fns = [lambda tx, n=n, kind=kind: kind_of[kind](tx, n) for n, kind in enumerate(kinds)]
    groups, rest = [], fns
    while rest:
        count = data.draw(st.integers(1, len(rest)))
        groups.append(rest[:count])
        rest = rest[count:]
    assert _bytes_of(groups) == _bytes_of([[fn] for fn in fns])
