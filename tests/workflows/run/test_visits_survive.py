"""A hub that is killed in the middle of a visit goes on with it, and opens nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub import access, custody
from hub.config.selectors import SiteNames
from hub.core.clock import DAY, SECOND
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.model.observations import TagRead
from hub.model.states import Door, Size, Thermal
from hub.store import Store
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import visits
from hub.workflows.run.service import Order

START = 1_790_000_000_000_000
PICKUP = Path(__file__).parents[3] / "blueprints" / "pickup.yaml"
ADA = "ccddeeff"
ROUND = """
blueprint:
  {name: Round, domain: handover, version: 1.0.0, lang: 1, input: {opening: {selector: {schedule: {}}}}}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: schedule, schedule: !input opening}]
initial: due
states:
  due: {on: {command.cancel: done}}
  done: {status: completed, final: true}
"""
MORNINGS = {"zone": "Europe/Berlin", "week": [[[8 * 3600, 20 * 3600]]] * 7, "except": {}}


@pytest.fixture
def boot(make_world: Any, tmp_path: Path) -> Any:
    """Start a hub over the same database as the last one, with people, compartments and workflows."""
    seeds = iter(range(1, 9))

    async def start(clock: Any) -> Any:
        store = await Store.open(tmp_path / "hub.db", clock, SeededEntropy(next(seeds)), inline=True)
        site = make_world(clock, store)
        await site.begin()
        specs = [
            custody.CompartmentSpec("main", f"A{n}", "locks", str(n), Size.M, Thermal.AMBIENT)
            for n in range(1, 5)
        ]
        people = [access.PersonSpec("ada", (), (ADA,), None, {"name": "Ada", "email": "ada@example.org"})]

        def write(tx: Any) -> None:
            custody.sync_compartments(tx, specs, clock.now())
            access.sync_people(tx, people, clock.now())

        await store.write(write)
        tagged = compile_blueprint(PICKUP, "by_tag", {"bank": "main", "access": ["tag"]})
        rounds = compile_blueprint(
            ROUND, "round", {"opening": "mornings"}, SiteNames(schedules={"mornings": MORNINGS})
        )
        assert tagged.machine, tagged.problems.render()
        assert rounds.machine, rounds.problems.render()
        await site.handovers.offer({"by_tag": (tagged.machine, ""), "round": (rounds.machine, "")})
        await site.handovers.load()
        return site

    return start


async def killed(site: Any) -> None:
    for task in list(site.tasks._tasks):
        task.cancel()
    await site.store.close()


async def for_ada(site: Any) -> str:
    item = {"sku": "parcel", "quantity": 1, "size": "M", "thermal": "ambient"}
    handover: str = await site.handovers.create(Order("by_tag", (item,), {"ref": "ada"}))
    await site.ask(handover, "load")
    await site.use_door(await site.door_of(handover))
    return handover


async def tap(site: Any) -> Any:
    await site.handovers.observe(TagRead("scanner", ADA))
    await site.settled(2)
    return site.told[-1]


def test_what_waited_behind_the_door_in_use_is_opened_after_the_restart(boot: Any) -> None:
    async def main(clock: Any) -> None:
        site = await boot(clock)
        first, second = await for_ada(site), await for_ada(site)
        await tap(site)
        door = await site.door_of(first)
        await site.door(door, Door.OPEN)
        await killed(site)
        site = await boot(clock)
        assert await site.state(second) == "waiting"
        await site.door(door, Door.CLOSED)
        await site.settled(3)
        assert await site.state(second) == "collecting"
        assert site.lock.opened == [await site.door_of(second)]
        await site.end()

    run_virtual(main, START)


def test_a_visit_that_was_forgotten_by_everybody_ends_by_its_own_timer(boot: Any) -> None:
    async def main(clock: Any) -> None:
        site = await boot(clock)
        await for_ada(site)
        await tap(site)
        await killed(site)
        site = await boot(clock)
        assert await site.store.read(lambda r: visits.last_visit(r, "front")) is not None
        await site.settled(200)
        assert await site.store.read(lambda r: visits.last_visit(r, "front")) is None
        await site.end()

    run_virtual(main, START)


def test_a_schedule_goes_on_after_a_restart_and_begins_nothing_twice(boot: Any) -> None:
    async def main(clock: Any) -> None:
        site = await boot(clock)
        for _ in range(5):
            await site.settled(DAY // SECOND)
            await killed(site)
            site = await boot(clock)
        rows = await site.store.read(
            lambda r: r.execute("SELECT count(*) FROM handover WHERE workflow = 'round'").fetchone()
        )
        assert rows[0] == 5
        await site.end()

    run_virtual(main, START)
