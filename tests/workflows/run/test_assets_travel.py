"""Assets, promises and moves through the real runner: what a step asks for, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from hub import custody
from hub.core.clock import HOUR
from hub.core.commands import Accepted
from hub.custody import AssetSpec, AssetState
from hub.model.states import Hold, Occupancy, Size, Thermal
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import records
from hub.workflows.run.replay import replay
from hub.workflows.run.service import Order

LOAN = """
blueprint: {name: Loan, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
deadlines: {due: {after: {hours: 2}}}
initial: choosing
states:
  choosing:
    enter: [{assign: {bank: main, asset_kind: drill}}]
    on: {assign.failed: nothing, entered: ready}
  ready: {status: reserved, on: {command.load: issued, command.cancel: nothing}}
  issued:
    enter: [{transfer_custody: {to: recipient, due: due, condition: good}}, release]
    on: {entered: out}
  out: {on: {command.open: returning, deadline.due: late}}
  late: {on: {command.open: returning, command.resolve: nothing}}
  returning:
    enter: [{assign: {bank: main, size: M}}]
    on: {assign.failed: late, entered: back}
  back:
    enter: [{transfer_custody: {to: hub, condition: good}}]
    on: {entered: done}
  done: {status: completed, final: true}
  nothing: {status: cancelled, final: true}
"""
MOVING = """
blueprint: {name: Moving, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
deadlines: {hold: {after: {hours: 48}}}
initial: promised
states:
  promised:
    enter:
      - choose:
          - when: "{{ item.sku == 'later' }}"
            do: [{assign: {bank: main, size: "{{ item.size }}", hold: soft}}]
          - do: [{assign: {bank: main, size: "{{ item.size }}"}}]
    on: {assign.failed: nothing, entered: waiting}
  waiting: {status: reserved, on: {command.load: loaded, command.cancel: nothing, deadline.hold: nothing}}
  loaded:
    enter: [{transfer_custody: {to: hub}}]
    on: {entered: inside}
  inside: {on: {command.open: carried, command.cancel: nothing, deadline.hold: nothing}}
  carried:
    enter: [{transfer_custody: {to: staff, condition: dented}}, {assign: {bank: main, size: L}}]
    on: {assign.failed: inside, entered: loaded}
  nothing: {status: cancelled, final: true}
"""


@pytest.fixture
def site_with(tmp_path: Any, world: Any) -> Any:
    """Run `main(site)` on a bank of the given sizes with one workflow, named `work`."""

    def run(source: str, sizes: str, main: Any) -> None:
        file = tmp_path / "work.yaml"
        file.write_text(source)
        compiled = compile_blueprint(file, "work", {})
        assert compiled.machine is not None, compiled.problems.render()

        async def inside(site: Any) -> None:
            specs = [
                custody.CompartmentSpec("main", f"C{n}", "locks", str(n), Size(size), Thermal.AMBIENT)
                for n, size in enumerate(sizes, 1)
            ]
            drill = AssetSpec("drill-1", "drill", "Drill", Size.M, bank="main", place="C1")

            def sync(tx: Any) -> None:
                custody.sync_compartments(tx, specs, site.clock.now())
                if source is LOAN:
                    custody.sync_assets(tx, [drill], site.clock.now())

            await site.store.write(sync)
            await site.handovers.offer({"work": (compiled.machine, "")})
            await main(site)

        world(inside)

    return run


async def ordered(site: Any, sku: str = "drill", size: str = "M") -> str:
    handover: str = await site.handovers.create(
        Order("work", ({"sku": sku, "quantity": 1, "size": size},), {"name": "Ada"})
    )
    return handover


async def drill(site: Any) -> custody.Asset:
    return await site.store.read(lambda r: custody.asset(r, "drill-1"))


async def same_again(site: Any, handover: str) -> None:
    assert await site.store.read(lambda r: replay(r, records.Machines(), handover)) == (
        await site.snapshot(handover)
    )


@pytest.mark.req("WF-03", "WF-14", "AU-03")
def test_an_asset_goes_out_and_comes_back_into_another_compartment(site_with: Any) -> None:
    async def main(site: Any) -> None:
        handover = await ordered(site)
        assert (await site.snapshot(handover)).vars["asset"]["id"] == "drill-1"
        await site.ask(handover, "load")
        person = (await site.snapshot(handover)).vars["recipient_ref"]
        out = await drill(site)
        assert (out.state, out.holder, out.condition) == (AssetState.OUT, f"recipient:{person}", "good")
        await site.settled(3 * 3600)
        late = await site.store.read(lambda r: custody.overdue_assets(r, site.clock.now()))
        assert [(one.id, one.due is not None and site.clock.now() - one.due < 2 * HOUR) for one in late] == [
            ("drill-1", True)
        ]
        await site.ask(handover, "open")
        assert await site.state(handover) == "done"
        back = await drill(site)
        assert (back.state, back.compartment, back.due) == (AssetState.IN, "main/C2", None)
        place = await site.compartment("main/C2")
        assert (place.hold, place.occupancy) == (Hold.FREE, Occupancy.OCCUPIED)
        chains = await site.store.read(lambda r: [
            (leg.giver, leg.holder) for one in custody.allocations_of(r, handover)
            for leg in custody.chain_of(r, one.id)
        ])
        assert chains == [("hub", f"recipient:{person}"), (f"recipient:{person}", "hub")]
        await same_again(site, handover)

    site_with(LOAN, "MMM", main)


@pytest.mark.req("WF-14")
def test_more_time_for_the_handover_is_more_time_for_the_asset(site_with: Any) -> None:
    async def main(site: Any) -> None:
        handover = await ordered(site)
        await site.ask(handover, "load")
        until = site.clock.now() + 24 * HOUR
        answer = await site.ask(handover, "extend", deadline="due", until=until)
        assert isinstance(answer, Accepted)
        assert (await drill(site)).due == until
        await site.settled(3 * 3600)
        assert await site.store.read(lambda r: custody.overdue_assets(r, site.clock.now())) == []

    site_with(LOAN, "MM", main)


def test_the_only_asset_is_not_issued_twice(site_with: Any) -> None:
    async def main(site: Any) -> None:
        await ordered(site)
        assert await site.state(await ordered(site)) == "nothing"

    site_with(LOAN, "MM", main)


@pytest.mark.req("AS-03", "AS-04")
def test_goods_that_are_carried_to_another_door_stay_in_somebodys_custody(site_with: Any) -> None:
    async def main(site: Any) -> None:
        handover = await ordered(site, "now", "M")
        await site.ask(handover, "load")
        await site.ask(handover, "open")
        assert await site.state(handover) == "inside"
        legs = await site.store.read(lambda r: [
            (leg.giver, leg.holder, leg.compartment, leg.condition)
            for one in custody.allocations_of(r, handover) for leg in custody.chain_of(r, one.id)
        ])
        assert legs == [
            ("staff", "hub", "main/C1", ""), ("hub", "staff", "main/C1", "dented"),
            ("staff", "hub", "main/C2", ""),
        ]
        before = await site.compartment("main/C1")
        assert (before.hold, before.occupancy) == (Hold.FREE, Occupancy.EMPTY)

    site_with(MOVING, "ML", main)


@pytest.mark.req("WF-05", "AS-01")
def test_a_promised_place_gives_way_and_its_handover_knows_where_it_is(site_with: Any) -> None:
    async def main(site: Any) -> None:
        blocking = await ordered(site, "now", "S")
        later = await ordered(site, "later", "S")
        assert (await site.snapshot(later)).vars["allocation"]["compartment"] == "main/C2"
        await site.ask(blocking, "cancel")
        big = await ordered(site, "now", "L")
        assert (await site.snapshot(big)).vars["allocation"]["compartment"] == "main/C2"
        assert (await site.snapshot(later)).vars["allocation"]["compartment"] == "main/C1"
        assert (await site.compartment("main/C1")).hold is Hold.SOFT
        await site.ask(later, "load")
        assert (await site.compartment("main/C1")).hold is Hold.HARD
        for handover in (later, big):
            await same_again(site, handover)

    site_with(MOVING, "SL", main)
