"""A difference between two machines is never missed, and none is made up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.config.shipped import shipped
from hub.workflows.machine import After, Arrow, Deadline, Machine, Start, State, StepCall
from hub.workflows.versions.alone import compile_alone
from hub.workflows.versions.diff import Kind, diff
from hub.workflows.versions.report import lines, summary
from hub.workflows.versions.written import Written

FILES = sorted(p for p in shipped("blueprints").glob("*.yaml") if not p.name.endswith(".cases.yaml"))
#: Machines are large to draw, and others may use the processor.
_FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_words = st.sampled_from(["a", "b", "c"])
_arrows = st.lists(st.builds(Arrow, _words, st.sampled_from(["", "{{ x }}"])), max_size=2).map(tuple)
_calls = st.lists(
    st.builds(StepCall, _words, st.dictionaries(_words, st.integers(0, 2), max_size=2)), max_size=3
).map(tuple)
_states = st.builds(
    State, name=_words, label=_words, enter=_calls, on=st.dictionaries(_words, _arrows, max_size=2),
    after=st.lists(st.builds(After, st.sampled_from([1000, 2000]), _arrows), max_size=1).map(tuple),
    final=st.booleans(),
)
_machines = st.builds(
    Machine, workflow=st.just("w"), blueprint=_words, version=_words, lang=st.just(1), initial=_words,
    states=st.dictionaries(_words, _states, max_size=3),
    deadlines=st.dictionaries(_words, st.builds(Deadline, st.integers(1, 2)), max_size=2),
    start=st.lists(st.builds(Start, _words, _words), max_size=2).map(tuple),
    inputs=st.dictionaries(_words, st.integers(0, 2), max_size=2),
)


@_FEW
@given(_machines)
def test_nothing_differs_from_itself(machine: Machine) -> None:
    assert diff(machine, machine) == []


@_FEW
@given(_machines, _machines)
def test_machines_that_differ_have_a_difference_and_it_has_words(old: Machine, new: Machine) -> None:
    changes = diff(old, new)
    assert bool(changes) == (old.digest() != new.digest())
    assert len(list(lines(changes, Written(), Written()))) == len(changes)
    assert summary(changes)


@_FEW
@given(_machines, _machines)
def test_back_again_what_was_added_is_removed(old: Machine, new: Machine) -> None:
    there = {change.what for change in diff(old, new) if change.kind is Kind.ADDED}
    back = {change.what for change in diff(new, old) if change.kind is Kind.REMOVED}
    named = ("state ", "input ", "deadline ")  # entries of a list may be matched another way round
    there = {what for what in there if what.startswith(named) and ":" not in what}
    assert there == {what for what in back if what.startswith(named) and ":" not in what}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_part_of_a_shipped_blueprint_has_a_line(path: Any) -> None:
    compiled = compile_alone(path)
    assert compiled.machine is not None, compiled.problems.render()
    written = Written.of(compiled.sources, compiled.marks)
    again = Written.decode(*written.encode())
    assert again == written
    for state in compiled.machine.states.values():
        place = again.place(("states", state.name))
        for index in range(len(state.enter)) if place else ():
            found = again.place(("states", state.name, "enter", index))
            assert found is not None and again.line(*found)
