"""`hub schema`: JSON Schemas for editors, made of the schemas that `hub check` uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hub.plugins.integrations import Integrations
    from hub.workflows.steps import StepType

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
    from hub.workflows.steps import STEPS

    if kind == "site":
        return site_schema(Integrations.load())
    if kind == "cases":
        return schemas.cases_schema()
    steps = {**STEPS, **_steps_of(Integrations.load())}
    return schemas.blueprint_schema(steps) if kind == "blueprint" else schemas.fragment_schema(steps)


def _steps_of(integrations: Integrations) -> dict[str, StepType]:
    """The steps of all installed integrations; which devices have them only a site knows."""
    from hub.workflows.steps.integrations import step_type

    found = [step for domain in integrations.domains() for step in integrations.steps(domain)]
    return {step.name: step_type(step, ()) for step in found}


def _text(kind: str) -> str:
    return json.dumps(schema_of(kind), indent=2) + "\n"
