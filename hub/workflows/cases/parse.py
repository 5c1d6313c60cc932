"""Reads `*.cases.yaml`: given a site and an order, when this happens over time, then that holds.

One file belongs to one blueprint. `given` at the top holds for every case and may be overridden in one.
Nothing here depends on how a case is run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.config.loader import load_yaml
from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems
from hub.config.schema import check
from hub.config.selectors import SiteNames
from hub.workflows.cases.shapes import ACTIONS, BELONGS, FILE, ZONE, When
from hub.workflows.compile import Compiled, Instance, compile_blueprint
from hub.workflows.rehearsal import Answer

_START = 1_767_603_600_000_000  # 2026-01-05 09:00 UTC, a Monday
#: The handover that a case is about when it names none.
FIRST = "first"
TERMINAL = "front"


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of `when`: something at a time (`after` the previous one, or `at` a time).

    `more` holds the other keys that stand beside the action; `handover` names the one that it is about.
    """

    action: str
    value: Any
    more: Mapping[str, Any]
    after: int | None
    at: When | None
    handover: str
    then: Mapping[str, Any]
    path: YamlPath


@dataclass(frozen=True, slots=True)
class Case:
    """One test: its site and first order (`given`), its happenings, and what must hold at the end.

    `start` is in UTC microseconds, `zone` the site's time zone.
    """

    name: str
    compiled: Compiled
    source: str
    given: Mapping[str, Any]
    answers: Mapping[str, tuple[Answer, ...]]
    fails: Mapping[str, tuple[str, ...]]
    start: int
    zone: str
    when: tuple[Happening, ...]
    then: Mapping[str, Any]
    document: Document
    path: YamlPath


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of one file, and what is wrong with the file or with its blueprint."""

    path: Path
    cases: tuple[Case, ...]
    problems: Problems


@dataclass(slots=True)
class _Loading:
    document: Document
    blueprint: Path
    problems: Problems
    compiled: dict[str, Compiled]

    def compile(self, given: Mapping[str, Any], inputs: YamlPath) -> Compiled:
        """The blueprint with the inputs of a case; the same ones are compiled once."""
        names = _names(given)
        key = json.dumps([given.get("inputs"), names.banks, names.zone, names.schedules], default=str)
        found = self.compiled.get(key)
        if found is None:
            found = compile_blueprint(
                self.blueprint, self.blueprint.stem, given.get("inputs", {}), names,
                instance=Instance(self.document, inputs),
            )
            self.compiled[key] = found
        return found


def load_cases(path: Path) -> CaseFile:
    """Read a cases file and compile its blueprint for each case."""
    problems = Problems()
    document = load_yaml(path, problems)
    if document is None:
        return CaseFile(path, (), problems)
    data = check(FILE, document, (), problems)
    if data is None or len(problems):
        return CaseFile(path, (), problems)
    blueprint = path.parent / data.get("blueprint", path.name.replace(".cases.yaml", ".yaml"))
    loading = _Loading(document, blueprint, problems, {})
    cases = [
        _case(spec, data.get("given", {}), ("cases", index), loading)
        for index, spec in enumerate(data["cases"])
    ]
    return CaseFile(path, tuple(case for case in cases if case is not None), problems)


def _case(
    spec: Mapping[str, Any], common: Mapping[str, Any], path: YamlPath, loading: _Loading
) -> Case | None:
    own = spec.get("given", {})
    given = {**common, **own}
    inputs: YamlPath = (*path, "given", "inputs") if "inputs" in own else ("given", "inputs")
    compiled = loading.compile(given, inputs)
    when = tuple(
        _happening(one, (*path, "when", index), loading) for index, one in enumerate(spec.get("when", ()))
    )
    if compiled.machine is None:
        loading.problems.extend(compiled.problems)
        return None
    zone = given.get("zone", ZONE)
    start = given.get("start", _START)
    return Case(
        spec["name"], compiled, str(loading.blueprint), given, given.get("answers", {}),
        given.get("fails", {}), When(local=start).of(0, 0, zone) if isinstance(start, str) else start, zone,
        when, spec["then"], loading.document, path,
    )


def _names(given: Mapping[str, Any]) -> SiteNames:
    zone = given.get("zone", ZONE)
    schedules = {key: {**one, "zone": zone} for key, one in given.get("schedules", {}).items()}
    machines = tuple(given.get("machines", {}))
    return SiteNames(
        banks=(*given.get("banks", {}), *machines), machines=machines or None, zone=zone,
        schedules=schedules if "schedules" in given else None,
    )


def _happening(one: Mapping[str, Any], path: YamlPath, loading: _Loading) -> Happening:
    marks, problems = loading.document.marks, loading.problems
    found = [action for action in ACTIONS if action in one]
    if len(found) > 1:
        problems.add(
            marks.key((*path, found[1])), f"'{found[0]}' and '{found[1]}' are two happenings",
            "begin the second one with a dash of its own", path,
        )
    if "after" in one and "at" in one:
        problems.add(marks.key((*path, "at")), "both 'after' and 'at'", "keep one of the two", path)
    action = found[0] if found else ""
    for key, actions in BELONGS.items():
        if key in one and action not in actions:
            problems.add(
                marks.key((*path, key)), f"'{key}' goes with: {', '.join(actions)}",
                f"add: {actions[0]}: ..., or leave '{key}' out", path,
            )
    more = {key: value for key, value in one.items() if key not in (action, "after", "at", "then")}
    return Happening(
        action, one.get(action), more, one.get("after"), one.get("at"), one.get("handover", FIRST),
        one.get("then", {}), path,
    )
