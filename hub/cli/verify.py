"""`hub verify`: explores everything that can happen to a handover of a blueprint."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hub.workflows.verify import Verified, verify_blueprint
from hub.workflows.verify.case import write_cases
from hub.workflows.verify.explore import BOUND
from hub.workflows.verify.properties import PROPERTIES

_WORKERS = 2


@click.command("verify")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--bound", type=click.IntRange(min=1), default=BOUND, show_default=True, metavar="N",
              help="Explore at most N states of each blueprint.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="FOLDER",
              help="Where counter-examples are written as cases (here).")
def command(paths: tuple[Path, ...], bound: int, as_json: bool, out: Path) -> None:
    """Explore everything that can happen in the blueprints of PATHS (files or folders).

    Every order of commands, credentials, doors, timers and deadlines, every failing step, every act that is
    confirmed, refuted or in doubt, and a hub that is killed in the middle; for one handover with up to two
    compartments and its money. Conditions on the order, the inputs and what people type go both ways.

    What must hold: no item stranded, no compartment with two owners, no money without goods, refund or
    incident, no goods without the entitlement, every fault reaches a human, nothing waits for ever, every
    handover can end. What does not is told as the shortest story, and written as a case for `hub test`.
    Exit 1 if something does not hold.
    """
    files = list(_blueprints(paths))
    if not files:
        raise click.UsageError("no blueprints there")
    found = _verify(files, bound)
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], indent=2))
    else:
        _print(found)
    for one in found:
        if one.shown:
            written = _write(one, out)
            click.echo(f"Written: {written}  (hub test {written} plays it)", err=as_json)
    if not all(one.ok for one in found):
        raise SystemExit(1)


def _blueprints(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for file in sorted(path.rglob("*.yaml")):
            lines = file.read_text("utf-8", errors="replace").splitlines()
            if "blueprint:" in lines and not file.name.endswith(".cases.yaml"):
                yield file


def _verify(files: Sequence[Path], bound: int) -> list[Verified]:
    """All files, two at a time, in the order that they were named."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"),
               TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("verify", total=len(files), said="")
        if len(files) == 1:
            def tell(states: int, open_: int) -> None:
                progress.update(bar, said=f"{states:,} states, {open_:,} to go")

            return [verify_blueprint(files[0], bound, tell)]
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(_WORKERS, len(files)), mp_context=context) as pool:
            work = {pool.submit(verify_blueprint, file, bound): file for file in files}
            done = {}
            for future in as_completed(work):
                done[work[future]] = future.result()
                progress.update(bar, advance=1, said=work[future].stem)
    return [done[file] for file in files]


def _print(found: Sequence[Verified]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("blueprint", "states", "transitions", "depth", "explored", "states/s", "properties"):
        words = title in ("blueprint", "explored", "properties")
        table.add_column(title, justify="left" if words else "right")
    for one in found:
        if one.result is None:
            table.add_row(one.path.stem, "-", "-", "-", "-", "-", "does not compile")
            continue
        result = one.result
        broken = ", ".join(sorted({shown.property for shown in one.shown}))
        table.add_row(
            one.path.stem, f"{result.states:,}", f"{result.transitions:,}", str(result.depth),
            "all" if result.complete else f"first {result.bound:,}",
            f"{result.states / max(result.seconds, 1e-6):,.0f}",
            f"BROKEN: {broken}" if broken else f"{len(PROPERTIES)} hold",
        )
    Console(width=110).print(table)
    for one in found:
        if one.problems:
            click.echo(f"\n{one.problems}")
        for shown in one.shown:
            click.echo(f"\n{one.path}: {PROPERTIES[shown.property]} - does not hold")
            click.echo("\n".join(shown.story))


def _write(one: Verified, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{one.path.stem}.found.cases.yaml"
    write_cases(path, one.path, [shown.case for shown in one.shown])
    return path
