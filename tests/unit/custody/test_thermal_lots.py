"""The clock of each lot: from its deposit, across moves, until a person disposes of it (TH-03)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub import custody
from hub.core.clock import HOUR, MINUTE
from hub.custody import thermal
from hub.custody.thermal import Known, Limits, Segment, Why
from hub.model.states import Service, Size, Thermal

LIMITS = Limits(Thermal.REFRIGERATED, None, 5_000, 120 * MINUTE, 30 * MINUTE, filling=10 * MINUTE)
MEAL = {"sku": "meal", "quantity": 1}


class Fridge:
    """A refrigerated bank of three compartments."""

    def __init__(self, ledger: Any, now: int) -> None:
        self.ledger, self.now, self.count = ledger, now, 0
        specs = [
            custody.CompartmentSpec("cold", f"C{n}", "locks", str(n), Size.M, Thermal.REFRIGERATED)
            for n in (1, 2, 3)
        ]
        self.ledger.do(custody.sync_compartments, specs, now)

    def do(self, fn: Any, *args: Any, **more: Any) -> Any:
        return self.ledger.do(fn, *args, **more)

    def fill(self, handover: str = "H1", after: int = 0, item: Any = MEAL) -> str:
        self.count += 1
        id_ = f"L{self.count}"
        self.do(custody.assign, handover, id_, "cold", "M", None, False, None, self.now, items=[item])
        self.put_in(id_, after)
        return id_

    def put_in(self, id_: str, after: int = 0) -> None:
        self.do(custody.transfer_custody, id_, custody.HUB, self.now + after)
        self.do(thermal.deposit, id_, "cold", LIMITS, self.now + after)

    def take_out(self, id_: str, after: int, *, free: bool = True) -> None:
        self.do(custody.transfer_custody, id_, "staff", self.now + after)
        if free:
            self.do(custody.free, id_, self.now + after)

    def air(self, start: int, end: int, why: Why = Why.WARM) -> None:
        segment = Segment(self.now + start, self.now + end, why)
        self.do(thermal.expose, "cold", [segment], Known(self.now + end), LIMITS, segment.start)

    def lot(self, id_: str) -> thermal.Lot:
        found = self.ledger.read(thermal.lot, id_)
        assert found is not None
        return found


@pytest.fixture
def fridge(ledger: Any, now: int) -> Fridge:
    return Fridge(ledger, now)


def test_time_out_of_class_adds_up_from_the_deposit(fridge: Fridge) -> None:
    lot = fridge.fill(after=HOUR)
    fridge.air(0, HOUR + 30 * MINUTE)
    fridge.air(2 * HOUR, 2 * HOUR + 30 * MINUTE)
    assert fridge.lot(lot).used == 50 * MINUTE


def test_good_air_gives_nothing_back(fridge: Fridge) -> None:
    lot = fridge.fill()
    fridge.air(0, HOUR)
    fridge.air(HOUR, 8 * HOUR, Why.GOOD)
    assert fridge.lot(lot).used == 50 * MINUTE


def test_the_last_bad_stretch_says_since_when_and_why(fridge: Fridge) -> None:
    lot = fridge.fill()
    fridge.air(2 * HOUR, 3 * HOUR, Why.OUTAGE)
    assert (fridge.lot(lot).since, fridge.lot(lot).why) == (fridge.now + 2 * HOUR, "outage")


def test_what_has_left_the_bank_counts_no_more(fridge: Fridge) -> None:
    lot = fridge.fill()
    fridge.take_out(lot, HOUR)
    fridge.air(HOUR, 2 * HOUR)
    assert fridge.lot(lot).used == 0
    assert fridge.ledger.read(thermal.live_lots, "cold") == []


def test_what_is_in_nobodys_custody_still_lies_there(fridge: Fridge) -> None:
    lot = fridge.fill()
    fridge.do(custody.breach, "cold/C1", fridge.now + MINUTE)
    fridge.air(HOUR, 2 * HOUR)
    assert fridge.lot(lot).used == HOUR


@pytest.mark.req("TH-03", "AS-05")
def test_a_move_to_another_compartment_goes_on_with_the_clock(fridge: Fridge) -> None:
    first = fridge.fill()
    fridge.air(0, 40 * MINUTE)
    fridge.take_out(first, 40 * MINUTE)
    second = fridge.fill(after=70 * MINUTE)
    assert fridge.lot(second).used == 30 * MINUTE + 20 * MINUTE
    assert fridge.lot(first).moved_to == second


def test_other_goods_of_the_same_handover_have_their_own_clock(fridge: Fridge) -> None:
    first = fridge.fill()
    fridge.air(0, 40 * MINUTE)
    fridge.take_out(first, 40 * MINUTE)
    assert fridge.lot(fridge.fill(after=HOUR, item={"sku": "soup"})).used == 0


def test_another_handover_begins_at_nothing(fridge: Fridge) -> None:
    first = fridge.fill()
    fridge.air(0, 40 * MINUTE)
    fridge.take_out(first, 40 * MINUTE)
    assert fridge.lot(fridge.fill("H2", after=HOUR)).used == 0


def test_put_back_into_the_same_compartment_the_time_outside_counts(fridge: Fridge) -> None:
    lot = fridge.fill()
    fridge.take_out(lot, HOUR, free=False)
    fridge.put_in(lot, HOUR + 30 * MINUTE)
    assert fridge.lot(lot).used == 20 * MINUTE


def test_what_was_in_doubt_and_is_still_there_lost_no_time(fridge: Fridge) -> None:
    lot = fridge.fill()
    fridge.do(custody.breach, "cold/C1", fridge.now + MINUTE)
    fridge.put_in(lot, 9 * HOUR)
    assert fridge.lot(lot).used == 0


@pytest.mark.req("TH-03")
def test_a_breach_bars_the_compartment_and_is_never_taken_back(fridge: Fridge) -> None:
    lot = fridge.fill()
    fridge.air(0, 3 * HOUR)
    fridge.do(thermal.breach, fridge.lot(lot), fridge.now + 3 * HOUR)
    place = fridge.ledger.read(custody.compartment, "cold/C1")
    assert (place.service, place.reasons) == (Service.BARRED, ("thermal_breach",))
    fridge.air(3 * HOUR, 9 * HOUR, Why.GOOD)
    fridge.do(custody.unbar, "cold/C1", fridge.now)
    assert fridge.ledger.read(thermal.barred_for_good, lot)


def test_a_breach_moves_with_the_goods_and_bars_where_they_go(fridge: Fridge) -> None:
    first = fridge.fill()
    fridge.air(0, 3 * HOUR)
    fridge.do(thermal.breach, fridge.lot(first), fridge.now + 3 * HOUR)
    fridge.take_out(first, 3 * HOUR)
    second = fridge.fill(after=3 * HOUR)
    assert fridge.ledger.read(thermal.barred_for_good, second)
    assert fridge.ledger.read(custody.compartment, "cold/C2").reasons == ("thermal_breach",)


def test_what_replaces_disposed_goods_begins_at_nothing(fridge: Fridge) -> None:
    first = fridge.fill()
    fridge.air(0, 3 * HOUR)
    fridge.do(thermal.breach, fridge.lot(first), fridge.now + 3 * HOUR)
    assert fridge.do(thermal.dispose, "H1", "person-9", fridge.now + 3 * HOUR) == [first]
    fridge.take_out(first, 3 * HOUR)
    second = fridge.fill(after=4 * HOUR)
    assert (fridge.lot(second).used, fridge.ledger.read(thermal.barred_for_good, second)) == (0, False)
    assert fridge.ledger.events("thermal.disposed")[0][2] == {"allocations": [first], "who": "person-9"}


def test_what_somebody_has_collected_is_not_disposed_of(fridge: Fridge) -> None:
    lot = fridge.fill()
    fridge.do(custody.transfer_custody, lot, custody.recipient("p1"), fridge.now + HOUR)
    assert fridge.do(thermal.dispose, "H1", "person-9", fridge.now + HOUR) == []


def test_what_is_known_of_the_air_outlives_the_hub(fridge: Fridge) -> None:
    known = Known(fridge.now, fridge.now - 5, True, ((1, 2), (3, 4)), fridge.now - 9)
    fridge.do(thermal.keep_air, "cold", known)
    assert fridge.ledger.read(thermal.known_air, "cold") == known
    assert fridge.ledger.read(thermal.known_air, "other") is None


def test_good_air_over_an_empty_bank_writes_nothing(fridge: Fridge) -> None:
    fridge.air(0, HOUR, Why.GOOD)
    assert fridge.ledger.read(thermal.known_air, "cold") is None
    fridge.fill()
    fridge.air(HOUR, 2 * HOUR, Why.GOOD)
    assert fridge.ledger.read(thermal.known_air, "cold") == Known(fridge.now + 2 * HOUR)


def test_limits_of_a_bank_replace_those_of_its_class() -> None:
    milk = replace(thermal.DEFAULTS[Thermal.REFRIGERATED], high=8_000)
    assert (milk.outside(7_500), milk.outside(8_001)) == (False, True)
