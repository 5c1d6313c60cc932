"""Starts a hub with its twin and its web server, says where it is, and takes all of it down again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from hub.app import Hub, Surroundings
from hub.cli.web import ports_of
from hub.cli.welcome import welcome
from hub.config.loader import forget_shared
from hub.config.problems import suggest
from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.core.tuning import settle_memory
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.site.specs import SiteConfig
from hub.store import StoreError
from hub.twin.errors import TwinError
from hub.twin.info import default_state
from hub.twin.launch import TwinProcess, hub_twin
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
    _expect_known(options.lines or {}, config)
    for device, reason in config.left_out.items():
        _LOG.error("Device %s is left out: %s", device, reason)
    port = config.web.port if options.port is None else options.port
    _expect_free(config.web.host, port)
    try:
        async with _twin(options) as twin, _hub(options, config, integrations, twin) as hub:
            server = WebServer(ports_of(hub), options.port)
            try:
                await server.start()
            except OSError as error:
                raise _taken(port, error) from None
            forget_shared()
            settle_memory()
            click.echo(welcome(config, server.address, site=options.site, simulated=twin is not None))
            try:
                await asyncio.Event().wait()
            finally:
                await server.stop()
    except (StoreError, TwinError) as error:
        raise click.ClickException(str(error)) from None
    return 0


def _expect_free(host: str, port: int) -> None:
    """Complain of a port in use before any device is touched. Raises ClickException."""
    try:
        for family, kind, _, _, place in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind) as attempt:
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                attempt.bind(place)
    except OSError as error:
        raise _taken(port, error) from None


def _taken(port: int, error: OSError) -> click.ClickException:
    # asyncio writes a text of its own into strerror; the number says it in one word.
    named = error.errno is not None and not isinstance(error, socket.gaierror)
    reason = os.strerror(error.errno) if named and error.errno else str(error)
    return click.ClickException(
        f"cannot serve on port {port}: {reason}; choose another with --port (make run PORT=...), "
        "or stop what uses it"
    )


def _expect_known(replaced: Mapping[str, str], config: SiteConfig) -> None:
    """A replacement that misses its line would leave the hub on the real one, unseen."""
    known = [*config.lines, *(name for name, device in config.devices.items() if device.endpoint)]
    for name in replaced:
        if name not in known:
            raise click.ClickException(f"--line: the site has no line '{name}'; {suggest(name, known)}")


@contextlib.asynccontextmanager
async def _twin(options: Options) -> AsyncIterator[TwinProcess | None]:
    if not options.twin:
        yield None
        return
    process = await hub_twin(options.site, default_state(options.site))
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
