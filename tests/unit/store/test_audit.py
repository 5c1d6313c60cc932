"""S5, S6: whoever alters the record is found out, by row."""

import sqlite3

import pytest
from click.testing import CliRunner

from hub.cli import audit as audit_command
from hub.store import CursorError, audit, cursors

ROWS = 4
HEADER = ["epoch", "time", "stream", "type", "v", "body_hash", "chain"]


@pytest.fixture
async def recorded(open_store, database):
    """A closed database of four events."""
    store = await open_store()
    for n in range(ROWS):
        await store.write(lambda tx, n=n: tx.journal("handover/1", "handover.changed", {"n": n}, at=1000 + n))
    await store.close()
    return database


def alter(path, sql, params=()):
    connection = sqlite3.connect(path)
    connection.execute(sql, params)
    connection.commit()
    connection.close()


def flipped(value):
    """Every value that differs from `value` in one bit of one byte, one per byte."""
    if isinstance(value, int):
        return [value ^ 1 << bit for bit in (0, 7, 20)]
    raw = value.encode() if isinstance(value, str) else value
    changed = [raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :] for i in range(len(raw))]
    return [item.decode() for item in changed] if isinstance(value, str) else changed


@pytest.mark.req("AU-01", "RP-05")
async def test_an_untouched_record_verifies(recorded):
    report = audit.verify(recorded)
    assert (report.ok, report.rows, report.head.seq) == (True, ROWS, ROWS)


@pytest.mark.parametrize("column", HEADER)
async def test_any_flipped_byte_of_a_header_names_its_row(recorded, column):
    original = sqlite3.connect(recorded).execute(f"SELECT {column} FROM journal WHERE seq = 2").fetchone()[0]
    for value in flipped(original):
        alter(recorded, f"UPDATE journal SET {column} = ? WHERE seq = 2", (value,))
        assert audit.verify(recorded).broken.seq == 2, value


@pytest.mark.parametrize("column", ["salt", "body"])
async def test_any_flipped_byte_of_a_body_names_its_row(recorded, column):
    original = (
        sqlite3.connect(recorded).execute(f"SELECT {column} FROM journal_body WHERE seq = 3").fetchone()[0]
    )
    for value in flipped(original):
        alter(recorded, f"UPDATE journal_body SET {column} = ? WHERE seq = 3", (value,))
        assert audit.verify(recorded).broken.seq == 3, value


async def test_a_row_taken_from_the_middle_is_named(recorded):
    alter(recorded, "DELETE FROM journal WHERE seq = 2")
    assert audit.verify(recorded).broken == audit.Broken(2, "the row is missing")


async def test_rows_cut_from_the_end_show_only_against_a_saved_head(recorded, tmp_path):
    audit.save_head(tmp_path / "head.json", audit.verify(recorded).head)
    alter(recorded, "DELETE FROM journal WHERE seq >= 3")
    assert audit.verify(recorded).ok
    report = audit.verify(recorded, audit.read_head(tmp_path / "head.json"))
    assert report.broken.seq == 3
    assert "ends at 2" in report.broken.reason


async def test_a_rewritten_record_shows_against_a_saved_head(recorded, open_store, tmp_path):
    end = audit.verify(recorded).head
    other = await open_store(tmp_path / "other.db", seed=9)
    for _ in range(ROWS):
        await other.write(lambda tx: tx.journal("handover/1", "handover.changed", {}, at=1))
    assert "rewritten" in audit.verify(tmp_path / "other.db", end).broken.reason


async def test_it_verifies_beside_a_running_store(open_store, database):
    store = await open_store()
    await store.write(lambda tx: tx.journal("a/1", "a", {}, at=1))
    assert audit.verify(database).rows == 1
    await store.write(lambda tx: tx.journal("a/1", "a", {}, at=2))
    assert audit.verify(database).rows == 2


async def test_a_destroyed_body_leaves_the_chain_valid(open_store, recorded):
    store = await open_store()
    await store.write(lambda tx: cursors.destroy_body(tx, 2))
    await store.close()
    report = audit.verify(recorded)
    assert (report.ok, report.destroyed) == (True, 1)
    assert b'"n":1' not in recorded.read_bytes()


async def test_a_body_stays_until_every_cursor_has_passed(open_store, recorded):
    store = await open_store()
    await store.write(lambda tx: cursors.register(tx, "uplink"))
    await store.write(lambda tx: cursors.advance(tx, "uplink", 1))
    await store.write(lambda tx: cursors.destroy_body(tx, 1))
    with pytest.raises(CursorError, match="uplink stands at 1"):
        await store.write(lambda tx: cursors.destroy_body(tx, 2))


def run(*arguments):
    return CliRunner().invoke(audit_command.command, [str(argument) for argument in arguments])


async def test_the_command_names_the_broken_row_and_fails(recorded):
    site = recorded.parent.parent
    assert run("verify", site).exit_code == 0
    alter(recorded, "UPDATE journal SET type = 'other' WHERE seq = 3")
    result = run("verify", site)
    assert result.exit_code == 1
    assert "row 3" in result.output


async def test_the_command_saves_a_head_and_compares_with_it(recorded, tmp_path):
    head = tmp_path / "head.json"
    assert run("verify", "--db", recorded, "--save-head", head).exit_code == 0
    alter(recorded, "DELETE FROM journal WHERE seq = 4")
    assert run("verify", "--db", recorded).exit_code == 0
    assert run("verify", "--db", recorded, "--head", head).exit_code == 1


async def test_the_command_says_what_is_wrong_with_its_input(recorded, tmp_path):
    assert "does not exist" in run("verify", tmp_path / "nowhere").output
    (tmp_path / "head.json").write_text("{}")
    assert "holds no saved head" in run("verify", "--db", recorded, "--head", tmp_path / "head.json").output
