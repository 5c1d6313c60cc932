"""The mixed bank: every shipped workflow lives in it at once, from one log (the example of that name)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.core.clock import DAY, Clock
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.site.rehearsed import plan_of
from hub.store import Reader
from hub.workflows.rehearsal import Ground, Plan, Rehearsal
from hub.workflows.run import records
from hub.workflows.run.replay import replay
from hub.workflows.simulate.agenda import Agenda
from hub.workflows.simulate.arrivals import Arrivals
from hub.workflows.simulate.calendar import Calendar
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.checks import Checks
from hub.workflows.simulate.desk import Staff
from hub.workflows.simulate.people import People
from hub.workflows.simulate.profiles import Faults, Users
from hub.workflows.simulate.run import START
from hub.workflows.simulate.troubles import Devices, Troubles

ROOT = Path(__file__).parents[2]
SHIPPED = {path.stem for path in (ROOT / "blueprints").glob("*.yaml") if ".cases" not in path.name}
DAYS = 6
#: By the log alone: which place a handover got, changed or gave up, in order.
_PLACES = """
SELECT h.workflow, j.stream, j.type, b.body FROM journal AS j JOIN journal_body AS b ON b.seq = j.seq
JOIN handover AS h ON h.id = substr(j.stream, 10)
WHERE j.type IN ('allocation.assigned', 'allocation.moved', 'allocation.freed') ORDER BY j.seq
"""
_OPENED = """
SELECT DISTINCT h.workflow FROM effect AS e JOIN handover AS h ON h.id = e.handover_id
WHERE e.kind = 'open' AND e.state = 'confirmed'
"""
_ENDED = "SELECT DISTINCT workflow FROM handover WHERE ended = 1"
_LOG = "SELECT count(*), min(seq), max(seq) FROM journal"


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The example site, as it is shipped."""
    site, problems = load_site(ROOT / "config" / "examples" / "mixed-bank", Integrations.load())
    assert site is not None, problems.render()
    return plan_of(site)


@pytest.fixture(scope="module")
def days(plan: Plan) -> Any:
    """Some days of that site, with power cuts and doors that stick; what its one database holds then."""

    async def main(clock: Clock) -> Any:
        users = Users(per_day=dict.fromkeys(plan.workflows, 4.0))
        faults = Faults(stuck=0.02, in_doubt=0.02, power_cuts_per_day=1.0)
        devices = Devices(users, faults, Chance(4, "devices"))
        site = Rehearsal(plan, Ground(devices, clock.now), clock, SeededEntropy(4), grouped=True)
        agenda, calendar = Agenda(clock), Calendar(plan.words.time_zone)
        people = People(site, agenda, calendar, users, Chance(4, "people"))
        staff = Staff(site, agenda, calendar, devices, Chance(4, "staff"))
        arrivals = Arrivals(site, people, agenda, calendar, users, Chance(4, "arrivals"))
        troubles = Troubles(site, devices, agenda.later, Chance(4, "troubles"))
        await site.begin()
        try:
            staff.begin()
            troubles.begin()
            arrivals.begin(START + DAYS * DAY)
            await agenda.run(START + DAYS * DAY, lambda _: None)
            await site.quiet()
            return await site.read(lambda reader: _seen(reader, site, clock.now()))
        finally:
            await site.end()

    return run_virtual(main, START)


def _seen(reader: Reader, site: Rehearsal, now: int) -> Any:
    machines = records.Machines()
    ids = [row[0] for row in reader.execute("SELECT id FROM handover").fetchall()]
    Checks(machines).look(reader, now)
    return SimpleNamespace(
        places=reader.execute(_PLACES).fetchall(),
        opened={row[0] for row in reader.execute(_OPENED).fetchall()},
        ended={row[0] for row in reader.execute(_ENDED).fetchall()},
        log=reader.execute(_LOG).fetchone(), verified=site.memory.verify()[0], handovers=ids,
        otherwise=[one for one in ids if replay(reader, machines, one) != records.load(reader, one)],
    )


@pytest.mark.req("WF-08", "AS-06")
def test_every_workflow_that_is_shipped_hands_something_over_in_the_same_bank(plan: Plan, days: Any) -> None:
    assert len(plan.workflows) == len(SHIPPED)
    assert days.opened == set(plan.workflows)
    assert days.ended == set(plan.workflows)


@pytest.mark.req("AS-06", "AS-01")
def test_no_compartment_is_held_for_two_handovers_at_a_time(days: Any) -> None:
    owners: dict[str, str] = {}
    for _, stream, what, text in days.places:
        body = json.loads(text)
        if what == "allocation.freed":
            assert owners.pop(body["compartment"]) == stream
            continue
        if what == "allocation.moved":
            assert owners.pop(body["from"]) == stream
        place = body["to"] if what == "allocation.moved" else body["compartment"]
        assert place not in owners, f"{place} belongs to {owners[place]}, and {what} gives it to {stream}"
        owners[place] = stream


@pytest.mark.req("AS-06")
def test_the_workflows_are_there_at_the_same_time_and_no_place_belongs_to_one(days: Any) -> None:
    live: Counter[str] = Counter()
    guests: dict[str, set[str]] = defaultdict(set)
    most = 0
    for workflow, _, what, text in days.places:
        if what == "allocation.moved":
            continue
        live[workflow] += 1 if what == "allocation.assigned" else -1
        guests[json.loads(text)["compartment"]].add(workflow)
        most = max(most, len(+live))
    assert most >= 8
    assert max(len(workflows) for workflows in guests.values()) >= 8


@pytest.mark.req("WF-08")
def test_one_log_without_a_gap_tells_all_of_it(days: Any) -> None:
    count, first, last = days.log
    assert (first, last) == (1, count)
    assert days.verified == count


def test_every_handover_follows_again_from_the_log_alone(days: Any) -> None:
    assert len(days.handovers) > 100
    assert days.otherwise == []
