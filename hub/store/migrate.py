"""Brings a database to this release's schema, in one transaction."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from hub.store.connection import APPLICATION_ID, Connection
from hub.store.errors import NotAStore, SchemaTooNew

_NAME = re.compile(r"(\d{4})_\w+\.sql\Z")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of statements; `number` orders them and becomes the schema's version."""

    number: int
    name: str
    sql: str


def shipped() -> list[Migration]:
    """The migrations of this release, in order."""
    found = [
        Migration(int(match.group(1)), entry.name, entry.read_text(encoding="utf-8"))
        for entry in (files("hub.store") / "migrations").iterdir()
        if (match := _NAME.match(entry.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def version(connection: Connection) -> int:
    """The schema version in the file's header."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_identity(connection: Connection, path: str) -> bool:
    """Whether this is a hub's database; False for an empty file. Raises NotAStore for another's."""
    found = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if found == APPLICATION_ID:
        return True
    if found or connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise NotAStore(f"{path} is a database of another program; choose another path with --db.")
    return False


def migrate(connection: Connection, path: str, migrations: list[Migration]) -> None:
    """Apply what is missing. Raises SchemaTooNew when the database is ahead of this release."""
    present = version(connection)
    newest = migrations[-1].number
    if present > newest:
        raise SchemaTooNew(
            f"{path} has schema {present}, this release knows up to {newest}. "
            "Install the newer release again, or restore a backup made by this one."
        )
    missing = [migration for migration in migrations if migration.number > present]
    if not missing:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for migration in missing:
            for statement in _statements(migration.sql):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={newest}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(sql: str) -> Iterator[str]:
    text = ""
    for line in sql.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""
