"""Verifies one blueprint file: compile, explore, tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.workflows.compile import Compiled
from hub.workflows.steps import STEPS
from hub.workflows.verify.case import counter_case
from hub.workflows.verify.explore import BOUND, Explorer, Progress, Result
from hub.workflows.verify.inputs import compile_for_check
from hub.workflows.verify.properties import PROPERTIES
from hub.workflows.verify.story import tell


@dataclass(frozen=True, slots=True)
class Shown:
    """A property that does not hold: the story of the shortest way there, and the same as a case."""

    property: str
    message: str
    state: str
    story: tuple[str, ...]
    case: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of one file. Without `result` it does not compile, and `problems` says why."""

    path: Path
    problems: str
    result: Result | None
    shown: tuple[Shown, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it compiles and every property holds as far as was explored."""
        return self.result is not None and not self.shown

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        found: dict[str, Any] = {"file": str(self.path), "ok": self.ok}
        if self.result is None:
            return found | {"problems": self.problems}
        result = self.result
        broken = {one.property for one in self.shown}
        return found | {
            "states": result.states, "transitions": result.transitions, "depth": result.depth,
            "bound": result.bound, "complete": result.complete, "seconds": round(result.seconds, 3),
            "states_per_second": round(result.states / max(result.seconds, 1e-6)),
            "properties": {name: name not in broken for name in PROPERTIES},
            "violations": [
                {"property": one.property, "message": one.message, "state": one.state,
                 "story": list(one.story), "case": one.case}
                for one in self.shown
            ],
        }


def verify_blueprint(path: Path, bound: int = BOUND, progress: Progress | None = None) -> Verified:
    """Explore the blueprint at `path`, up to `bound` states."""
    compiled = compile_for_check(path)
    if compiled.machine is None:
        return Verified(path, compiled.problems.render(), None)
    result = Explorer(compiled.machine, STEPS, bound).explore(progress)
    return Verified(path, "", result, tuple(_shown(compiled, result)))


def _shown(compiled: Compiled, result: Result) -> list[Shown]:
    return [
        Shown(
            one.violation.property, one.violation.message, one.violation.state, tell(one, compiled),
            counter_case(one, compiled),
        )
        for one in sorted(result.found, key=lambda one: len(one.way))
    ]
