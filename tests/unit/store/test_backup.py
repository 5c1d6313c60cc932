"""S8: backups beside a running hub are sound, damaged ones are never made, a restored one runs."""

import asyncio
import sqlite3

import pytest
from click.testing import CliRunner

from hub.cli import db as db_command
from hub.store import StoreCorrupt, StoreLocked, audit, backup


def note(tx, n):
    return tx.journal("s/1", "made", {"n": n, "pad": "x" * 2000}, at=n)


async def filled(store, count=300):
    await asyncio.gather(*[store.write(lambda tx, n=n: note(tx, n)) for n in range(count)])


def run(*arguments):
    return CliRunner().invoke(db_command.command, [str(argument) for argument in arguments])


async def test_a_backup_beside_a_running_store_is_one_consistent_state(open_store, database, tmp_path):
    store = await open_store()
    await filled(store)
    seen = []
    target = tmp_path / "copy.db"
    copying = asyncio.create_task(
        asyncio.to_thread(backup.backup, database, target, lambda done, total: seen.append((done, total)))
    )
    while not copying.done():
        await store.write(lambda tx: note(tx, 1))
    await copying
    report = audit.verify(target)
    assert report.ok
    assert report.rows >= 300
    assert backup.check(target) == []
    assert seen[-1][0] == seen[-1][1]
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


async def test_a_backup_of_a_damaged_database_is_refused_and_leaves_the_older_one(
    open_store, database, tmp_path
):
    store = await open_store()
    await filled(store, 20)
    await store.close()
    target = tmp_path / "copy.db"
    backup.backup(database, target)
    before = target.read_bytes()
    connection = sqlite3.connect(database)
    connection.execute("UPDATE journal SET time = 7 WHERE seq = 5")
    connection.commit()
    connection.close()
    with pytest.raises(StoreCorrupt, match="row 5"):
        backup.backup(database, target)
    assert target.read_bytes() == before


async def test_a_restored_backup_runs_under_a_new_epoch_and_the_old_file_is_kept(
    open_store, database, tmp_path
):
    store = await open_store()
    await filled(store, 5)
    backup.backup(database, tmp_path / "copy.db")
    await store.write(lambda tx: note(tx, 99))
    with pytest.raises(StoreLocked):
        backup.restore(tmp_path / "copy.db", database)
    await store.close()
    aside = backup.restore(tmp_path / "copy.db", database)
    assert aside.name == "hub.db.damaged-1"
    assert audit.verify(aside).rows == 6
    restored = await open_store()
    assert await restored.write(lambda tx: note(tx, 100)) == 6
    assert restored.epoch != store.epoch


async def test_the_commands_back_up_check_and_restore(open_store, database):
    site = database.parent.parent
    store = await open_store()
    await filled(store, 5)
    result = run("backup", site)
    assert result.exit_code == 0, result.output
    (copy,) = (database.parent / "backups").iterdir()
    assert "hub.db.key" in result.output
    assert run("check", site).exit_code == 0
    refused = run("restore", copy, site)
    assert (refused.exit_code, "in use by process" in refused.output) == (1, True)
    await store.close()
    assert run("restore", copy, site).exit_code == 0


async def test_the_check_command_reports_damage_and_the_mend_without_a_traceback(open_store, database):
    store = await open_store()
    await filled(store, 50)
    await store.close()
    with database.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xff" * 8192)
    result = run("check", "--db", database)
    assert result.exit_code == 1
    assert "hub db restore BACKUP" in result.output
    assert "Traceback" not in result.output
    backed = run("backup", "--db", database)
    assert backed.exit_code == 1
    assert "damaged" in backed.output


def test_commands_on_a_site_without_a_database_say_so(tmp_path):
    for name in ("check", "backup"):
        result = run(name, tmp_path)
        assert result.exit_code == 1
        assert "does not exist" in result.output
