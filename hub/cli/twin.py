"""`hub twin`: serve a site's simulators as a process of their own, and act in them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import click

from hub.config.problems import suggest
from hub.twin.client import TwinClient
from hub.twin.errors import TwinError
from hub.twin.info import TwinInfo, default_state
from hub.twin.ledger import FILE as LEDGER
from hub.twin.ledger import read_ledger

_FORWARD = {"ignore_unknown_options": True, "allow_interspersed_args": True}
_DEMO = Path("config/demo")
#: What most devices offer, for the help; each device's own list comes from the running twin.
_COMMON = "key scan show tap pay decline load pull close stick ajar unplug plug cut restore set"


class TwinGroup(click.Group):
    """Every word that is no command of its own is an action, forwarded to the twin."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or the action of that name."""
        return super().get_command(ctx, cmd_name) or _action(cmd_name)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How to act."""
        with formatter.section("Actions"):
            formatter.write_text("hub twin ACTION DEVICE [ARGUMENT...]")
            formatter.write_text(f"{_COMMON}. `hub twin actions` lists those of each device.")


def _located(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that find a twin's state folder; passes it on as `state`."""
    state = click.option(
        "--state", type=click.Path(path_type=Path), envvar="HUB_TWIN_STATE", expose_value=False,
        callback=_remember, is_eager=True, help="The twin's state folder; SITE/var/twin if not given.",
    )
    site = click.option(
        "--site", type=click.Path(path_type=Path), expose_value=False, callback=_remember, is_eager=True,
        help="The site's folder; this folder, or else config/demo.",
    )
    return state(site(command))


def _remember(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None and parameter.name is not None:
        ctx.ensure_object(dict)[parameter.name] = value


def _state() -> Path:
    given = click.get_current_context().ensure_object(dict)
    if "state" in given:
        return Path(given["state"])
    if "site" in given:
        return default_state(given["site"])
    here = Path()
    return default_state(here if (here / "site.yaml").is_file() or not _DEMO.is_dir() else _DEMO)


@click.group("twin", cls=TwinGroup)
@_located
def command() -> None:
    """Serve a site's simulators as a process of their own, and act in them."""


@command.command("serve")
@click.argument("site", type=click.Path(path_type=Path), default=".")
@click.option("--state", type=click.Path(path_type=Path), help="Default: SITE/var/twin.")
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
def serve(site: Path, state: Path | None, verbose: bool) -> None:
    """Run the simulators of the site in SITE until Ctrl-C. Hubs may come and go meanwhile."""
    from hub.api.errors import IntegrationError
    from hub.plugins.integrations import Integrations
    from hub.site.load import load_site
    from hub.twin.plan import plan_of
    from hub.twin.serve import serve as run

    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    integrations = Integrations.load()
    config, problems = load_site(site, integrations)
    if config is None:
        raise click.ClickException(f"the site is not right:\n{problems.render()}")
    folder = state or default_state(site)
    try:
        asyncio.run(run(plan_of(config), folder, integrations, partial(_ready, folder)))
    except (TwinError, IntegrationError) as error:
        raise click.ClickException(str(error)) from None


@command.command("ledger")
@click.option("--after", default=0, help="Only acts with a greater seq.")
@_located
def ledger(after: int) -> None:
    """Print the ground truth as JSON lines; also of a twin that runs no more."""
    for entry in read_ledger(_state() / LEDGER, after):
        click.echo(json.dumps(entry))


@command.command("state")
@_located
def state() -> None:
    """Print what can be seen of every device and line."""
    click.echo(json.dumps(_asked(TwinClient.state), indent=2))


@command.command("actions")
@_located
def actions() -> None:
    """List what can be done to each device and line."""
    found: dict[str, list[str]] = _asked(TwinClient.actions)
    for device, usages in found.items():
        click.echo(f"{device}: {', '.join(usages)}")


def _ready(folder: Path, info: TwinInfo) -> None:
    click.echo(f"Twin ready, process {info.pid}, state in {folder}")
    for name, url in {**info.lines, **info.endpoints}.items():
        click.echo(f"  {name}: {url}")


def _action(word: str) -> click.Command:
    @click.command(word, context_settings=_FORWARD, short_help="An action.")
    @click.argument("device", required=False)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    @_located
    def forward(device: str | None, arguments: tuple[str, ...]) -> None:
        if device is None:
            raise click.ClickException(_whose(word, _asked(TwinClient.actions)))
        words = [_path(argument) for argument in arguments]
        result = _asked(lambda client: client.act(device, word, *words))
        click.echo("done" if result is None else json.dumps(result))

    forward.help = f"`{word}` a device: hub twin {word} DEVICE [ARGUMENT...]"
    return forward


def _path(argument: str) -> str:
    """A file is named in full, because the twin runs in another folder."""
    return str(Path(argument).absolute()) if "." in argument and Path(argument).is_file() else argument


def _whose(word: str, offered: dict[str, list[str]]) -> str:
    usages = [
        f"hub twin {word} {device}{usage.removeprefix(word)}"
        for device, all_usages in offered.items() for usage in all_usages if usage.split()[0] == word
    ]
    if usages:
        return "which device?\n  " + "\n  ".join(usages)
    words = sorted({usage.split()[0] for all_usages in offered.values() for usage in all_usages})
    return f"no device offers {word!r}; {suggest(word, words)}"


def _asked(question: Callable[[TwinClient], Coroutine[Any, Any, Any]]) -> Any:
    try:
        return asyncio.run(question(TwinClient.of(_state())))
    except TwinError as error:
        hint = ""
        if error.code == "not_running":
            hint = "\nStart it with: hub twin serve SITE"
        elif error.valid:
            hint = f"\nThere is: {', '.join(error.valid)}"
        raise click.ClickException(f"{error}{hint}") from None
