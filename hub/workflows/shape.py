"""The shape of a blueprint: which keys stand where, and what each may hold. No meaning yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from hub import __version__
from hub.config.durations import duration
from hub.config.forms import Form, either, form, form_of
from hub.config.schema import Validator, Wrong, flag, kind_of, mapping, name, one_of, table, text, whole
from hub.model.states import Status
from hub.workflows.expressions import body_of
from hub.workflows.steps.database import URGENCIES
from hub.workflows.vocabulary import COMMANDS

LANG = 1
STARTS = ("api", "code", "tag", "selection", "schedule", "desk")
#: The word of an arrow that handles its event without leaving or re-entering the state.
STAY = "stay"


_VERSION_FORM = {"type": "string", "pattern": "^[0-9]+[.][0-9]+[.][0-9]+$"}


@form(_VERSION_FORM)
def _version(value: Any) -> str:
    parts = text(value).split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise Wrong(f"'{value}' is no version", "write three numbers: 1.0.0")
    return str(value)


@form(_VERSION_FORM)
def _hub_version(value: Any) -> str:
    wanted = tuple(int(part) for part in _version(value).split("."))
    have = tuple(int(part) for part in re.findall(r"[0-9]+", __version__)[:3])
    if have < wanted:
        raise Wrong(f"this blueprint needs hub {value}; this is hub {__version__}", "update the hub")
    return str(value)


@form({"type": "integer", "minimum": 1, "maximum": LANG})
def _lang(value: Any) -> int:
    number: int = whole(1)(value)
    if number > LANG:
        raise Wrong(f"this hub speaks blueprint language {LANG}, not {number}", f"write lang: {LANG}")
    return number


@form({"$ref": "#/$defs/selector"})
def selector(value: Any) -> Any:
    """Passed on: it is checked where the site's names are known."""
    return value


_INPUT = mapping({
    vol.Optional("name"): text,
    vol.Optional("description"): text,
    vol.Optional("default"): object,
    vol.Optional("required"): flag,
    vol.Required("selector", description="add: selector: {text: {}}"): selector,
})

_SECTION = mapping({
    vol.Optional("name"): text,
    vol.Optional("description"): text,
    vol.Optional("icon"): text,
    vol.Optional("collapsed"): flag,
    vol.Required("input"): table(_INPUT),
})


@form(lambda: either(form_of(_INPUT), form_of(_SECTION)))
def _input_or_section(value: Any) -> Any:
    """One input, or a section with a heading over several (their names stay flat)."""
    return (_SECTION if isinstance(value, Mapping) and "input" in value else _INPUT)(value)


HEAD = mapping({
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


def _arrow_form() -> Form:
    return either(form_of(text), form_of(_GUARDED))


@form(lambda: either(_arrow_form(), {"type": "array", "minItems": 1, "items": _arrow_form()}))
def target_list(value: Any) -> list[dict[str, str]]:
    """The arrows of one event: a state's name, a `{when, to}`, or a list of them."""
    if not isinstance(value, list):
        return [_arrow(value)]
    if not value:
        raise Wrong("expected a state, found an empty list", "write the name of a state")
    return _each(value, _arrow)


@form({"$ref": "#/$defs/expression"})
def _guard(value: Any) -> str:
    if body_of(value) is None:
        raise Wrong(f"expected an expression, found {kind_of(value)}", 'write it like "{{ attempts < 2 }}"')
    return str(value)


_GUARDED: Validator = mapping({
    vol.Optional("when"): _guard, vol.Required("to", description="add: to: the name of a state"): text,
})


@form(_arrow_form)
def _arrow(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {"to": text(value)}
    if not isinstance(value, Mapping):
        mend = "write a name or {when: ..., to: ...}"
        raise Wrong(f"expected the name of a state, found {kind_of(value)}", mend)
    arrow: dict[str, str] = _GUARDED(value)
    return arrow


@form(lambda: either(form_of(_TIMED), {"type": "array", "items": form_of(_TIMED)}))
def _timed(value: Any) -> list[dict[str, Any]]:
    return _each(value, _TIMED) if isinstance(value, list) else [_TIMED(value)]


_TIMED: Validator = mapping({
    vol.Required("for", description="add: for: {minutes: 2}"): duration(1),
    vol.Required("to", description="add: to: the name of a state"): target_list,
})


_DASH = "begin each step with a dash: - assign: ..."


@form({"$ref": "#/$defs/steps"})
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


@form(lambda: {"type": "array", "minItems": 1, "items": form_of(_BRANCH)})
def branch_list(value: Any) -> list[dict[str, Any]]:
    """The branches of a `choose`: a list of `{when, do}`; their steps are checked where those are known."""
    if not isinstance(value, list) or not value:
        mend = 'for example: choose: [{when: "{{ ... }}", do: [...]}, {do: [...]}]'
        raise Wrong(f"expected a list of branches, found {kind_of(value)}", mend)
    return _each(value, _BRANCH)


_BRANCH: Validator = mapping({
    vol.Optional("when"): _guard, vol.Required("do", description="add: do: [...]"): _enter,
})


@form(lambda: {
    "type": "object", "propertyNames": {"$ref": "#/$defs/event"},
    "additionalProperties": form_of(target_list),
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


STATE = mapping({
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


@form({"$ref": "#/$defs/input"})
def _schedule(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or "week" not in value:
        raise Wrong(f"expected a schedule, found {kind_of(value)}", "take it as an input: !input opening")
    return value


@form(either({"type": "string", "pattern": "^[0-9]{1,3}$"}, {"type": "integer"}, {"$ref": "#/$defs/input"}))
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


@form(either({"enum": list(_ENDS)}, {"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$"}))
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


@form(lambda: form_of(_DEADLINE_KEYS))
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


@form({
    "type": "object", "propertyNames": {"pattern": "^[0-9]{1,3}$"},
    "additionalProperties": {"enum": list(COMMANDS)},
})
def _keys(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise Wrong(f"expected numbers with commands, found {kind_of(value)}", 'for example: {"7": undo}')
    command = one_of(COMMANDS, "command")
    out: dict[str, str] = {}
    errors: list[vol.Invalid] = []
    for key, word in value.items():
        try:
            digits = _keyed(key)
        except Wrong as error:
            errors.append(Wrong(error.msg, error.mend, [key], True))
            continue
        try:
            out[digits] = command(word)
        except vol.Invalid as error:
            error.prepend([key])
            errors.append(error)
    if errors:
        raise vol.MultipleInvalid(errors)
    return out


@form(lambda: {"type": "array", "minItems": 1, "items": form_of(_START)})
def _starts(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not value:
        raise Wrong(f"expected a list of starts, found {kind_of(value)}", "for example: start: [{on: api}]")
    return _each(value, _START)


BODY: dict[Any, Any] = {
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
    vol.Required("states", description="add: states: with at least one state"): table(STATE),
}
WHOLE = mapping({vol.Required("blueprint", description="add a `blueprint:` section"): object, **BODY})
