"""One handover, several compartments: assigned together, opened in turn, each opening with its own use."""

from __future__ import annotations

from typing import Any

import pytest

from hub import access, custody
from hub.core.clock import MINUTE
from hub.model.states import Door, Hold, Occupancy, Size, Thermal
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import records
from hub.workflows.run.replay import replay
from hub.workflows.run.service import Order

MANY = """
blueprint: {name: Many, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
deadlines: {hold: {after: {hours: 48}}}
initial: preparing
states:
  preparing:
    enter: [{assign: {bank: main, per: item}}]
    on: {assign.failed: nothing, entered: stocked}
  stocked:
    status: reserved
    on: {command.load: loading}
  loading:
    each: allocation
    initial: opening_to_load
    on: {each.done: announcing}
  opening_to_load:
    parent: loading
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}, for: staff}}]
    on: {effect.confirmed: being_loaded, effect.refuted: next, effect.in_doubt: recovery}
  being_loaded:
    parent: loading
    on: {door.closed: loaded}
  loaded:
    parent: loading
    enter: [{transfer_custody: {to: hub}}]
    on: {entered: next}
  announcing:
    enter:
      - issue_credential: {methods: [pin, qr], until: hold}
      - notify: {to: recipient, template: ready_for_pickup}
    on: {issue_credential.failed: nothing, entered: waiting}
  waiting:
    on: {credential.accepted: handing_over, deadline.hold: expired, command.cancel: expired}
  handing_over:
    each: allocation
    where: "{{ allocation.outcome == '' }}"
    initial: releasing
    on:
      each.done:
        - {when: "{{ event.released == event.of }}", to: done}
        - {when: "{{ event.released > 0 }}", to: partly}
        - {to: waiting}
  releasing:
    parent: handing_over
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}}}]
    on:
      effect.confirmed: open
      effect.refuted: [{when: "{{ attempts < 2 }}", to: releasing}, {to: next}]
      effect.in_doubt: recovery
  open:
    parent: handing_over
    on: {door.closed: collected}
  collected:
    parent: handing_over
    enter: [{transfer_custody: {to: recipient}}, release]
    on: {entered: next}
  partly: {status: partially_completed, on: {credential.accepted: handing_over, command.cancel: expired}}
  expired:
    status: expired
    enter: [revoke_credential, {bar: {reason: clear_out}}, {raise_incident: {kind: clear_out}}]
    on: {incident.resolved: nothing}
  done: {status: completed, enter: [revoke_credential], final: true}
  nothing: {status: cancelled, final: true}
"""


@pytest.fixture
def many(tmp_path: Any, world: Any) -> Any:
    """Run `main(site)` on a site with nine free compartments and the workflow above."""
    file = tmp_path / "many.yaml"
    file.write_text(MANY)
    compiled = compile_blueprint(file, "many", {})
    assert compiled.machine is not None, compiled.problems.render()

    def run(main: Any) -> None:
        async def inside(site: Any) -> None:
            specs = [
                custody.CompartmentSpec("main", f"A{n}", "locks", str(n), Size.M, Thermal.AMBIENT)
                for n in range(1, 10)
            ]
            await site.store.write(lambda tx: custody.sync_compartments(tx, specs, site.clock.now()))
            await site.handovers.offer({"many": (compiled.machine, "")})
            await main(site)

        world(inside)

    return run


def line(sku: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, "size": "M", "thermal": "ambient", **more}


async def ordered(site: Any, *lines: dict[str, Any]) -> str:
    handover: str = await site.handovers.create(Order("many", lines, {"name": "Ada"}))
    return handover


async def held(site: Any, handover: str) -> list[Any]:
    return await site.store.read(lambda r: custody.allocations_of(r, handover))


async def loaded(site: Any, *lines: dict[str, Any]) -> str:
    handover = await ordered(site, *lines)
    await site.ask(handover, "load")
    for _ in await held(site, handover):
        await site.use_door(await site.door_of(handover))
        await site.settled(3)
    assert await site.state(handover) == "waiting"
    return handover


async def same_again(site: Any, handover: str) -> None:
    again = await site.store.read(lambda r: replay(r, records.Machines(), handover))
    assert again == await site.snapshot(handover)


@pytest.mark.req("AS-01")
def test_every_item_gets_a_compartment_of_its_own_and_goods_one_for_each_unit(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await ordered(site, line("a"), line("b", 2))
        allocations = await held(site, handover)
        assert len({one.compartment for one in allocations}) == 3
        assert [one.items[0]["sku"] for one in allocations] == ["a", "b", "b"]
        known = (await site.snapshot(handover)).vars
        assert [one["id"] for one in known["allocations"]] == [one.id for one in allocations]
        assert known["allocation"] == known["allocations"][0]

    many(main)


def test_what_does_not_fit_as_a_whole_takes_no_compartment_at_all(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await ordered(site, line("a", 8), line("b", 2))
        assert await site.state(handover) == "nothing"
        assert await held(site, handover) == []

    many(main)


def test_an_order_for_more_compartments_than_any_site_has_is_answered_at_once(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await ordered(site, *[line("a", 999) for _ in range(100)])
        assert await site.state(handover) == "nothing"

    many(main)


@pytest.mark.req("ID-01", "AC-02")
def test_one_presentation_opens_every_door_in_turn_and_each_opening_has_its_own_use(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await loaded(site, line("a"), line("b"), line("c"))
        pin, _ = await site.secrets()
        assert (await site.key(pin)).code == "accepted"
        doors = []
        for _ in range(3):
            doors.append(await site.door_of(handover))
            assert await site.state(handover) == "open"
            await site.use_door(doors[-1])
            await site.settled(3)
        assert site.lock.opened[3:] == doors
        assert len(set(doors)) == 3
        assert (await site.snapshot(handover)).status == "completed"
        uses = await site.noted(f"handover/{handover}", "grant.used")
        assert len({use["use"] for use in uses}) == 6  # three for the staff, three for the recipient
        for door in doors:
            place = await site.compartment(f"main/A{door}")
            assert (place.hold, place.occupancy) == (Hold.FREE, Occupancy.EMPTY)
        await same_again(site, handover)

    many(main)


def test_replaying_gives_the_turn_at_every_stage(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await loaded(site, line("a"), line("b"))
        await same_again(site, handover)
        pin, _ = await site.secrets()
        site.lock.script = ["opens", "stuck", "unknown"]
        await site.key(pin)
        await same_again(site, handover)
        await site.use_door(await site.door_of(handover))
        await site.settled(20)
        assert await site.state(handover) == "recovery"
        assert (await site.snapshot(handover)).turn == 1
        await same_again(site, handover)
        await site.ask(handover, "resolve", verdict="confirmed", why="seen on camera")
        await site.settled(20)
        assert (await site.snapshot(handover)).ended
        await same_again(site, handover)

    many(main)


def test_a_door_that_stays_shut_leaves_its_item_for_the_next_visit(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await loaded(site, line("a"), line("b"))
        pin, _ = await site.secrets()
        site.lock.script = ["stuck", "stuck", "opens"]
        await site.key(pin)
        await site.settled(10)
        await site.use_door(await site.door_of(handover))
        assert await site.state(handover) == "partly"
        assert (await site.snapshot(handover)).status == "partially_completed"
        left = [one for one in await held(site, handover) if one.live]
        assert len(left) == 1
        assert (await site.key(pin)).code == "accepted"
        await site.use_door(await site.door_of(handover))
        assert (await site.snapshot(handover)).status == "completed"
        assert site.lock.opened[-1] == left[0].compartment.removeprefix("main/A")

    many(main)


def test_who_stays_away_too_long_between_two_doors_presents_again(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await loaded(site, line("a"), line("b"))
        pin, _ = await site.secrets()
        await site.key(pin)
        door = await site.door_of(handover)
        await site.door(door, Door.OPEN)
        await site.settled(11 * 60)
        await site.door(door, Door.CLOSED)
        await site.settled(10)
        assert await site.state(handover) == "partly"
        assert len(site.lock.opened) == 3
        assert (await site.key(pin)).code == "accepted"
        assert len(site.lock.opened) == 4

    many(main)


def test_ending_early_bars_and_frees_every_compartment(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await loaded(site, line("a"), line("b"))
        await site.ask(handover, "cancel")
        doors = [one.compartment for one in await held(site, handover)]
        assert [(await site.compartment(door)).reasons for door in doors] == [("clear_out",)] * 2
        await site.ask(handover, "resolve", verdict="closed", why="all taken out")
        assert [(await site.compartment(door)).hold for door in doors] == [Hold.FREE] * 2
        assert not [one for one in await site.store.read(lambda r: access.grants_of(r, handover))
                    if not one.closed]
        await same_again(site, handover)

    many(main)


def test_a_door_of_another_turn_is_not_taken_for_the_one_in_hand(many: Any) -> None:
    async def main(site: Any) -> None:
        handover = await loaded(site, line("a"), line("b"))
        pin, _ = await site.secrets()
        await site.key(pin)
        now = await site.door_of(handover)
        other = next(one.compartment[-1] for one in await held(site, handover) if one.compartment[-1] != now)
        await site.door(other, Door.OPEN, commanded=True)
        await site.door(other, Door.CLOSED)
        assert await site.state(handover) == "open"
        assert await site.door_of(handover) == now
        await site.settled(MINUTE // 10_000_000)

    many(main)
