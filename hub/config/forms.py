"""Each validator says itself, as JSON Schema (2020-12), what it lets pass: editors and the reference ask it.

A validator that cannot say so lets everything pass there; the check of the hub stays the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import voluptuous as vol

Form = dict[str, Any]
_V = TypeVar("_V", bound=Callable[[Any], Any])
#: What our YAML takes for text, numbers, and the other kinds (S38).
_TYPES: Mapping[Any, Form] = {
    dict: {"type": "object"}, list: {"type": "array"}, str: {"type": "string"}, int: {"type": "integer"},
    float: {"type": "number"}, bool: {"type": "boolean"}, object: {},
}


def form(found: Form | Callable[[], Form]) -> Callable[[_V], _V]:
    """Marks a validator with its form, or with a function that makes it when it is asked for."""

    def mark(validator: _V) -> _V:
        validator.form = found  # type: ignore[attr-defined]
        return validator

    return mark


def form_of(validator: Any) -> Form:
    """The form of a validator, of a voluptuous schema, or of a type; `{}` when it says nothing."""
    found = getattr(validator, "form", None)
    if found is not None:
        return dict(found() if callable(found) else found)
    if isinstance(validator, vol.Schema):
        return form_of(validator.schema)
    if isinstance(validator, vol.Any):
        return {"anyOf": [form_of(one) for one in validator.validators]}
    if isinstance(validator, Mapping):
        return form_of_mapping(validator)
    if isinstance(validator, list):
        return {"type": "array", "items": form_of(validator[0])} if validator else {"type": "array"}
    return dict(_TYPES.get(validator, {})) if isinstance(validator, type) else {}


def form_of_mapping(schema: Mapping[Any, Any]) -> Form:
    """The form of a mapping with known keys; a key that is no word leaves it open."""
    properties: Form = {}
    required: list[str] = []
    closed = True
    for key, value in schema.items():
        word = key.schema if isinstance(key, vol.Marker) else key
        if not isinstance(word, str):
            closed = False
            continue
        properties[word] = form_of(value)
        example = _example(word, getattr(key, "description", None))
        if example:
            properties[word]["x-example"] = example
        if isinstance(key, vol.Required) and isinstance(key.default, vol.Undefined):
            required.append(word)
    out: Form = {"type": "object", "properties": properties}
    if closed:
        out["additionalProperties"] = False
    if required:
        out["required"] = required
    return out


def _example(word: str, mend: object) -> str:
    """What a missing key's mend tells to write, such as `bank: !input bank`: its value."""
    head = f"add: {word}: "
    if not isinstance(mend, str) or not mend.startswith(head):
        return ""
    value = mend.removeprefix(head).partition("  (")[0]
    return "" if value.startswith("...") else value


def either(*forms: Form) -> Form:
    """What any of the forms lets pass."""
    return {"anyOf": list(forms)}
