"""What the journal says of the steps of a transition: place, arguments, outcome; never a secret."""

from __future__ import annotations

from typing import Any

import pytest

from hub.workflows.machine import Arrow, Case, Machine, Start, State, StepCall
from hub.workflows.run.service import Order

LIGHT = (
    StepCall("set", {"light": True}),
    StepCall("raise_incident", {"kind": "light", "urgency": "{{ 'low' if light else 'high' }}"}),
)
HEAVY = (StepCall("raise_incident", {"kind": "heavy"}),)
CHOOSING = Machine(
    workflow="choosing", blueprint="Choosing", version="1.0.0", lang=1, initial="weighing",
    start=(Start("api"),), states={
        "weighing": State(
            "weighing", on={"entered": (Arrow("weighed"),)}, enter=(
                StepCall("set", {"weight": 3}),
                StepCall("choose", cases=(Case(HEAVY, "{{ weight > 5 }}"), Case(LIGHT))),
            ),
        ),
        "weighed": State("weighed", final=True),
    },
)


async def _steps(site: Any, handover: str) -> dict[str, Any]:
    moved = await site.noted(f"handover/{handover}", "handover.moved")
    return {row["to"]: row.get("steps") for row in moved}


@pytest.mark.req("AU-01")
def test_each_transition_says_which_steps_ran_with_what_they_were_given(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        found = await _steps(site, handover)
        assert found["preparing"] == [[0, {"size": "M", "thermal": "ambient"}]]
        assert found["announcing"] == [[0], [1]]
        assert found["loading"] is None

    world(main)


def test_a_step_that_fails_stands_in_the_record_with_its_reason(world: Any) -> None:
    async def main(site: Any) -> None:
        for _ in range(2):
            await site.order()
        handover = await site.order()
        [moved, _] = await site.noted(f"handover/{handover}", "handover.moved")
        [step] = moved["steps"]
        assert (step[0], step[2]["reason"]) == (0, "full")

    world(main)


def test_steps_of_a_choose_name_the_branch_that_they_stand_in(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.handovers.offer({"choosing": (CHOOSING, "")})
        handover = await site.handovers.create(Order("choosing"))
        assert (await _steps(site, handover))["weighing"] == [
            [0], [1, {"branch": 1}], ["1.choose[1].do[0]"], ["1.choose[1].do[1]", {"urgency": "low"}],
        ]

    world(main)
