"""The list of steps: complete, documented, and what integrations may add to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from hub.core.clock import SECOND
from hub.workflows.steps import RESULTS, STEPS, EffectClass, StepType, with_steps

REFERENCE = Path(__file__).parents[2] / "docs" / "installer" / "blueprints.md"


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_each_step_stands_in_the_installers_reference(step: StepType) -> None:
    row = next(
        line for line in REFERENCE.read_text("utf-8").splitlines() if line.startswith(f"| `{step.name}`")
    )
    assert step.doc
    assert ("(effect)" in row) == step.is_effect
    for reason in (*step.fails, *step.refutes):
        assert reason in row


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_effect_steps_and_only_they_have_results(step: StepType) -> None:
    assert step.results == (RESULTS if step.is_effect else ())


def test_a_valid_call_is_returned_as_plain_json() -> None:
    found = STEPS["open"].schema({"evidence": "door_sensor", "within": {"seconds": 5}})
    assert found == {"evidence": "door_sensor", "within": 5 * SECOND}
    assert STEPS["authorise"].schema(
        {
            "amount": "{{ leg.amount }}",
            "item": 3,
            "within": "00:01:00",
        }
    ) == {"amount": "{{ leg.amount }}", "item": 3, "within": 60 * SECOND}


@pytest.mark.parametrize(
    ("step", "args"),
    [
        ("open", {"evidence": "door_sensor"}),
        ("open", {"evidence": "door_sensor", "within": {"seconds": 5}, "for": "anybody"}),
        ("assign", {"bank": "main", "size": "XXL"}),
        ("assign", {"bank": "main", "thermal": None}),
        ("issue_credential", {"methods": ["pin", "smell"], "until": "hold"}),
        ("issue_credential", {"methods": [], "until": "hold"}),
        ("transfer_custody", {"to": "somebody"}),
        ("adjust_stock", {"by": 1.5}),
        ("set", {"event": 1}),
        ("set", {}),
        ("capture", {"amount": 5}),
        ("release", []),
    ],
)
def test_a_wrong_call_is_refused(step: str, args: Any) -> None:
    with pytest.raises(vol.Invalid):
        STEPS[step].schema(args)


def test_an_opening_that_nothing_observes_is_blind() -> None:
    assert STEPS["open"].class_for({"evidence": "ack"}) is EffectClass.BLIND
    assert STEPS["open"].class_for({"evidence": "door_sensor"}) is EffectClass.OBSERVABLE


def test_integrations_add_effect_steps_under_new_names() -> None:
    light = StepType("light", lambda args: args, EffectClass.IDEMPOTENT, "Lights it up.", results=RESULTS)
    assert with_steps([light])["light"] is light
    with pytest.raises(ValueError, match="exists already"):
        with_steps([dataclasses.replace(light, name="open")])
    with pytest.raises(ValueError, match="effect steps only"):
        with_steps([dataclasses.replace(light, effect_class=EffectClass.DATABASE)])


def test_an_integrations_step_is_checked_like_any_other() -> None:
    from hub.workflows.compile import compile_blueprint

    light = StepType("light", lambda args: args, EffectClass.IDEMPOTENT, "Lights it up.", results=RESULTS)
    text = """\
blueprint: {name: Test, domain: handover, version: 1.0.0, lang: 1}
start: [{on: api}]
initial: a
states:
  a: {enter: [{light: {colour: red}}], on: {effect.confirmed: z}}
  z: {final: true}
"""
    machine, problems, *_ = compile_blueprint(text, "x", steps=with_steps([light]))
    assert machine is None
    assert "nothing handles effect.refuted in 'a'" in problems.render()
    good = text.replace("confirmed: z", "confirmed: z, effect.refuted: z")
    machine, problems, *_ = compile_blueprint(good, "x", steps=with_steps([light]))
    assert machine is not None, problems.render()
