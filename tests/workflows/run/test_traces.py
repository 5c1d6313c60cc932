"""A trace tells of each event its arrow and guards, and what was done with which outcome."""

from __future__ import annotations

from typing import Any

import pytest

from hub.workflows.compile import compile_blueprint
from hub.workflows.run.service import Order
from hub.workflows.run.versions import Draft
from hub.workflows.tracing import NoHandover, SeveralHandovers, find, trace

BLUEPRINT = """\
blueprint: {name: Traced, domain: handover, version: 1.0.0, lang: 1, input: {bank: {selector: {bank: {}}}}}
start: [{on: api}]
initial: placing
states:
  placing:
    enter:
      - assign: {bank: !input bank, size: "{{ item.size }}"}
    on: {assign.failed: none, entered: ready}
  ready:
    on: {command.load: opening}
  opening:
    enter:
      - set: {tried: true}
      - open: {evidence: door_sensor, within: {seconds: 5}, for: staff}
    on:
      effect.confirmed: done
      effect.refuted:
        - {when: "{{ attempts < 2 }}", to: opening}
        - {when: "{{ data.code == 7 }}", to: done}
        - {to: failed}
  failed:
    enter:
      - raise_incident: {kind: stuck}
    after: {for: {minutes: 1}, to: none}
  none: {final: true}
  done: {final: true}
"""


async def _ran(site: Any, script: list[str], size: str = "M") -> str:
    compiled = compile_blueprint(BLUEPRINT, "traced", {"bank": "main"}, file="traced.yaml")
    assert compiled.machine is not None, compiled.problems.render()
    draft = Draft(compiled.machine, compiled.sources, compiled.marks)
    await site.store.write(
        lambda tx: site.handovers.apply(tx, "traced", draft, site.clock.now(), who="test")
    )
    site.lock.script = script
    order = Order("traced", ({"sku": "a", "quantity": 1, "size": size, "thermal": "ambient"},))
    handover = await site.handovers.create(order)
    await site.ask(handover, "load")
    await site.settled(100)
    return str(handover)


def _line(text: str) -> int:
    return next(n for n, line in enumerate(BLUEPRINT.splitlines(), 1) if text in line)


def _place(place: Any) -> tuple[str, str, int]:
    return place.path, place.file, place.line


@pytest.mark.req("AU-01")
def test_each_turn_has_its_arrow_guards_steps_and_effects_with_their_lines(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _ran(site, ["stuck", "stuck"])
        story = await site.store.read(lambda r: trace(r, handover))
        assert [(turn.event, turn.entered) for turn in story.turns] == [
            ("start.api", "placing"), ("entered", "ready"), ("command.load", "opening"),
            ("effect.refuted", "opening"),
            ("effect.refuted", "failed"), ("after.5.0", "none"),
        ]
        first, _, second, third, fourth, last = story.turns
        [step] = first.steps
        assert (step.type, step.args, step.done) == ("assign", {"bank": "main", "size": "M"}, True)
        assert _place(step.place) == ("states.placing.enter[0]", "traced.yaml", _line("- assign"))
        loaded = ("states.ready.on.command.load[0]", "traced.yaml", _line("load: opening"))
        assert _place(second.arrow) == loaded
        [act] = second.acts
        assert (act.kind, act.state, act.reason) == ("open", "refuted", "no_motion")
        assert _place(act.place) == ("states.opening.enter[1]", "traced.yaml", _line("- open:"))
        [guard] = third.guards
        assert (guard.when, guard.value) == ("{{ attempts < 2 }}", "true")
        assert _place(third.arrow)[0] == "states.opening.on.effect.refuted[0]"
        assert [guard.value.split(":")[0] for guard in fourth.guards] == ["false", "error"]
        assert _place(fourth.arrow) == (
            "states.opening.on.effect.refuted[2]", "traced.yaml", _line("{to: failed}")
        )
        assert _place(last.arrow)[1:] == ("traced.yaml", _line("after:"))
        assert [trouble.kind for trouble in story.incidents] == ["stuck"]

    world(main)


def test_a_step_that_failed_says_why(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _ran(site, [], size="XL")
        story = await site.store.read(lambda r: trace(r, handover))
        [step] = story.turns[0].steps
        assert (step.done, step.reason, step.args["size"]) == (False, "too_big", "XL")
        assert story.turns[1].event == "assign.failed"

    world(main)


def test_the_lines_are_those_of_the_pinned_version_after_another_is_applied(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _ran(site, [])
        moved = compile_blueprint("# one line more\n" + BLUEPRINT.replace("1.0.0", "1.1.0"), "traced",
                                  {"bank": "main"}, file="traced.yaml")
        assert moved.machine is not None
        draft = Draft(moved.machine, moved.sources, moved.marks)
        await site.store.write(
            lambda tx: site.handovers.apply(tx, "traced", draft, site.clock.now(), who="test")
        )
        story = await site.store.read(lambda r: trace(r, handover))
        assert story.version == "1.0.0"
        assert story.turns[0].steps[0].place.line == _line("- assign")

    world(main)


def test_a_handover_is_found_by_its_reference_and_by_either_end_of_its_id(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await site.order(external_ref="order-7")
        other = await site.order()
        assert await site.store.read(lambda r: find(r, "order-7")) == handover
        assert await site.store.read(lambda r: find(r, handover[-6:])) == handover
        with pytest.raises(SeveralHandovers):
            await site.store.read(lambda r: find(r, other[:4]))
        with pytest.raises(NoHandover):
            await site.store.read(lambda r: find(r, "nothing"))

    world(main)
