"""`hub check`: everything that is wrong with a site, in one run, without network or devices."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hub.config import Problems
from hub.site.specs import SiteConfig


@click.command("check")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(folder: Path, as_json: bool) -> None:
    """Check the site in FOLDER. Works offline; exit 1 if anything is wrong."""
    from hub.core.tuning import without_collecting

    with without_collecting():
        from hub.plugins.integrations import Integrations
        from hub.site.load import load_site

        site, problems = load_site(folder, Integrations.load())
    versions = _versions(site, folder / "var" / "hub.db")
    if as_json:
        click.echo(json.dumps(_result(site, problems) | {"workflows": versions}, indent=2))
    elif len(problems):
        click.echo(problems.render())
        many = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        click.echo(f"\n{many} in {folder}.", err=True)
    elif site is not None:
        click.echo(f"OK  {site.site.name} ({site.site.id}): {_summary(counts(site))}")
        for name, state in versions.items():
            if state == "offered":
                click.echo(f"    {name} runs another version than this: hub blueprint plan {folder} {name}")
            elif state == "removed":
                click.echo(f"    {name} is no longer named here; its live handovers are served to their end")
    if len(problems):
        raise click.exceptions.Exit(1)


def _versions(site: SiteConfig | None, database: Path) -> dict[str, str]:
    """Workflow -> how its files stand to what runs, where a hub has run."""
    if site is None or not database.is_file():
        return {}
    from hub.site.versions import offers_of, statuses
    from hub.store import StoreError
    from hub.store.reading import read_beside

    try:
        with read_beside(database) as reader:
            return {status.name: status.state for status in statuses(reader, offers_of(site), {})}
    except StoreError:
        return {}  # whatever it is, the site's files are none the worse for it; `hub db check` tells


def counts(site: SiteConfig) -> dict[str, int]:
    """How many of each thing a site has."""
    return {
        "lines": len(site.lines), "devices": len(site.devices), "banks": len(site.banks),
        "compartments": len(site.compartments), "terminals": len(site.terminals),
        "products": len(site.products), "assets": len(site.assets), "people": len(site.people),
        "workflows": len(site.workflows),
    }


def _summary(found: dict[str, int]) -> str:
    words = [f"{count} {word if count != 1 else _one(word)}" for word, count in found.items() if count]
    return ", ".join(words) or "nothing in it yet"


def _one(word: str) -> str:
    return "person" if word == "people" else word.removesuffix("s")


def _result(site: SiteConfig | None, problems: Problems) -> dict[str, object]:
    return {
        "ok": not len(problems),
        "problems": [problem.as_json() for problem in problems],
        "counts": counts(site) if site is not None else {},
    }
