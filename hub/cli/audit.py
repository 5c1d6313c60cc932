"""`hub audit`: does the record still say what was written?"""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.database import located, reported
from hub.store import audit


@click.group("audit")
def command() -> None:
    """Verify the hash-chained record of a site."""


@command.command("verify")
@click.argument("site", type=click.Path(path_type=Path), default=".")
@click.option("--db", type=click.Path(path_type=Path), help="The database; SITE/var/hub.db if not given.")
@click.option(
    "--head", "saved", type=click.Path(exists=True, path_type=Path),
    help="A head saved earlier: shows rows cut from the end.",
)
@click.option("--save-head", type=click.Path(path_type=Path), help="Write the present head to this file.")
def verify(site: Path, db: Path | None, saved: Path | None, save_head: Path | None) -> None:
    """Recompute the chain, also beside a running hub. Exit 1 if a row does not verify."""
    with reported():
        expected = None if saved is None else audit.read_head(saved)
        report = audit.verify(located(site, db), expected)
    if report.broken is not None:
        raise click.ClickException(f"row {report.broken.seq}: {report.broken.reason}")
    gone = f", {report.destroyed} bodies destroyed" if report.destroyed else ""
    click.echo(f"{report.rows} rows verified{gone}.")
    if report.head is not None:
        click.echo(f"Head: seq {report.head.seq}, epoch {report.head.epoch}, chain {report.head.chain.hex()}")
        if save_head is not None:
            audit.save_head(save_head, report.head)
            click.echo(f"Saved to {save_head}; keep it on another machine.")
