"""`hub run`: serve a site until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import click


@click.command("run")
@click.argument("site", type=click.Path(path_type=Path), default=".")
@click.option("--twin", is_flag=True, help="Use simulated devices; starts them unless they run already.")
@click.option("--port", type=click.IntRange(0, 65535), help="Serve on this port instead of the site's own.")
@click.option("--state", type=click.Path(path_type=Path), help="Where the database lives. Default: SITE/var.")
@click.option("--line", "lines", multiple=True, metavar="ID=URL", help="Replace a line's URL; repeatable.")
@click.option("--safe-mode", is_flag=True, help="Load essential integrations only.")
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
def command(
    site: Path, twin: bool, port: int | None, state: Path | None, lines: tuple[str, ...], safe_mode: bool,
    verbose: bool,
) -> None:
    """Run the site in SITE until Ctrl-C."""
    from hub.cli.serving import Options, serve

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S",
    )
    for noisy in ("aiohttp.access", "asyncio", "nfc.clf", "pymodbus"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    options = Options(site, state or site / "var", twin, port, _replacements(lines), safe_mode)
    raise SystemExit(asyncio.run(_until_signal(serve(options))))


def _replacements(lines: tuple[str, ...]) -> dict[str, str]:
    replaced = {}
    for text in lines:
        line, equals, url = text.partition("=")
        if not equals or not line or not url:
            raise click.BadParameter(f"'{text}' is not ID=URL, for example bus1=tcp://127.0.0.1:4196")
        replaced[line] = url
    return replaced


async def _until_signal(work: object) -> int:
    """Run until the work ends, or SIGINT, SIGTERM or a closed terminal asks for a clean stop."""
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return int(await task)
    except asyncio.CancelledError:
        return 0
