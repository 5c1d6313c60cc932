"""What a blueprint may say besides states and arrows: choices, sections, schedules, deadlines, starts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.config.selectors import SiteNames
from hub.workflows.compile import compile_blueprint
from hub.workflows.engine import Event, EventClass, Snapshot, begin, chosen
from hub.workflows.expressions import ExpressionError, evaluate, truth
from hub.workflows.machine import Machine

Points = Callable[..., None]
HOUR = 3600
OPENING = {"zone": "Europe/Berlin", "week": [[[8 * HOUR, 18 * HOUR]]] * 7, "except": {}}
NAMES = SiteNames(banks=("main",), schedules={"opening": OPENING}, zone="Europe/Berlin")
HEAD = "blueprint: {name: Test, domain: handover, version: 1.0.0, lang: 1%s}\nstart: [{on: api}]\n"
HOURS = ", input: {opening: {selector: {schedule: {}}}}"
WAIT = "initial: a\nstates: {a: {on: {command.load: z, deadline.due: z}}, z: {final: true}}\n"


def at(text: str) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return int(local.timestamp()) * 1_000_000


def machine_of(text: str, inputs: dict[str, Any] | None = None) -> Machine:
    machine, problems, *_ = compile_blueprint(text, "test", inputs, NAMES)
    assert machine is not None, problems.render()
    return machine


def due(text: str, now: str, inputs: dict[str, Any] | None = None, **values: Any) -> int:
    machine = machine_of(text, inputs)
    fresh = Snapshot("h", "test", "", vars=values)
    begun = Event("begun", EventClass.INTERNAL, at(now))
    return begin(machine, fresh, begun, truth).snapshot.deadlines["due"]


CHOICE = """
initial: a
states:
  a:
    enter:
      - choose:
          - {when: "{{ data.kind == 'gift' }}", do: [{notify: {to: recipient, template: ready_for_pickup}}]}
          - {when: "{{ data.nothing }}", do: [{set: {never: true}}]}
          - {do: [{set: {plain: true}}]}
    on: {entered: z}
  z: {final: true}
"""


def test_choose_does_the_first_branch_that_holds(compile_states: Callable[..., Machine]) -> None:
    call = compile_states(CHOICE).states["a"].enter[0]
    assert [one.type for one in chosen(call, {"data": {"kind": "gift"}}, truth)] == ["notify"]


def test_s26_a_branch_whose_guard_fails_is_not_taken(compile_states: Callable[..., Machine]) -> None:
    call = compile_states(CHOICE).states["a"].enter[0]
    assert [one.args for one in chosen(call, {"data": {"kind": "other"}}, truth)] == [{"plain": True}]


def other(step: str) -> str:
    """The choice with another step in its last branch."""
    return CHOICE.replace("{set: {plain: true}}", step)


@pytest.mark.parametrize(
    ("text", "message", "mend"),
    [
        (other("{§open: {evidence: door_sensor, within: {seconds: 5}}}"),
         "open acts: it cannot stand in choose", "a state of its own"),
        (other("{§sett: {plain: true}}"), "unknown step 'sett'", "set"),
        (other("{§assign: {bank: main}}"), "nothing handles assign.failed", ""),
        (other("{§release: {}}"), "no compartment is assigned yet", "assign"),
        (CHOICE.replace('"{{ data.nothing', '§"{{ dta.nothing'), "unknown name 'dta'", "data"),
        ("initial: a\nstates: {a: {enter: [{choose: §{}}], on: {entered: z}}, z: {final: true}}\n",
         "expected a list of branches", "choose: [{when:"),
        ("keys: {§x: undo}\n" + WAIT, "'x' cannot be keyed", "digits"),
        ('keys: {"7": §undoo}\n' + WAIT, "'undoo' is no command", "undo"),
        ("deadlines: {§due: {from: a}}\n" + WAIT, "'after' is missing", "after: {hours: 48}"),
        ("deadlines: {§due: {until: closing}}\n" + WAIT, "'schedule' is missing", "!input opening"),
        ('deadlines: {due: {until: §"25:00"}}\n' + WAIT, "is no end", '"18:00"'),
        ('deadlines: {due: {until: closing, schedule: §opening}}\n' + WAIT, "expected a schedule", "!input"),
    ],
)
def test_a_line_that_means_nothing_is_refused_at_its_place(
    points_at: Points, text: str, message: str, mend: str
) -> None:
    points_at(text, message, mend)


def test_inputs_in_sections_keep_flat_names() -> None:
    text = HEAD % ", input: {where: {name: Where, input: {bank: {selector: {bank: {}}}}}}" + WAIT.replace(
        ", deadline.due: z", ""
    )
    assert machine_of(text, {"bank": "main"}).inputs == {"bank": "main"}


@pytest.mark.parametrize(
    ("inputs", "message", "mend"),
    [
        ("{one: {selector: {text: {}}}, more: {input: {§one: {selector: {text: {}}}}}}",
         "input 'one' is declared twice", "another name"),
        ("{more: {collapsed: true, input: {§one: {selector: {text: {}}}}}}",
         "of a collapsed section has no default", "default"),
        ("{one: {selector: {§shedule: {}}}}", "unknown selector 'shedule'", "schedule"),
        ("{one: {default: §null, selector: {text: {}}}}", "this input has no value", "write one"),
    ],
)
def test_an_input_that_cannot_be_is_refused_at_its_line(
    points_at: Points, inputs: str, message: str, mend: str
) -> None:
    body = WAIT.replace(", deadline.due: z", "")
    points_at(body, message, mend, head=HEAD % f", input: {inputs}", inputs={"one": "x"})


def test_a_schedule_input_is_pinned_with_what_it_says() -> None:
    machine = machine_of(HEAD % HOURS + WAIT.replace(", deadline.due: z", ""), {"opening": "opening"})
    assert machine.inputs["opening"] == {"name": "opening", **OPENING}


def test_an_unknown_schedule_is_refused_with_the_nearest() -> None:
    text = HEAD % HOURS + WAIT.replace(", deadline.due: z", "")
    _, problems, *_ = compile_blueprint(text, "test", {"opening": "openning"}, NAMES)
    assert [(one.message, one.mend) for one in problems] == [
        ("unknown schedule 'openning'", "did you mean 'opening'?")
    ]


def test_s22_a_deadline_may_be_the_closing_of_a_schedule() -> None:
    text = HEAD % HOURS + "deadlines: {due: {until: closing, schedule: !input opening}}\n" + WAIT
    assert due(text, "2026-11-20T09:00", {"opening": "opening"}) == at("2026-11-20T18:00")


def test_s3_a_deadline_may_be_a_time_of_day_also_in_the_night_of_the_change() -> None:
    text = HEAD % "" + 'deadlines: {due: {until: "02:30"}}\n' + WAIT
    assert due(text, "2026-03-28T12:00") == at("2026-03-29T03:00")


def test_s22_a_deadline_may_be_a_moment_of_the_order() -> None:
    text = HEAD % "" + "deadlines: {due: {at: due, after: {hours: 1}}}\n" + WAIT
    assert due(text, "2026-11-20T09:00", due=at("2026-11-25T12:00")) == at("2026-11-25T12:00")
    assert due(text, "2026-11-20T09:00") == at("2026-11-20T10:00")


def test_keys_become_commands_of_the_machine() -> None:
    text = HEAD % "" + 'keys: {"7": undo, 8: not_empty}\n' + WAIT.replace(", deadline.due: z", "")
    assert machine_of(text).keys == {"7": "undo", "8": "not_empty"}


def test_a_start_may_name_who_may_begin_and_what_is_keyed_before() -> None:
    text = (HEAD % "").replace("{on: api}", '{on: tag, terminal: front, group: members, keys: "1"}')
    start = machine_of(text + WAIT.replace(", deadline.due: z", "")).start[0]
    assert (start.on, start.terminal, start.group, start.keys) == ("tag", "front", "members", "1")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("now is during(inputs.opening)", True),
        ("now | next_closing(inputs.opening)", at("2026-11-20T18:00")),
        ("now | next_opening(inputs.opening)", at("2026-11-21T08:00")),
    ],
)
def test_s30_expressions_ask_a_schedule(expression: str, value: object) -> None:
    scope = {"now": at("2026-11-20T09:00"), "inputs": {"opening": OPENING}}
    assert evaluate(expression, scope) == value


def test_s30_a_schedule_that_is_none_fails_with_what_to_write() -> None:
    with pytest.raises(ExpressionError, match="expected a moment and a schedule"):
        evaluate("now is during(3)", {"now": 1})
