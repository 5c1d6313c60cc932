"""Groups of people, schedules, and workflows that would begin alike at one terminal."""

from __future__ import annotations

import pytest

from hub.model import schedules

OPENING = """\
schedules:
  opening: {mon-fri: ["08:00-20:00"], sat: ["09:00-14:00"], except: {"2026-12-25": []}}
  quiet: {mon-sun: ["22:00-06:00"]}
"""
ROUND = """\
blueprint:
  name: Round
  domain: handover
  version: 1.0.0
  lang: 1
  input:
    opening: {name: Opening, selector: {schedule: {}}}
    group: {name: Group, selector: {person_group: {}}}
    terminal: {name: Terminal, required: false, selector: {terminal: {}}}
start: [{on: schedule, schedule: !input opening}, {on: tag, group: !input group, terminal: !input terminal}]
initial: waiting
states:
  waiting: {on: {command.cancel: done}}
  done: {status: cancelled, final: true}
"""
USE = "  {name}: {{use_blueprint: {{path: round.yaml, input: {{opening: opening, group: {group}{more}}}}}}}\n"


@pytest.fixture
def rounds(site_folder):
    """A site with groups and schedules; give the workflows as (name, group, more inputs)."""

    def make(*workflows: tuple[str, str, str]):
        site_folder.texts["blueprints/round"] = ROUND
        site_folder.change("roles: [staff],", "roles: [staff], groups: [couriers, drivers],")
        used = "".join(USE.format(name=name, group=group, more=more) for name, group, more in workflows)
        site_folder.change("workflows:\n", OPENING + "workflows:\n" + used)
        return site_folder

    return make


def test_a_workflow_gets_the_schedule_itself_and_a_person_their_groups(rounds):
    site, problems = rounds(("morning", "couriers", "")).load()
    assert not len(problems), problems.render()
    assert site.people["anna"].groups == ("couriers", "drivers")
    opening = site.workflows["morning"].machine.start[0].schedule
    assert opening["zone"] == "Europe/Berlin"
    at = schedules.next_opening(opening, 1_798_178_400_000_000)  # Friday, 25 December 2026, in the morning
    assert at == 1_798_272_000_000_000  # Saturday, nine o'clock in Berlin
    assert schedules.is_open(site.names.schedules["quiet"], 1_790_028_000_000_000)


def test_workflows_that_begin_alike_at_one_terminal_are_a_mistake(rounds):
    folder = rounds(("morning", "couriers", ""), ("evening", "couriers", ", terminal: front"))
    [(place, message, mend)] = folder.problems()
    assert message == "workflows 'morning' and 'evening' both begin with a tag at terminal 'front'"
    assert "person groups" in mend
    assert place.startswith("site.yaml:")


def test_different_groups_begin_different_workflows(rounds):
    site, problems = rounds(("morning", "couriers", ""), ("evening", "drivers", "")).load()
    assert not len(problems), problems.render()
    assert {"morning", "evening"} <= set(site.workflows)


@pytest.mark.parametrize(("old", "new", "message", "mend"), [
    ('"08:00-20:00"', '"8-20"', 'expected hours, found "8-20"', '["08:00-20:00"]'),
    ("mon-fri", "mon-fry", "'mon-fry' is no day", "mon-fri"),
    ('"2026-12-25"', '"25.12."', "'25.12.' is no date", '"2026-12-25"'),
    ("group: couriers", "group: courier", "unknown person group 'courier'", "did you mean 'couriers'?"),
    ("opening: opening", "opening: openings", "unknown schedule 'openings'", "did you mean 'opening'?"),
    ("groups: [couriers", "groups: [1", "expected text, found 1", "quotes"),
])
def test_what_is_wrong_is_told_with_its_mend(rounds, old, new, message, mend):
    found = rounds(("morning", "couriers", "")).change(old, new).problems()
    assert any(message in said and mend in how for _, said, how in found), found
