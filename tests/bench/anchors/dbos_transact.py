"""DBOS Transact on SQLite: durable transitions per second, as it comes or tuned. Runs in its own environment.

Usage: dbos_transact.py FOLDER default|tuned WORKFLOWS. Tuned is WAL with synchronous=FULL and a poll of
10 ms, as it comes a rollback journal and a poll of 1 s. A workflow of five steps writes seven times (start,
five checkpoints, end), which count as seven transitions. The last line printed is a JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy
from dbos import DBOS

_STEPS = 5
_IN_FLIGHT = 32
_PAD = "x" * 300


def tune(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


folder, mode, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if mode == "tuned":
    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", tune)
DBOS(config={
    "name": "bench", "system_database_url": f"sqlite:///{folder / f'dbos-{mode}.db'}", "log_level": "ERROR",
    "notification_listener_polling_interval_sec": 0.01 if mode == "tuned" else 1.0,
    "application_version": "1", "executor_id": "bench",
})


@DBOS.step()
def step(index: int, pad: str) -> dict[str, Any]:
    return {"index": index, "pad": pad}


@DBOS.workflow()
def workflow(number: int) -> int:
    for index in range(_STEPS):
        step(index, _PAD)
    return number


@DBOS.step()
async def async_step(index: int, pad: str) -> dict[str, Any]:
    return {"index": index, "pad": pad}


@DBOS.workflow()
async def async_workflow(number: int) -> int:
    for index in range(_STEPS):
        await async_step(index, _PAD)
    return number


def one_by_one() -> float:
    began = time.perf_counter()
    for number in range(count):
        workflow(number)
    return count / (time.perf_counter() - began)


def in_threads() -> float:
    began = time.perf_counter()
    handles = [DBOS.start_workflow(workflow, number) for number in range(count)]
    for handle in handles:
        handle.get_result(polling_interval_sec=0.02)
    return count / (time.perf_counter() - began)


async def in_tasks() -> float:
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await async_workflow(number)

    began = time.perf_counter()
    await asyncio.gather(*[work() for _ in range(_IN_FLIGHT)])
    return count / (time.perf_counter() - began)


DBOS.launch()
rates = {
    "one_by_one": one_by_one(), "threads": in_threads(), f"tasks_{_IN_FLIGHT}": asyncio.run(in_tasks()),
}
best = max(rates, key=lambda way: rates[way])
print(json.dumps({
    "workflows_per_s": {way: round(rate, 1) for way, rate in rates.items()},
    "best_way": best, "transitions_per_s": round(rates[best] * (_STEPS + 2), 1),
}), flush=True)
os._exit(0)  # its background threads would keep the process for a poll interval
