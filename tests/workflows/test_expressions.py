"""Expressions (S30): typed, strict, sandboxed."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.workflows.expressions import ExpressionError, body_of, check, evaluate, names_used, render, truth

SCOPE: dict[str, Any] = {
    "item": {"size": "M", "lot": None, "quantity": 3},
    "event": {"amount": 250},
    "attempts": 1,
    "codes": ["a", "b"],
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("item.size", "M"),
        ("item['size']", "M"),
        ("item.lot", None),
        ("attempts", 1),
        ("attempts < 2", True),
        ("event.amount * 2 + 1", 501),
        ("event.amount // 100", 2),
        ("event.amount % 100", 50),
        ("codes | length", 2),
        ("codes[1]", "b"),
        ("'a' in codes", True),
        ("not attempts", False),
        ("item.size == 'M' and attempts >= 1", True),
        ("event.reason is defined", False),
        ("reopened is undefined", True),
        ("item.colour | default('grey')", "grey"),
        ("'L' if item.size == 'M' else 'S'", "L"),
        ("item.size in ['S', 'M']", True),
        ("-attempts", -1),
        ("none", None),
        ("true", True),
        ("1 < attempts < 3", False),
        ("item.size ~ '-' ~ attempts", "M-1"),
        ("[item.size, 1]", ["M", 1]),
    ],
)
def test_an_expression_keeps_its_type(source: str, value: Any) -> None:
    assert evaluate(source, SCOPE) == value
    assert type(evaluate(source, SCOPE)) is type(value)


@pytest.mark.parametrize(
    "source",
    [
        "missing",
        "item.colour",
        "item.size.deeper",
        "item.size.upper",
        "item.keys",
        "event.reason == 'x'",
        "codes[7]",
        "attempts + item.size",
        "attempts // 0",
        "'a' * 999999999",
        "'%999999999d' % 1",
        "missing or true",
        "not missing",
        "missing == none",
    ],
)
def test_what_is_not_there_is_an_error(source: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(source, SCOPE)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "attempts <",
        "item.",
        "item.__class__",
        "''.__class__.__mro__",
        "item['x'].__init__",
        "range(3)",
        "item.get('size')",
        "lipsum()",
        "cycler",
        "self",
        "1 / 2",
        "2 ** 99",
        "codes[0:1]",
        "a if b",
        "codes | map('upper')",
        "item | attr('size')",
        "codes | frobnicate",
        "attempts is even",
        "}} {{ 1",
        "1 }}{% for x in codes %}{{ x",
        "'" + "x" * 600 + "'",
        "+".join(["1"] * 130),
    ],
)
def test_what_is_forbidden_does_not_compile_or_finds_nothing(source: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(source, SCOPE)


@pytest.mark.parametrize("value", ["text", "a {{ b }}", "{{ a }} {{ b }}", "{{ a }", 5, None, ["{{ a }}"]])
def test_only_a_whole_value_is_an_expression(value: Any) -> None:
    assert body_of(value) is None


def test_rendering_leaves_text_and_structure_alone() -> None:
    tree = {"size": "{{ item.size }}", "note": "as is", "list": ["{{ attempts }}", {"x": 2}], "none": None}
    assert render(tree, SCOPE) == {"size": "M", "note": "as is", "list": [1, {"x": 2}], "none": None}


def test_a_guard_may_be_written_with_or_without_braces() -> None:
    assert truth("{{ attempts < 2 }}", SCOPE)
    assert truth("attempts < 2", SCOPE)


def test_names_are_found_wherever_they_stand() -> None:
    assert names_used("item.size if attempts > event['x'] else [now]") == {"item", "attempts", "event", "now"}
    assert check("item.size") == {"item"}


@given(st.text(max_size=60))
def test_no_text_does_anything_but_give_a_value_or_an_expression_error(source: str) -> None:
    with contextlib.suppress(ExpressionError):
        evaluate(source, SCOPE)
