"""`make crash`: power cuts against the store, aimed kills of a whole hub, mutants that must be caught.

    python tests/crash/campaign.py                      about an hour at most; goes on where it was stopped
    python tests/crash/campaign.py --fresh --kills 50   from the start, fewer
    python tests/crash/campaign.py --only effects.act.after --states 0

Results are in .crash/report.json; exit 1 on any violation, or if a mutant was not caught.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]
from kills.case import Case, Stage  # noqa: E402  the folder was not on the path before
from kills.pair import Pair  # noqa: E402
from kills.plan import Log, Plan, by_point, points  # noqa: E402
from powercut_campaign import campaign as cut_power  # noqa: E402

FOLDER = ROOT / ".crash"
#: Kills under which each mutant shows: between act and commit, act and verdict, after the release, between
#: the decision and the reader.
AIMED = {
    "intent not awaited": [
        ("pickup", "lines.command.answered", count) for count in (10, 11, 9, 12, 8, 13, 7, 14)
    ],
    "blind retry": [("pickup", "effects.act.after", 1), ("sale", "effects.act.after", 2)],
    "takes early": [("sale", "effects.act.before", 3), ("sale", "effects.act.after", 2)],
    "flips the decision": [("sale", "effects.act.before", 3), ("sale", "workflows.intent", 3)],
}
#: What gives each of them away: a mutant that only broke something else was not caught.
TELLTALE = {
    "intent not awaited": "pulse without effect", "blind retry": "acted twice",
    "takes early": "charged before anything was released", "flips the decision": "the decision was flipped",
}
#: Minutes of the whole run that are kept back for the mutants and the last cases.
_KEPT = 3.0


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # take the processes down, as on Ctrl-C
    began = time.monotonic()
    if options.fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(exist_ok=True)
    report: dict[str, Any] = {"seed": options.seed}
    report["power"] = _power(options)
    until = began + 60 * (options.minutes - _KEPT)
    report["kills"] = asyncio.run(_kills(options, until))
    report["mutants"] = {} if options.only else asyncio.run(_mutants())
    report["minutes"] = round((time.monotonic() - began) / 60, 1)
    (FOLDER / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    return _print(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--states", type=int, default=20_000, help="power cuts")
    parser.add_argument("--kills", type=int, default=500, help="aimed kills, at least")
    parser.add_argument("--minutes", type=float, default=58.0, help="stop after")
    parser.add_argument("--pairs", type=int, default=2, help="hub-and-twin pairs at a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="FAILPOINT", help="walk this point only")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier run has done")
    return parser.parse_args()


def _power(options: argparse.Namespace) -> dict[str, Any]:
    """The power cuts, unless a run that was stopped has done them."""
    path = FOLDER / f"power-{options.seed}-{options.states}.json"
    if path.exists():
        done: dict[str, Any] = json.loads(path.read_text())
        return done
    if options.states <= 0:
        return {"states": 0, "violations": {}, "examples": []}
    verdict = cut_power(options.states, options.seed, options.pairs)
    found = {
        "states": verdict.states, "acknowledged_writes": verdict.acked,
        "violations": dict(verdict.violations), "examples": verdict.examples,
    }
    path.write_text(json.dumps(found, indent=1) + "\n")
    return found


async def _kills(options: argparse.Namespace, until: float) -> dict[str, Any]:
    names = points()
    log = Log.load(FOLDER / f"kills-{options.seed}.jsonl")
    plan = Plan([options.only] if options.only else names, options.seed, log)
    began, before = time.monotonic(), log.kills
    columns = (
        TextColumn("Aimed kills"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("", total=options.kills, completed=min(log.kills, options.kills))

        async def work(number: int) -> None:
            async with _stage(number) as stage:
                while log.kills < options.kills and time.monotonic() < until:
                    case = plan.take()
                    if case is None:
                        await asyncio.sleep(0.2)
                        continue
                    result = await stage.play(case)
                    plan.done(case, result)
                    bar.update(task, completed=log.kills, description=case.key)
                    for violation in result.violations:
                        bar.console.print(f"[red]{case.key}[/]: {violation}")

        await asyncio.gather(*(work(number) for number in range(options.pairs)))
    minutes = (time.monotonic() - began) / 60
    broken = [entry for entry in log.results.values() if entry["violations"]]
    return {
        "wanted": options.kills, "kills": log.kills, "cases": len(log.results), "points": names,
        "per_minute": round((log.kills - before) / minutes, 1) if minutes > 0.01 else None,
        "never_hit": [] if options.only else sorted(set(names) - _hit(log)),
        "table": {point: dict(row) for point, row in by_point(log.results)}, "broken": broken,
        "needless": [
            f"{entry['key']}: {words}" for entry in log.results.values() for words in entry["needless"]
        ],
    }


def _hit(log: Log) -> set[str]:
    return {entry["case"]["point"] for entry in log.results.values() if entry["reached"]}


async def _mutants() -> dict[str, Any]:
    """The same cases with a broken hub: what is found must not be nothing."""
    console, caught = Console(), {}
    async with _stage(90) as stage:
        for name, aimed in AIMED.items():
            found: list[str] = []
            for scenario, point, count in aimed:
                result = await stage.play(Case(scenario, point, count, script=name))
                found += [words for words in result.violations if words.startswith(TELLTALE[name])]
                if found:
                    break
            caught[name] = found
            console.print(f"mutant '{name}': {'caught, ' + found[0] if found else 'NOT CAUGHT'}")
    return caught


class _stage:  # noqa: N801  used like a function
    """A pair with its stage, for as long as it is used."""

    def __init__(self, number: int) -> None:
        self._pair = Pair(FOLDER / f"pair-{number}")

    async def __aenter__(self) -> Stage:
        await self._pair.start()
        return Stage(self._pair)

    async def __aexit__(self, *exc: object) -> None:
        await self._pair.stop()


def _print(report: dict[str, Any]) -> int:
    kills, console = report["kills"], Console()
    if not console.is_terminal:
        console = Console(width=110)
    table = Table(title="Aimed kills")
    for column in ("failpoint", *_COLUMNS):
        table.add_column(column, no_wrap=True, min_width=len(column))
    for point, row in kills["table"].items():
        table.add_row(point, *(str(row.get(column, 0)) for column in _COLUMNS))
    console.print(table)
    power = sum(report["power"]["violations"].values())
    missed = [name for name, found in report["mutants"].items() if not found]
    violations = sum(len(entry["violations"]) for entry in kills["broken"])
    console.print(f"{report['power']['states']} power cuts, {power} violations")
    console.print(
        f"{kills['kills']} kills in {kills['cases']} cases, {violations} violations, "
        f"{kills['per_minute']} kills a minute, {report['minutes']} minutes in all"
    )
    for line in kills["needless"]:
        console.print(f"needless doubt: {line}")
    for point in kills["never_hit"]:
        console.print(f"never hit: {point}")
    for name in missed:
        console.print(f"[red]mutant not caught: {name}[/]")
    if kills["kills"] < kills["wanted"]:
        console.print("stopped before the end; the same command goes on from here")
    return 1 if power or violations or missed or kills["kills"] < kills["wanted"] else 0


_COLUMNS = ("kills", "settled", "refunded", "incident", "needless", "violations")

if __name__ == "__main__":
    sys.exit(main())
