"""`hub test`: runs the cases of blueprints on the virtual clock."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from hub.workflows.cases import load_cases, render_result, run_case

_ENDING = ".cases.yaml"


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--only", metavar="TEXT", default="", help="Run only the cases whose name contains TEXT.")
@click.option("--trace", is_flag=True, help="Show what happened in passed cases too.")
def command(paths: tuple[Path, ...], only: str, trace: bool) -> None:
    """Run the cases in PATHS: cases files, blueprints with cases beside them, or folders of them."""
    logging.getLogger("hub").setLevel(logging.ERROR)  # what a case provokes is in its trace
    passed = failed = broken = 0
    with _progress() as progress:
        for path in _files(paths):
            click.echo(str(path))
            loaded = load_cases(path)
            if len(loaded.problems):
                click.echo(loaded.problems.render())
                broken += len(loaded.problems)
            cases = [case for case in loaded.cases if only in case.name]
            for case in progress.track(cases, description=path.name):
                result = run_case(case, detailed=trace)
                click.echo(render_result(result, trace=trace))
                passed += result.passed
                failed += not result.passed
    click.echo(f"{passed} passed, {failed} failed" + (f", {broken} problems in the files" if broken else ""))
    if not passed + failed and not broken:
        click.echo("no cases found")
    if failed or broken or not passed:
        raise SystemExit(1)


def _progress() -> Progress:
    """A line on stderr for people; nothing of it where the output goes into a file."""
    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob(f"*{_ENDING}"))
        elif path.name.endswith(_ENDING):
            yield path
        else:
            beside = path.with_name(path.stem + _ENDING)
            if not beside.is_file():
                raise click.UsageError(f"{path} has no cases: write {beside.name} beside it")
            yield beside
