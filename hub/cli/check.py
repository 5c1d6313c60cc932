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
    from hub.plugins.integrations import Integrations
    from hub.site.load import load_site

    site, problems = load_site(folder, Integrations.load())
    if as_json:
        click.echo(json.dumps(_result(site, problems), indent=2))
    elif len(problems):
        click.echo(problems.render())
        many = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        click.echo(f"\n{many} in {folder}.", err=True)
    elif site is not None:
        click.echo(f"OK  {site.site.name} ({site.site.id}): {_summary(counts(site))}")
    if len(problems):
        raise click.exceptions.Exit(1)


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
