"""Schemas with voluptuous, and its errors as problems with a place and a mend.

Schemas are ordinary voluptuous; `mapping` replaces a bare dict so that a misspelt key is answered with
the nearest one. A marker's `description` is the mend when its key is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import voluptuous as vol

from hub.config.forms import form, form_of, form_of_mapping
from hub.config.marks import Document, Input, SecretText, YamlPath
from hub.config.problems import Problems, suggest
from hub.model.money import Money, MoneyError

Validator = Callable[[Any], Any]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_KINDS = {
    "str": ("text", 'for example: "abc"'),
    "int": ("a whole number", "for example: 9"),
    "float": ("a number", "for example: 2.5"),
    "bool": ("true or false", "write true or false, without quotes"),
    "dict": ("a mapping", "write `key: value` lines below it"),
    "dictionary": ("a mapping", "write `key: value` lines below it"),
    "list": ("a list", "for example: [a, b]"),
}


class Wrong(vol.Invalid):
    """A value that is refused, with what to write instead. `at_key`: the key is to blame, not the value."""

    def __init__(self, message: str, mend: str = "", path: Iterable[Any] = (), at_key: bool = False) -> None:
        super().__init__(message, list(path))
        self.mend = mend
        self.at_key = at_key


def kind_of(value: object) -> str:
    """What a value is, in an installer's words."""
    if value is None:
        return "nothing"
    if isinstance(value, Input):
        return f"!input {value.name}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, SecretText):
        return "a secret text"
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def mapping(schema: Mapping[Any, Any]) -> Validator:
    """A voluptuous mapping whose unknown keys are answered with the nearest valid one."""
    known = [str(key) for key in schema if isinstance(key, str | vol.Marker)]
    is_open = any(not isinstance(key, str | vol.Marker) for key in schema)
    inner = {key: _nested(value) for key, value in schema.items()}
    compiled = vol.Schema(inner, extra=vol.PREVENT_EXTRA if is_open else vol.REMOVE_EXTRA)

    @form(lambda: form_of_mapping(schema))
    def validate(value: Any) -> Any:
        if not isinstance(value, dict):
            mend = f"write its keys below it: {', '.join(known)}" if known else _KINDS["dict"][1]
            raise Wrong(f"expected a mapping, found {kind_of(value)}", mend)
        errors: list[vol.Invalid] = []
        if not is_open:
            errors = [
                Wrong(f"unknown key '{key}'", suggest(key, known, "no keys are expected here"), [key], True)
                for key in value if key not in known
            ]
        try:
            out = compiled(value)
        except vol.MultipleInvalid as error:
            errors.extend(error.errors)
        if errors:
            raise vol.MultipleInvalid(errors)
        return out

    return validate


def _nested(value: Any) -> Any:
    if isinstance(value, vol.Schema):
        value = value.schema
    return mapping(value) if isinstance(value, dict) else value


def table(entry: Validator) -> Validator:
    """A mapping from names to entries of one kind."""

    @form(lambda: {
        "type": "object", "additionalProperties": form_of(entry), "propertyNames": form_of(name),
    })
    def validate(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Wrong(f"expected entries by name, found {kind_of(value)}", _KINDS["dict"][1])
        out: dict[str, Any] = {}
        errors: list[vol.Invalid] = []
        for key, item in value.items():
            try:
                out[name(str(key))] = entry(item)
            except vol.Invalid as error:
                error.prepend([key])
                errors.extend(error.errors if isinstance(error, vol.MultipleInvalid) else [error])
        if errors:
            raise vol.MultipleInvalid(errors)
        return out

    return validate


@form({"type": "string", "minLength": 1})
def text(value: Any) -> str:
    """Text, not empty."""
    if not isinstance(value, str):
        mend = f'put it in quotes: "{value}"' if isinstance(value, int | float) else _KINDS["str"][1]
        raise Wrong(f"expected text, found {kind_of(value)}", mend)
    if not value.strip():
        raise Wrong("expected text, found an empty one", _KINDS["str"][1])
    return value


@form({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"})
def name(value: Any) -> str:
    """A name others refer to: letters, digits, `_`, `-`, `.`; 64 characters at most."""
    word = text(value)
    if not _NAME.match(word):
        raise Wrong(f"'{word}' is no name", "use letters, digits, _ - and . only (first a letter or digit)")
    return word


@form({"type": "boolean"})
def flag(value: Any) -> bool:
    """`true` or `false`; words such as yes and on are text in our YAML."""
    if not isinstance(value, bool):
        raise Wrong(f"expected true or false, found {kind_of(value)}", _KINDS["bool"][1])
    return value


def whole(least: int | None = None, most: int | None = None, unit: str = "") -> Validator:
    """A whole number within limits."""

    limits = {"minimum": least, "maximum": most}

    @form({"type": "integer", **{key: limit for key, limit in limits.items() if limit is not None}})
    def validate(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            example = least if least is not None else 1
            raise Wrong(f"expected a whole number, found {kind_of(value)}", f"for example: {example}")
        if (least is not None and value < least) or (most is not None and value > most):
            raise Wrong(f"{value} is out of range", f"write a number {_range(least, most, unit)}")
        return value

    return validate


def _range(least: object, most: object, unit: str) -> str:
    tail = f" {unit}" if unit else ""
    if least is not None and most is not None:
        return f"from {least} to {most}{tail}"
    return f"of at least {least}{tail}" if least is not None else f"of at most {most}{tail}"


def one_of(options: Iterable[str], what: str = "value") -> Validator:
    """One word of a closed list; the nearest is suggested."""
    known = [str(option) for option in options]

    @form({"enum": known} if known else {"type": "string"})
    def validate(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong(f"expected a {what}, found {kind_of(value)}", f"write one of: {', '.join(known)}")
        if value not in known:
            raise Wrong(f"'{value}' is no {what}", suggest(value, known))
        return str(value)

    return validate


def money(currency: str) -> Callable[[Any], Money]:
    """An exact amount, written as text (rule S3)."""

    @form({"type": "string", "pattern": r"^-?[0-9]+([.][0-9]+)?$"})
    def validate(value: Any) -> Money:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise Wrong(f"expected an amount as text, found {value}", f'put it in quotes: "{value:.2f}"')
        if not isinstance(value, str):
            raise Wrong(f"expected an amount, found {kind_of(value)}", 'write it as text: "2.50"')
        try:
            return Money.parse(value, currency)
        except MoneyError as error:
            message = str(error).partition("; write it")[0]
            raise Wrong(message, 'write it as text in quotes: "2.50"') from None

    return validate


def check(
    validator: Validator, document: Document, path: YamlPath, problems: Problems, value: Any = ...
) -> Any:
    """Run `validator` on the value at `path`; its errors become problems and the answer None.

    `value` replaces the document's own when a caller has taken something out of it.
    """
    subject = document.at(path) if value is ... else value
    if document.is_broken(path):
        return None
    try:
        return validator(subject)
    except vol.Invalid as error:
        report(error, document, path, problems)
        return None


def report(error: vol.Invalid, document: Document, path: YamlPath, problems: Problems) -> None:
    """Translate a voluptuous error (or several) below `path` into problems."""
    for single in error.errors if isinstance(error, vol.MultipleInvalid) else [error]:
        _report(single, document, (*path, *single.path), problems)


def _report(error: vol.Invalid, document: Document, whole_path: tuple[Any, ...], problems: Problems) -> None:
    marks = document.marks
    last = whole_path[-1] if whole_path else ""
    path = tuple(step.schema if isinstance(step, vol.Marker) else step for step in whole_path)
    if isinstance(error, vol.RequiredFieldInvalid):
        if not document.is_broken(path):
            hint = getattr(last, "description", None)
            mend = str(hint) if hint else f"add: {last}: ..."
            problems.add(marks.key(path[:-1]), f"'{last}' is missing", mend, path)
        return
    if document.is_broken(path):
        return
    at_key = getattr(error, "at_key", False) or "extra keys" in error.msg
    mark = marks.key(path) if at_key else marks.value(path)
    message, mend = _say(error, document.at(path), last)
    problems.add(mark, message, mend, path)


def _say(error: vol.Invalid, value: object, last: object) -> tuple[str, str]:
    """Message and mend of one error; voluptuous's own are put into YAML's words."""
    if isinstance(error, Wrong):
        return error.msg, error.mend
    message = str(error.msg)
    if "extra keys not allowed" in message:
        return f"unknown key '{last}'", "remove it"
    expected = re.match(r"expected (?:a |an )?(\w+)", message)
    if expected is not None:
        what, mend = _KINDS.get(expected.group(1), (expected.group(1), ""))
        return f"expected {what}, found {kind_of(value)}", mend
    if isinstance(error, vol.InInvalid):
        options = re.findall(r"'([^']*)'", message)
        return f"{kind_of(value)} is not allowed here", suggest(value, options, message)
    return f"{message} (found {kind_of(value)})", ""
