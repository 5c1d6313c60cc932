"""S7, S8: what may be wrong with a database at start, each with its clear answer."""

import sqlite3
import subprocess
import sys

import pytest

from hub.store import KeyMissing, NotAStore, SchemaTooNew, StoreClosed, StoreCorrupt, StoreLocked
from hub.store.migrate import shipped

HOLDER = """
import asyncio, sys
from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.store import Store

async def main():
    store = await Store.open(sys.argv[1], SystemClock(), SystemEntropy())
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await store.close()

asyncio.run(main())
"""


async def filled(open_store, count=3, **options):
    store = await open_store(**options)
    for n in range(count):
        await store.write(lambda tx, n=n: tx.journal("s/1", "made", {"n": n, "pad": "x" * 900}, at=n))
    await store.close()


async def test_a_second_process_is_refused_and_told_who_has_it(open_store, database):
    holder = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", HOLDER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        holder.stdout.readline()
        with pytest.raises(StoreLocked, match=f"in use by process {holder.pid}"):
            await open_store()
    finally:
        holder.communicate(b"")
    await open_store()


async def test_every_start_has_an_epoch_of_its_own(open_store):
    epochs = []
    for _ in range(3):
        store = await open_store(seed=1)
        seq = await store.write(lambda tx: tx.journal("s/1", "made", {}, at=1))
        epochs.append(store.epoch)
        await store.close()
    assert len(set(epochs)) == 3
    store = await open_store()
    rows = await store.read(
        lambda reader: reader.execute("SELECT epoch FROM journal ORDER BY seq").fetchall()
    )
    assert ([row[0] for row in rows], seq) == (epochs, 3)
    boots = await store.read(lambda reader: reader.execute("SELECT count(*) FROM boots").fetchone()[0])
    assert boots == 4


async def test_a_newer_schema_is_refused(open_store, database):
    await filled(open_store)
    newest = shipped()[-1].number
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA user_version={newest + 1}")
    connection.close()
    with pytest.raises(SchemaTooNew, match=f"schema {newest + 1}, this release knows up to {newest}"):
        await open_store()


async def test_another_programs_database_is_refused_untouched(open_store, database):
    database.parent.mkdir()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = database.read_bytes()
    with pytest.raises(NotAStore, match="another program"):
        await open_store()
    assert database.read_bytes() == before


async def test_a_file_that_is_no_database_is_refused_with_the_mend(open_store, database):
    database.parent.mkdir()
    database.write_bytes(b"not a database at all" * 300)
    with pytest.raises(StoreCorrupt, match="hub db restore BACKUP"):
        await open_store()


def overwrite_page(database, table):
    """Destroy the first page of a table on disk."""
    connection = sqlite3.connect(database)
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    connection.close()
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


async def test_a_corrupt_page_under_the_journal_is_found_at_start(open_store, database):
    await filled(open_store)
    overwrite_page(database, "journal")
    with pytest.raises(StoreCorrupt, match="hub db restore BACKUP"):
        await open_store()


async def test_a_corrupt_page_met_later_stops_every_act(open_store, database):
    await filled(open_store)
    overwrite_page(database, "cursors")
    store = await open_store()
    with pytest.raises(StoreCorrupt, match="restore the newest backup"):
        await store.write(lambda tx: tx.execute("SELECT * FROM cursors").fetchall())
    assert not store.can_act
    assert isinstance(store.trouble, StoreCorrupt)


async def test_a_corrupt_page_met_by_a_reader_stops_every_act(open_store, database):
    await filled(open_store)
    overwrite_page(database, "cursors")
    store = await open_store()
    with pytest.raises(StoreCorrupt):
        await store.read(lambda reader: reader.execute("SELECT * FROM cursors").fetchall())
    assert not store.can_act


async def test_an_altered_tail_is_found_at_start(open_store, database):
    await filled(open_store)
    connection = sqlite3.connect(database)
    connection.execute("UPDATE journal SET type = 'other' WHERE seq = 3")
    connection.commit()
    connection.close()
    with pytest.raises(StoreCorrupt, match="journal row 3"):
        await open_store()


async def test_the_key_file_is_private_and_must_be_there(open_store, database):
    await filled(open_store)
    key = database.with_name("hub.db.key")
    assert key.stat().st_mode & 0o777 == 0o600
    saved = key.read_bytes()
    key.unlink()
    with pytest.raises(KeyMissing, match="put back the copy"):
        await open_store()
    key.write_bytes(bytes(32))
    with pytest.raises(KeyMissing, match="another database"):
        await open_store()
    key.write_bytes(saved)
    await open_store()


async def test_a_refused_start_leaves_the_lock_free(open_store, database):
    await filled(open_store)
    key = database.with_name("hub.db.key")
    key.rename(key.with_name("away"))
    with pytest.raises(KeyMissing):
        await open_store()
    key.with_name("away").rename(key)
    await open_store()


async def test_a_closed_store_takes_nothing(open_store):
    store = await open_store()
    await store.close()
    await store.close()
    for use in (store.write, store.read):
        with pytest.raises(StoreClosed):
            await use(lambda tx: None)


async def test_a_failing_migration_leaves_the_database_as_it_was(open_store, database, monkeypatch):
    from hub.store import opening
    from hub.store.migrate import Migration

    await filled(open_store)
    bad = Migration(9999, "9999_bad.sql", "CREATE TABLE fine (x);\nCREATE TABLE fine (x);\n")
    monkeypatch.setattr(opening, "shipped", lambda: [*shipped(), bad])
    with pytest.raises(Exception, match="fine"):
        await open_store()
    monkeypatch.undo()
    store = await open_store()
    assert (
        await store.read(lambda r: r.execute("SELECT 1 FROM sqlite_master WHERE name = 'fine'").fetchone())
        is None
    )


def test_migrations_are_numbered_without_twins():
    numbers = [migration.number for migration in shipped()]
    assert numbers[0] == 1
    assert len(set(numbers)) == len(numbers)
