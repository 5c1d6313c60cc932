"""A state with `each: allocation` takes its children through, one allocation at a time (S28)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.workflows.engine import Decision, Event, EventClass, Snapshot, begin, step
from hub.workflows.expressions import truth
from hub.workflows.machine import Machine

LOOP = """
initial: preparing
states:
  preparing:
    enter: [{assign: {bank: !input bank, per: item}}]
    on: {assign.failed: nothing, entered: visiting}
  visiting:
    each: allocation
    initial: opening
    on:
      each.done: [{when: "{{ event.released == event.of }}", to: done}, {to: partly}]
      door.breach: alarmed
  opening:
    parent: visiting
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}}}]
    on: {effect.confirmed: opened, effect.refuted: next, effect.in_doubt: recovery}
  opened:
    parent: visiting
    on: {door.closed: next}
  alarmed: {on: {command.cancel: nothing}}
  partly: {status: partially_completed, final: true}
  done: {status: completed, final: true}
  nothing: {final: true}
"""
Compile = Callable[..., Machine]


def three(*, outcomes: tuple[str, ...] = ("", "", "")) -> list[dict[str, Any]]:
    return [
        {"id": f"a{n}", "compartment": f"main/A{n}", "item": {"sku": f"s{n}"}, "outcome": word}
        for n, word in enumerate(outcomes)
    ]


def begun(machine: Machine, allocations: list[dict[str, Any]]) -> Snapshot:
    fresh = Snapshot("h1", "test", "", vars={"allocations": allocations})
    start = begin(machine, fresh, Event("begun", EventClass.INTERNAL, 0), truth).snapshot
    return settled(machine, step(machine, start, Event("entered", EventClass.INTERNAL, 1), truth))


def settled(machine: Machine, decision: Decision) -> Snapshot:
    """The snapshot after what follows by itself; an effect that the runner would begin is given an id."""
    while decision.follow is not None:
        decision = step(machine, decision.snapshot, decision.follow, truth)
    if decision.effect is None:
        return decision.snapshot
    tried = decision.snapshot.attempts + 1
    return Snapshot(**{**fields(decision.snapshot), "effect_id": "e", "attempts": tried})


def fields(snapshot: Snapshot) -> dict[str, Any]:
    return {name: getattr(snapshot, name) for name in snapshot.__struct_fields__}


def after(machine: Machine, snapshot: Snapshot, name: str, kind: EventClass, **data: Any) -> Snapshot:
    effect = snapshot.effect_id if kind is EventClass.RESULT else ""
    return settled(machine, step(machine, snapshot, Event(name, kind, 2, data, effect), truth))


def confirmed(machine: Machine, snapshot: Snapshot) -> Snapshot:
    opened = after(machine, snapshot, "effect.confirmed", EventClass.RESULT)
    found = list(opened.vars["allocations"])
    found[opened.turn] = {**found[opened.turn], "outcome": "released"}
    return Snapshot(**{**fields(opened), "vars": {**opened.vars, "allocations": found}})


def closed(machine: Machine, snapshot: Snapshot, compartment: str) -> Snapshot:
    return after(machine, snapshot, "door.closed", EventClass.FACT, compartment=compartment)


@pytest.fixture
def machine(compile_states: Compile) -> Machine:
    return compile_states(LOOP)


def test_s28_the_first_allocation_is_in_hand_when_the_loop_begins(machine: Machine) -> None:
    snapshot = begun(machine, three())
    assert (snapshot.state, snapshot.turn) == ("opening", 0)
    assert snapshot.vars["allocation"]["compartment"] == "main/A0"
    assert snapshot.vars["item"] == {"sku": "s0"}


def test_s28_the_next_one_follows_when_a_turn_ends(machine: Machine) -> None:
    snapshot = closed(machine, confirmed(machine, begun(machine, three())), "main/A0")
    assert (snapshot.state, snapshot.turn, snapshot.attempts) == ("opening", 1, 1)
    assert snapshot.vars["allocation"]["compartment"] == "main/A1"


def test_s28_after_the_last_turn_the_parent_hears_how_many_were_released(machine: Machine) -> None:
    snapshot = begun(machine, three())
    for number in range(3):
        snapshot = closed(machine, confirmed(machine, snapshot), f"main/A{number}")
    assert (snapshot.state, snapshot.status, snapshot.turn) == ("done", "completed", -1)


def test_s28_one_that_was_not_released_makes_it_partial(machine: Machine) -> None:
    snapshot = after(machine, begun(machine, three()), "effect.refuted", EventClass.RESULT)
    for number in (1, 2):
        snapshot = closed(machine, confirmed(machine, snapshot), f"main/A{number}")
    assert snapshot.status == "partially_completed"


def test_s28_another_allocations_door_does_not_end_this_turn(machine: Machine) -> None:
    snapshot = confirmed(machine, begun(machine, three()))
    assert closed(machine, snapshot, "main/A2").state == "opened"


def test_s28_another_allocations_fact_reaches_the_parent(machine: Machine) -> None:
    snapshot = confirmed(machine, begun(machine, three()))
    alarmed = after(machine, snapshot, "door.breach", EventClass.FACT, compartment="main/A2")
    assert (alarmed.state, alarmed.turn) == ("alarmed", -1)


def test_s25_recovery_keeps_the_turn_and_comes_back_to_it(machine: Machine) -> None:
    snapshot = closed(machine, confirmed(machine, begun(machine, three())), "main/A0")
    doubt = after(machine, snapshot, "effect.in_doubt", EventClass.RESULT)
    assert (doubt.state, doubt.turn) == ("recovery", 1)
    verdict = Event("incident.resolved", EventClass.INTERNAL, 3, {"verdict": "refuted"}, "e")
    back = settled(machine, step(machine, doubt, verdict, truth))
    assert (back.state, back.turn) == ("opening", 2)


def test_s28_where_chooses_who_takes_part(compile_states: Compile) -> None:
    machine = compile_states(LOOP.replace(
        "initial: opening", "initial: opening\n    where: \"{{ allocation.outcome == '' }}\""
    ))
    snapshot = begun(machine, three(outcomes=("collected", "", "collected")))
    assert snapshot.turn == 1
    assert closed(machine, confirmed(machine, snapshot), "main/A1").state == "done"


def test_s28_without_an_allocation_the_loop_is_over_at_once(machine: Machine) -> None:
    assert begun(machine, []).state == "done"


@pytest.mark.parametrize(
    ("wrong", "message", "mend"),
    [
        (LOOP.replace("  visiting:", "  §visiting:").replace("each.done", "door.opened").replace(
            '[{when: "{{ event.released == event.of }}", to: done}, {to: partly}]', "done").replace(
            "{status: partially_completed, final: true}", "{final: true}"),
         "nothing handles each.done in 'visiting'", "each.done: STATE"),
        (LOOP.replace("alarmed: {on: {command.cancel: nothing}}", "alarmed: {on: {command.cancel: §next}}"),
         "'next' is for states of a loop", "parent with each: allocation"),
        (LOOP.replace("alarmed: {on", 'alarmed: {§where: "{{ attempts == 1 }}", on'),
         "`where` chooses among turns", "add: each: allocation"),
        (LOOP.replace("each.done: [{when: \"{{ event.released == event.of }}\", to: done}, {to: partly}]",
                      "§each.done: [{when: \"{{ event.released == event.of }}\", to: done}]").replace(
            "  partly: {status: partially_completed, final: true}\n", ""),
         "'each.done' is lost when every `when` is false", "last arrow without `when`"),
    ],
)
def test_a_loop_that_cannot_work_is_refused_at_its_line(
    points_at: Callable[..., None], wrong: str, message: str, mend: str
) -> None:
    points_at(wrong, message, mend)
