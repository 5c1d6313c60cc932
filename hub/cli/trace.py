"""`hub trace`: what happened to a handover and why, beside the lines of the blueprint that it runs on."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.database import located, reported


@click.command("trace")
@click.argument("handover")
@click.argument("site", type=click.Path(path_type=Path), default=".")
@click.option("--db", type=click.Path(path_type=Path), help="The database; SITE/var/hub.db if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print the trace as JSON.")
def command(handover: str, site: Path, db: Path | None, as_json: bool) -> None:
    """Draw the trace of HANDOVER: its id, the beginning or end of it, or the order's own reference.

    Reads beside a running hub. The lines are those of the version that the handover began with, as they were
    then.
    """
    import msgspec
    from rich.console import Console

    from hub.cli.trace_drawing import draw
    from hub.store.reading import read_beside
    from hub.workflows.tracing import NoHandover, SeveralHandovers, find, trace

    with reported():
        try:
            with read_beside(located(site, db)) as reader:
                story = trace(reader, find(reader, handover))
        except NoHandover:
            raise click.ClickException(f"there is no handover '{handover}' in {located(site, db)}") from None
        except SeveralHandovers as several:
            raise click.ClickException(str(several)) from None
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(story)).decode())
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in draw(story, _zone(site), console.width if console.is_terminal else None):
        console.print(line)


def _zone(site: Path) -> str:
    """The site's time zone, UTC where it cannot be read."""
    from hub.config import Problems, load_yaml

    document = load_yaml(site / "site.yaml", Problems())
    found = document.at(("site", "time_zone")) if document is not None else None
    return found if isinstance(found, str) else "UTC"
