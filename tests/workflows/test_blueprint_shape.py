"""Bad keys, values and inputs of a blueprint, each answered at its place with what to write."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.config.loader import load_text
from hub.config.problems import Problem, Problems
from hub.config.selectors import SiteNames
from hub.workflows.compile import Instance, compile_blueprint

Points = Callable[..., None]
REST = """
start: [{on: api}]
initial: a
states:
  a: {on: {command.cancel: b}}
  b: {final: true}
"""
HEAD = "blueprint: {name: T, domain: handover, version: 1.0.0, lang: 1}\n"


def test_an_unknown_key_is_answered_with_the_nearest(points_at: Points) -> None:
    points_at(
        """
        initial: a
        states:
          a: {§entr: [release], on: {command.cancel: b}}
          b: {final: true}
    """,
        "unknown key 'entr'",
        "did you mean 'enter'?",
    )


def test_an_unknown_section(points_at: Points) -> None:
    points_at(
        """
        §deadline: {hold: {after: {hours: 1}}}
        initial: a
        states: {a: {on: {command.cancel: b}}, b: {final: true}}
    """,
        "unknown key 'deadline'",
        "did you mean 'deadlines'?",
    )


def test_a_status_that_is_not_in_the_vocabulary(points_at: Points) -> None:
    points_at(
        """
        initial: a
        states:
          a: {status: §complete, on: {command.cancel: b}}
          b: {final: true}
    """,
        "'complete' is no status",
        "did you mean 'completed'?",
    )


def test_a_duration_without_a_unit(points_at: Points) -> None:
    points_at(
        """
        deadlines: {hold: {after: §48}}
        initial: a
        states: {a: {on: {deadline.hold: b}}, b: {final: true}}
    """,
        "expected a duration, found 48",
        "say the unit",
    )


def test_two_steps_in_one_entry(points_at: Points) -> None:
    points_at(
        """
        initial: a
        states:
          a:
            enter:
              - §assign: {bank: main}
                notify: {to: staff, template: staff_attention}
            on: {entered: b}
          b: {final: true}
    """,
        "several steps in one",
        "begin each step with a dash",
    )


def test_a_guard_that_is_no_expression(points_at: Points) -> None:
    points_at(
        """
        initial: a
        states:
          a: {on: {command.cancel: [{when: §attempts < 2, to: b}, {to: b}]}}
          b: {final: true}
    """,
        "expected an expression",
        '"{{ attempts < 2 }}"',
    )


def test_a_start_that_does_not_exist(points_at: Points) -> None:
    head = HEAD + "start: [{on: desk}, {on: §apii}]\n"
    points_at(
        "initial: a\nstates: {a: {final: true}}\n", "'apii' is no start", "did you mean 'api'?", head=head
    )


def test_a_newer_language_is_refused(points_at: Points) -> None:
    points_at(REST, "language 1, not 9", head=HEAD.replace("lang: 1", "lang: §9"))


def test_a_hub_that_is_too_old_says_so(points_at: Points) -> None:
    head = HEAD.replace("lang: 1", "lang: 1, hub_version: §99.0.0")
    points_at(REST, "this blueprint needs hub 99.0.0", "update the hub", head=head)


def test_text_that_is_no_blueprint() -> None:
    machine, problems, *_ = compile_blueprint("just text", "x")
    assert machine is None
    assert [problem.message for problem in problems] == ["this is no blueprint"]


def test_several_problems_in_one_run(complaints: Callable[..., list[Problem]]) -> None:
    found = complaints("""
        initial: a
        states:
          a: {status: nope, phaze: x, on: {command.cancel: b}}
          b: {final: maybe}
    """)
    assert [problem.line for problem in found] == [6, 6, 7]


# --- inputs --------------------------------------------------------------------------------------

INPUTS = HEAD.replace(
    "lang: 1",
    "lang: 1, input: {bank: {name: Bank, selector: {bank: {}}}, "
    "hold: {default: {hours: 2}, selector: {duration: {max: {days: 1}}}}}",
)
BODY = """
start: [{on: api}]
deadlines: {hold: {after: !input hold}}
initial: a
states:
  a: {enter: [{assign: {bank: !input bank}}], on: {assign.failed: b, entered: c}}
  c: {on: {deadline.hold: b}}
  b: {final: true}
"""


def instance_of(inputs: str) -> tuple[Instance, dict[str, object]]:
    text = "workflows:\n  parcels:\n    use_blueprint:\n      path: x.yaml\n" + textwrap.indent(
        inputs, "      "
    )
    document = load_text(text, "site.yaml", Problems())
    assert document is not None
    path = ("workflows", "parcels", "use_blueprint", "input")
    return Instance(document, path), document.at(path)


@pytest.mark.parametrize(
    ("inputs", "place", "message", "mend"),
    [
        ("input: {bnak: main}", (5, 15), "unknown input 'bnak'", "did you mean 'bank'?"),
        ("input: {hold: {hours: 1}}", (5, 7), "input 'bank' is missing", "add: bank: ..."),
        ("input:\n  bank:\n  hold: {hours: 1}", (6, 14), "this input has no value", "write one"),
        ("input: {bank: mian}", (5, 21), "unknown bank 'mian'", "did you mean 'main'?"),
        ("input: {bank: main, hold: {days: 2}}", (5, 33), "{days: 2} is too long", "at most {days: 1}"),
        ("input: {bank: main, hold: forever}", (5, 33), "'forever' is no duration", "HH:MM:SS"),
    ],
)
def test_an_instances_inputs_are_checked_at_their_line(
    inputs: str, place: tuple[int, int], message: str, mend: str
) -> None:
    instance, given = instance_of(inputs)
    names = SiteNames(banks=("main",))
    machine, problems, *_ = compile_blueprint(INPUTS + BODY, "parcels", given, names, instance=instance)
    assert machine is None
    problem = next(problem for problem in problems if message in problem.message)
    assert (problem.file, problem.line, problem.column) == ("site.yaml", *place)
    assert mend in problem.mend


def test_an_input_that_nobody_declared(points_at: Points) -> None:
    points_at(
        """
        initial: a
        states:
          a: {enter: [{assign: {bank: §!input bnak}}], on: {assign.failed: b, entered: b}}
          b: {final: true}
    """,
        "unknown input 'bnak'",
        "did you mean 'bank'?",
    )


def test_inputs_keep_their_checked_values_in_the_machine() -> None:
    machine, problems, *_ = compile_blueprint(INPUTS + BODY, "parcels", {"bank": "main", "hold": "01:00:00"})
    assert machine is not None, problems.render()
    assert machine.inputs == {"bank": "main", "hold": 3_600_000_000}
    assert machine.deadlines["hold"].micros == 3_600_000_000


def test_a_default_is_used_and_checked() -> None:
    machine, _, *_ = compile_blueprint(INPUTS + BODY, "parcels", {"bank": "main"})
    assert machine is not None
    assert machine.inputs["hold"] == 7_200_000_000
    wrong = INPUTS.replace("default: {hours: 2}", "default: {days: 3}")
    machine, problems, *_ = compile_blueprint(wrong + BODY, "parcels", {"bank": "main"})
    assert machine is None
    assert "too long" in next(iter(problems)).message


def test_an_optional_input_without_a_value_takes_its_line_away() -> None:
    head = HEAD.replace("lang: 1", "lang: 1, input: {size: {required: false, selector: {text: {}}}}")
    body = BODY.replace("bank: !input bank", "bank: main, size: !input size").replace(
        "!input hold", "{hours: 1}"
    )
    machine, problems, *_ = compile_blueprint(head + body, "parcels", {})
    assert machine is not None, problems.render()
    assert machine.states["a"].enter[0].args == {"bank": "main"}


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    machine, problems, *_ = compile_blueprint(tmp_path / "none.yaml", "x")
    assert machine is None
    assert "cannot read this file" in next(iter(problems)).message
