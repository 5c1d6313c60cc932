"""Blueprints of ten thousand states: they compile, or are refused with the line that is to blame."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.workflows.compile import Compiled, compile_blueprint

MANY = 10_000
HEAD = """\
blueprint: {name: Large, domain: handover, version: 1.0.0, lang: 1}
start: [{on: api}]
initial: s0
states:
"""


def _chain(each: str, last: str) -> str:
    """`{next}` is the state that follows; each takes one line."""
    states = (f"  s{n}: {each.format(next=f's{n + 1}')}\n" for n in range(MANY))
    return HEAD + "".join(states) + f"  s{MANY}: {last}\n"


def _compile(text: str) -> Compiled:
    return compile_blueprint(text, "large", file="large.yaml")


@pytest.mark.parametrize(
    "each",
    [
        "{{on: {{command.load: {next}}}}}",
        "{{enter: [{{set: {{tried: true}}}}], on: {{entered: {next}}}}}",
    ],
)
def test_a_chain_of_ten_thousand_states_compiles(each: str) -> None:
    compiled = _compile(_chain(each, "{final: true}"))
    assert compiled.machine is not None, compiled.problems.render()
    assert len(compiled.machine.states) > MANY


def test_a_circle_of_ten_thousand_states_is_named_shortly_where_it_closes() -> None:
    compiled = _compile(_chain(
        "{{enter: [{{set: {{a: 1}}}}], on: {{entered: {next}}}}}",
        "{enter: [{set: {a: 1}}], on: {entered: s0}}",
    ))
    [circle] = [one for one in compiled.problems if "run in a circle without a pause" in one.message]
    assert (circle.file, circle.line) == ("large.yaml", 5)
    assert len(circle.message) < 300
    assert "wait for an event from outside" in circle.mend


def test_ten_thousand_wrong_arrows_are_each_named_at_their_line() -> None:
    compiled = _compile(_chain("{{on: {{command.load: {next}, command.cancel: gon}}}}", "{final: true}"))
    wrong = [one for one in compiled.problems if "'gon'" in one.message]
    assert len(wrong) == MANY
    assert (wrong[0].line, wrong[-1].line) == (5, 4 + MANY)


def test_a_file_larger_than_any_blueprint_is_refused_without_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_text(_chain("{{on: {{command.load: {next}}}}}", "{final: true}") + "# " + "x" * 2_000_000)
    compiled = compile_blueprint(file, "large")
    assert compiled.machine is None
    assert [str(one) for one in compiled.problems] == [f"{file}:1:1: this file is larger than 2 MB"]
