"""What holds of the engine and the shipped blueprints for any sequence of events."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.clock import HOUR
from hub.workflows.compile import compile_blueprint
from hub.workflows.engine import Event, EventClass, Snapshot, begin, deliverable, step
from hub.workflows.expressions import truth
from hub.workflows.machine import Machine

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
INPUTS = {"pickup": {"bank": "main"}, "sale": {"bank": "main", "terminal": "front"}}


@cache
def machine_of(name: str) -> Machine:
    machine, problems, *_ = compile_blueprint(BLUEPRINTS / f"{name}.yaml", name, INPUTS[name])
    assert machine is not None, problems.render()
    return machine


def names_of(machine: Machine) -> list[str]:
    found = {name for state in machine.states.values() for name in state.on}
    return sorted(
        found | {"after.1.0", "after.7.0", "after.x.y", "deadline.hold", "deadline.none", "nonsense"}
    )


@st.composite
def events(draw: st.DrawFn, machine: Machine) -> Event:
    data = draw(
        st.dictionaries(
            st.sampled_from(["verdict", "reason", "kind", "method"]),
            st.sampled_from(["confirmed", "refuted", "closed", "denied", "stuck", "pin"]),
        )
    )
    return Event(
        draw(st.sampled_from(names_of(machine))),
        draw(st.sampled_from(list(EventClass))),
        draw(st.integers(0, 200)) * HOUR,
        data,
        draw(st.sampled_from(["", "e", "old"])),
    )


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(["pickup", "sale"]))
def test_any_sequence_of_events_is_answered(data: st.DataObject, name: str) -> None:
    """Nothing raises, ended stays ended, entries only grow, an open effect is only left by its result."""
    machine = machine_of(name)
    begun = Event("begun", EventClass.INTERNAL, 0)
    snapshot = begin(machine, Snapshot("h", name, ""), begun, truth).snapshot
    for event in data.draw(st.lists(events(machine), max_size=25)):
        before = snapshot
        decision = step(machine, before, event, truth)
        snapshot = decision.snapshot
        assert snapshot.state in machine.states
        assert snapshot.entry == before.entry + bool(decision.entered)
        if before.ended:
            assert snapshot == before
        if before.effect_id and decision.entered:
            assert event.kind is EventClass.RESULT
            assert event.effect_id == before.effect_id
        assert set(before.deadlines.items()) <= set(snapshot.deadlines.items())
        if decision.effect is not None:
            snapshot = msgspec.structs.replace(snapshot, effect_id="e", attempts=snapshot.attempts + 1)
        waits = deliverable(machine, snapshot)
        assert waits == "" or not snapshot.effect_id


_NOISE = st.sampled_from(["", "  # a remark", "\n", "\n# a line of its own\n", "   "])


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(["pickup", "sale"]))
def test_comments_and_blank_lines_do_not_change_the_digest(data: st.DataObject, name: str) -> None:
    """S31: what a handover pins is the meaning, not the layout."""
    lines = (BLUEPRINTS / f"{name}.yaml").read_text("utf-8").splitlines()
    spots = data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=8))
    for spot in spots:
        lines[spot] += data.draw(_NOISE)
    machine, problems, *_ = compile_blueprint("\n".join(lines), name, INPUTS[name])
    assert machine is not None, problems.render()
    assert machine.digest() == machine_of(name).digest()


def test_another_input_is_another_digest() -> None:
    machine, _, *_ = compile_blueprint(
        BLUEPRINTS / "pickup.yaml", "pickup", {"bank": "main", "hold_window": {"hours": 1}}
    )
    assert machine is not None
    assert machine.digest() != machine_of("pickup").digest()
