"""Measures durable transitions per second of the store alone: two events and four statements each."""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import tempfile
import time
from pathlib import Path

from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.store import Store
from hub.store.tx import Tx

SCHEMA = (
    "CREATE TABLE b_snapshot (id TEXT PRIMARY KEY, state TEXT, data BLOB, updated INTEGER) STRICT",
    "CREATE TABLE b_timer (handover TEXT, name TEXT, due INTEGER, PRIMARY KEY (handover, name)) STRICT",
    "CREATE TABLE b_effect (id TEXT PRIMARY KEY, handover TEXT, state TEXT) STRICT",
)
BODY = {"from": "waiting", "to": "releasing", "event": "credential.accepted", "method": "qr", "pad": "x" * 99}
DATA = json.dumps({"item": {"sku": "cola", "quantity": 1, "size": "S"}, "pad": "x" * 250}).encode()


def transition(tx: Tx, handover: str, step: int, at: int) -> None:
    state = tx.execute("SELECT state FROM b_snapshot WHERE id = ?", (handover,)).fetchone()
    assert (state is None) == (step == 0)
    tx.execute(
        "INSERT INTO b_snapshot VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
        "data = excluded.data, updated = excluded.updated",
        (handover, f"s{step}", DATA, at),
    )
    tx.execute("INSERT OR REPLACE INTO b_timer VALUES (?, 'after', ?)", (handover, at + step))
    tx.execute("INSERT INTO b_effect VALUES (?, ?, 'intent')", (f"{handover}/{step}", handover))
    tx.journal(f"handover/{handover}", "handover.transition", BODY, at)
    tx.journal(f"handover/{handover}", "effect.intent", BODY, at)


async def measure(folder: Path, handovers: int, in_flight: int, steps: int = 7) -> dict[str, float]:
    clock = SystemClock()
    store = await Store.open(folder / f"bench{in_flight}.db", clock, SystemEntropy())
    for statement in SCHEMA:
        await store.write(lambda tx, text=statement: tx.execute(text))
    waits: list[float] = []
    work = iter(range(handovers))

    async def one() -> None:
        for number in work:
            handover = f"01J{number:023d}"
            for step in range(steps):
                start = time.perf_counter()
                await store.write(lambda tx, h=handover, s=step: transition(tx, h, s, clock.now()))
                waits.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*[one() for _ in range(in_flight)])
    elapsed = time.perf_counter() - start
    await store.close()
    waits.sort()
    return {
        "in_flight": in_flight,
        "transitions_per_s": round(len(waits) / elapsed),
        "p50_ms": round(1e3 * waits[len(waits) // 2], 2),
        "p99_ms": round(1e3 * waits[len(waits) * 99 // 100], 2),
        "max_ms": round(1e3 * waits[-1], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handovers", type=int, default=4000)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 32, 128])
    parser.add_argument("--folder", type=Path, help="where the databases are made; its disk is measured")
    parser.add_argument("--profile", action="store_true", help="profile the writer thread of the last run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder or Path.cwd()) as folder:
        for count in arguments.in_flight:
            handovers = min(arguments.handovers, 600) if count == 1 else arguments.handovers
            if arguments.profile:
                profile_writer()
            print(json.dumps(asyncio.run(measure(Path(folder), handovers, count))))


def profile_writer() -> None:
    work = Store._work

    def profiled(self: Store) -> None:
        profiler = cProfile.Profile()
        profiler.runcall(work, self)
        profiler.print_stats("tottime")

    Store._work = profiled  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
