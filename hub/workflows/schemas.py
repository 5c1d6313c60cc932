"""JSON Schemas (2020-12) of what installers write for workflows, made of the schemas that check it.

An editor sees `!input NAME` as the text NAME, so that such text passes wherever a value is no word itself.
Editors complete and warn; whether a blueprint can run is for `hub check` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.config.durations import DURATION_FORM
from hub.config.forms import Form, either, form_of, form_of_mapping
from hub.config.schema import name, text
from hub.config.selectors import SELECTORS
from hub.workflows import fragments, shape
from hub.workflows.steps import RESULTS, STEPS, StepType
from hub.workflows.vocabulary import COMMANDS, FACTS, INTERNAL

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CHOOSE, _CALL = "choose", "call"


def blueprint_schema(steps: Mapping[str, StepType] = STEPS) -> Form:
    """What a blueprint may say; with `steps` of integrations too."""
    body = form_of_mapping(shape.BODY)
    required = body.pop("required", [])
    properties = {
        "blueprint": form_of(shape.HEAD), **body["properties"], "extends": form_of(text),
        "fragments": {"type": "array", "items": form_of(fragments.USE)}, "routines": _routines(),
    }
    return {
        **_head("A blueprint"), "type": "object", "properties": properties, "required": ["blueprint"],
        # What another file brings along need not be said again.
        "if": {"not": either({"required": ["extends"]}, {"required": ["fragments"]})},
        "then": {"required": required}, "additionalProperties": False, "$defs": definitions(steps),
    }


def fragment_schema(steps: Mapping[str, StepType] = STEPS) -> Form:
    """What a fragment may say."""
    body = form_of_mapping(shape.BODY)["properties"]
    head = form_of(fragments.HEAD)
    head["properties"]["input"] = form_of(shape.HEAD)["properties"]["input"]
    return {
        **_head("A fragment of blueprints"), "type": "object", "required": ["fragment"],
        "properties": {
            "fragment": head, "fragments": {"type": "array", "items": form_of(fragments.USE)},
            "deadlines": body["deadlines"], "keys": body["keys"], "routines": _routines(),
            "states": body["states"],
        },
        "additionalProperties": False, "$defs": definitions(steps),
    }


def cases_schema() -> Form:
    """What a file of cases may say."""
    from hub.workflows.cases.shapes import FILE

    return {**_head("Cases of a blueprint"), **form_of(FILE), "$defs": definitions(STEPS, inputs=False)}


def definitions(steps: Mapping[str, StepType], *, inputs: bool = True) -> Form:
    """What the schemas refer to by name. `inputs`: whether `!input` may stand for a value."""
    duration = DURATION_FORM if not inputs else either(DURATION_FORM, {"$ref": "#/$defs/input"})
    return {
        "duration": duration,
        "input": {**form_of(name), "description": "The name of an input, written !input NAME"},
        "expression": {
            "type": "string", "pattern": r"^\s*\{\{[\s\S]*\}\}\s*$",
            "description": 'An expression, for example "{{ attempts < 2 }}"',
        },
        "event": _events(),
        "selector": _selectors(),
        "steps": {"type": "array", "items": _step(steps)},
    }


def _head(title: str) -> Form:
    return {"$schema": DIALECT, "title": title}


def _routines() -> Form:
    steps = {"$ref": "#/$defs/steps"}
    return {"type": "object", "propertyNames": form_of(name), "additionalProperties": steps}


def _events() -> Form:
    known = [*FACTS, *(f"command.{word}" for word in COMMANDS), *RESULTS, *INTERNAL]
    return either({"enum": known}, {"pattern": "^deadline[.].+$"}, {"pattern": "^[a-z_]+[.]failed$"})


def _selectors() -> Form:
    one = {
        word: either(form_of_mapping(selector.options), {"type": "null"})
        for word, selector in SELECTORS.items()
    }
    return either(
        {"enum": list(SELECTORS)},
        {
            "type": "object", "properties": one, "additionalProperties": False, "minProperties": 1,
            "maxProperties": 1,
        },
    )


def _step(steps: Mapping[str, StepType]) -> Form:
    """One entry of `enter`: a name alone, or a name with its arguments."""
    forms: dict[str, Any] = {}
    alone: list[str] = []
    for word, step in steps.items():
        arguments = form_of(shape.branch_list) if word == _CHOOSE else form_of(step.schema)
        if word != _CHOOSE and not arguments.get("required"):
            alone.append(word)
            arguments = either(arguments, {"type": "null"})
        forms[word] = {"description": step.doc, **arguments}
    forms[_CALL] = {"description": "Does the steps of a routine.", **form_of(text)}
    return either(
        {"enum": alone},
        {
            "type": "object", "properties": forms, "additionalProperties": False, "minProperties": 1,
            "maxProperties": 1,
        },
    )
