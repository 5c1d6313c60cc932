"""`hub db`: back up, check and restore a site's database."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import Progress

from hub.cli.database import located, reported
from hub.store import backup as work
from hub.store.audit import current_head


@click.group("db")
def command() -> None:
    """Back up, check and restore the database of a site."""


@command.command("backup")
@click.argument("site", type=click.Path(path_type=Path), default=".")
@click.option("--db", type=click.Path(path_type=Path), help="The database; SITE/var/hub.db if not given.")
@click.option("--to", "target", type=click.Path(path_type=Path), help="Default: beside the database.")
def backup(site: Path, db: Path | None, target: Path | None) -> None:
    """Copy the database, also beside a running hub, and check the copy."""
    source = located(site, db)
    with reported():
        if target is None:
            target = source.parent / "backups" / _name(source)
        with Progress(transient=True) as bar:
            task = bar.add_task("Backing up", total=None)
            work.backup(source, target, lambda done, total: bar.update(task, completed=done, total=total))
    click.echo(f"{target} written and checked.")
    click.echo(f"Keep a copy of {source}.key as well, in another place: messages and credentials need it.")


@command.command("check")
@click.argument("site", type=click.Path(path_type=Path), default=".")
@click.option("--db", type=click.Path(path_type=Path), help="The database; SITE/var/hub.db if not given.")
def check(site: Path, db: Path | None) -> None:
    """Check every page, every reference and the whole journal. Exit 1 if something is wrong."""
    path = located(site, db)
    with reported():
        found = work.check(path)
    for line in found:
        click.echo(line, err=True)
    if found:
        raise click.ClickException(
            f"{path} is damaged. Stop the hub and restore a backup: hub db restore BACKUP --db {path}"
        )
    click.echo(f"{path} is sound.")


@command.command("restore")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("site", type=click.Path(path_type=Path), default=".")
@click.option("--db", type=click.Path(path_type=Path), help="The database; SITE/var/hub.db if not given.")
def restore(source: Path, site: Path, db: Path | None) -> None:
    """Put a backup in the place of the database; the old one is kept aside. The hub must be stopped."""
    target = located(site, db)
    with reported():
        aside = work.restore(source, target)
    click.echo(f"{target} restored from {source}.")
    if aside is not None:
        click.echo(f"The old database is now {aside}.")


def _name(source: Path) -> str:
    end = current_head(source)
    return f"hub-{end.seq:010d}-{end.epoch}.db" if end else "hub-empty.db"
