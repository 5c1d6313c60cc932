"""S8: full, read-only and failing disks, through a replaced file layer and a real file-size limit."""

import asyncio
import errno
import subprocess
import sys

import pytest
from powercut.apsw_connection import ApswConnection
from powercut.disks import FailingDisk

from hub.store import DiskFull, DiskReadOnly, FatalStoreError

KILLED = -9


def note(tx, n=1, size=10):
    return tx.journal("s/1", "made", {"n": n, "pad": "x" * size}, at=n)


@pytest.fixture
def disk():
    disk = FailingDisk()
    yield disk
    disk.full = disk.read_only = disk.sync_fails = False


@pytest.fixture
async def fragile(open_store, disk):
    """A store with a reserve on the failing disk; fatal errors are collected."""
    fatal = []
    store = await open_store(
        connect=lambda path: ApswConnection(path, disk.name),
        reserve=65536,
        on_fatal=fatal.append,
        inline=True,
    )
    store.fatal = fatal
    await store.write(note)
    return store


@pytest.mark.req("PY-07")
async def test_a_full_disk_refuses_and_says_how_to_mend_it(fragile, disk):
    disk.full = True
    with pytest.raises(DiskFull, match="free space on that disk"):
        await fragile.write(note)
    assert not fragile.can_act
    assert not fragile.healthy
    assert fragile.fatal == []


async def test_a_disk_with_room_again_mends_itself(fragile, disk):
    disk.full = True
    with pytest.raises(DiskFull):
        await fragile.write(note)
    assert not await fragile.probe()
    disk.full = False
    assert await fragile.probe()
    assert await fragile.write(note) == 2


async def test_an_outcome_frees_the_reserve_and_is_written(fragile, disk, database, monkeypatch):
    reserve = database.with_name("hub.db.reserve")
    assert reserve.stat().st_size == 65536
    real = type(reserve).unlink

    def unlink(path, **options):
        real(path, **options)
        if path == reserve:
            disk.full = False  # the room that the reserve held

    monkeypatch.setattr(type(reserve), "unlink", unlink)
    disk.full = True
    with pytest.raises(DiskFull):
        await fragile.write(note)
    assert reserve.exists()
    assert await fragile.write(note, reserve=True) == 2
    assert not reserve.exists()
    assert not fragile.can_act


async def test_intents_wait_until_the_reserve_is_whole_again(fragile, disk, database, monkeypatch):
    disk.full = True
    with pytest.raises(DiskFull):
        await fragile.write(note, reserve=True)
    disk.full = False
    monkeypatch.setattr("hub.store.beside._allocate", lambda path, size: 28)
    with pytest.raises(DiskFull):
        await fragile.write(note)
    assert await fragile.write(note, reserve=True) == 2
    monkeypatch.undo()
    assert await fragile.write(note) == 3
    assert database.with_name("hub.db.reserve").stat().st_size == 65536
    assert fragile.can_act


async def test_a_function_cannot_swallow_a_full_disk(fragile, disk):
    def stubborn(tx):
        try:
            tx.executemany("INSERT INTO meta VALUES (?, ?)", [(f"k{n}", b"x" * 4000) for n in range(9000)])
        except Exception:
            return "as if nothing happened"

    disk.full = True
    with pytest.raises(DiskFull):
        await fragile.write(stubborn)
    disk.full = False
    assert await fragile.write(note) == 2


async def test_a_failed_sync_is_fatal_and_nothing_is_acknowledged(fragile, disk):
    disk.sync_fails = True
    with pytest.raises(FatalStoreError, match="has to stop"):
        await fragile.write(note)
    disk.sync_fails = False
    assert [type(error) for error in fragile.fatal] == [FatalStoreError]
    with pytest.raises(FatalStoreError):
        await fragile.write(note, reserve=True)
    assert not fragile.can_act


async def test_a_failed_sync_of_a_checkpoint_is_fatal_too(open_store, disk):
    fatal = []
    store = await open_store(
        connect=lambda path: ApswConnection(path, disk.name),
        on_fatal=fatal.append,
        inline=True,
        checkpoint_after=3,
    )
    disk.sync_fails, disk.only = True, "hub.db"
    for _ in range(2):  # the start itself was the first
        await store.write(note)
    assert len(fatal) == 1
    assert not store.can_act


async def test_a_read_only_disk_refuses_and_says_so(fragile, disk):
    disk.read_only = True
    with pytest.raises(DiskReadOnly, match="remount it writable"):
        await fragile.write(note)
    assert not fragile.can_act
    disk.read_only = False
    assert await fragile.probe()


async def test_every_function_of_a_group_hears_of_the_full_disk(open_store, disk):
    store = await open_store(connect=lambda path: ApswConnection(path, disk.name))
    disk.full = True
    outcomes = await asyncio.gather(*[store.write(note) for _ in range(5)], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DiskFull] * 5
    disk.full = False
    assert await store.write(note) == 1


async def test_a_hub_starts_on_a_full_disk_but_does_not_act(open_store, disk, database):
    connect = lambda path: ApswConnection(path, disk.name)  # noqa: E731
    first = await open_store(connect=connect, inline=True)
    await first.write(note)
    await first.close()
    disk.full = True
    store = await open_store(connect=connect, inline=True)
    assert not store.can_act
    assert isinstance(store.trouble, DiskFull)
    disk.full = False
    assert await store.probe()


async def test_a_read_only_disk_at_start_is_said_clearly(open_store, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("hub.store.store.Lock", refuse)
    with pytest.raises(DiskReadOnly, match="remount it writable"):
        await open_store()


PROGRAM = """
import asyncio, resource, sys
from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.store import DiskFull, Store

def note(tx, size):
    return tx.journal("s/1", "made", {"pad": "x" * size}, at=1)

async def limited(path):
    store = await Store.open(path, SystemClock(), SystemEntropy(), reserve=65536)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    written = 0
    try:
        while True:
            await store.write(lambda tx: note(tx, 50_000))
            written += 1
    except DiskFull as error:
        print(written > 5, store.can_act, "free space" in str(error))
    print(await store.write(lambda tx: note(tx, 10), reserve=True) == written + 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(await store.probe(), await store.write(lambda tx: note(tx, 50_000)) == written + 2)
    await store.close()

async def unsynced(path):
    sys.path.insert(0, sys.argv[3])
    from powercut.apsw_connection import ApswConnection
    from powercut.disks import FailingDisk
    disk = FailingDisk()
    store = await Store.open(
        path, SystemClock(), SystemEntropy(), connect=lambda path: ApswConnection(path, disk.name), reserve=0)
    disk.sync_fails = True
    await store.write(lambda tx: note(tx, 10))
    print("went on")

async def cut(path):
    store = await Store.open(path, SystemClock(), SystemEntropy(), reserve=0)
    print(await store.write(lambda tx: note(tx, 10)), flush=True)
    await store.close()

asyncio.run(globals()[sys.argv[1]](sys.argv[2]))
"""


def program(what, path, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, what, str(path), *arguments],
        env=environment or None,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_file_size_limit_is_a_full_disk_and_outcomes_still_get_through(database):
    result = program("limited", database)
    assert (result.returncode, result.stdout.split("\n")[:3]) == (0, ["True False True", "True", "True True"])


def test_a_failed_sync_ends_the_process(database):
    import powercut.disks

    folder = powercut.disks.__file__.rsplit("/powercut/", 1)[0]
    result = program("unsynced", database, folder)
    assert result.returncode == 74
    assert "went on" not in result.stdout
    assert "has to stop" in result.stderr


@pytest.mark.parametrize(("point", "kept"), [("store.commit.before:2", 0), ("store.commit.after:2", 1)])
async def test_a_kill_around_commit_keeps_all_or_nothing(open_store, database, point, kept):
    assert program("cut", database, HUB_FAILPOINT=point).returncode == KILLED
    store = await open_store()
    assert (
        await store.read(lambda reader: reader.execute("SELECT count(*) FROM journal").fetchone()[0]) == kept
    )


@pytest.mark.parametrize("point", ["store.checkpoint.before", "store.checkpoint.after"])
async def test_a_kill_around_a_checkpoint_loses_nothing(open_store, database, point):
    result = program("cut", database, HUB_FAILPOINT=point)
    assert (result.returncode, result.stdout) == (KILLED, "1\n")
    store = await open_store()
    assert await store.read(lambda reader: reader.execute("SELECT count(*) FROM journal").fetchone()[0]) == 1
