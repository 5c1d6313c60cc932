"""The `hil` command: look at a wire, disturb it, and read what was recorded."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import click

from hil.faults import HELP, Faults, FaultSyntaxError
from hil.proxy import Pieces, Proxy
from hil.recorder import Entry, Recorder, RecordError, read_record
from hub import __version__
from hub.api import ConfigError, Framer, LineDown
from hub.core.clock import SystemClock
from hub.plugins.errors import PluginError
from hub.plugins.integrations import Integrations

#: A fault that never fired: the run proves nothing.
INVALID = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", "-V", message="Handover Hub %(version)s")
def hil() -> None:
    """Watch and disturb the wires between a hub and its devices."""


@hil.command("proxy", epilog=HELP)
@click.option("--listen", required=True, metavar="URL", help="Where the hub shall connect.")
@click.option("--to", required=True, metavar="URL", help="Where the device is.")
@click.option("--integration", metavar="DOMAIN", help="Cut frames as this integration does.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Write a record to a file.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="Disturb the wire; repeatable.")
@click.option("--for", "seconds", type=click.FloatRange(min=0.1), help="Stop after so many seconds.")
def proxy(
    listen: str, to: str, integration: str | None, record: Path | None, faults: tuple[str, ...],
    seconds: float | None,
) -> None:
    """Stand between a hub and a device until Ctrl-C.

    Start the hub with `hub run SITE --line ID=URL`, where URL is the one printed here. Exit 0 if every
    fault fired, 2 if one never did (the run proves nothing), 1 if a port cannot be had.
    """
    try:
        armed = Faults.of(*faults)
        with _writing(record) as file:
            clock = SystemClock()
            made = Proxy(
                listen, to, clock, framer=_framer(integration), faults=armed,
                recorder=Recorder(clock, file),
            )
            asyncio.run(_serve(made, seconds))
    except FaultSyntaxError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from None
    except (ConfigError, LineDown, PluginError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'the wire'}: {error.strerror}") from None
    for fault in armed.faults:
        click.echo(fault.report())
    if not armed.all_fired:
        sys.exit(INVALID)


@hil.group("record")
def record_group() -> None:
    """Read records of a wire."""


@record_group.command("show")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show(file: Path) -> None:
    """Print FILE: seconds, pause before, direction, bytes, and what a fault did."""
    try:
        header, entries = read_record(file)
        click.echo(f"hub at {header.listen}, device at {header.to}")
        before = 0.0
        for entry in entries:
            click.echo(_line(entry, entry.t - before))
            before = entry.t
    except (RecordError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _line(entry: Entry, pause: float) -> str:
    start = f"{entry.t:12.6f} {pause:+11.6f}"
    if entry.event:
        return f"{start}  --   {entry.event}"
    arrow = "hub >" if entry.direction == "out" else "hub <"
    line = f"{start}  {arrow}  {entry.data.hex(' ')}"
    if entry.passed is None:
        line += "   lost" if not entry.fault.startswith("late") else "   held back"
    elif entry.passed != entry.data:
        line += f"   became {entry.passed.hex(' ')}"
    return f"{line}   [{entry.fault}]" if entry.fault else line


async def _serve(made: Proxy, seconds: float | None) -> None:
    await made.start()
    try:
        click.echo(f"The hub connects to {made.near.url}")
        running = asyncio.ensure_future(made.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, running.cancel)
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(running, seconds)
    finally:
        await made.stop()


def _framer(integration: str | None) -> Callable[[], Framer]:
    if integration is None:
        return Pieces
    found: Callable[[], Framer] | None = Integrations.load().framer(integration)
    if found is None:
        raise ConfigError(f"integration {integration!r} has no framer")
    return found


def _writing(path: Path | None) -> contextlib.AbstractContextManager[TextIO | None]:
    if path is None:
        return contextlib.nullcontext()
    return path.open("w", encoding="utf-8")


def main() -> None:
    """Entry point."""
    hil(prog_name="hil")


if __name__ == "__main__":
    main()
