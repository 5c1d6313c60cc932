"""Starts a hub with its twin and its web server, says where it is, and takes all of it down again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from hub.app import Hub, Surroundings
from hub.cli.web import ports_of
from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.site.specs import SiteConfig
from hub.store import StoreError
from hub.twin.errors import TwinError
from hub.twin.info import default_state
from hub.twin.launch import TwinProcess, ensure_twin
from hub.web.server import WebServer

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What `hub run` was asked for."""

    site: Path
    state: Path
    twin: bool = False
    port: int | None = None
    lines: Mapping[str, str] | None = None
    safe_mode: bool = False


async def serve(options: Options) -> int:
    """Serve until cancelled; returns the exit code when it cannot start."""
    integrations = Integrations.load(safe_mode=options.safe_mode)
    config, problems = load_site(options.site, integrations, tolerant=True)
    if config is None:
        raise click.ClickException(f"the site is not right:\n{problems.render()}")
    for device, reason in config.left_out.items():
        _LOG.error("Device %s is left out: %s", device, reason)
    try:
        async with _twin(options) as twin, _hub(options, config, integrations, twin) as hub:
            server = WebServer(ports_of(hub), options.port)
            await server.start()
            click.echo(welcome(config, server.address, twin is not None))
            try:
                await asyncio.Event().wait()
            finally:
                await server.stop()
    except (StoreError, TwinError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        port = config.web.port if options.port is None else options.port
        raise click.ClickException(
            f"cannot serve on port {port}: {error.strerror}; choose another with --port, or stop what uses it"
        ) from None
    return 0


@contextlib.asynccontextmanager
async def _twin(options: Options) -> AsyncIterator[TwinProcess | None]:
    if not options.twin:
        yield None
        return
    process = await ensure_twin(options.site, default_state(options.site))
    try:
        yield process
    finally:
        await process.stop()


@contextlib.asynccontextmanager
async def _hub(
    options: Options, config: SiteConfig, integrations: Integrations, twin: TwinProcess | None
) -> AsyncIterator[Hub]:
    lines = {**(twin.info.replacements if twin else {}), **(options.lines or {})}
    control = twin.info.control if twin else ""
    around = Surroundings(
        SystemClock(), SystemEntropy(), options.state, integrations, lines, twin=control
    )
    hub = await Hub.start(config, around)
    try:
        yield hub
    finally:
        await hub.stop()


def welcome(config: SiteConfig, address: str, simulated: bool) -> str:
    """What to open and what to try."""
    lines = [f"\n  {config.site.name} is open at {address}\n"]
    if simulated and config.web.tokens:
        # A fragment stays in the browser; a real site's token is typed in.
        lines.append(f"  Signed in already: {address}/#token={config.web.tokens[0].token}\n")
    if simulated:
        lines += [
            "  Try, in another terminal (. .venv/bin/activate):",
            "    hub twin key scanner '11#'     key a selection at the keypad: a cola",
            "    hub twin pay card              pay for it at the terminal; its door opens",
            "    hub twin close locks_b 3       close the door behind you",
            "    hub demo                       see every walk through the site, with evidence",
            "",
        ]
    lines.append("  Ctrl-C stops it cleanly; killing it any other way loses nothing either.\n")
    return "\n".join(lines)
