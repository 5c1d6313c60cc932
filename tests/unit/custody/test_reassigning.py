"""A live allocation gets another compartment: the door fails, the item is larger, the class changes."""

from __future__ import annotations

import pytest

from hub import custody
from hub.commerce import count_stock
from hub.custody import NothingFits
from hub.model.failures import StepFailed
from hub.model.states import Hold, Occupancy, Service


@pytest.fixture
def planned(bank):
    """An item for A; B is larger, C is cold, D is low."""
    bank.sync(A="S", B="L", C="S refrigerated", D="XL low")
    assert bank.assign(size="S", thermal="ambient", items=[{"sku": "box"}]) == "A"
    return bank


@pytest.mark.req("AS-03")
def test_a_failed_door_leads_to_another_and_stays_barred(planned):
    planned.do(custody.bar, "main/A", "stuck")
    assert planned.do(custody.reassign, "L1") == "main/B"
    before = planned.at("A")
    assert (before.hold, before.service, before.reasons) == (Hold.FREE, Service.BARRED, ("stuck",))
    assert before.occupancy is Occupancy.EMPTY
    now = planned.read(custody.allocation, "L1")
    assert (now.compartment, now.items, now.live) == ("main/B", ({"sku": "box"},), True)


@pytest.mark.req("AS-04")
def test_a_larger_item_gets_a_larger_compartment(planned):
    assert planned.do(custody.reassign, "L1", size="M") == "main/B"
    assert planned.assign(size="S", thermal="ambient") == "A"


@pytest.mark.req("AS-05")
def test_another_class_gets_another_compartment(planned):
    assert planned.do(custody.reassign, "L1", thermal="refrigerated") == "main/C"


def test_a_low_door_can_be_asked_for_afterwards(planned):
    assert planned.do(custody.reassign, "L1", low=True) == "main/D"


def test_what_is_not_said_stays_as_it_was_wished(planned):
    planned.do(custody.reassign, "L1", thermal="refrigerated")
    planned.do(custody.bar, "main/C", "stuck")
    with pytest.raises(NothingFits) as refused:
        planned.do(custody.reassign, "L1")
    assert refused.value.detail == "of 1 in main that fit, 1 is barred (stuck)"


def test_the_allocation_stays_where_it_was_when_nothing_fits(planned):
    with pytest.raises(NothingFits) as refused:
        planned.do(custody.reassign, "L1", thermal="frozen")
    assert refused.value.reason == "wrong_class"
    assert planned.at("A").allocation_id == "L1"
    assert planned.read(custody.allocation, "L1").compartment == "main/A"
    assert planned.ledger.events("allocation.moved") == []


def test_goods_are_taken_out_before_their_compartment_changes(planned):
    planned.do(custody.transfer_custody, "L1", custody.HUB)
    with pytest.raises(StepFailed) as refused:
        planned.do(custody.reassign, "L1")
    assert refused.value.reason == "loaded"
    assert planned.at("A").allocation_id == "L1"


@pytest.mark.req("AU-03", "AS-03")
def test_the_chain_of_custody_goes_on_through_the_move(planned):
    do, leg = planned.do, custody.transfer_custody
    do(leg, "L1", custody.HUB, evidence="E1")
    do(leg, "L1", custody.staff("P9"), evidence="E2", condition="dented")
    do(custody.reassign, "L1", size="M")
    do(leg, "L1", custody.HUB, evidence="E3")
    do(leg, "L1", custody.recipient("P1"), evidence="E4")
    chain = planned.read(custody.chain_of, "L1")
    assert [(leg.giver, leg.holder, leg.compartment, leg.condition) for leg in chain] == [
        ("staff", "hub", "main/A", ""), ("hub", "staff:P9", "main/A", "dented"),
        ("staff:P9", "hub", "main/B", ""), ("hub", "recipient:P1", "main/B", ""),
    ]
    assert [one.holder for one in chain[:-1]] == [one.giver for one in chain[1:]]


def test_unknown_content_stays_unknown_where_it_was(planned):
    planned.do(custody.transfer_custody, "L1", custody.HUB)
    planned.do(custody.breach, "main/A")
    planned.do(custody.reassign, "L1")
    before = planned.at("A")
    assert (before.hold, before.occupancy, before.reasons) == (Hold.FREE, Occupancy.UNKNOWN, ("breach",))


def test_a_soft_hold_stays_soft(bank):
    bank.sync(A="S", B="M")
    bank.assign(hold="soft")
    assert bank.do(custody.reassign, "L1", size="M") == "main/B"
    assert bank.at("B").hold is Hold.SOFT


def test_a_new_word_keeps_its_distance_from_all_but_itself(bank):
    bank.sync(A="S", B="S", C="S")
    bank.assign(apart="food")
    assert bank.do(custody.reassign, "L1", apart="chemicals") == "main/B"
    assert (bank.at("A").apart, bank.at("B").apart) == ("", "chemicals")


def test_a_move_displaces_what_is_only_promised(bank):
    bank.sync(A="S", B="L", C="S")
    bank.assign("other", size="S")
    bank.assign("third", size="S")
    third = bank.last
    assert bank.assign("waiting", hold="soft") == "B"
    bank.do(custody.free, third)
    moves = []
    assert bank.do(custody.reassign, "L1", size="L", displaced=moves.append) == "main/B"
    assert [(moved.handover_id, moved.compartment) for moved in moves] == [("waiting", "main/C")]


def test_an_allocation_that_has_ended_is_not_moved(planned):
    planned.do(custody.free, "L1")
    with pytest.raises(StepFailed) as refused:
        planned.do(custody.reassign, "L1")
    assert refused.value.reason == "no_allocation"


def test_a_product_is_taken_from_another_compartment(bank):
    bank.sync(A="S product=water", B="S product=water")
    for name in "AB":
        bank.do(count_stock, f"main/{name}", 2)
    assert bank.assign(product="water") == "A"
    bank.do(custody.bar, "main/A", "stuck")
    assert bank.do(custody.reassign, "L1") == "main/B"
