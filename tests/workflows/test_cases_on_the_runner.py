"""What a case can make happen: it runs on the hub itself, so what it shows is what a site does."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.workflows.cases import CaseResult, load_cases, render_result, run_case

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
GIVEN = """\
blueprint: {blueprints}/pickup.yaml
given: {{inputs: {{bank: main}}, banks: {{main: {{A1: {{size: M}}, A2: {{size: M}}}}}}}}
cases:
"""
Play = Callable[[str], CaseResult]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    def run(case: str) -> CaseResult:
        path = tmp_path / "one.cases.yaml"
        head = GIVEN.format(blueprints=BLUEPRINTS)
        path.write_text(head + textwrap.indent(textwrap.dedent(case), "  "))
        loaded = load_cases(path)
        assert not len(loaded.problems), loaded.problems.render()
        return run_case(loaded.cases[0])

    return run


def passes(result: CaseResult) -> None:
    assert result.passed, render_result(result)


def test_a_killed_hub_goes_on_where_it_stood(play: Play) -> None:
    passes(play("""
        - name: restart
          when:
            - command: load
            - door: closes
            - {restart: true, down_for: {hours: 1}, then: {state: waiting, credential: valid}}
            - credential: pin
            - door: closes
          then: {status: completed, effects: {open: 2}, incidents: []}
    """))


def test_a_hub_killed_in_mid_opening_finds_the_open_door_and_sends_nothing_again(play: Play) -> None:
    passes(play("""
        - name: restart
          given: {answers: {open: [opens, {answer: opens, takes: {seconds: 4}}]}}
          when:
            - command: load
            - door: closes
            - credential: pin
            - {restart: true, after: {seconds: 1}, then: {state: collecting}}
            - door: closes
          then: {status: completed, effects: {open: 2}, incidents: []}
    """))


def test_a_deadline_that_passes_while_the_hub_is_down_is_kept_at_once(play: Play) -> None:
    passes(play("""
        - name: restart
          when:
            - command: load
            - door: closes
            - {restart: true, down_for: {days: 3}}
          then: {status: expired, barred: [A1], open_incidents: [clear_out], owners: {clear_out: staff}}
    """))


def test_several_handovers_share_the_site(play: Play) -> None:
    passes(play("""
        - name: two
          when:
            - {start: api, handover: second, then: {compartment: A2}}
            - {start: api, handover: third, then: {state: no_room}}
            - {command: load, handover: second, then: {doors: {A1: unknown, A2: open}}}
            - {door: closes, handover: second}
            - {credential: pin, handover: second}
            - {door: closes, handover: second, then: {status: completed, custody: recipient}}
          then: {state: loading, compartment: A1, handovers: {third: {status: cancelled}}}
    """))


def test_local_times_follow_the_clock_change(play: Play) -> None:
    passes(play("""
        - name: dst
          given: {start: "2026-03-28 02:30", inputs: {bank: main, hold_window: {days: 1}}}
          when:
            - command: load
            - door: closes
            - {at: "2026-03-29 03:25", then: {state: waiting}}
            - {at: "2026-03-29 03:35"}
          then: {status: expired}
    """))


def test_who_may_not_is_refused(play: Play) -> None:
    passes(play("""
        - name: roles
          when:
            - {command: load, by: technician, then: {refused: [load], state: loading}}
            - {command: load, by: staff/anna, then: {state: being_loaded}}
            - door: closes
            - {command: {cancel: {why: asked}}, by: recipient/ada}
          then: {state: waiting, refused: [load, cancel]}
    """))


def test_a_person_of_the_site_opens_with_their_own_tag(play: Play) -> None:
    passes(play("""
        - name: tag
          given:
            inputs: {bank: main, access: [tag]}
            people: {ben: {name: Ben, tags: ["0a0b0c0d"]}, eve: {name: Eve, tags: ["0e0e0e0e"]}}
            recipient: {ref: ben}
          when:
            - command: load
            - door: closes
            - {tag: eve, then: {state: waiting, told: no_grant}}
            - tag: ben
            - door: closes
          then: {status: completed, chain: [hub, recipient], outcomes: {A1: collected}}
    """))


def test_a_board_without_power_opens_nothing_and_nothing_is_lost(play: Play) -> None:
    passes(play("""
        - name: dark
          when:
            - command: load
            - door: closes
            - {offline: locks, then: {open_incidents: [offline]}}
            - {credential: pin, then: {state: waiting, told: out_of_order, effects: {open: 1}}}
            - online: locks
            - credential: pin
            - door: closes
          then: {status: completed, effects: {open: 2}}
    """))


def test_a_message_service_that_is_down_is_tried_again(play: Play) -> None:
    passes(play("""
        - name: letters
          given: {answers: {notify: [down, delivered]}}
          when:
            - command: load
            - door: closes
            - {credential: pin, after: {minutes: 30}}
            - door: closes
          then: {status: completed, messages: [ready_for_pickup]}
    """))


def test_the_trace_names_the_line_of_each_state(play: Play) -> None:
    result = play("""
        - name: fails
          when: [command: load]
          then: {state: waiting}
    """)
    assert not result.passed
    shown = render_result(result)
    assert "-> being_loaded" in shown
    assert "pickup.yaml:" in shown
    assert "- assign bank=main" in shown


def test_the_traces_of_several_handovers_are_told_apart(play: Play) -> None:
    result = play("""
        - name: fails
          when:
            - {start: api, handover: second}
            - {command: cancel, handover: second}
          then: {state: waiting}
    """)
    shown = render_result(result)
    assert "second: command.cancel by=token:desk -> cancelled" in shown
    assert "first: start.api -> preparing" in shown


@pytest.mark.parametrize(
    ("rest", "message", "mend"),
    [
        ("when: [{incident: stuck}], then: {state: x}", "'incident' goes with: desk", "add: desk"),
        ("when: [{door: closes, by: staff}], then: {state: x}", "'by' goes with", "leave 'by' out"),
        ("when: [{command: laod}], then: {state: x}", "'laod' is no command", "'load'"),
        ("when: [{at: '2026-13-01 10:00'}], then: {state: x}", "is no time", "for example"),
        ("given: {zone: Berlin}, then: {state: x}", "'Berlin' is no time zone", "Europe/Berlin"),
        ("given: {item: {size: XXL}}, then: {state: x}", "'XXL' is no size", "XL"),
        ("then: {mony: taken}", "unknown key 'mony'", "did you mean 'money'?"),
        ("when: [{start: apy}], then: {state: x}", "'apy' is no way to begin", "'api'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, rest: str, message: str, mend: str) -> None:
    path = tmp_path / "one.cases.yaml"
    path.write_text(GIVEN.format(blueprints=BLUEPRINTS) + "  - {name: a, " + rest + "}\n")
    [problem] = [one for one in load_cases(path).problems if message in one.message]
    assert (problem.line, mend in problem.mend) == (4, True)
