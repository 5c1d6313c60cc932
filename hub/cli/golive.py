"""`hub golive`: the checks before a site opens, rehearsed on its own workflows, dated and recorded."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from hub.core.clock import SECOND, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.config import Document
    from hub.site.specs import SiteConfig
    from hub.workflows.golive import Report

_CHART = "org-chart.yaml"
_NOT_YET = 3
_COLOURS = {"PASS": "green", "FAIL": "red", "NOT YET": "yellow", "n/a": "dim"}


@click.command("golive", epilog=(
    "Exit 0: everything passed. 1: something failed, or the site has errors. 3: nothing failed, but "
    "something could not be checked yet; it never counts as a pass."
))
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--org-chart", "chart", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              metavar="FILE", help=f"Who may do what, and who may not; FOLDER/{_CHART} if not given.")
@click.option("--all", "every", is_flag=True, help="List what passed, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the record instead of a table.")
@click.option("--record", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Where the dated record goes; FOLDER/var/golive of the site if not given.")
def command(folder: Path | None, chart: Path | None, every: bool, as_json: bool, record: Path | None) -> None:
    """Run the go-live checks of the site in FOLDER.

    Each workflow is rehearsed with the site's own doors, people and terminals on virtual time, without any
    device: credentials in time, early, late, revoked and at the wrong reader; the network down, a door stuck,
    a pickup disputed. The policy is held against the org chart, and every incident needs somebody who owns
    it. The record is a .json for programs and a .txt to sign.
    """
    logging.getLogger("hub").setLevel(logging.CRITICAL)  # what goes wrong here is in the report
    site_folder = folder or Path()
    site = _site(site_folder)
    file = chart or site_folder / _CHART
    report = _examined(site, file, _chart(file))
    written = _record(site, report, record or site_folder / "var" / "golive")
    if as_json:
        click.echo(json.dumps({**report.as_json(), "record": str(written)}, indent=2))
    else:
        _table(report, every)
        click.echo(f"Record: {written} and {written.with_suffix('.txt').name}, to be signed.")
    code = {"FAIL": 1, "NOT YET": _NOT_YET}.get(report.outcome.value, 0)
    if code:
        raise click.exceptions.Exit(code)


def _site(folder: Path) -> SiteConfig:
    from hub.plugins.integrations import Integrations
    from hub.site.load import load_site

    site, problems = load_site(folder, Integrations.load())
    if site is None:
        click.echo(problems.render(), err=True)
        raise click.exceptions.Exit(1)
    return site


def _chart(file: Path) -> Document | None:
    from hub.config import Problems, load_yaml

    if not file.is_file():
        return None
    problems = Problems()
    found = load_yaml(file, problems)
    if found is None or len(problems):
        click.echo(problems.render(), err=True)
        raise click.exceptions.Exit(1)
    return found


def _examined(site: SiteConfig, file: Path, chart: Document | None) -> Report:
    from hub.site.rehearsed import plan_of
    from hub.workflows.golive import Question, examine

    question = Question(site.site.id, site.site.name, plan_of(site), site.notifier, chart, file.name)
    with _progress() as passed:
        return examine(question, SystemClock().now(), passed)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """One line on stderr that says what is being looked at, for people only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("rehearsing") as status:
        yield lambda word: status.update(_plain(word))


def _table(report: Report, every: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from hub.workflows.golive import CHECKS, Outcome, overall

    title = _plain(f"{report.name}: before it opens")
    table = Table(title=title, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("", "what", "found", "mend"):
        table.add_column(head, overflow="fold")
    for check, asked in CHECKS.items():
        findings = report.of(check)
        counted = f"[bold]{_counted(findings)}[/]"
        table.add_row(_coloured(overall(findings)), f"[bold]{check}[/] {asked}", counted)
        for one in findings:
            if every or one.outcome in (Outcome.FAIL, Outcome.NOT_YET):
                place = f"{one.place}: " if one.place else ""
                table.add_row(
                    _coloured(one.outcome), "  " + _plain(one.subject), _plain(place + one.detail),
                    _plain(one.mend),
                )
    Console(highlight=False).print(table)
    click.echo(f"{report.outcome}: {_SAID[report.outcome.value]}")


_SAID = {
    "PASS": "this site may open.", "FAIL": "mend what failed, then run this again.",
    "NOT YET": "nothing failed; what is marked NOT YET was not checked and needs somebody's decision.",
    "n/a": "there is nothing to check.",
}


def _coloured(outcome: Any) -> str:
    return f"[{_COLOURS[outcome.value]}]{outcome.value}[/]"


def _counted(findings: Any) -> str:
    counts: dict[str, int] = {}
    for one in findings:
        counts[one.outcome.value] = counts.get(one.outcome.value, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items()) or "nothing looked at"


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


def _record(site: SiteConfig, report: Report, folder: Path) -> Path:
    """Write the dated record, as JSON and as a page to sign; the path of the first."""
    moment = datetime.fromtimestamp(report.at // SECOND, ZoneInfo(site.site.time_zone))
    path = folder / f"{moment:%Y-%m-%dT%H%M}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while path.exists():  # a record is never written over
            number += 1
            path = folder / f"{moment:%Y-%m-%dT%H%M}-{number}.json"
        date = moment.isoformat()
        path.write_text(json.dumps({**report.as_json(), "date": date}, indent=2) + "\n", encoding="utf-8")
        path.with_suffix(".txt").write_text(_page(report, date), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"the record cannot be written: {error}") from error
    return path


def _page(report: Report, date: str) -> str:
    from hub import __version__
    from hub.workflows.golive import CHECKS, overall

    lines = [f"Go-live checks of {report.name} ({report.site})", f"{date}, Handover Hub {__version__}", ""]
    lines += [f"workflow {name}: {digest}" for name, digest in report.machines.items()]
    for check, title in CHECKS.items():
        findings = report.of(check)
        lines += ["", f"{overall(findings).value:<8}{check}  {title}"]
        for one in findings:
            place = f"{one.place}: " if one.place else ""
            lines.append(f"  {one.outcome.value:<8}{one.subject}: {place}{one.detail}")
            if one.mend:
                lines.append(f"          mend: {one.mend}")
    signed = ["", "", "Name, date, signature: " + "_" * 50]
    return "\n".join([*lines, "", f"Result: {report.outcome.value}", *signed]) + "\n"
