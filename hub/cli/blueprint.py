"""`hub blueprint`: compare, plan, apply, import and list the blueprints of a site."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.database import located, reported

if TYPE_CHECKING:
    from hub.site.planning import Plan
    from hub.workflows.versions.diff import Change
    from hub.workflows.versions.written import Written

_SITE = click.argument("site", type=click.Path(path_type=Path), default=".")
_DB = click.option("--db", type=click.Path(path_type=Path), help="The database; SITE/var/hub.db by default.")
#: Subcommands with a file of their own.
_MORE = {"apply": "hub.cli.blueprint_apply", "import": "hub.cli.blueprint_import"}


class _Group(click.Group):
    """Knows all its commands; imports the larger ones when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_MORE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _MORE:
            found: click.Command = importlib.import_module(_MORE[cmd_name]).command
            return found
        return super().get_command(ctx, cmd_name)


@click.group("blueprint", cls=_Group)
def command() -> None:
    """Versions of a site's workflows: what differs, what a change means, and making it so."""


@command.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def diff_command(old: Path, new: Path, as_json: bool) -> None:
    """What differs between the blueprints OLD and NEW, comments and order aside. Exit 1 if anything does.

    With a site's folder as OLD and one of its workflows as NEW: between what runs there and its files.
    """
    if old.is_dir():
        _diff_in_site(old, str(new), as_json)
        return
    from hub.workflows.versions.alone import compile_alone
    from hub.workflows.versions.diff import diff
    from hub.workflows.versions.written import Written

    sides = [compile_alone(path) for path in (old, new)]
    wrong = [side.problems.render() for side in sides if side.machine is None]
    if wrong:
        raise click.ClickException("these cannot be compared:\n" + "\n".join(wrong))
    machines = [side.machine for side in sides if side.machine is not None]
    changes = diff(*machines)
    old_written, new_written = (Written.of(side.sources, side.marks) for side in sides)
    _show(changes, old_written, new_written, as_json)


def _diff_in_site(site: Path, workflow: str, as_json: bool) -> None:
    from hub.config.problems import Problems

    with reported():
        [found] = plans_of(site, located(site, None), workflow)
    offer = found.status.offer
    if offer is not None and offer.problems:
        shown = Problems()
        shown.extend(offer.problems)
        raise click.ClickException(f"what the files say cannot run:\n{shown.render()}")
    if found.status.applied is None or offer is None:
        state = found.status.state
        raise click.ClickException(f"{workflow} is {state}: there are no two versions to compare")
    _show(found.changes, found.old, found.new, as_json)


def _show(changes: Sequence[Change], old: Written, new: Written, as_json: bool) -> None:
    from hub.workflows.versions.report import lines, places, summary

    if as_json:
        shown = [{**change.as_json(), "places": places(change, old, new)} for change in changes]
        click.echo(json.dumps({"changes": shown}, indent=2))
    else:
        click.echo("\n".join([*lines(changes, old, new), summary(changes)]))
    if changes:
        raise click.exceptions.Exit(1)


@command.command("plan")
@_SITE
@click.argument("workflow", required=False)
@_DB
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan_command(site: Path, workflow: str | None, db: Path | None, as_json: bool) -> None:
    """What the files of SITE would change if they were applied, and what stays as it is. Changes nothing."""
    from hub.site.planning import as_json as in_json
    from hub.site.planning import say

    with reported():
        plans = plans_of(site, located(site, db), workflow)
    if as_json:
        click.echo(json.dumps([in_json(plan) for plan in plans], indent=2))
        return
    click.echo("\n\n".join("\n".join(say(plan, str(site))) for plan in plans) or "The site has no workflows.")


@command.command("list")
@_SITE
@_DB
def list_command(site: Path, db: Path | None) -> None:
    """The blueprints that SITE could use, where they come from, and what runs."""
    from hub.cli.blueprint_list import listing

    with reported():
        click.echo("\n".join(listing(site, located(site, db))))


def plans_of(site: Path, database: Path, workflow: str | None = None) -> list[Plan]:
    """The plan of every workflow, or of one. Raises ClickException for a site that cannot be read."""
    from hub.plugins.integrations import Integrations
    from hub.site.load import load_site
    from hub.site.planning import Plan, plan
    from hub.site.versions import Status, offers_of, statuses
    from hub.store.reading import read_beside

    config, problems = load_site(site, Integrations.load(), tolerant=True)
    if config is None:
        raise click.ClickException(f"the site is not right:\n{problems.render()}")
    offers = offers_of(config)
    if database.exists():
        with read_beside(database) as reader:
            plans = [plan(reader, status) for status in statuses(reader, offers, {})]
    else:
        plans = [Plan(Status(name, None, offer)) for name, offer in offers.items()]
    chosen = [found for found in plans if workflow in (None, found.status.name)]
    if workflow is not None and not chosen:
        from hub.config.problems import suggest

        known = [found.status.name for found in plans]
        raise click.ClickException(f"the site has no workflow '{workflow}'; {suggest(workflow, known)}")
    return chosen
