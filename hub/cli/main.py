"""The `hub` command. Subcommands are imported when they are called, so that `hub --help` is quick."""

from __future__ import annotations

import importlib
import os
import platform
import sys
import tempfile
import traceback
from typing import NamedTuple

import click

from hub import __version__


class Subcommand(NamedTuple):
    """A module with a click `command`, and what it does in a few words."""

    module: str
    summary: str


COMMANDS = {
    "init": Subcommand("hub.cli.init", "Write a new, commented site."),
    "check": Subcommand("hub.cli.check", "Check a site and name everything that is wrong."),
    "schema": Subcommand("hub.cli.schema", "Print JSON Schemas for editors."),
    "doctor": Subcommand("hub.cli.doctor", "Say what is missing on this machine."),
    "run": Subcommand("hub.cli.run", "Run a site."),
    "demo": Subcommand("hub.cli.demo", "Walk the demo site as its customers would."),
    "test": Subcommand("hub.cli.test", "Run the cases of a blueprint on virtual time."),
    "verify": Subcommand("hub.cli.verify", "Explore everything that can happen in a blueprint."),
    "blueprint": Subcommand("hub.cli.blueprint", "Compare, plan, apply and import versions of workflows."),
    "simulate": Subcommand("hub.cli.simulate", "Run days of a site on virtual time, with users and faults."),
    "golive": Subcommand("hub.cli.golive", "Rehearse and record the checks before a site opens."),
    "twin": Subcommand("hub.cli.twin", "Serve a site's simulators, and act in them."),
    "trace": Subcommand("hub.cli.trace", "Draw what happened to a handover, beside its blueprint."),
    "audit": Subcommand("hub.cli.audit", "Verify the hash-chained record."),
    "db": Subcommand("hub.cli.db", "Back up, check and restore the database."),
}


class LazyGroup(click.Group):
    """A group whose commands are known by name and loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of a site's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that is called."""
        known = COMMANDS.get(cmd_name)
        if known is None:
            return None
        command: click.Command = importlib.import_module(known.module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, but an unknown name is answered with the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from hub.config.problems import suggest

            ctx.fail(f"there is no command '{args[0]}'; {suggest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, known.summary) for name, known in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", "-V", message="Handover Hub %(version)s")
def hub() -> None:
    """Handover Hub: doors, devices and money of one site, in one local process."""


def main() -> None:
    """Entry point. Expected errors are one line and exit 1; others say how to report them."""
    try:
        hub(prog_name="hub")
    except Exception as error:  # noqa: BLE001 - the last place before the user
        click.echo(_apology(error), err=True)
        sys.exit(70)


def _apology(error: Exception) -> str:
    report = "".join((
        f"Handover Hub {__version__}, Python {platform.python_version()}, {platform.platform()}\n",
        f"Command: hub {' '.join(sys.argv[1:])}\n\n", *traceback.format_exception(error),
    ))
    descriptor, path = tempfile.mkstemp(prefix="hub-report-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(report)
    return (
        f"Error: {type(error).__name__}: {error}\n"
        "This is a fault of the hub, not of your site. Nothing more was done.\n"
        f"Please report it to the maintainers together with the file {path}\n"
        "(read it first: it may show names of your devices)."
    )


if __name__ == "__main__":
    main()
