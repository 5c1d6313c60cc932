"""Days of a site on virtual time: the same seed, the same days; every promise holds, whatever breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.workflows.rehearsal import Plan
from hub.workflows.simulate.profiles import FAULTS, USERS
from hub.workflows.simulate.run import Settings, simulate

ROOT = Path(__file__).parents[3]
MakePlan = Callable[..., Plan]
OWN = """\
blueprint: {name: Own, domain: handover, version: 1.0.0, lang: 1, input: {bank: {selector: {bank: {}}}}}
start: [{on: desk}]
deadlines: {hold: {after: {hours: 20}}}
initial: first
states:
  first: {enter: [{assign: {bank: !input bank}}], on: {assign.failed: gone, entered: waiting}}
  waiting: {on: {command.inspect: looking, deadline.hold: gone}}
  looking:
    enter:
      - issue_credential: {methods: [pin], until: hold}
      - notify: {to: recipient, template: ready_for_pickup}
    on: {issue_credential.failed: gone, entered: ready}
  ready: {status: reserved, on: {credential.accepted: opening, deadline.hold: gone}}
  opening:
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}}}]
    on: {effect.confirmed: done, effect.refuted: ready}
  done: {status: completed, final: true}
  gone: {status: expired, final: true}
"""


def days(plan: Plan, number: int = 2, seed: int = 1, users: str = "busy", faults: str = "none") -> Any:
    return simulate(plan, Settings(number, seed, USERS[users], FAULTS[faults]))


def test_people_come_collect_and_pay(make_plan: MakePlan) -> None:
    found = days(make_plan())
    done = {workflow: n for workflow, status, _, n in found.handovers if status == "completed"}
    assert done["pickup"] > 10
    assert done["sale"] > 2
    assert found.success > 0.8
    assert found.money_in("captured") == 180 * done["sale"]
    assert all(0 <= share <= 1 for _, share, _ in found.usage)
    assert len(found.usage) == 47


def test_every_promise_holds_while_everything_breaks(make_plan: MakePlan) -> None:
    found = days(make_plan(), 4, faults="many")
    assert found.looks >= 15
    assert {"power_cut", "dark"} <= found.faults.keys()
    assert {kind for kind, *_ in found.incidents} & {"stuck", "door_in_doubt", "offline"}


def test_the_same_seed_gives_the_same_journal_and_another_seed_another_one(make_plan: MakePlan) -> None:
    heads = [days(make_plan(), seed=seed, faults="many").head for seed in (3, 3, 4)]
    assert heads[0] == heads[1] != heads[2]


def test_two_processes_agree_on_the_journal() -> None:
    command = [sys.executable, "-m", "hub.cli.main", "simulate", "config/demo", "--days", "1", "--seed", "9",
               "--users", "busy", "--faults", "many"]
    heads = {
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": number}, capture_output=True, text=True,
            check=True,
        ).stdout.splitlines()[-1]
        for number in ("1", "2")
    }
    [head] = heads
    assert head.startswith("journal ")


def test_a_blueprint_of_ones_own_gets_users_too(make_plan: MakePlan) -> None:
    plan = make_plan(own={"own": OWN})
    found = days(plan)
    assert sum(n for w, status, _, n in found.handovers if (w, status) == ("own", "completed")) > 3


def test_more_people_come_when_the_profile_says_so(make_plan: MakePlan) -> None:
    begun = [days(make_plan(), users=users).begun for users in ("low", "normal", "busy")]
    assert begun == sorted(begun)
    assert begun[0] < begun[2]


def test_who_never_comes_leaves_an_expired_handover_with_an_owned_task(make_plan: MakePlan) -> None:
    nobody = replace(USERS["normal"], no_show=1.0, cancels=0.0, early=0.0)
    found = simulate(make_plan(), Settings(4, 1, nobody, FAULTS["none"]))
    expired = [n for w, status, _, n in found.handovers if (w, status) == ("pickup", "expired")]
    assert sum(expired) > 0
    assert "clear_out" in {kind for kind, *_ in found.incidents}


@pytest.mark.parametrize("faults", ["none", "some"])
def test_nothing_is_still_held_by_a_handover_that_ended(make_plan: MakePlan, faults: str) -> None:
    found = days(make_plan(), faults=faults)
    assert found.begun - found.ended < 12 + 3
