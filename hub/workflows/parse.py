"""Reads the text of a blueprint: its shape, its inputs, and which key is wrong where. No meaning yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import voluptuous as vol

from hub.config.marks import Document, Input, YamlPath
from hub.config.problems import Problems, suggest
from hub.config.schema import check, report
from hub.config.selectors import SiteNames, selector_validator
from hub.workflows.shape import HEAD, WHOLE


@dataclass(frozen=True, slots=True)
class Instance:
    """Where the installer's inputs of one workflow stand: the document and the path of `input:`."""

    document: Document
    path: YamlPath


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
        head = check(HEAD, document, ("blueprint",), problems)
    declared, places = _declared(document, problems)
    values, raw = _inputs(document, declared, places, given, names, problems, instance)
    filled = _filled(document, raw, declared, problems)
    body = check(WHOLE, filled, (), problems)
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
            if own and "default" in spec:  # a default that cannot be is wrong, wanted or not
                check(selector, document, (*at, "default"), problems, spec["default"])
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
        else:
            values[key] = None  # what expressions see of an optional input: `inputs.price is none`
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
