"""Cases files: what they can say, what is wrong in one, and what a failing case shows."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli.test import command
from hub.workflows.cases import load_cases, render_result, run_case

BLUEPRINT = """\
blueprint: {name: Test, domain: handover, version: 1.0.0, lang: 1}
start: [{on: api}]
deadlines: {hold: {after: {hours: 1}}}
initial: first
states:
  first: {enter: [{assign: {bank: main}}], on: {assign.failed: gone, entered: waiting}}
  waiting:
    status: reserved
    on: {command.open: [{when: "{{ event.really }}", to: opening}], deadline.hold: gone}
  opening:
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}}}]
    on: {effect.confirmed: done, effect.refuted: gone}
  done: {status: completed, final: true}
  gone: {status: expired, final: true}
"""
GIVEN = "given: {banks: {main: {A1: {size: M}}}}\n"
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(cases: str) -> Path:
        (tmp_path / "door.yaml").write_text(BLUEPRINT)
        path = tmp_path / "door.cases.yaml"
        path.write_text(GIVEN + textwrap.dedent(cases))
        return path

    return put


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


GOOD = """
    cases:
      - name: opens
        when: [{command: open, data: {really: true}}]
        then: {state: done, status: completed, effects: {open: 1}, path: [waiting, opening, done]}
      - name: expires
        when: [{at: {hours: 1}}]
        then: {state: gone, status: expired}
"""
BAD = """
    cases:
      - name: opens
        when: [{command: open, data: {really: false}}]
        then: {status: completed, effects: {open: 1}}
"""


def test_passing_cases_end_with_zero(write: Write) -> None:
    shown = run(str(write(GOOD)))
    assert shown.exit_code == 0, shown.output
    assert "ok    opens" in shown.output
    assert "2 passed, 0 failed" in shown.output


def test_a_failing_case_says_what_differs_where_and_what_happened(write: Write) -> None:
    path = write(BAD)
    shown = run(str(path))
    assert shown.exit_code == 1
    for words in (
        "FAIL  opens",
        f"{path}:4:5",
        f"status: expected completed  ({path}:6:12)",
        "found reserved",
        'effects: expected {"open": 1}',
        "command.open really=false",
        "(not handled: open is not possible",
        "when {{ event.really }}: false",
        "-> waiting",
        "[assign]",
    ):
        assert words in shown.output, shown.output


def test_an_expectation_in_the_middle_is_checked_when_its_turn_comes(write: Write) -> None:
    path = write("""
        cases:
          - name: opens
            when:
              - then: {state: done}
              - {command: open, data: {really: true}}
            then: {state: done}
    """)
    result = run_case(load_cases(path).cases[0])
    assert [(one.key, one.found, one.mark.line) for one in result.differences] == [("state", "waiting", 6)]


def test_one_case_can_be_picked_and_traced(write: Write) -> None:
    shown = run(str(write(GOOD)), "--only", "expires", "--trace")
    assert "1 passed" in shown.output
    assert "01:00:00  deadline.hold -> gone" in shown.output


def test_a_blueprint_stands_for_the_cases_beside_it_and_a_folder_for_all(write: Write) -> None:
    path = write(GOOD)
    assert run(str(path.with_name("door.yaml"))).exit_code == 0
    assert run(str(path.parent)).exit_code == 0


def test_a_blueprint_without_cases_is_not_silently_good(tmp_path: Path) -> None:
    (tmp_path / "door.yaml").write_text(BLUEPRINT)
    assert "write door.cases.yaml beside it" in run(str(tmp_path / "door.yaml")).output
    assert run(str(tmp_path)).exit_code == 1


@pytest.mark.parametrize(
    ("cases", "place", "message", "mend"),
    [
        (
            "cases:\n  - name: a\n    when: [{comand: open}]\n    then: {state: done}\n",
            "4:13",
            "unknown key 'comand'",
            "did you mean 'command'?",
        ),
        (
            "cases:\n  - name: a\n    then: {stat: done}\n",
            "4:12",
            "unknown key 'stat'",
            "did you mean 'state'?",
        ),
        (
            "cases:\n  - name: a\n    given: {answers: {open: jammed}}\n    then: {state: done}\n",
            "4:29",
            "'jammed' is no answer",
            "known here",
        ),
        (
            "cases:\n  - name: a\n    when: [{command: open, door: closes}]\n    then: {state: done}\n",
            "4:28",
            "'command' and 'door' are two happenings",
            "dash of its own",
        ),
        (
            "cases:\n  - name: a\n    given: {inputs: {bnak: x}}\n    then: {state: done}\n",
            "4:22",
            "unknown input 'bnak'",
            "no inputs",
        ),
        (
            "cases:\n  - name: a\n    given: {start: yesterday}\n    then: {state: done}\n",
            "4:20",
            "expected a time",
            "for example",
        ),
        (
            "blueprint: dor.yaml\ncases:\n  - {name: a, then: {state: done}}\n",
            "1:1",
            "cannot read this file",
            "",
        ),
    ],
)
def test_what_is_wrong_in_a_cases_file(write: Write, cases: str, place: str, message: str, mend: str) -> None:
    path = write("")
    path.write_text(GIVEN + cases)
    found = next(problem for problem in load_cases(path).problems if message in problem.message)
    assert f"{found.line}:{found.column}" == place
    assert mend in found.mend
    assert run(str(path)).exit_code == 1


def test_a_broken_blueprint_is_shown_at_its_own_line(write: Write) -> None:
    path = write(GOOD)
    path.with_name("door.yaml").write_text(BLUEPRINT.replace("refuted: gone", "refuted: gonne"))
    shown = run(str(path))
    assert shown.exit_code == 1
    assert "door.yaml:12:" in shown.output
    assert "did you mean 'gone'?" in shown.output


def test_a_result_renders_the_same_each_time(write: Write) -> None:
    case = load_cases(write(BAD)).cases[0]
    assert render_result(run_case(case)) == render_result(run_case(case))


def test_a_step_that_fails_unexpectedly_ends_with_an_owner_not_in_silence(write: Write) -> None:
    path = write("""
        cases:
          - name: halts
            when: [{desk: closed, incident: step_failed}]
            then: {state: closed_by_desk, incidents: [step_failed], path: [first, halted, closed_by_desk]}
    """)
    odd = BLUEPRINT.replace("bank: main}", 'bank: main, size: "{{ item.colour }}"}').replace(
        "assign.failed: gone, ",
        "assign.failed: [{when: \"{{ event.reason == 'full' }}\", to: gone}, {to: odd}], ",
    )
    odd += '  odd: {enter: [{set: {x: "{{ item.colour }}"}}], on: {entered: gone}}\n'
    path.with_name("door.yaml").write_text(odd)
    (case,) = load_cases(path).cases
    result = run_case(case)
    assert result.passed, render_result(result)
