"""What begins at a terminal must be clear: no two workflows may begin alike there (S27)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from hub.config import Problems
from hub.site.sections.reading import Reading
from hub.site.specs import ProductSpec, WorkflowSpec
from hub.workflows.machine import Start

_WORDS = {"tag": "a tag", "code": "a code read in a visit", "selection": "a selection"}


def check_starts(
    reading: Reading, workflows: dict[str, WorkflowSpec], products: Mapping[str, ProductSpec]
) -> None:
    """Report workflows that begin alike. On a running site the later one is left out as broken."""
    for (first, one), (second, other) in combinations(list(_starts(workflows)), 2):
        if first == second or first not in workflows or second not in workflows:
            continue
        what = _clash(one, other, products)
        if what:
            terminal = one.terminal or other.terminal
            where = f"terminal '{terminal}'" if terminal else "every terminal"
            message = f"workflows '{first}' and '{second}' both begin with {what} at {where}"
            _report(reading, workflows, second, message)


def _report(reading: Reading, workflows: dict[str, WorkflowSpec], later: str, message: str) -> None:
    mend = "give them different terminals, person groups, or keys to press before"
    everything, reading.problems = reading.problems, Problems()
    reading.bad(("workflows", later), message, mend, at_key=True)
    found, reading.problems = reading.problems, everything
    if reading.tolerant:
        reading.broken[later] = tuple(found)
        del workflows[later]
    else:
        everything.extend(found)


def _starts(workflows: Mapping[str, WorkflowSpec]) -> Iterator[tuple[str, Start]]:
    for name, spec in workflows.items():
        for start in spec.machine.start:
            if start.on in _WORDS:
                yield name, start


def _clash(one: Start, other: Start, products: Mapping[str, ProductSpec]) -> str:
    """How two starts are alike, or empty."""
    if "" not in (one.terminal, other.terminal) and one.terminal != other.terminal:
        return ""
    if one.on != other.on:
        return _keyed_as_product(one, other, products) or _keyed_as_product(other, one, products)
    if one.keys != other.keys or ("" not in (one.group, other.group) and one.group != other.group):
        return ""
    return _WORDS[one.on] + (f" after {one.keys}" if one.keys else "")


def _keyed_as_product(keyed: Start, sold: Start, products: Mapping[str, ProductSpec]) -> str:
    if not keyed.keys or sold.on != "selection":
        return ""
    taken = next((sku for sku, product in products.items() if product.selection == keyed.keys), None)
    return "" if taken is None else f"the number {keyed.keys}, which also selects '{taken}',"
