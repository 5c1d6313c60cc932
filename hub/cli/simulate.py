"""`hub simulate`: days of a site in seconds, with users and faults, and every promise watched."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.core.clock import DAY

if TYPE_CHECKING:
    from hub.site.specs import SiteConfig
    from hub.workflows.simulate.measures import Measures
    from hub.workflows.simulate.run import Settings

#: Days between two strokes of the bar.
_STROKE = 0.05


@click.command("simulate")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650))
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same days, to the byte.")
@click.option("--users", default="normal", show_default=True, metavar="low|normal|busy|FILE",
              help="How many people come, and what they do.")
@click.option("--faults", default="none", show_default=True, metavar="none|some|many|FILE",
              help="How often things break.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.html",
              help="Write a page with plots.")
@click.option("--case", "case_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              metavar="FILE.cases.yaml", help="Replay the cases of a file and show what happens.")
def command(
    folder: Path | None, days: int, seed: int, users: str, faults: str, report: Path | None,
    case_file: Path | None,
) -> None:
    """Run days of the site in FOLDER on the real engine and store. Exit 1 when a promise does not hold."""
    logging.getLogger("hub").setLevel(logging.CRITICAL)  # what goes wrong here is in the report
    if case_file is not None:
        _replay(case_file)
        return
    from hub.config import Problems
    from hub.workflows.simulate.profiles import faults_of, users_of
    from hub.workflows.simulate.run import Settings

    problems = Problems()
    people, troubles = users_of(users, problems), faults_of(faults, problems)
    if people is None or troubles is None:
        click.echo(problems.render(), err=True)
        raise click.exceptions.Exit(1)
    site = _site(folder or Path())
    settings = Settings(days, seed, people, troubles)
    words = f"hub simulate --days {days} --seed {seed} --users {users} --faults {faults}"
    _run(site, settings, words, report)


def _run(site: SiteConfig, settings: Settings, words: str, report: Path | None) -> None:
    from hub.site.rehearsed import plan_of
    from hub.store import StoreError
    from hub.workflows.simulate.checks import Violation
    from hub.workflows.simulate.page import html
    from hub.workflows.simulate.run import simulate

    began = time.perf_counter()
    try:
        with _Bar(settings) as bar:
            measures = simulate(plan_of(site), settings, bar.passed)
    except (Violation, StoreError) as broken:
        click.echo(f"A promise does not hold: {broken}")
        click.echo(f"Again with: {words}", err=True)
        raise click.exceptions.Exit(1) from None
    _tell(site, measures, time.perf_counter() - began)
    if report is not None:
        report.write_text(html(site.site.name, measures, words), encoding="utf-8")
        click.echo(f"Report: {report}")


class _Bar:
    """A progress bar of simulated days on stderr, for people only."""

    def __init__(self, settings: Settings) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._start = settings.start
        self._progress = Progress(
            console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
        )
        self._task = self._progress.add_task("simulating", total=settings.days)
        self._shown = 0.0

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def passed(self, at: int) -> None:
        """The simulated time; not every step is worth a stroke."""
        days = (at - self._start) / DAY
        if days - self._shown > _STROKE:
            self._shown = days
            self._progress.update(self._task, completed=days)


def _tell(site: SiteConfig, measures: Measures, took: float) -> None:
    from rich.console import Console
    from rich.table import Table

    from hub.workflows.simulate.summary import facts, say

    console = Console(highlight=False, soft_wrap=True)
    table = Table(title=f"{site.site.name}, {measures.days} days", show_header=False)
    for name, value in facts(measures):
        table.add_row(name, value)
    console.print(table)
    for title, rows in (
        ("incidents", [(kind, count, f"open {still}, seen to after {say(int(mean))}")
                       for kind, count, still, mean in measures.incidents]),
        ("turned away", [(why, count, "") for why, count in sorted(measures.turned_away.items())]),
        ("refused at the terminal", [(why, count, "") for why, count in sorted(measures.refused.items())]),
        ("faults that came", [(kind, count, "") for kind, count in sorted(measures.faults.items())]),
    ):
        if rows:
            said = "; ".join(f"{name} {count} {more}".strip() for name, count, more in rows)
            console.print(f"{title}: {said}")
    rate = measures.begun / took if took else 0.0
    console.print(
        f"{measures.begun:,} handovers, {measures.transitions:,} transitions, {measures.events:,} events in "
        f"{took:.1f} s ({rate:,.0f} handovers/s); promises looked at {measures.looks} times: all hold"
    )
    console.print(f"journal {measures.head}")


def _site(folder: Path) -> SiteConfig:
    from hub.plugins.integrations import Integrations
    from hub.site.load import load_site

    site, problems = load_site(folder, Integrations.load())
    if site is None:
        click.echo(problems.render(), err=True)
        raise click.exceptions.Exit(1)
    if not site.workflows:
        click.echo(f"The site in {folder} has no workflows: there is nothing to simulate.", err=True)
        raise click.exceptions.Exit(1)
    return site


def _replay(path: Path) -> None:
    from hub.workflows.cases import load_cases, render_result, run_case

    loaded = load_cases(path)
    if len(loaded.problems):
        click.echo(loaded.problems.render())
    results = [run_case(case, detailed=True) for case in loaded.cases]
    for result in results:
        click.echo(render_result(result, trace=True))
    if len(loaded.problems) or not results or not all(result.passed for result in results):
        raise click.exceptions.Exit(1)
