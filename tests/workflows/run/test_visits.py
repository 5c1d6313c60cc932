"""One authenticated presence at a terminal spans handovers, one door at a time (S27, S29)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hub import access, custody
from hub.config.selectors import SiteNames
from hub.core.clock import DAY, HOUR
from hub.model.observations import CodeRead, TagRead
from hub.model.states import Door, Method, Size, Thermal
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import records, visits
from hub.workflows.run.replay import replay
from hub.workflows.run.service import Order

HEAD = """
blueprint: {name: Test, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
"""
DROP = HEAD + """
start: [{on: code, group: couriers}]
keys: {"7": not_empty, "8": cancel, "9": undo}
deadlines: {hold: {after: {hours: 48}, from: announcing}}
initial: preparing
states:
  preparing:
    enter: [{assign: {bank: main, size: M, hold: soft}}]
    on: {assign.failed: nothing, entered: opening}
  opening:
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}, for: depositor}}]
    on: {effect.confirmed: standing_open, effect.refuted: elsewhere, effect.in_doubt: recovery}
  standing_open:
    on: {door.closed: dropped, command.not_empty: elsewhere, session.ended: nothing}
  elsewhere:
    enter: [{bar: {reason: found_item}}, {raise_incident: {kind: found_item}}]
    on: {entered: preparing}
  dropped:
    enter: [{transfer_custody: {to: hub}}]
    on: {entered: announcing}
  announcing:
    enter: [{issue_credential: {methods: [barcode], until: hold, code: "{{ external_ref }}"}}]
    on: {issue_credential.failed: nothing, entered: waiting}
  waiting:
    status: reserved
    on:
      command.undo: opening_again
      command.cancel: taken_back
      credential.accepted: done
      deadline.hold: done
  opening_again:
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}, for: depositor}}]
    on: {effect.confirmed: taken_back, effect.refuted: waiting, effect.in_doubt: recovery}
  taken_back:
    enter: [{transfer_custody: {to: depositor}}, revoke_credential, release]
    on: {entered: nothing}
  nothing: {status: cancelled, final: true}
  done: {status: completed, enter: [release], final: true}
"""
BORROW = HEAD + """
start: [{on: tag, group: couriers, keys: "1"}, {on: desk}]
initial: preparing
states:
  preparing:
    enter: [{assign: {bank: main, size: M}}]
    on: {assign.failed: nothing, entered: opening}
  opening:
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}}}]
    on: {effect.confirmed: standing_open, effect.refuted: nothing, effect.in_doubt: recovery}
  standing_open: {on: {door.closed: done}}
  nothing: {status: cancelled, final: true}
  done: {status: completed, enter: [{transfer_custody: {to: recipient}}, release], final: true}
"""
SCANNING = HEAD + """
start: [{on: tag, group: couriers, keys: "2"}]
initial: waiting
states:
  waiting: {on: {asset.read: found, command.cancel: done}}
  found: {enter: [{set: {seen: "{{ event.asset }}"}}], on: {entered: done}}
  done: {status: completed, final: true}
"""
ROUND = """
blueprint: {name: Round, domain: handover, version: 1.0.0, lang: 1,
            input: {opening: {selector: {schedule: {}}}}}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: schedule, schedule: !input opening}, {on: api}]
initial: due
states:
  due: {on: {command.cancel: done, person.came: visited}}
  visited: {on: {command.cancel: done}}
  done: {status: completed, final: true}
"""
PICKUP = Path(__file__).parents[3] / "blueprints" / "pickup.yaml"
CORA, CARL, ADA = "aabbccdd", "bbccddee", "ccddeeff"
MORNINGS = {"zone": "Europe/Berlin", "week": [[[8 * 3600, 20 * 3600]]] * 7, "except": {}}
NAMES = SiteNames(schedules={"mornings": MORNINGS}, zone="Europe/Berlin")


def compiled(text: str, name: str) -> Any:
    found = compile_blueprint(text, name, {})
    assert found.machine is not None, found.problems.render()
    return found.machine


async def furnish(site: Any) -> None:
    at = site.clock.now()
    specs = [
        custody.CompartmentSpec("main", f"A{n}", "locks", str(n), Size.M, Thermal.AMBIENT)
        for n in range(1, 10)
    ]
    people = [
        access.PersonSpec("cora", (), (CORA,), "4711", {"name": "Cora"}, ("couriers",)),
        access.PersonSpec("carl", (), (CARL,), None, {"name": "Carl"}, ("couriers",)),
        access.PersonSpec("ada", (), (ADA,), None, {"name": "Ada", "email": "ada@example.org"}),
    ]

    def write(tx: Any) -> None:
        custody.sync_compartments(tx, specs, at)
        access.sync_people(tx, people, at)

    await site.store.write(write)
    tagged = compile_blueprint(
        PICKUP, "by_tag", {"bank": "main", "access": ["tag", "pin", "qr"]}
    )
    assert tagged.machine is not None
    await site.handovers.offer({
        "drop": (compiled(DROP, "drop"), ""), "borrow": (compiled(BORROW, "borrow"), ""),
        "by_tag": (tagged.machine, ""),
    })


@pytest.fixture
def people(world: Any) -> Any:
    """Run `main(site)` with couriers, somebody who collects by tag, and nine compartments."""

    def run(main: Any) -> None:
        async def inside(site: Any) -> None:
            await furnish(site)
            await main(site)

        world(inside)

    return run


async def tap(site: Any, uid: str) -> Any:
    await site.handovers.observe(TagRead("scanner", uid))
    await site.settled(2)
    return site.told[-1]


async def parcel(site: Any, code: str) -> Any:
    await site.handovers.observe(CodeRead("scanner", code, Method.BARCODE))
    await site.settled(2)
    return site.told[-1]


async def for_ada(site: Any) -> str:
    item = {"sku": "parcel", "quantity": 1, "size": "M", "thermal": "ambient"}
    handover: str = await site.handovers.create(Order("by_tag", (item,), {"ref": "ada"}))
    await site.ask(handover, "load")
    await site.use_door(await site.door_of(handover))
    return handover


async def visit(site: Any) -> Any:
    return await site.store.read(lambda r: visits.visit_at(r, "front", site.clock.now()))


async def same_again(site: Any, handover: str) -> None:
    again = await site.store.read(lambda r: replay(r, records.Machines(), handover))
    assert again == await site.snapshot(handover)


async def offer_round(site: Any) -> None:
    found = compile_blueprint(ROUND, "round", {"opening": "mornings"}, NAMES)
    assert found.machine is not None, found.problems.render()
    await site.handovers.offer({"round": (found.machine, "")})


def rounds(reader: Any) -> list[int]:
    rows = reader.execute("SELECT created FROM handover WHERE workflow = 'round' ORDER BY created").fetchall()
    return [row[0] for row in rows]


# Several handovers of one person


@pytest.mark.req("AC-03")
def test_one_tap_opens_all_that_waits_one_door_after_the_other(people: Any) -> None:
    async def main(site: Any) -> None:
        handovers = [await for_ada(site) for _ in range(3)]
        before = len(site.lock.opened)
        assert (await tap(site, ADA)).code == "accepted"
        for number, handover in enumerate(handovers, 1):
            assert len(site.lock.opened) == before + number
            assert await site.state(handover) == "collecting"
            await site.use_door(await site.door_of(handover))
            await site.settled(3)
        assert len(site.lock.opened) == before + 3
        for handover in handovers:
            used = await site.noted(f"handover/{handover}", "grant.used")
            assert len({one["use"] for one in used}) == 2  # the staff's and Ada's own
            await same_again(site, handover)

    people(main)


def test_the_next_door_waits_until_the_one_in_use_is_closed(people: Any) -> None:
    async def main(site: Any) -> None:
        first, second = await for_ada(site), await for_ada(site)
        await tap(site, ADA)
        door = await site.door_of(first)
        await site.door(door, Door.OPEN)
        await site.settled(30)
        assert await site.state(second) == "waiting"
        assert (await tap(site, ADA)).code == "queued"
        assert await site.state(second) == "waiting"
        await site.door(door, Door.CLOSED)
        await site.settled(3)
        assert await site.state(second) == "collecting"

    people(main)


def test_a_door_that_stays_shut_does_not_keep_the_next_one_shut(people: Any) -> None:
    async def main(site: Any) -> None:
        first, second = await for_ada(site), await for_ada(site)
        site.lock.script = ["stuck", "stuck", "opens"]
        await tap(site, ADA)
        await site.settled(20)
        assert await site.state(first) != "collecting"
        assert await site.state(second) == "collecting"

    people(main)


@pytest.mark.parametrize("barred", [0, 1])
def test_a_compartment_out_of_service_does_not_keep_the_next_one_shut(people: Any, barred: int) -> None:
    async def main(site: Any) -> None:
        handovers = [await for_ada(site) for _ in range(3)]
        place = (await site.snapshot(handovers[barred])).vars["allocation"]["compartment"]
        await site.desk("compartment.bar", place, why="the hinge is bent")
        await tap(site, ADA)
        for handover in handovers:
            if handover != handovers[barred]:
                assert await site.state(handover) == "collecting"
                await site.use_door(await site.door_of(handover))
                await site.settled(3)
        used = await site.noted(f"handover/{handovers[barred]}", "grant.use_returned")
        assert len(used) == 1

    people(main)


def test_a_door_that_was_left_open_does_not_lock_its_visitor_out(people: Any) -> None:
    async def main(site: Any) -> None:
        first, second = await for_ada(site), await for_ada(site)
        await tap(site, ADA)
        await site.door(await site.door_of(first), Door.OPEN)
        for _ in range(2):
            await site.settled(80)
            assert (await tap(site, ADA)).code == "queued"
        await site.settled(80)
        assert (await tap(site, ADA)).code == "accepted"
        assert await site.state(second) == "collecting"

    people(main)


def test_what_waited_is_not_opened_to_the_next_person(people: Any) -> None:
    async def main(site: Any) -> None:
        first, second = await for_ada(site), await for_ada(site)
        await tap(site, ADA)
        door = await site.door_of(first)
        await site.door(door, Door.OPEN)
        await tap(site, CORA)
        await site.door(door, Door.CLOSED)
        await site.settled(10)
        assert await site.state(second) == "waiting"
        found = await visit(site)
        assert found.known
        assert found.waiting == ()

    people(main)


def test_a_visit_ends_three_minutes_after_the_last_sign_of_life(people: Any) -> None:
    async def main(site: Any) -> None:
        first, second = await for_ada(site), await for_ada(site)
        await tap(site, ADA)
        door = await site.door_of(first)
        await site.door(door, Door.OPEN)
        await site.settled(170)
        assert await visit(site) is not None
        await site.settled(30)
        assert await visit(site) is None
        await site.door(door, Door.CLOSED)
        await site.settled(10)
        assert await site.state(second) == "waiting"
        assert len(await site.noted("terminal/front", "visit.ended")) == 1

    people(main)


# Beginning something at the terminal


@pytest.mark.req("WF-04", "AC-04")
def test_a_courier_drops_parcel_after_parcel_in_one_visit(people: Any) -> None:
    async def main(site: Any) -> None:
        assert (await parcel(site, "P-1")).code == "refused.unknown"
        assert (await tap(site, CORA)).code == "welcome"
        dropped = []
        for code in ("P-1", "P-2"):
            told = await parcel(site, code)
            assert told.code == "started"
            dropped.append(told.handover_id)
            assert await site.state(told.handover_id) == "standing_open"
            await site.use_door(await site.door_of(told.handover_id))
            assert await site.state(told.handover_id) == "waiting"
        for code, handover in zip(("P-1", "P-2"), dropped, strict=True):
            values = (await site.snapshot(handover)).vars
            assert values["external_ref"] == code
            [allocation] = await site.store.read(lambda r, h=handover: custody.allocations_of(r, h))
            assert allocation.custody == "hub"
            place = await site.compartment(allocation.compartment)
            assert (place.hold.value, place.occupancy.value) == ("hard", "occupied")
            await same_again(site, handover)
        assert (await parcel(site, "P-1")).code == "accepted"  # its own code opens it from now on
        assert await site.state(dropped[0]) == "done"

    people(main)


def test_the_second_parcel_waits_until_the_door_for_the_first_is_closed(people: Any) -> None:
    async def main(site: Any) -> None:
        await tap(site, CORA)
        first = (await parcel(site, "P-1")).handover_id
        await site.door(await site.door_of(first), Door.OPEN)
        assert (await parcel(site, "P-2")).code == "refused.door_open"
        await site.door(await site.door_of(first), Door.CLOSED)
        assert (await parcel(site, "P-2")).code == "started"

    people(main)


def test_a_number_keyed_in_the_visit_is_the_visitors_command(people: Any) -> None:
    async def main(site: Any) -> None:
        await tap(site, CORA)
        handover = (await parcel(site, "P-1")).handover_id
        full = await site.door_of(handover)
        await site.door(full, Door.OPEN)
        told = await site.key("7")
        assert (told.code, told.handover_id, told.detail) == ("done", handover, "not_empty")
        other = await site.door_of(handover)
        assert other != full
        assert await site.state(handover) == "standing_open"
        assert (await site.compartment(f"main/A{full}")).reasons == ("found_item",)
        await site.use_door(other)
        assert (await site.key("9")).code == "done"
        assert await site.state(handover) == "nothing"
        assert (await site.key("9")).code != "done"
        said = await site.noted(f"handover/{handover}", "handover.commanded")
        assert [one["verb"] for one in said] == ["not_empty", "undo"]
        cora = await site.store.read(lambda r: access.person_by_tag(r, CORA))
        assert {one["who"] for one in said} == {cora.ref}
        await same_again(site, handover)

    people(main)


@pytest.mark.req("OV-04", "ID-04")
def test_the_visitor_may_ask_for_no_more_than_the_policy_lets_them(people: Any) -> None:
    async def main(site: Any) -> None:
        await tap(site, CORA)
        handover = (await parcel(site, "P-1")).handover_id
        await site.use_door(await site.door_of(handover))
        told = await site.key("8")  # a depositor cancels only what was never reserved
        assert (told.code, told.handover_id) == ("refused.not_allowed", handover)
        assert await site.state(handover) == "waiting"
        assert len(site.lock.opened) == 1

    people(main)


@pytest.mark.req("RL-01")
def test_who_comes_to_the_keys_after_the_door_was_shut_is_somebody_else(people: Any) -> None:
    async def main(site: Any) -> None:
        await tap(site, CORA)
        handover = (await parcel(site, "P-1")).handover_id
        await site.use_door(await site.door_of(handover))
        await site.settled(40)
        assert (await site.key("9")).code == "refused.no_such_selection"
        assert await site.state(handover) == "waiting"

    people(main)


@pytest.mark.req("RL-01")
def test_another_badge_ends_the_visit_of_who_was_there_before(people: Any) -> None:
    async def main(site: Any) -> None:
        await tap(site, CORA)
        handover = (await parcel(site, "P-1")).handover_id
        await site.use_door(await site.door_of(handover))
        assert (await tap(site, "04ffffff")).code.startswith("refused.")
        assert (await site.key("9")).code == "refused.no_such_selection"
        assert await site.state(handover) == "waiting"

    people(main)


def test_numbers_mean_nothing_once_the_visit_is_over(people: Any) -> None:
    async def main(site: Any) -> None:
        await tap(site, CORA)
        handover = (await parcel(site, "P-1")).handover_id
        await site.use_door(await site.door_of(handover))
        await site.settled(200)
        assert (await site.key("9")).code == "refused.no_such_selection"
        assert await site.state(handover) == "waiting"

    people(main)


def test_who_is_in_no_group_begins_nothing(people: Any) -> None:
    async def main(site: Any) -> None:
        assert (await tap(site, ADA)).code == "refused.no_grant"
        assert (await parcel(site, "P-1")).code == "refused.unknown"
        await site.key("1")
        assert (await tap(site, ADA)).code == "refused.no_grant"

    people(main)


def test_a_tag_begins_what_was_keyed_just_before(people: Any) -> None:
    async def main(site: Any) -> None:
        assert (await site.key("1")).code == "awaiting"
        told = await tap(site, CORA)
        assert told.code == "started"
        assert await site.state(told.handover_id) == "standing_open"
        cora = (await site.snapshot(told.handover_id)).vars["recipient_ref"]
        assert (await site.store.read(lambda r: access.contact(r, cora)))["name"] == "Cora"
        again = await tap(site, CORA)
        assert again.code == "welcome"
        await site.use_door(await site.door_of(told.handover_id))
        assert await site.state(told.handover_id) == "done"
        await same_again(site, told.handover_id)

    people(main)


def test_a_number_keyed_too_long_ago_is_forgotten(people: Any) -> None:
    async def main(site: Any) -> None:
        await site.key("1")
        await site.settled(31)
        assert (await tap(site, CORA)).code == "welcome"

    people(main)


def test_a_second_start_waits_for_the_first_to_end(people: Any) -> None:
    async def main(site: Any) -> None:
        await site.key("1")
        await tap(site, CORA)
        await site.key("1")
        assert (await tap(site, CORA)).code == "refused.not_now"

    people(main)


def test_what_the_desk_begins_may_open_at_once(people: Any) -> None:
    async def main(site: Any) -> None:
        handover = await site.handovers.create(Order("borrow"), start="desk")
        await site.settled(3)
        assert await site.state(handover) == "standing_open"

    people(main)


def test_an_assets_own_code_is_told_to_the_handover_that_waits_for_it(people: Any) -> None:
    async def main(site: Any) -> None:
        drill = custody.AssetSpec("drill-1", "drill", "Drill", Size.S, code="0815", bank="main", place="A9")
        await site.store.write(lambda tx: custody.sync_assets(tx, [drill], site.clock.now()))
        await site.handovers.offer({"scanning": (compiled(SCANNING, "scanning"), "")})
        await site.key("2")
        begun = await tap(site, CORA)
        assert begun.code == "started"
        told = await parcel(site, "0815")
        assert (told.code, told.handover_id) == ("noted", begun.handover_id)
        assert (await site.snapshot(begun.handover_id)).vars["seen"] == "drill-1"
        assert await site.state(begun.handover_id) == "done"
        assert (await parcel(site, "0815")).code != "noted"  # nobody waits for it any more

    people(main)


# Schedules


def test_a_schedule_begins_a_handover_at_each_opening_also_when_the_clocks_change(people: Any) -> None:
    async def main(site: Any) -> None:
        await offer_round(site)
        await site.settled(40 * DAY // 1_000_000)
        times = await site.store.read(rounds)
        assert len(times) == 40
        apart = {later - earlier for earlier, later in pairwise(times)}
        assert apart <= {DAY, DAY + HOUR}  # September to November: once the clocks go back

    people(main)


def test_a_known_person_who_comes_is_announced_to_what_waits_for_them(people: Any) -> None:
    async def main(site: Any) -> None:
        await offer_round(site)
        handover = await site.handovers.create(Order("round", recipient={"ref": "ada"}))
        await tap(site, CORA)
        assert await site.state(handover) == "due"
        await tap(site, ADA)
        assert await site.state(handover) == "visited"

    people(main)


def test_an_opening_that_the_hub_slept_through_is_made_up_for_once(people: Any) -> None:
    async def main(site: Any) -> None:
        await offer_round(site)
        await site.tasks.close()
        await site.settled(5 * DAY // 1_000_000)
        assert await site.store.read(rounds) == []
        await offer_round(site)
        await site.handovers.load()
        site.tasks.spawn("timers", site.handovers.timers.run())
        await site.settled(1)
        assert len(await site.store.read(rounds)) == 1
        await site.settled(DAY // 1_000_000)
        assert len(await site.store.read(rounds)) == 2

    people(main)


def test_a_known_person_whose_right_is_over_is_told_why_and_so_is_the_handover(people: Any) -> None:
    async def main(site: Any) -> None:
        handover = await for_ada(site)
        await site.settled(47 * 3600)
        await tap(site, ADA)
        await site.use_door(await site.door_of(handover))
        await site.settled(60)
        await tap(site, ADA)  # within two minutes the same door opens once more
        await site.use_door(await site.door_of(handover))
        assert (await tap(site, ADA)).code == "refused.used"

    people(main)
