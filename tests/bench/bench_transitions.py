"""Durable transitions per second with 32 handovers in flight, and DBOS Transact beside it.

A transition is one handled event that enters a state: one `handover.moved` in the journal. Its time runs
from handing the event in to the commit of all that follows from it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from environments import FOLDER, NoAnchor, anchor
from pickups import Pickups
from results import Result, quantile, spread

from hub.core.tuning import settle_memory

_DBOS = ("dbos==3.4.0",)
_IN_FLIGHT = 32
_PER_SECOND = 10_000
_P99 = 0.010
_TIMES_DBOS = 10.0


async def _measure(folder: Path, handovers: int, in_flight: int = _IN_FLIGHT) -> dict[str, Any]:
    site = await Pickups.open(folder / "hub.db", handovers + in_flight)
    await _drive(site, in_flight, in_flight)
    settle_memory()
    site.waits.clear()
    before = await site.transitions()
    began, cpu = time.perf_counter(), time.process_time()
    await _drive(site, handovers, in_flight)
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
    made = await site.transitions() - before
    await site.close()
    return {
        "handovers": handovers, "in_flight": in_flight, "transitions": made,
        "per_s": made / elapsed, "cpu_us_per_transition": round(cpu / made * 1e6, 1),
        "events": spread(site.waits), "p99_s": quantile(site.waits, 0.99),
    }


async def _drive(site: Pickups, handovers: int, in_flight: int) -> None:
    numbers = iter(range(handovers))

    async def work() -> None:
        for _ in numbers:
            await site.whole()

    await asyncio.gather(*[work() for _ in range(in_flight)])


def _dbos(folder: Path, mode: str, quick: bool) -> dict[str, Any]:
    print(f"  DBOS Transact, {mode} ...", flush=True)
    count = "40" if quick else "300"
    found: dict[str, Any] = anchor(
        "dbos", _DBOS, "dbos_transact.py", str(folder), mode, count, within=300
    )
    return found


def run(*, quick: bool, anchors: bool) -> list[Result]:
    """The rate, its ratio to DBOS, and the 99th percentile."""
    handovers, repeats = (100, 1) if quick else (2000, 3)
    runs = []
    FOLDER.mkdir(exist_ok=True)
    for number in range(repeats):
        print(f"  {handovers} pickups, run {number + 1} of {repeats} ...", flush=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            runs.append(asyncio.run(_measure(Path(folder), handovers)))
    best = sorted(runs, key=lambda one: float(one["per_s"]))[len(runs) // 2]
    rate, p99 = float(best["per_s"]), float(best["p99_s"])
    detail: dict[str, Any] = {"runs": runs}
    ratio = None
    note = f"{best['cpu_us_per_transition']:.0f} us of processor time each"
    if anchors:
        try:
            with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
                detail["dbos"] = {mode: _dbos(Path(folder), mode, quick) for mode in ("default", "tuned")}
            rates = {mode: found["transitions_per_s"] for mode, found in detail["dbos"].items()}
            ratio = rate / rates["tuned"]
            note += (
                f". DBOS Transact 3.4.0: {rates['default']:,.0f}/s as it comes (SQLite, rollback journal, "
                f"poll 1 s), {rates['tuned']:,.0f}/s tuned (WAL, FULL, poll 10 ms), the best of three ways, "
                "seven writes per workflow of five steps"
            )
        except NoAnchor as error:
            note += f". No anchor: {error}"
    met = rate >= _PER_SECOND and (ratio is None or ratio >= _TIMES_DBOS)
    return [
        Result(
            f"durable transitions, {_IN_FLIGHT} in flight, FULL", rate, "/s",
            f">= {_PER_SECOND:,}, >= {_TIMES_DBOS:.0f}x DBOS tuned", met, ratio, "DBOS tuned", note, detail,
        ),
        Result(
            "from an event to its commit, p99", p99 * 1e3, "ms", f"<= {_P99 * 1e3:.0f} ms", p99 <= _P99,
            detail=best["events"],
        ),
    ]
