"""The fixed, documented list of steps. Integrations add effect steps through their `steps` hook (S35)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.workflows.steps.database import DATABASE_STEPS, RESERVED
from hub.workflows.steps.effects import EFFECT_STEPS
from hub.workflows.steps.people import PEOPLE_STEPS
from hub.workflows.steps.types import RESULTS, EffectClass, StepType

__all__ = ["RESERVED", "RESULTS", "STEPS", "EffectClass", "StepType", "with_steps"]

def _not_called(value: object) -> object:
    raise AssertionError("the branches are checked one by one")


CHOOSE = StepType(
    "choose", _not_called, EffectClass.DATABASE,
    "Does the steps of the first branch whose `when` holds; one without `when` always holds. A step that "
    "fails there does so under its own name.",
)

#: Every step of the hub itself, by name.
STEPS: Mapping[str, StepType] = {
    step.name: step for step in (*DATABASE_STEPS, *PEOPLE_STEPS, CHOOSE, *EFFECT_STEPS)
}


def with_steps(extra: Iterable[StepType]) -> dict[str, StepType]:
    """The hub's steps and those of integrations. ValueError for a taken name or a database step."""
    steps = dict(STEPS)
    for step in extra:
        if step.name in steps:
            raise ValueError(f"step '{step.name}' exists already")
        if not step.is_effect:
            raise ValueError(f"step '{step.name}': integrations add effect steps only")
        steps[step.name] = step
    return steps
