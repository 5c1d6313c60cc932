"""Compares what a case expects with what was found; a mapping need only name what it cares about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def differences(then: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """(key, expected, found) for every expectation of `then` that does not hold."""
    for key, expected in then.items():
        actual = found.get(key)
        if isinstance(expected, Mapping):
            actual = {name: (actual or {}).get(name, 0) for name in expected}
        elif key == "path":
            actual = list(actual or ())
            if _runs_through(expected, actual):
                continue
        elif isinstance(expected, list):
            actual = list(actual or ())
        if actual != expected:
            yield key, expected, actual


def _runs_through(expected: list[str], path: list[str]) -> bool:
    """Whether the states stand in `path` in this order, others between them or not."""
    rest = iter(path)
    return all(state in rest for state in expected)
