"""The `*.cases.yaml` format: given a site and an order, when this happens over time, then that holds.

One file belongs to one blueprint. `given` at the top holds for every case and may be overridden in one.
Nothing here depends on how a case is run, so that the same file drives the pure engine, the simulated
site and a rig.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import voluptuous as vol

from hub.config.durations import duration
from hub.config.loader import load_yaml
from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems
from hub.config.schema import Wrong, check, flag, kind_of, mapping, name, one_of, table, text, whole
from hub.config.selectors import SiteNames
from hub.core.clock import SECOND
from hub.model.money import Money, MoneyError
from hub.model.states import Method, Size, Status, Thermal
from hub.workflows.compile import Compiled, Instance, compile_blueprint
from hub.workflows.steps import STEPS
from hub.workflows.steps.database import PARTIES

#: How the world may answer each effect; the first is what happens when a case says nothing.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "open": ("opens", "stuck", "nobody knows", "not sent", "offline"),
    "authorise": ("paid", "denied", "cancelled", "expired", "nobody knows"),
    "capture": ("done", "refused", "nobody knows"),
    "void": ("done", "refused", "nobody knows"),
}
ACTIONS = ("command", "credential", "door", "desk", "extend", "fact")
_START = 1_767_603_600_000_000  # 2026-01-05 09:00 UTC, a Monday


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of `when`: something at a time (`after` the previous one, or `at` since the start)."""

    action: str
    value: Any
    data: Mapping[str, Any]
    after: int | None
    at: int | None
    then: Mapping[str, Any]
    path: YamlPath


@dataclass(frozen=True, slots=True)
class Case:
    """One test: its world, its happenings, and what must hold at the end. Times in microseconds."""

    name: str
    compiled: Compiled
    banks: Mapping[str, Mapping[str, Mapping[str, Any]]]
    order: Mapping[str, Any]
    answers: Mapping[str, tuple[tuple[str, int], ...]]
    fails: Mapping[str, tuple[str, ...]]
    start: int
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


def _answer(options: tuple[str, ...]) -> Any:
    timed = mapping({
        vol.Required("answer", description=f"add: answer: {options[0]}"): one_of(options, "answer"),
        vol.Required("takes", description="add: takes: {seconds: 3}"): duration(),
    })

    def validate(value: Any) -> tuple[tuple[str, int], ...]:
        many = value if isinstance(value, list) else [value]
        out: list[tuple[str, int]] = []
        for one in many:
            if isinstance(one, Mapping):
                checked = timed(one)
                out.append((checked["answer"], checked["takes"]))
            else:
                out.append((one_of(options, "answer")(one), SECOND))
        return tuple(out)

    return validate


def _reasons(options: tuple[str, ...]) -> Any:
    def validate(value: Any) -> tuple[str, ...]:
        many = value if isinstance(value, list) else [value]
        return tuple(one_of(options, "reason to fail")(one) for one in many)

    return validate


def _moment(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        mend = 'for example: "2026-03-28T23:30:00+01:00"'
        raise Wrong(f"expected a time, found {kind_of(value)}", mend) from None
    if moment.tzinfo is None:
        raise Wrong("this time has no zone", f"write its offset: {value}+00:00")
    return round(moment.timestamp()) * SECOND


def _price(value: Any) -> int:
    try:
        return Money.parse(value, "EUR").minor
    except MoneyError as error:
        raise Wrong(str(error), 'write it as text in quotes: "2.50"') from None


_BOX = mapping({
    vol.Optional("size"): one_of(Size, "size"), vol.Optional("thermal"): one_of(Thermal, "thermal class"),
    vol.Optional("product"): text, vol.Optional("count"): whole(0), vol.Optional("barred"): flag,
    vol.Optional("occupied"): flag,
})
_GIVEN: dict[Any, Any] = {
    vol.Optional("start"): _moment,
    vol.Optional("inputs"): object,
    vol.Optional("banks"): table(table(_BOX)),
    vol.Optional("item"): mapping({
        vol.Optional("sku"): text, vol.Optional("quantity"): whole(1),
        vol.Optional("size"): one_of(Size, "size"), vol.Optional("thermal"): one_of(Thermal, "thermal class"),
    }),
    vol.Optional("price"): _price,
    vol.Optional("selection"): whole(0),
    vol.Optional("window"): mapping({vol.Optional("from"): duration(), vol.Optional("until"): duration()}),
    vol.Optional("answers"): mapping({
        vol.Optional(effect): _answer(options) for effect, options in ANSWERS.items()
    }),
    # Database steps that fail the first times, for what a small site cannot bring about by itself.
    vol.Optional("fails"): mapping({
        vol.Optional(step.name): _reasons(step.fails) for step in STEPS.values() if step.fails
    }),
}


def _names(value: Any) -> list[str]:
    return [text(one) for one in (value if isinstance(value, list) else [value])]


_THEN = mapping({
    vol.Optional("state"): name, vol.Optional("status"): one_of(Status, "status"),
    vol.Optional("phase"): name, vol.Optional("ended"): flag, vol.Optional("messages"): _names,
    vol.Optional("incidents"): _names,
    vol.Optional("effects"): mapping({vol.Optional(effect): whole(0) for effect in ANSWERS}),
    vol.Optional("custody"): one_of((*PARTIES, "nobody"), "party"),
    vol.Optional("compartment"): text, vol.Optional("barred"): _names, vol.Optional("occupied"): _names,
    vol.Optional("stock"): table(whole(0)), vol.Optional("credential"): one_of(("valid", "none"), "answer"),
    vol.Optional("told"): name, vol.Optional("refused"): _names, vol.Optional("path"): _names,
    vol.Optional("money"): one_of(("taken", "held", "given back", "none", "unknown"), "answer"),
})
_HAPPENING = mapping({
    vol.Optional("after"): duration(), vol.Optional("at"): duration(),
    vol.Optional("command"): one_of(("load", "cancel", "open", "resolve"), "command"),
    vol.Optional("credential"): one_of((*Method, "wrong"), "credential"),
    vol.Optional("door"): one_of(("opens", "closes", "breach"), "thing that a door does by itself"),
    vol.Optional("desk"): one_of(("confirmed", "refuted", "closed"), "verdict"),
    vol.Optional("incident"): name,
    vol.Optional("extend"): table(duration()),
    vol.Optional("fact"): text, vol.Optional("data"): dict, vol.Optional("then"): _THEN,
})
_CASE = mapping({
    vol.Required("name", description="add: name: what the case shows"): text,
    vol.Optional("given"): mapping(_GIVEN),
    vol.Optional("when"): [_HAPPENING],
    vol.Required("then", description="add: then: {status: completed}"): _THEN,
})
_FILE = mapping({
    vol.Optional("blueprint"): text,
    vol.Optional("given"): mapping(_GIVEN),
    vol.Required("cases", description="add: cases: with a list of cases"): [_CASE],
})


def load_cases(path: Path) -> CaseFile:
    """Read a cases file and compile its blueprint for each case."""
    problems = Problems()
    document = load_yaml(path, problems)
    if document is None:
        return CaseFile(path, (), problems)
    data = check(_FILE, document, (), problems)
    if data is None or len(problems):
        return CaseFile(path, (), problems)
    blueprint = path.parent / data.get("blueprint", path.name.replace(".cases.yaml", ".yaml"))
    cases = [
        _case(spec, data.get("given", {}), ("cases", index), document, blueprint, problems)
        for index, spec in enumerate(data["cases"])
    ]
    return CaseFile(path, tuple(case for case in cases if case is not None), problems)


def _case(
    spec: Mapping[str, Any], common: Mapping[str, Any], path: YamlPath, document: Document, blueprint: Path,
    problems: Problems,
) -> Case | None:
    own = spec.get("given", {})
    given = {**common, **own}
    inputs: YamlPath = (*path, "given", "inputs") if "inputs" in own else ("given", "inputs")
    banks = given.get("banks", {})
    compiled = compile_blueprint(
        blueprint, blueprint.stem, given.get("inputs", {}), SiteNames(banks=tuple(banks)),
        instance=Instance(document, inputs),
    )
    when = tuple(
        _happening(one, (*path, "when", index), document, problems)
        for index, one in enumerate(spec.get("when", ()))
    )
    if compiled.machine is None:
        problems.extend(compiled.problems)
        return None
    order = {key: given[key] for key in ("item", "price", "selection", "window") if key in given}
    return Case(
        spec["name"], compiled, banks, order, given.get("answers", {}), given.get("fails", {}),
        given.get("start", _START), when, spec["then"], document, path,
    )


def _happening(one: Mapping[str, Any], path: YamlPath, document: Document, problems: Problems) -> Happening:
    found = [action for action in ACTIONS if action in one]
    if len(found) > 1:
        problems.add(
            document.marks.key((*path, found[1])), f"'{found[0]}' and '{found[1]}' are two happenings",
            "begin the second one with a dash of its own", path,
        )
    if "after" in one and "at" in one:
        problems.add(document.marks.key((*path, "at")), "both 'after' and 'at'", "keep one of the two", path)
    action = found[0] if found else ""
    if "incident" in one and action != "desk":
        mark = document.marks.key((*path, "incident"))
        problems.add(mark, "'incident' says what a verdict is about", "add: desk: confirmed", path)
    data = {**one.get("data", {}), **({"incident": one["incident"]} if "incident" in one else {})}
    return Happening(
        action, one.get(action), data, one.get("after"), one.get("at"), one.get("then", {}),
        path,
    )
