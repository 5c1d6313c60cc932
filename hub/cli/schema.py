"""`hub schema`: JSON Schemas for editors, made of the schemas that `hub check` uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

KINDS = ("blueprint", "fragment", "cases", "site")


@click.command("schema")
@click.argument("kind", type=click.Choice(KINDS), required=False)
@click.option(
    "--write", "folder", type=click.Path(path_type=Path, file_okay=False),
    help="Write KIND.schema.json into this folder; without KIND, all of them.",
)
def command(kind: str | None, folder: Path | None) -> None:
    """Print the JSON Schema of a KIND of file, for editors that complete and check YAML."""
    if folder is None:
        if kind is None:
            raise click.UsageError(f"name one of {', '.join(KINDS)}, or write all of them: --write FOLDER")
        click.echo(_text(kind), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for one in KINDS if kind is None else (kind,):
        path = folder / f"{one}.schema.json"
        path.write_text(_text(one), "utf-8")
        click.echo(f"{path}: put this at the top of such a file:")
        click.echo(f"  # yaml-language-server: $schema={path}")


def schema_of(kind: str) -> dict[str, Any]:
    """The schema of one of KINDS. That of a site, and the steps, include the installed integrations."""
    from hub.plugins.integrations import Integrations
    from hub.site.schemas import site_schema
    from hub.workflows import schemas

    if kind == "site":
        return site_schema(Integrations.load())
    if kind == "cases":
        return schemas.cases_schema()
    return schemas.blueprint_schema() if kind == "blueprint" else schemas.fragment_schema()


def _text(kind: str) -> str:
    return json.dumps(schema_of(kind), indent=2) + "\n"
