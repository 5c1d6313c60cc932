"""`hub demo`: walks the demo site as its customers would, with the evidence."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from hub.cli.demo_walks.show import show_end, show_walk
from hub.cli.demo_walks.site import DemoSite
from hub.cli.demo_walks.story import WalkFailed, WalkReport
from hub.cli.demo_walks.walks import WALKS, walk
from hub.core.clock import SystemClock
from hub.store import StoreError, audit
from hub.twin.errors import TwinError

_CURRENCY = "EUR"
_LIST = "\n".join(f"  {name:10}{known.title}" for name, known in WALKS.items())
_HELP = f"""Walk the demo site as its customers would, and print what happened.

Starts a twin and a hub of its own in a temporary folder, on free ports, also beside `make run`. The twin's
ledger of physical acts is held against the hub's record after each walk. Exit 1 if a walk fails.

\b
Walks:
{_LIST}
"""


@dataclass(slots=True)
class Outcome:
    """All walks and how the site ended. `chain` says how the record verified."""

    walks: list[WalkReport] = field(default_factory=list)
    chain: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything went as it must."""
        return not self.problems and all(report.ok for report in self.walks)

    def facts(self) -> dict[str, Any]:
        """For programs."""
        return {
            "ok": self.ok, "chain": self.chain, "problems": self.problems,
            "walks": [{"ok": report.ok, **asdict(report)} for report in self.walks],
        }


@click.command("demo", help=_HELP)
@click.option(
    "--walk", "names", multiple=True, type=click.Choice(list(WALKS)), metavar="NAME",
    help="Walk this one only; repeatable.",
)
@click.option("--keep", is_flag=True, help="Keep the folder with database, ledger and logs, and print it.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def command(names: tuple[str, ...], keep: bool, as_json: bool) -> None:
    """Walk, show, and exit 0 or 1."""
    console = Console(quiet=as_json, highlight=False)
    with _folder(keep) as folder:
        try:
            outcome = asyncio.run(run(folder, tuple(dict.fromkeys(names)) or tuple(WALKS), console))
        except (TwinError, WalkFailed) as error:
            raise click.ClickException(f"the demo site did not start: {error}") from None
        except KeyboardInterrupt:
            raise click.Abort from None
        if as_json:
            facts = outcome.facts() | ({"folder": str(folder)} if keep else {})
            click.echo(json.dumps(facts, indent=2))
        elif keep:
            console.print(Text(f"  Kept: {folder}"), soft_wrap=True)
        elif not outcome.ok:
            console.print(Text("  `hub demo --keep` keeps database, ledger and logs to look into."))
    raise SystemExit(0 if outcome.ok else 1)


async def run(folder: Path, names: Sequence[str], console: Console) -> Outcome:
    """Start the site in `folder`, walk, stop it, verify the record. Raises TwinError, WalkFailed."""
    clock = SystemClock()
    began = clock.monotonic()
    outcome = Outcome()
    site = DemoSite(folder)
    try:
        api = await site.start()
        try:
            console.print(Text(
                f"\n  Twin (process {site.twin_pid}) and hub (process {site.hub_pid}, {site.address}) "
                f"serve after {clock.monotonic() - began:.1f} s. Times of evidence are UTC.\n"
            ), soft_wrap=True)
            for name in names:
                console.print(Text(f"  {WALKS[name].title}", style="bold"))
                report = await walk(name, site, api, console, clock, began)
                outcome.walks.append(report)
                show_walk(console, report, _CURRENCY)
        finally:
            await api.close()
        code = await site.stop_hub()
        if code:
            outcome.problems.append(f"the hub ended with exit {code} instead of 0: {site.last_words()}")
    finally:
        await site.stop()
    _verify(site.database, outcome)
    show_end(console, outcome.walks, outcome.chain, outcome.problems)
    console.print(Text(f"  {clock.monotonic() - began:.1f} s in all"))
    return outcome


def _verify(database: Path, outcome: Outcome) -> None:
    """The audit of the stopped database."""
    try:
        report = audit.verify(database)
    except StoreError as error:
        outcome.problems.append(f"the record cannot be read: {error}")
        return
    if report.broken is not None:
        outcome.problems.append(f"the chain breaks at row {report.broken.seq}: {report.broken.reason}")
        return
    head = report.head.chain.hex()[:16] if report.head else "empty"
    outcome.chain = f"The hash-chained record verifies: {report.rows} rows, head {head}"


@contextlib.contextmanager
def _folder(keep: bool) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="hub-demo-"))
    try:
        yield path
    finally:
        if not keep:
            shutil.rmtree(path, ignore_errors=True)
