"""Cuts the power at every step of many recorded runs and judges every state."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hub.core.clock import SystemClock

from . import judge, workload
from .apsw_connection import ApswConnection
from .disks import RecordingDisk
from .images import Disk

WRITES = 100
_FOLDERS = ("/dev/shm", None)
_SHOWN = 20


@dataclass
class Verdict:
    """The sum of a run."""

    states: int = 0
    acked: int = 0
    seconds: float = 0.0
    violations: Counter = field(default_factory=Counter)
    examples: list = field(default_factory=list)

    def add(self, other):
        self.states += other.states
        self.acked += other.acked
        self.seconds += other.seconds
        self.violations += other.violations
        self.examples = (self.examples + other.examples)[:_SHOWN]


def record(folder, seed, rewrite=lambda sql: sql):
    """Run the workload once; the trace, and the key file every image needs beside it."""
    disk = RecordingDisk()
    path = Path(folder) / "recorded" / "hub.db"
    connect = lambda name: ApswConnection(name, disk.name, rewrite)  # noqa: E731
    asyncio.run(workload.run(path, connect, disk.trace, seed, WRITES))
    return disk.trace, path.with_name("hub.db.key")


def run_piece(seed, states, rewrite=lambda sql: sql):
    """Judge `states` states of one recorded run, spread over all its steps."""
    started = SystemClock().monotonic()
    verdict = Verdict()
    place = next(folder for folder in _FOLDERS if folder is None or Path(folder).is_dir())
    with tempfile.TemporaryDirectory(dir=place, prefix="powercut") as folder:
        trace, key = record(folder, seed, rewrite)
        asyncio.run(_judge_all(Path(folder) / "image", trace, key, seed, states, verdict))
        verdict.acked = sum(step[0] == "ack" for step in trace)
    verdict.seconds = SystemClock().monotonic() - started
    return verdict


async def _judge_all(folder, trace, key, seed, states, verdict):
    disk, acked = Disk(), set()
    for number, step in enumerate(trace):
        if step[0] == "ack":
            acked.add(step[1])
            continue
        disk.apply(step)
        share = states * (number + 1) // len(trace) - verdict.states
        for turn in range(max(share, 0)):
            chance = random.Random(f"{seed}/{number}/{turn}")
            found = await _judge_one(folder, disk.image(chance), key, acked)
            verdict.states += 1
            for line in found:
                verdict.violations[line.split(":")[0]] += 1
                if len(verdict.examples) < _SHOWN:
                    verdict.examples.append({"seed": seed, "step": number, "turn": turn, "found": line})


async def _judge_one(folder, files, key, acked):
    folder.mkdir()
    try:
        shutil.copy(key, folder / key.name)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return await judge.violations(folder / "hub.db", acked)
    finally:
        shutil.rmtree(folder)
