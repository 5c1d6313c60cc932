"""A task about a compartment that the handover has left says nothing about the one that it has now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.workflows.engine import Event, EventClass, Snapshot, step
from hub.workflows.expressions import truth
from hub.workflows.machine import Machine

STATES = """
initial: stuck
states:
  stuck:
    on:
      incident.resolved: [{when: "{{ event.kind == 'stuck' }}", to: collected}]
      command.cancel: collected
  collected: {final: true}
"""


@pytest.fixture
def resolved(compile_states: Callable[..., Machine]) -> Callable[..., str]:
    """The state after the task `stuck` about a compartment ended, for a handover with these allocations."""
    machine = compile_states(STATES)

    def after(about: str, *allocations: dict[str, Any], **names: str) -> str:
        known = {"allocations": list(allocations), "allocation": allocations[-1]} if allocations else {}
        snapshot = Snapshot("h", "test", "", state="stuck", vars=known)
        data = {"kind": "stuck", "verdict": "confirmed", "compartment": about}
        event = Event("incident.resolved", EventClass.INTERNAL, 1, data, names.get("effect", ""))
        return step(machine, snapshot, event, truth).snapshot.state

    return after


A1 = {"id": "a1", "compartment": "main/A1"}
A2 = {"id": "a2", "compartment": "main/A2"}


def test_s25_the_task_of_the_compartment_in_hand_is_heard(resolved: Callable[..., str]) -> None:
    assert resolved("main/A2", A2) == "collected"


def test_s25_the_task_of_a_compartment_given_up_moves_nothing(resolved: Callable[..., str]) -> None:
    assert resolved("main/A1", A2) == "stuck"
    assert resolved("main/A1", {**A1, "freed": True}, A2) == "stuck"


def test_s25_any_of_several_compartments_counts(resolved: Callable[..., str]) -> None:
    assert resolved("main/A1", A1, A2) == "collected"


def test_s25_without_a_compartment_every_task_is_heard(resolved: Callable[..., str]) -> None:
    assert resolved("main/A1") == "collected"


def test_s25_a_verdict_on_an_act_is_matched_by_its_effect(resolved: Callable[..., str]) -> None:
    assert resolved("main/A1", A2, effect="e1") == "collected"
