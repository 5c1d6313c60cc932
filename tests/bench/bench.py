"""`make bench`: the numbers that the hub promises, against their goals and anchors.

    .venv/bin/python tests/bench/bench.py [--quick] [--only NAME ...] [--no-anchors]

Ratios compare within one run on one machine. Results go to .bench/results-DATE.json. Anchors live in virtual
environments of their own under .bench/, made on first use.
"""

from __future__ import annotations

import argparse
import importlib
import time
from datetime import UTC, datetime
from pathlib import Path

from environments import FOLDER, surroundings
from results import Result, store, table

BENCHES = ("transitions", "unlock", "bus", "recovery", "start", "check", "simulate", "verify")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=BENCHES, default=BENCHES, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="few repeats: shows only that it runs")
    parser.add_argument("--no-anchors", action="store_true", help="measure ours alone")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where results are kept (.bench)")
    arguments = parser.parse_args()
    before = dict(surroundings())
    results: list[Result] = []
    for name in arguments.only:
        print(f"{name} ...", flush=True)
        began = time.perf_counter()
        bench = importlib.import_module(f"bench_{name}")
        found = bench.run(quick=arguments.quick, anchors=not arguments.no_anchors)
        print(f"{name}: {time.perf_counter() - began:.0f} s\n", flush=True)
        results += found
    print(table(results))
    after = surroundings()["load"]
    machine = f"{before['cpus']} x {before['cpu']}, Python {before['python']}"
    print(f"\n{machine}, load {before['load'][0]} to {after[0]}")
    path = arguments.folder / f"results-{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json"
    store(results, {**before, "load_after": after, "quick": arguments.quick}, path)
    print(f"\nKept in {path}")


if __name__ == "__main__":
    main()
