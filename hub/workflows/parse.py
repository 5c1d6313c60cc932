"""Reads the text of a blueprint: its shape, its inputs, and which key is wrong where. No meaning yet."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import voluptuous as vol

from hub import __version__
from hub.config.durations import duration
from hub.config.marks import Document, Input, YamlPath
from hub.config.problems import Problems, suggest
from hub.config.schema import (
    Validator,
    Wrong,
    check,
    flag,
    kind_of,
    mapping,
    name,
    one_of,
    report,
    table,
    text,
    whole,
)
from hub.config.selectors import SiteNames, selector_validator
from hub.model.states import Status
from hub.workflows.expressions import body_of
from hub.workflows.steps.database import URGENCIES
from hub.workflows.vocabulary import COMMANDS

LANG = 1
STARTS = ("api", "code", "tag", "selection", "schedule", "desk")
#: The word of an arrow that handles its event without leaving or re-entering the state.
STAY = "stay"


@dataclass(frozen=True, slots=True)
class Instance:
    """Where the installer's inputs of one workflow stand: the document and the path of `input:`."""

    document: Document
    path: YamlPath


def _version(value: Any) -> str:
    parts = text(value).split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise Wrong(f"'{value}' is no version", "write three numbers: 1.0.0")
    return str(value)


def _hub_version(value: Any) -> str:
    wanted = tuple(int(part) for part in _version(value).split("."))
    have = tuple(int(part) for part in re.findall(r"[0-9]+", __version__)[:3])
    if have < wanted:
        raise Wrong(f"this blueprint needs hub {value}; this is hub {__version__}", "update the hub")
    return str(value)


def _lang(value: Any) -> int:
    number: int = whole(1)(value)
    if number > LANG:
        raise Wrong(f"this hub speaks blueprint language {LANG}, not {number}", f"write lang: {LANG}")
    return number


_INPUT = mapping({
    vol.Optional("name"): text,
    vol.Optional("description"): text,
    vol.Optional("default"): object,
    vol.Optional("required"): flag,
    vol.Required("selector", description="add: selector: {text: {}}"): object,
})

_SECTION = mapping({
    vol.Optional("name"): text,
    vol.Optional("description"): text,
    vol.Optional("icon"): text,
    vol.Optional("collapsed"): flag,
    vol.Required("input"): table(_INPUT),
})


def _input_or_section(value: Any) -> Any:
    """One input, or a section with a heading over several (their names stay flat)."""
    return (_SECTION if isinstance(value, Mapping) and "input" in value else _INPUT)(value)


_HEAD = mapping({
    vol.Required("name", description="add: name: Reserved pickup"): text,
    vol.Required("domain", description="add: domain: handover"): one_of(("handover",), "domain"),
    vol.Required("version", description="add: version: 1.0.0"): _version,
    vol.Required("lang", description=f"add: lang: {LANG}"): _lang,
    vol.Optional("description"): text,
    vol.Optional("hub_version"): _hub_version,
    vol.Optional("author"): text,
    vol.Optional("source_url"): text,
    vol.Optional("input"): table(_input_or_section),
})


def _each(values: list[Any], validator: Validator) -> list[Any]:
    """Validate the entries of a list; every error names its entry."""
    out: list[Any] = []
    errors: list[vol.Invalid] = []
    for index, one in enumerate(values):
        try:
            out.append(validator(one))
        except vol.Invalid as error:
            error.prepend([index])
            errors.extend(error.errors if isinstance(error, vol.MultipleInvalid) else [error])
    if errors:
        raise vol.MultipleInvalid(errors)
    return out


def target_list(value: Any) -> list[dict[str, str]]:
    """The arrows of one event: a state's name, a `{when, to}`, or a list of them."""
    if not isinstance(value, list):
        return [_arrow(value)]
    if not value:
        raise Wrong("expected a state, found an empty list", "write the name of a state")
    return _each(value, _arrow)


def _guard(value: Any) -> str:
    if body_of(value) is None:
        raise Wrong(f"expected an expression, found {kind_of(value)}", 'write it like "{{ attempts < 2 }}"')
    return str(value)


_GUARDED = mapping({
    vol.Optional("when"): _guard, vol.Required("to", description="add: to: the name of a state"): text,
})


def _arrow(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {"to": text(value)}
    if not isinstance(value, Mapping):
        mend = "write a name or {when: ..., to: ...}"
        raise Wrong(f"expected the name of a state, found {kind_of(value)}", mend)
    arrow: dict[str, str] = _GUARDED(value)
    return arrow


def _timed(value: Any) -> list[dict[str, Any]]:
    return _each(value, _TIMED) if isinstance(value, list) else [_TIMED(value)]


_TIMED = mapping({
    vol.Required("for", description="add: for: {minutes: 2}"): duration(1),
    vol.Required("to", description="add: to: the name of a state"): target_list,
})


_DASH = "begin each step with a dash: - assign: ..."


def _enter(value: Any) -> list[tuple[str, Any]]:
    """Entries of `enter` as (step, raw arguments); arguments are checked where the step is known."""
    if not isinstance(value, list):
        raise Wrong(f"expected a list of steps, found {kind_of(value)}", _DASH)
    calls: list[tuple[str, Any]] = []
    for index, one in enumerate(value):
        if isinstance(one, str):
            calls.append((one, {}))
        elif isinstance(one, Mapping) and len(one) == 1:
            (step, args), = one.items()
            calls.append((str(step), {} if args is None else args))
        else:
            found = "several steps in one" if isinstance(one, Mapping) and one else kind_of(one)
            raise Wrong(f"expected one step, found {found}", _DASH, [index])
    return calls


def branch_list(value: Any) -> list[dict[str, Any]]:
    """The branches of a `choose`: a list of `{when, do}`; their steps are checked where those are known."""
    if not isinstance(value, list) or not value:
        mend = 'for example: choose: [{when: "{{ ... }}", do: [...]}, {do: [...]}]'
        raise Wrong(f"expected a list of branches, found {kind_of(value)}", mend)
    return _each(value, _BRANCH)


_BRANCH = mapping({
    vol.Optional("when"): _guard, vol.Required("do", description="add: do: [...]"): _enter,
})


def _events(value: Any) -> dict[str, list[dict[str, str]]]:
    if not isinstance(value, Mapping):
        mend = "for example: on: {entered: waiting}"
        raise Wrong(f"expected events with states, found {kind_of(value)}", mend)
    out: dict[str, list[dict[str, str]]] = {}
    errors: list[vol.Invalid] = []
    for event, arrows in value.items():
        try:
            out[str(event)] = target_list(arrows)
        except vol.Invalid as error:
            error.prepend([event])
            errors.extend(error.errors if isinstance(error, vol.MultipleInvalid) else [error])
    if errors:
        raise vol.MultipleInvalid(errors)
    return out


_STATE = mapping({
    vol.Optional("label"): text,
    vol.Optional("status"): one_of(Status, "status"),
    vol.Optional("phase"): name,
    vol.Optional("enter"): _enter,
    vol.Optional("on"): _events,
    vol.Optional("after"): _timed,
    vol.Optional("final"): flag,
    vol.Optional("parent"): text,
    vol.Optional("initial"): text,
    vol.Optional("each"): one_of(("allocation",), "thing to repeat for"),
    vol.Optional("where"): _guard,
})


def _schedule(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or "week" not in value:
        raise Wrong(f"expected a schedule, found {kind_of(value)}", "take it as an input: !input opening")
    return value


def _keyed(value: Any) -> str:
    word = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    if not word.isdecimal() or len(word) > 3:
        raise Wrong(f"'{word}' cannot be keyed", 'write one to three digits in quotes: "7"')
    return word


_START = mapping({
    vol.Required("on", description="add: on: api"): one_of(STARTS, "start"),
    vol.Optional("terminal"): text,
    vol.Optional("group"): text,
    vol.Optional("keys"): _keyed,
    vol.Optional("schedule"): _schedule,
})
_ENDS = ("window", "closing")


def _end(value: Any) -> str:
    match = re.match(r"([01]?[0-9]|2[0-3]):([0-5][0-9])\Z", value) if isinstance(value, str) else None
    if match is not None:
        return f"{int(match[1]):02}:{match[2]}:00"
    if value not in _ENDS:
        raise Wrong(f"{kind_of(value)} is no end", 'write window, closing, or a time of day: "18:00"')
    return str(value)


_DEADLINE_KEYS = mapping({
    vol.Optional("after"): duration(1),
    vol.Optional("from"): text,
    vol.Optional("until"): _end,
    vol.Optional("schedule"): _schedule,
    vol.Optional("at"): name,
})


def _deadline(value: Any) -> Any:
    spec = _DEADLINE_KEYS(value)
    until = spec.get("until", "")
    if "after" not in spec and ("at" in spec or until in ("", "window")):
        raise vol.RequiredFieldInvalid(
            "required", [vol.Required("after", description="add: after: {hours: 48}")]
        )
    if until == "closing" and "schedule" not in spec:
        raise vol.RequiredFieldInvalid(
            "required", [vol.Required("schedule", description="add: schedule: !input opening")]
        )
    return spec


def _keys(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise Wrong(f"expected numbers with commands, found {kind_of(value)}", 'for example: {"7": undo}')
    command = one_of(COMMANDS, "command")
    out: dict[str, str] = {}
    errors: list[vol.Invalid] = []
    for key, word in value.items():
        try:
            out[_keyed(key)] = command(word)
        except vol.Invalid as error:
            error.prepend([key])
            errors.append(error)
    if errors:
        raise vol.MultipleInvalid(errors)
    return out


def _starts(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not value:
        raise Wrong(f"expected a list of starts, found {kind_of(value)}", "for example: start: [{on: api}]")
    return _each(value, _START)


_BODY: dict[Any, Any] = {
    vol.Optional("source"): mapping({vol.Required("owner"): one_of(("hub", "upstream"), "owner")}),
    vol.Optional("promise"): mapping({
        vol.Optional("urgency"): one_of(URGENCIES, "urgency"),
        vol.Optional("first_paged"): name,
        vol.Optional("minutes"): whole(1, unit="minutes"),
    }),
    vol.Required("start", description="add: start: [{on: api}]"): _starts,
    vol.Optional("deadlines"): table(_deadline),
    vol.Optional("keys"): _keys,
    vol.Required("initial", description="add: initial: the name of the first state"): text,
    vol.Required("states", description="add: states: with at least one state"): table(_STATE),
}
_WHOLE = mapping({vol.Required("blueprint", description="add a `blueprint:` section"): object, **_BODY})


@dataclass(frozen=True, slots=True)
class Parsed:
    """A blueprint of the right shape with its inputs filled in. `document` holds the filled-in values."""

    document: Document
    head: Mapping[str, Any]
    body: Mapping[str, Any]
    inputs: Mapping[str, Any]


def parse(
    document: Document, given: Mapping[str, Any], names: SiteNames, problems: Problems,
    instance: Instance | None = None,
) -> Parsed | None:
    """Check the shape and fill the inputs in; None when something is wrong, all of it said in `problems`."""
    before = len(problems)
    if not isinstance(document.data, dict):
        problems.add(document.marks.value(()), "this is no blueprint", "it begins with `blueprint:`")
        return None
    head = None
    if "blueprint" in document.data:
        head = check(_HEAD, document, ("blueprint",), problems)
    declared, places = _declared(document, problems)
    values, raw = _inputs(document, declared, places, given, names, problems, instance)
    filled = _filled(document, raw, declared, problems)
    body = check(_WHOLE, filled, (), problems)
    if len(problems) > before or head is None or body is None:
        return None
    return Parsed(filled, head, body, values)


def _declared(document: Document, problems: Problems) -> tuple[dict[str, Any], dict[str, YamlPath]]:
    """Every input by its flat name, those of sections among them, and where each is declared."""
    top: YamlPath = ("blueprint", "input")
    found = document.at(top)
    inputs: dict[str, Any] = {}
    places: dict[str, YamlPath] = {}
    for key, spec in found.items() if isinstance(found, dict) else ():
        section = spec.get("input") if isinstance(spec, dict) else None
        inner = section if isinstance(section, dict) else {key: spec}
        path: YamlPath = (*top, key, "input") if isinstance(section, dict) else top
        for name_, one in inner.items():
            where: YamlPath = (*path, name_)
            if name_ in inputs:
                what = f"input '{name_}' is declared twice"
                problems.add(document.marks.key(where), what, "give one of them another name", where)
            hidden = inner is section and spec.get("collapsed") is True and isinstance(one, dict)
            if hidden and "default" not in one and one.get("required", True):
                problems.add(
                    document.marks.key(where), f"input '{name_}' of a collapsed section has no default",
                    "add: default: ..., or take `collapsed` away", where,
                )
            inputs[name_], places[name_] = one, where
    return inputs, places


def _inputs(
    document: Document, declared: Mapping[str, Any], places: Mapping[str, YamlPath],
    given: Mapping[str, Any], names: SiteNames, problems: Problems, instance: Instance | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Checked values for the machine, and as they are written for `!input`."""
    values: dict[str, Any] = {}
    raw: dict[str, Any] = {}
    place = instance or Instance(Document(dict(given), document.marks, document.path, (), frozenset()), ())
    for key in given:
        if key not in declared:
            mark = place.document.marks.key((*place.path, key))
            mend = suggest(key, declared, "this blueprint has no inputs")
            problems.add(mark, f"unknown input '{key}'", mend, place.path)
    for key, spec in declared.items():
        if not isinstance(spec, dict):
            continue
        at = places[key]
        try:
            selector = selector_validator(spec.get("selector"), names)
        except vol.Invalid as error:
            if "selector" in spec:
                report(error, document, (*at, "selector"), problems)
            continue
        if key in given or "default" in spec:
            own = key in given
            found = given[key] if own else spec["default"]
            path: YamlPath = (*place.path, key) if own else (*at, "default")
            value = check(selector, place.document if own else document, path, problems, found)
            if value is None:
                continue
            values[key] = value
            raw[key] = found if "duration" in spec["selector"] else value
        elif spec.get("required", True):
            mend = f"add: {key}: ..." + (f"  ({spec['name']})" if isinstance(spec.get("name"), str) else "")
            problems.add(place.document.marks.key(place.path), f"input '{key}' is missing", mend, place.path)
    return values, raw


def _filled(
    document: Document, raw: Mapping[str, Any], declared: Mapping[str, Any], problems: Problems
) -> Document:
    """The document with every `!input` replaced; what cannot be is reported and counts as broken."""
    broken = set(document.broken)

    def fill(value: Any, path: YamlPath) -> Any:
        if isinstance(value, Input):
            if value.name in raw:
                return raw[value.name]
            broken.add(path)
            if value.name not in declared:
                mend = suggest(value.name, declared, "declare it under blueprint: input:")
                problems.add(document.marks.value(path), f"unknown input '{value.name}'", mend, path)
            return None
        if isinstance(value, dict):
            pairs = ((key, one, fill(one, (*path, key))) for key, one in value.items())
            # An optional input without a value takes its line with it.
            return {key: new for key, one, new in pairs if new is not None or not isinstance(one, Input)}
        if isinstance(value, list):
            return [fill(one, (*path, index)) for index, one in enumerate(value)]
        return value

    data = {key: value if key == "blueprint" else fill(value, (key,)) for key, value in document.data.items()}
    return dataclasses.replace(document, data=data, broken=frozenset(broken))
