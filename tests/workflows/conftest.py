"""Helpers for blueprints: text with a `§` where the complaint must point."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from hub.config.problems import Problem
from hub.config.selectors import SiteNames
from hub.workflows.compile import compile_blueprint
from hub.workflows.machine import Machine

HEAD = """\
blueprint: {name: Test, domain: handover, version: 1.0.0, lang: 1, input: {bank: {selector: {bank: {}}}}}
start: [{on: api}]
"""


@pytest.fixture
def compile_states() -> Callable[..., Machine]:
    """Compile the text below a short head; the text must be sound."""

    def build(body: str, inputs: Mapping[str, Any] | None = None) -> Machine:
        machine, problems, *_ = compile_blueprint(
            HEAD + textwrap.dedent(body), "test", inputs or {"bank": "main"}
        )
        assert machine is not None, problems.render()
        return machine

    return build


@pytest.fixture
def complaints() -> Callable[..., list[Problem]]:
    """All problems of the text below a short head."""

    def find(text: str, inputs: Mapping[str, Any] | None = None, head: str = HEAD) -> list[Problem]:
        given = {"bank": "main"} if inputs is None else inputs
        _, problems, *_ = compile_blueprint(
            head + textwrap.dedent(text), "test", given, SiteNames(banks=("main",))
        )
        return list(problems)

    return find


@pytest.fixture
def points_at(complaints: Callable[..., list[Problem]]) -> Callable[..., None]:
    """Assert that one problem stands exactly where the text has `§`, with these words in it and its mend."""

    def check(text: str, message: str, mend: str = "", **more: Any) -> None:
        text = textwrap.dedent(text)
        head = more.get("head", HEAD)
        before = (head + text).split("§")[0]
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        if "head" in more:
            more["head"] = head.replace("§", "")
        found = complaints(text.replace("§", ""), **more)
        there = [problem for problem in found if message in problem.message]
        assert there, f"no problem says {message!r}: {[str(one) for one in found]}"
        assert (there[0].line, there[0].column) == place
        assert mend in there[0].mend

    return check
