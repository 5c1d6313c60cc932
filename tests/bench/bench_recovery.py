"""10,000 handovers in flight, kill -9, and how long until the next process takes an event.

A child process brings the handovers to `waiting` (credential out, hold timer running), goes on, and is
killed in the middle. A second one, fresh, opens the store, loads the runner and hands one handover an event.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from environments import FOLDER
from results import Result

_GOAL = 1.0
_AT_ONCE = 64
_READY = "ready"


def run(*, quick: bool, anchors: bool) -> list[Result]:
    """Seconds from opening the store to the first event's commit."""
    handovers, repeats = (200, 1) if quick else (10_000, 3)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        database = Path(folder) / "hub.db"
        print(f"  bringing {handovers:,} handovers into flight, then kill -9 ...", flush=True)
        _kill_in_the_middle(database, handovers)
        size = database.stat().st_size + database.with_name("hub.db-wal").stat().st_size
        found = [_recover(database) for _ in range(repeats)]
    value = max(one["first_event_s"] for one in found)  # the first of them follows the kill
    running = found[0]["running"]
    assert running >= handovers, f"only {running} of {handovers} handovers are there"
    return [Result(
        f"recovery of {handovers:,} in-flight handovers after kill -9", value, "s", f"<= {_GOAL:.0f} s",
        value <= _GOAL if not quick else None,
        detail={"runs": found, "database_mb": round(size / 1e6, 1)},
    )]


def _kill_in_the_middle(database: Path, handovers: int) -> None:
    command = [sys.executable, __file__, "fill", str(database), str(handovers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == _READY:
                break
        time.sleep(0.2)  # it goes on with more orders: the kill hits commits under way
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


def _recover(database: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "recover", str(database)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


async def _fill(database: Path, handovers: int) -> None:
    from pickups import Pickups

    site = await Pickups.open(database, handovers * 2)
    numbers = iter(range(handovers * 2))
    done = 0

    async def work() -> None:
        nonlocal done
        for _ in numbers:
            await site.to_waiting()
            done += 1
            if done == handovers:
                print(_READY, flush=True)

    await asyncio.gather(*[work() for _ in range(_AT_ONCE)])


async def _open_again(database: Path) -> dict[str, Any]:
    from pickups import Pickups

    from hub.core.clock import SystemClock
    from hub.core.entropy import SystemEntropy
    from hub.store import Store

    began = time.perf_counter()
    clock = SystemClock()
    store = await Store.open(database, clock, SystemEntropy())
    opened = time.perf_counter()
    site = Pickups(store, clock, 0)
    running = await site.handovers.load()
    loaded = time.perf_counter()
    await site.open_oldest()
    delivered = time.perf_counter()
    await site.close()
    return {
        "running": running, "store_open_s": round(opened - began, 4), "load_s": round(loaded - opened, 4),
        "first_event_s": round(delivered - began, 4),
    }


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        asyncio.run(_fill(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        print(json.dumps(asyncio.run(_open_again(Path(sys.argv[2])))))
