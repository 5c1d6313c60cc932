"""Compartments, assignment, allocations and the chain of custody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hub import custody
from hub.commerce import adjust_stock, count_stock, doubt_stock
from hub.custody import CompartmentSpec, NothingFits
from hub.model.states import AllocationOutcome, Door, Hold, Occupancy, Service, Size, Thermal

AMBIENT, COLD = Thermal.AMBIENT, Thermal.REFRIGERATED


def spec(name: str, size: Size = Size.S, **more: Any) -> CompartmentSpec:
    facts = {"thermal": AMBIENT, **more}
    return CompartmentSpec("main", name, "locks", name, size, **facts)


class Site:
    """A bank of compartments to assign from."""

    def __init__(self, ledger: Any, now: int) -> None:
        self.ledger = ledger
        self.now = now
        self.count = 0

    def sync(self, *specs: CompartmentSpec) -> None:
        self.ledger.do(custody.sync_compartments, specs, self.now)

    def assign(self, handover: str = "H1", size: Any = None, thermal: Any = None, low: bool = False,
               product: str | None = None, **more: Any) -> str:
        self.count += 1
        self.last = f"L{self.count}"
        return self.ledger.do(
            custody.assign, handover, self.last, "main", size, thermal, low, product, self.now, **more
        )

    def refused(self, **wish: Any) -> str:
        with pytest.raises(NothingFits) as caught:
            self.assign(**wish)
        return caught.value.reason

    def at(self, name: str) -> custody.Compartment:
        return self.ledger.read(custody.compartment, f"main/{name}")

    def do(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return self.ledger.do(fn, *args, self.now, **kwargs)


@pytest.fixture
def site(ledger: Any, now: int) -> Site:
    return Site(ledger, now)


# Assignment


@pytest.mark.req("AS-01")
def test_the_smallest_compartment_that_fits_is_assigned(site: Site) -> None:
    site.sync(spec("A", Size.XL), spec("B", Size.M), spec("C", Size.S))
    assert site.assign(size="M") == "main/B"


def test_the_least_used_compartment_is_assigned_and_ties_go_by_id(site: Site) -> None:
    site.sync(spec("C"), spec("A"), spec("B"))
    order = []
    for _ in range(6):
        order.append(site.assign())
        site.do(custody.free, site.last)
    assert order == ["main/A", "main/B", "main/C"] * 2


def test_a_low_door_is_kept_for_those_who_ask_for_one(site: Site) -> None:
    site.sync(spec("A", low=True), spec("B"))
    assert site.assign() == "main/B"
    assert site.assign(low=True) == "main/A"


@pytest.mark.req("AS-06")
def test_the_thermal_class_is_kept_apart_within_a_bank(site: Site) -> None:
    site.sync(spec("A"), spec("B", thermal=COLD))
    assert site.assign(thermal="refrigerated") == "main/B"
    assert site.assign(thermal=AMBIENT) == "main/A"


@pytest.mark.req("WF-02")
def test_a_held_compartment_is_not_assigned_again(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    assert site.refused() == "full"


def test_a_compartment_that_is_not_known_to_be_empty_is_not_assigned(site: Site) -> None:
    site.sync(spec("A"), spec("B"))
    site.do(custody.set_occupancy, "main/A", Occupancy.OCCUPIED, "sensor")
    site.do(custody.set_occupancy, "main/B", Occupancy.UNKNOWN, "presumption")
    assert site.refused() == "full"


def test_an_item_larger_than_every_compartment_is_too_big(site: Site) -> None:
    site.sync(spec("A", Size.M))
    assert site.refused(size="L") == "too_big"


@pytest.mark.parametrize("wish", [{"thermal": "frozen"}, {"low": True}])
def test_a_class_that_the_bank_does_not_have_is_wrong(site: Site, wish: Any) -> None:
    site.sync(spec("A"))
    assert site.refused(**wish) == "wrong_class"


def test_a_bank_whose_fitting_compartments_are_all_barred_says_so(site: Site) -> None:
    site.sync(spec("A", Size.L), spec("B"))
    site.do(custody.bar, "main/A", "stuck")
    assert site.refused(size="L") == "barred"


@pytest.mark.req("AS-03")
def test_a_barred_compartment_is_passed_over(site: Site) -> None:
    site.sync(spec("A"), spec("B"))
    site.do(custody.bar, "main/A", "stuck")
    assert site.assign() == "main/B"


def test_a_refused_assignment_leaves_nothing_behind(site: Site) -> None:
    site.sync(spec("A", Size.S))
    site.refused(size="XL")
    assert site.ledger.read(custody.allocations_of, "H1") == []
    assert site.at("A").wear == 0


def test_an_assignment_is_journalled_with_its_compartment(site: Site) -> None:
    site.sync(spec("A"))
    site.assign(items=[{"sku": "box", "quantity": 1}])
    assert site.ledger.events("allocation.assigned") == [
        ("handover/H1", "allocation.assigned",
         {"allocation": "L1", "compartment": "main/A", "hold": "hard", "idx": 0}),
    ]
    (allocation,) = site.ledger.read(custody.allocations_of, "H1")
    assert allocation.items == ({"sku": "box", "quantity": 1},)
    assert (allocation.live, allocation.outcome, allocation.custody) == (True, "pending", custody.STAFF)


# Assignment by product


@pytest.fixture
def shop(site: Site) -> Site:
    site.sync(spec("A", product="water"), spec("B", product="water"), spec("C"))
    site.do(count_stock, "main/A", 1)
    site.do(count_stock, "main/B", 2)
    return site


@pytest.mark.req("IV-06")
def test_a_product_is_assigned_only_where_it_is_in_stock(shop: Site) -> None:
    shop.do(adjust_stock, "main/A", -1, "sale")
    assert shop.assign(product="water") == "main/B"
    assert shop.ledger.read(custody.allocation, shop.last).custody == custody.HUB


@pytest.mark.req("IV-03")
def test_the_emptiest_compartment_is_refilled_first_also_when_nothing_is_left(shop: Site) -> None:
    shop.do(adjust_stock, "main/A", -1, "sale")
    assert shop.assign(product="water", refill=True) == "main/A"


def test_a_product_whose_compartments_are_held_is_sold_out(shop: Site) -> None:
    shop.assign(product="water")
    shop.assign(product="water")
    assert shop.refused(product="water") == "sold_out"


def test_stock_in_doubt_is_not_sold(shop: Site) -> None:
    shop.do(doubt_stock, "main/A", "in_doubt")
    shop.do(doubt_stock, "main/B", "in_doubt")
    assert shop.refused(product="water") == "sold_out"


def test_a_product_behind_barred_doors_only_is_barred(shop: Site) -> None:
    shop.do(custody.bar, "main/A", "stuck")
    shop.do(custody.bar, "main/B", "stuck")
    assert shop.refused(product="water") == "barred"


def test_a_compartment_with_a_product_takes_no_parcel(shop: Site) -> None:
    assert shop.assign() == "main/C"
    assert shop.refused() == "full"


def test_a_stuck_door_leads_to_another_compartment_with_the_product(shop: Site) -> None:
    first = shop.assign(product="water")
    shop.do(custody.bar, first, "stuck")
    shop.do(custody.free, shop.last)
    assert {first, shop.assign(product="water")} == {"main/A", "main/B"}


# The four facts


def test_the_four_facts_are_independent(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    site.do(custody.set_door, "main/A", Door.OPEN)
    site.do(custody.set_door, "main/A", Door.CLOSED)
    site.do(custody.bar, "main/A", "ajar")
    found = site.at("A")
    assert (found.door, found.service, found.reasons) == (Door.CLOSED, Service.BARRED, ("ajar",))
    assert (found.hold, found.allocation_id, found.handover_id) == (Hold.HARD, "L1", "H1")
    assert (found.occupancy, found.occupancy_by) == (Occupancy.EMPTY, "presumption")


@pytest.mark.req("AU-01")
def test_a_door_is_journalled_when_it_changes_and_openings_are_counted(site: Site) -> None:
    site.sync(spec("A"))
    changes = [site.do(custody.set_door, "main/A", door)
               for door in (Door.CLOSED, Door.CLOSED, Door.OPEN, Door.OPEN, Door.CLOSED)]
    assert changes == [True, False, True, False, True]
    journalled = [body["state"] for _, _, body in site.ledger.events("compartment.door")]
    assert journalled == ["closed", "open", "closed"]
    assert site.at("A").openings == 1


def test_a_closing_door_does_not_prove_empty(site: Site) -> None:
    site.sync(spec("A"))
    site.do(custody.set_occupancy, "main/A", Occupancy.OCCUPIED, "person")
    site.do(custody.set_door, "main/A", Door.OPEN)
    site.do(custody.set_door, "main/A", Door.CLOSED)
    assert site.at("A").occupancy is Occupancy.OCCUPIED


def test_a_compartment_is_in_service_when_its_last_reason_is_gone(site: Site) -> None:
    site.sync(spec("A"))
    site.do(custody.bar, "main/A", "stuck")
    site.do(custody.bar, "main/A", "thermal_breach")
    assert site.do(custody.bar, "main/A", "stuck") is False
    assert site.do(custody.unbar, "main/A", reason="thermal_breach") is Service.BARRED
    assert site.at("A").reasons == ("stuck",)
    assert site.do(custody.unbar, "main/A") is Service.IN_SERVICE
    assert site.at("A").reasons == ()


def test_a_door_leads_to_its_compartment(site: Site) -> None:
    site.sync(spec("A"))
    assert site.ledger.read(custody.compartment_of_door, "locks", "A") == "main/A"
    assert site.ledger.read(custody.compartment_of_door, "locks", "9") is None


def test_an_unknown_compartment_is_refused_by_name(site: Site) -> None:
    with pytest.raises(custody.NoCompartment, match="main/Z"):
        site.do(custody.set_door, "main/Z", Door.OPEN)
    with pytest.raises(custody.NoCompartment):
        site.do(custody.bar, "main/Z", "stuck")
    assert site.ledger.rows("SELECT * FROM compartment_bar") == []


# Custody


@pytest.mark.req("AU-03")
def test_custody_is_recorded_at_each_transfer(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    site.do(custody.transfer_custody, "L1", custody.HUB, evidence="E1")
    assert site.at("A").occupancy is Occupancy.OCCUPIED
    site.do(custody.transfer_custody, "L1", custody.recipient("P1"), evidence="E2")
    assert site.at("A").occupancy is Occupancy.EMPTY
    chain = site.ledger.read(custody.chain_of, "L1")
    assert [(step.giver, step.holder, step.evidence) for step in chain] == [
        ("staff", "hub", "E1"), ("hub", "recipient:P1", "E2"),
    ]
    assert len(site.ledger.events("custody.transferred")) == 2


def test_custody_that_does_not_move_is_not_recorded(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    assert site.do(custody.transfer_custody, "L1", custody.HUB) is True
    assert site.do(custody.transfer_custody, "L1", custody.HUB) is False
    assert len(site.ledger.read(custody.chain_of, "L1")) == 1


def test_a_sensor_stands_against_what_custody_presumes(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    site.do(custody.transfer_custody, "L1", custody.HUB)
    site.do(custody.set_occupancy, "main/A", Occupancy.OCCUPIED, "sensor")
    site.do(custody.transfer_custody, "L1", custody.recipient("P1"))
    site.do(custody.free, "L1")
    assert site.at("A").occupancy is Occupancy.OCCUPIED


def test_a_breach_bars_the_compartment_and_its_contents_are_unknown(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    site.do(custody.transfer_custody, "L1", custody.HUB)
    assert site.do(custody.breach, "main/A") == "L1"
    found = site.at("A")
    assert (found.service, found.reasons, found.occupancy) == (Service.BARRED, ("breach",), Occupancy.UNKNOWN)
    assert site.ledger.read(custody.allocation, "L1").custody == custody.UNKNOWN
    site.do(custody.free, "L1")
    assert site.at("A").occupancy is Occupancy.UNKNOWN


def test_an_outcome_is_recorded_once(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    assert site.do(custody.set_outcome, "L1", AllocationOutcome.COLLECTED) is True
    assert site.do(custody.set_outcome, "L1", AllocationOutcome.COLLECTED) is False
    site.do(custody.free, "L1")
    assert site.ledger.read(custody.allocation, "L1").outcome is AllocationOutcome.COLLECTED


def test_what_was_left_stays_in_the_compartment(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    site.do(custody.free, "L1", outcome=AllocationOutcome.LEFT, occupancy=Occupancy.OCCUPIED)
    assert site.refused() == "full"


def test_freeing_twice_changes_nothing(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    assert site.do(custody.free, "L1") is True
    site.assign()
    assert site.do(custody.free, "L1") is False
    assert site.at("A").allocation_id == "L2"
    with pytest.raises(custody.NoAllocation):
        site.do(custody.free, "L9")


# Configuration


def test_syncing_the_same_site_again_writes_nothing(site: Site) -> None:
    site.sync(spec("A"), spec("B", product="water"))
    before = len(site.ledger.events())
    site.sync(spec("A"), spec("B", product="water"))
    assert len(site.ledger.events()) == before


def test_a_changed_compartment_keeps_its_live_facts(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    site.do(custody.set_door, "main/A", Door.OPEN)
    site.sync(spec("A", Size.L))
    found = site.at("A")
    assert (found.size, found.allocation_id, found.door) == (Size.L, "L1", Door.OPEN)


def test_a_removed_compartment_in_use_stays_visible_as_barred_until_it_is_free(site: Site) -> None:
    site.sync(spec("A"), spec("B"))
    site.assign()
    site.sync(spec("B"))
    found = site.at("A")
    assert (found.removed, found.service, found.reasons) == (True, Service.BARRED, ("removed",))
    site.do(custody.free, "L1")
    site.sync(spec("B"))
    assert [found.name for found in site.ledger.read(custody.compartments)] == ["B"]


def test_a_removed_compartment_comes_back_in_service(site: Site) -> None:
    site.sync(spec("A"))
    site.assign()
    site.sync()
    site.sync(spec("A"))
    found = site.at("A")
    assert (found.removed, found.service, found.allocation_id) == (False, Service.IN_SERVICE, "L1")


@pytest.mark.req("IV-05")
def test_a_product_set_at_the_desk_outlives_a_restart_but_not_a_new_plan(site: Site) -> None:
    site.sync(spec("A", product="water"))
    site.do(custody.set_product, "main/A", "cola")
    site.sync(spec("A", product="water"))
    assert site.at("A").product == "cola"
    site.sync(spec("A", product="juice"))
    assert site.at("A").product == "juice"


# Speed


def test_no_step_of_an_allocation_searches_a_table(shop: Site) -> None:
    plans = [
        *shop.ledger.plans(custody.assign, "H1", "L1", "main", "S", AMBIENT, False, None, shop.now),
        *shop.ledger.plans(custody.transfer_custody, "L1", custody.HUB, shop.now),
        *shop.ledger.plans(custody.set_door, "main/C", Door.OPEN, shop.now),
        *shop.ledger.plans(custody.set_outcome, "L1", AllocationOutcome.COLLECTED, shop.now),
        *shop.ledger.plans(custody.free, "L1", shop.now),
        *shop.ledger.plans(custody.assign, "H2", "L2", "main", "S", None, False, "water", shop.now),
        *shop.ledger.plans(custody.allocations_of, "H1"),
    ]
    assert len(plans) == 18
    assert not [plan for plan in plans if "SCAN a" in plan or "SCAN c" in plan or "B-TREE" in plan]


# Never two at a time


class Assigning(RuleBasedStateMachine):
    """Handovers take, free and lose compartments in any order."""

    def __init__(self, open_ledger: Any, now: int) -> None:
        super().__init__()
        self.site = Site(open_ledger(), now)
        sizes = (Size.S, Size.S, Size.M, Size.L)
        self.site.sync(*(spec(f"C{i}", size) for i, size in enumerate(sizes)))
        self.live: dict[str, str] = {}

    @rule(size=st.sampled_from([None, "S", "M", "L", "XL"]))
    def take(self, size: str | None) -> None:
        try:
            compartment = self.site.assign(f"H{self.site.count}", size=size)
        except NothingFits:
            return
        assert compartment not in self.live.values()
        self.live[self.site.last] = compartment

    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        if self.live:
            chosen = data.draw(st.sampled_from(sorted(self.live)))
            self.site.do(custody.free, chosen)
            del self.live[chosen]

    @rule(index=st.integers(0, 3), barred=st.booleans())
    def service(self, index: int, barred: bool) -> None:
        if barred:
            self.site.do(custody.bar, f"main/C{index}", "stuck")
        else:
            self.site.do(custody.unbar, f"main/C{index}")

    @rule(index=st.integers(0, 3))
    def replan(self, index: int) -> None:
        kept = [spec(f"C{i}") for i in range(4) if i != index]
        self.site.sync(*kept)
        self.site.sync(*kept, spec(f"C{index}"))

    @invariant()
    def both_sides_agree(self) -> None:
        held = {
            found.allocation_id: found.id
            for found in self.site.ledger.read(custody.compartments) if found.allocation_id
        }
        assert held == self.live


@pytest.mark.req("WF-02", "AS-01")
def test_no_compartment_is_ever_held_twice(open_ledger: Any, now: int) -> None:
    run_state_machine_as_test(
        lambda: Assigning(open_ledger, now),
        settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
    )
