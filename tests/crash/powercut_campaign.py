"""Power cuts against the product's own store, many thousand states on all cores.

    python tests/crash/powercut_campaign.py --states 20000 --seed 1 --json powercut.json

Exit 1 on any violation; an example names the seed, step and turn that repeat it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from powercut.campaign import Verdict, run_piece

PIECE = 500


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--states", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    verdict = campaign(arguments.states, arguments.seed, arguments.workers)
    report = {
        "states": verdict.states,
        "acknowledged_writes": verdict.acked,
        "seed": arguments.seed,
        "worker_seconds": round(verdict.seconds, 1),
        "violations": dict(verdict.violations),
        "examples": verdict.examples,
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    print(f"{verdict.states} power cuts, {sum(verdict.violations.values())} violations")
    for example in verdict.examples:
        print(example)
    return 1 if verdict.violations else 0


def campaign(states: int, seed: int, workers: int) -> Verdict:
    sizes = [PIECE] * (states // PIECE) + ([states % PIECE] if states % PIECE else [])
    verdict = Verdict()
    columns = (TextColumn("Power cuts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    context = multiprocessing.get_context("spawn")
    with Progress(*columns) as bar, ProcessPoolExecutor(workers, context) as pool:
        task = bar.add_task("", total=states)
        pieces = [pool.submit(run_piece, seed * 100_000 + number, size) for number, size in enumerate(sizes)]
        for piece in as_completed(pieces):
            done = piece.result()
            verdict.add(done)
            bar.advance(task, done.states)
    return verdict


if __name__ == "__main__":
    sys.exit(main())
