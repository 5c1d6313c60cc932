"""Which cases are played: every point to its end in the base stories, then drawn ones; kept over restarts."""

from __future__ import annotations

import importlib
import json
import pkgutil
import random
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kills.case import SHORT_LOG, Case, Result
from kills.scenarios import BASE, SCENARIOS

from hub.core import failpoints

#: A point that a story never stops hitting is walked no further.
_DEEPEST = 60
#: How often a drawn case is killed once more, while it recovers from the first kill.
_AGAIN = 0.4
#: Points that a restart passes early enough for a second kill.
_EARLY = 6


def points() -> list[str]:
    """The failpoints of every module of the hub."""
    package = importlib.import_module("hub")
    for module in pkgutil.walk_packages(package.__path__, "hub."):
        if not module.name.startswith(("hub.testing", "hub.cli.main")):
            importlib.import_module(module.name)
    return failpoints.names()


@dataclass(slots=True)
class Log:
    """Results so far, one JSON line each, so that a run that was stopped goes on."""

    path: Path
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Log:
        log = cls(path)
        if path.exists():
            for line in path.read_text().splitlines():
                entry = json.loads(line)
                log.results[entry["key"]] = entry
        return log

    def add(self, case: Case, result: Result) -> None:
        entry = {"key": case.key, **asdict(result)}
        self.results[case.key] = entry
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    @property
    def kills(self) -> int:
        return sum(entry["kills"] for entry in self.results.values())


class Plan:
    """Hands out cases: `take` one, `done` with it. Several pairs may hold one each."""

    def __init__(self, names: list[str], seed: int, log: Log) -> None:
        self._log = log
        self._tracks = deque((scenario, point, 1) for point in names for scenario in BASE)
        self._reach: Counter[tuple[str, str]] = Counter()
        self._names = names
        self._seed = seed
        self._drawn = 0
        self._waiting = 0

    def take(self) -> Case | None:
        """The next case that has not been played; None while the base walk waits for others' results."""
        while self._tracks:
            scenario, point, count = self._tracks.popleft()
            case = Case(scenario, point, count, slow=count % 2 == 0, script=_script(point))
            known = self._log.results.get(case.key)
            if known is None:
                self._waiting += 1
                return case
            self._go_on(case, known["reached"])
        if self._waiting and not self._reach:
            return None
        while True:
            case = self._draw()
            if case.key not in self._log.results:
                return case

    def done(self, case: Case, result: Result) -> None:
        self._log.add(case, result)
        if case.scenario in BASE and not case.second:
            self._waiting -= 1
            self._go_on(case, result.reached)

    def _go_on(self, case: Case, reached: bool) -> None:
        if not reached:
            return
        place = (case.scenario, case.point)
        self._reach[place] = max(self._reach[place], case.count)
        if case.count < _DEEPEST:
            self._tracks.append((case.scenario, case.point, case.count + 1))

    def _draw(self) -> Case:
        """A case that depends on seed and number alone, as far as the base walk has come."""
        self._drawn += 1
        chance = random.Random(f"{self._seed} {self._drawn}")
        scenario = chance.choice(sorted(SCENARIOS))
        bases = _bases(scenario)
        reached = sorted({point for found, point in self._reach if found in bases})
        point = chance.choice(reached or self._names)
        deepest = max(sum(self._reach[base, point] for base in bases), 1)
        second = ""
        if chance.random() < _AGAIN:
            second = f"{chance.choice(reached or self._names)}:{chance.randint(1, _EARLY)}"
        slow, count = chance.random() < 0.5, chance.randint(1, deepest)
        return Case(scenario, point, count, slow, second, _script(point))


def _bases(scenario: str) -> tuple[str, ...]:
    """The base stories that hit what this one hits, together about as often: longer ones are like both."""
    if scenario.startswith("pickup"):
        return BASE[:1]
    return BASE[1:] if scenario.startswith("sale") else BASE


def _script(point: str) -> str:
    """Checkpoints come too rarely for a story of seconds."""
    return SHORT_LOG if point.startswith("store.checkpoint") else ""


def by_point(results: dict[str, dict[str, Any]]) -> Iterator[tuple[str, Counter[str]]]:
    """Per failpoint: kills, the three outcomes, violations, needless doubts."""
    table: dict[str, Counter[str]] = {}
    for entry in results.values():
        row = table.setdefault(entry["case"]["point"], Counter())
        if entry["reached"]:
            row["kills"] += entry["kills"]
            row[entry["outcome"]] += 1
            row["needless"] += len(entry["needless"])
        row["violations"] += len(entry["violations"])
    yield from sorted(table.items())
