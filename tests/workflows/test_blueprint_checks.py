"""What a blueprint must not do, refused at its line (DESIGN sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.config.problems import Problem

Points = Callable[..., None]
OPEN = "open: {evidence: door_sensor, within: {seconds: 5}}"
BLIND = "open: {evidence: ack, within: {seconds: 5}}"
PAY = "authorise: {amount: 250, item: 1, within: {seconds: 60}}"
ASSIGN = "first: {enter: [{assign: {bank: main}}], on: {assign.failed: z, entered: a}}"


def states(*lines: str, initial: str = "a") -> str:
    return "\n".join(
        [f"initial: {initial}", "states:", *(f"  {line}" for line in lines), "  z: {final: true}", ""]
    )


@pytest.mark.parametrize(
    ("body", "message", "mend"),
    [
        pytest.param(
            states("a: {enter: [{§asign: {bank: main}}], on: {entered: z}}"),
            "unknown step 'asign'",
            "did you mean 'assign'?",
            id="unknown step",
        ),
        pytest.param(
            states("a: {enter: [{assign: {bank: main, §sise: M}}], on: {assign.failed: z, entered: z}}"),
            "unknown key 'sise'",
            "did you mean 'size'?",
            id="unknown argument",
        ),
        pytest.param(
            states("a: {enter: [{§assign: {size: M}}], on: {assign.failed: z, entered: z}}"),
            "'bank' is missing",
            "add: bank: !input bank",
            id="missing argument",
        ),
        pytest.param(
            states("a: {enter: [{notify: {to: staff, template: §staff_attenton}}], on: {entered: z}}"),
            "'staff_attenton' is no message template",
            "did you mean 'staff_attention'?",
            id="unknown template",
        ),
        pytest.param(
            states(
                ASSIGN,
                "a: {enter: [{open: {evidence: §door_senser, within: {seconds: 5}}}],"
                " on: {effect.confirmed: z, effect.refuted: z}}",
                initial="first",
            ),
            "'door_senser' is no level of evidence",
            "did you mean 'door_sensor'?",
            id="unknown evidence",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{§{OPEN}}}, {{bar: {{reason: x}}}}],"
                " on: {effect.confirmed: z, effect.refuted: z}}",
                initial="first",
            ),
            "the effect step open is not the last one",
            "move it to the end",
            id="effect not last",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{{OPEN}}}, {{§{OPEN}}}], on: {{effect.confirmed: z, effect.refuted: z}}}}",
                initial="first",
            ),
            "'a' has a second effect step, open",
            "state of its own",
            id="two effects",
        ),
        pytest.param(
            states("a: {on: {command.cancel: z}}", "§b: {on: {command.cancel: z}}"),
            "state 'b' cannot be reached",
            "lead an arrow to it",
            id="unreachable state",
        ),
        pytest.param(
            states("a: {on: {command.cancel: z, command.load: b}}", "§b: {label: Stuck here}"),
            "state 'b' has no way out",
            "add on: or after:",
            id="no way out",
        ),
        pytest.param(
            states(
                "a: {on: {command.cancel: z, command.load: b}}",
                "§b: {on: {command.open: c}}",
                "c: {on: {command.open: b}}",
            ),
            "from state 'b' no final state can be reached",
            "final: true",
            id="never ends",
        ),
        pytest.param(
            states("a: {enter: [{§assign: {bank: main}}], on: {entered: z}}"),
            "nothing handles assign.failed in 'a'",
            "add to on: assign.failed: STATE",
            id="unhandled step failure",
        ),
        pytest.param(
            states(ASSIGN, f"a: {{enter: [{{§{OPEN}}}], on: {{effect.confirmed: z}}}}", initial="first"),
            "nothing handles effect.refuted in 'a'",
            "no_motion",
            id="unhandled refuted",
        ),
        pytest.param(
            states(f"a: {{enter: [{{§{PAY}}}], on: {{effect.confirmed: z}}}}"),
            "nothing handles a denied payment in 'a'",
            "denied",
            id="authorise without denied",
        ),
        pytest.param(
            "deadlines: {§hold: {after: {hours: 1}}}\n" + states("a: {on: {command.cancel: z}}"),
            "no reachable state handles deadline 'hold'",
            "deadline.hold: STATE",
            id="deadline never heard",
        ),
        pytest.param(
            "deadlines: {hold: {after: {hours: 1}}}\n"
            + states("a: {on: {deadline.hold: z, §deadline.holt: z}}"),
            "unknown deadline 'holt'",
            "did you mean 'hold'?",
            id="unknown deadline",
        ),
        pytest.param(
            "deadlines: {hold: {after: {hours: 1}, from: §aa}}\n" + states("a: {on: {deadline.hold: z}}"),
            "unknown state 'aa'",
            "did you mean 'a'?",
            id="deadline from an unknown state",
        ),
        pytest.param(
            states("a: {on: {command.cancel: §zz}}"),
            "unknown state 'zz'",
            "did you mean 'z'?",
            id="unknown target",
        ),
        pytest.param(
            states("a: {after: {for: {hours: 1}, to: [{when: '{{ attempts > 1 }}', to: z}, {to: §zz}]}}"),
            "unknown state 'zz'",
            "did you mean 'z'?",
            id="unknown target of a timer",
        ),
        pytest.param(
            states("a: {on: {§credential.acepted: z}}"),
            "unknown event 'credential.acepted'",
            "did you mean 'credential.accepted'?",
            id="unknown event",
        ),
        pytest.param(
            states("a: {on: {§effect.confirmed: z, command.cancel: z}}"),
            "'effect.confirmed' cannot happen here",
            "no effect step",
            id="result without an effect",
        ),
        pytest.param(
            states(
                "§a: {on: {entered: b}}", "b: {on: {entered: [{when: '{{ attempts > 3 }}', to: z}, {to: a}]}}"
            ),
            "run in a circle without a pause: a -> b -> a",
            "wait for an event",
            id="circle of entered",
        ),
        pytest.param(
            states("§a: {enter: [{assign: {bank: main}}], on: {assign.failed: a, entered: z}}"),
            "run in a circle without a pause: a -> a",
            "wait for an event",
            id="circle of failures",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{{BLIND}}}], on: {{effect.confirmed: z, §effect.refuted: a}}}}",
                initial="first",
            ),
            "open in 'a' is blind",
            "ask for better evidence",
            id="blind retry",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{{OPEN}}}], on:"
                " {effect.confirmed: z, effect.refuted: z, §effect.in_doubt: b}}",
                "b: {after: {for: {minutes: 1}, to: a}}",
                initial="first",
            ),
            "open is repeated in 'a' while that of 'a' is in doubt",
            "recovery",
            id="retry in doubt",
        ),
        pytest.param(
            states("a: {on: {command.load: [{when: '{{ §attempts < }}', to: z}, {to: z}]}}")
            .replace("§", "")
            .replace("when: '", "when: §'"),
            "in the expression 'attempts <'",
            "",
            id="expression syntax",
        ),
        pytest.param(
            states("a: {on: {command.load: [{when: §'{{ atempts < 2 }}', to: z}, {to: z}]}}"),
            "unknown name 'atempts'",
            "did you mean 'attempts'?",
            id="unknown name",
        ),
        pytest.param(
            states("a: {enter: [{set: {x: §'{{ inputs.bnak }}'}}], on: {entered: z}}"),
            "unknown input 'bnak'",
            "did you mean 'bank'?",
            id="unknown input in an expression",
        ),
        pytest.param(
            states("a: {enter: [{set: {x: §'{{ item.__class__ }}'}}], on: {entered: z}}"),
            "names that begin with _",
            "",
            id="forbidden attribute",
        ),
        pytest.param(
            states("a: {enter: [{set: {x: §'{{ range(9) }}'}}], on: {entered: z}}"),
            "calls are not allowed",
            "",
            id="forbidden call",
        ),
        pytest.param(
            states("a: {enter: [{set: {x: §'size {{ item.size }}'}}], on: {entered: z}}"),
            "mixes text with an expression",
            "whole value",
            id="text and expression",
        ),
        pytest.param(
            states(
                ASSIGN,
                "a: {on: {command.load: b}}",
                f"b: {{final: true, enter: [{{§{OPEN}}}]}}",
                initial="first",
            ),
            "'b' is final and its step open has an effect",
            "state before",
            id="final state with an effect",
        ),
        pytest.param(
            states("a: {on: {command.load: b}}", "b: {final: true, enter: [{§assign: {bank: main}}]}"),
            "'b' is final and its step assign can fail",
            "state before",
            id="final state that can fail",
        ),
        pytest.param(
            states("a: {on: {command.load: b}}", "b: {final: true, §on: {command.load: a}}"),
            "'b' is final: nothing can happen there",
            "remove `on`",
            id="final state with events",
        ),
        pytest.param(
            states(
                "a: {on: {command.load: b}}",
                "b: {enter: [§capture], on: {effect.confirmed: z, effect.refuted: z}}",
            ),
            "capture in 'b': no payment is authorised",
            "effect.confirmed",
            id="capture without authorise",
        ),
        pytest.param(
            states(
                "a: {on: {command.load: b}}",
                "b: {enter: [§void], on: {effect.confirmed: z, effect.refuted: z}}",
            ),
            "void in 'b': no payment was asked for",
            "authorise",
            id="void without authorise",
        ),
        pytest.param(
            states(
                f"a: {{enter: [{{{PAY}}}], on: {{effect.confirmed: b, effect.refuted: b}}}}",
                "b: {enter: [§capture], on: {effect.confirmed: z, effect.refuted: z}}",
            ),
            "capture in 'b': no payment is authorised",
            "effect.confirmed",
            id="capture after a denied payment",
        ),
        pytest.param(
            states(f"a: {{enter: [{{§{OPEN}}}], on: {{effect.confirmed: z, effect.refuted: z}}}}"),
            "open in 'a': no compartment is assigned yet",
            "assign one",
            id="open without a compartment",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{{OPEN}}}], on:"
                " {effect.confirmed: z, effect.refuted: z, §command.cancel: z}}",
                initial="first",
            ),
            "'command.cancel' would leave 'a' while open is open",
            "wait for the result",
            id="leaving an open effect",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{{OPEN}}}], §after: {{for: {{minutes: 1}}, to: z}}, on:"
                " {effect.confirmed: z, effect.refuted: z}}",
                initial="first",
            ),
            "'after' would leave 'a' while open is open",
            "`within`",
            id="timing an open effect out",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{{OPEN}}}], on:"
                " {effect.confirmed: z, §effect.refuted: [{when: '{{ attempts < 2 }}', to: z}]}}",
                initial="first",
            ),
            "'effect.refuted' is lost when every `when` is false",
            "last arrow without `when`",
            id="guards only",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{{OPEN}}}], on: {{effect.confirmed: z, §effect.refuted: stay}}}}",
                initial="first",
            ),
            "'effect.refuted' must lead to a state",
            "wait for nothing",
            id="a result that stays",
        ),
        pytest.param(
            states("a: {on: {command.load: [{to: z}, {when: '{{ attempts < 2 }}', to: §a}]}}"),
            "this arrow is never taken",
            "last",
            id="arrow after an unguarded one",
        ),
        pytest.param(
            states(
                ASSIGN,
                f"a: {{enter: [{{{OPEN}}}], on: {{effect.confirmed: z, effect.refuted: §recovery}}}}",
                initial="first",
            ),
            "recovery waits for the verdict on an effect",
            "only effect.in_doubt",
            id="recovery without a doubt",
        ),
        pytest.param(
            states("a: {each: allocation, on: {command.load: z}}").replace("each", "§each"),
            "'a' has no states to run for each allocation",
            "add: initial: CHILD, and to that state: parent: a",
            id="each",
        ),
        pytest.param(
            states("a: {on: {command.load: z}, parent: §pp}"),
            "unknown state 'pp'",
            "",
            id="unknown parent",
        ),
        pytest.param(
            states("a: {enter: [{set: {§now: 1}}], on: {entered: z}}"),
            "'now' cannot be set",
            "of your own",
            id="setting a reserved name",
        ),
    ],
)
def test_a_bad_blueprint_is_refused_at_its_place(
    points_at: Points, body: str, message: str, mend: str
) -> None:
    points_at(body, message, mend)


def test_a_retry_after_proof_is_allowed_where_the_door_is_observed(
    complaints: Callable[..., list[Problem]],
) -> None:
    body = states(
        ASSIGN,
        f"a: {{enter: [{{{OPEN}}}], on: {{effect.confirmed: z, effect.refuted: "
        "[{when: '{{ attempts < 2 }}', to: a}, {to: z}]}}",
        initial="first",
    )
    assert complaints(body) == []


def test_a_blind_act_may_be_tried_again_by_a_person(complaints: Callable[..., list[Problem]]) -> None:
    body = states(
        ASSIGN,
        f"a: {{enter: [{{{BLIND}}}], on: {{effect.confirmed: z, effect.refuted: b}}}}",
        "b: {on: {command.open: a, command.cancel: z}}",
        initial="first",
    )
    assert complaints(body) == []


@pytest.mark.req("WF-13", "AC-07", "ES-01")
@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("pickup", {"bank": "main"}),
        ("sale", {"bank": "main", "terminal": "front"}),
    ],
)
def test_the_shipped_blueprints_are_sound(name: str, inputs: dict[str, str]) -> None:
    from hub.workflows.compile import compile_blueprint

    path = Path(__file__).parents[2] / "blueprints" / f"{name}.yaml"
    machine, problems, *_ = compile_blueprint(path, name, inputs)
    assert machine is not None, problems.render()
    assert problems.render() == ""


def test_a_bank_that_is_written_out_must_exist(points_at: Points) -> None:
    points_at(
        states("a: {enter: [{assign: {bank: §mian}}], on: {assign.failed: z, entered: z}}"),
        "unknown bank 'mian'",
        "did you mean 'main'?",
    )
