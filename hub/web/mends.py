"""What to write instead, for a body or a query that does not have its form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import msgspec

from hub.config.problems import suggest

_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]*)`")
_WRONG_VALUE = re.compile(r"enum value '(.*)' - at `")
_PLACE = re.compile(r"at `\$([^`]*)`$")
_MOMENT = "write a moment with its offset, such as 2027-01-31T18:00:00+01:00 or 2027-01-31T17:00:00Z"


def mend_of(message: str, kind: type) -> str:
    """How to mend what msgspec says of a `kind`; empty if nothing is certain."""
    unknown = _UNKNOWN_FIELD.search(message)
    if unknown:
        return suggest(unknown.group(1), [name for name, _ in _fields(kind)])
    leaves = list(_leaves(_at(message, kind)))
    if datetime in leaves:
        return _MOMENT
    wrong = _WRONG_VALUE.search(message)
    choices = [choice for leaf in leaves for choice in _choices(leaf)]
    return suggest(wrong.group(1), choices) if wrong and choices else ""


def _at(message: str, kind: Any) -> Any:
    """The annotation at the place that the message names."""
    place = _PLACE.search(message)
    for name in re.findall(r"[a-z_]+", place.group(1)) if place else ():
        kind = next((found for part, found in _fields(kind, deep=False) if part == name), None)
    return kind


def _fields(kind: Any, *, deep: bool = True) -> Iterator[tuple[str, Any]]:
    """The names that may be written in a `kind`, those of its parts included if `deep`, with their types."""
    for part in _leaves(kind):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            for info in msgspec.structs.fields(part):
                yield info.encode_name, info.type
                if deep:
                    yield from _fields(info.type)


def _leaves(annotation: Any) -> Iterator[Any]:
    """What an annotation is made of: the parts of a union, a list or an `Annotated`."""
    arguments = () if get_origin(annotation) is Literal else get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _leaves(argument)


def _choices(leaf: Any) -> list[str]:
    if isinstance(leaf, type) and issubclass(leaf, Enum):
        return [str(member.value) for member in leaf]
    return [str(word) for word in get_args(leaf)] if get_origin(leaf) is Literal else []
