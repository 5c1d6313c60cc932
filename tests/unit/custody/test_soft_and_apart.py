"""Keep-apart words, places that are only promised, and several compartments at once."""

from __future__ import annotations

import pytest

from hub import custody
from hub.custody import NothingFits, Part
from hub.effects.records import write_intent
from hub.model.effects import Intent
from hub.model.states import Door, EffectKind, EvidenceLevel, Hold, Occupancy

# Kept apart


@pytest.mark.req("AS-06")
def test_different_words_are_never_neighbours(bank):
    bank.sync(A="S", B="S", C="S", D="S")
    assert bank.assign(apart="food") == "A"
    assert bank.assign(apart="chemicals") == "C"


def test_the_same_word_may_be_a_neighbour_and_so_may_what_has_none(bank):
    bank.sync(A="S", B="S", C="S")
    assert [bank.assign(apart="food"), bank.assign(apart="food"), bank.assign()] == ["A", "B", "C"]


def test_neighbours_are_those_of_the_banks_order_not_of_the_names(bank):
    bank.sync(A="S", Z="S", B="S")
    assert bank.assign(apart="food") == "A"
    assert bank.assign(apart="chemicals") == "B"


def test_the_distance_ends_with_the_hold(bank):
    bank.sync(A="S", B="S")
    bank.assign(apart="food")
    bank.do(custody.free, bank.last)
    assert bank.at("A").apart == ""
    assert bank.assign(apart="chemicals") == "B"


def test_what_was_left_inside_keeps_its_distance_until_somebody_says_empty(bank):
    bank.sync(A="S", B="S")
    bank.assign(apart="food")
    bank.do(custody.free, bank.last, occupancy=Occupancy.OCCUPIED)
    assert bank.refused(apart="chemicals").reason == "kept_apart"
    bank.ledger.do(custody.declare_empty, "main/A", "P1", bank.now)
    assert bank.assign(apart="chemicals") == "B"


# Soft and hard


def test_a_soft_hold_is_not_assigned_again(bank):
    bank.sync(A="S")
    bank.assign(hold="soft")
    assert bank.at("A").hold is Hold.SOFT
    assert bank.refused().reason == "full"


def test_a_soft_hold_is_hardened_once_and_the_journal_says_so(bank):
    bank.sync(A="S")
    bank.assign(hold="soft")
    assert bank.do(custody.harden, bank.last) is True
    assert bank.do(custody.harden, bank.last) is False
    assert bank.at("A").hold is Hold.HARD
    assert [body["compartment"] for _, _, body in bank.ledger.events("allocation.hardened")] == ["main/A"]


def test_a_soft_hold_becomes_hard_when_the_goods_are_in(bank):
    bank.sync(A="S")
    bank.assign(hold="soft")
    bank.do(custody.transfer_custody, bank.last, custody.HUB)
    assert bank.at("A").hold is Hold.HARD


@pytest.fixture
def promised(bank):
    """A small item has a soft hold on the only large compartment; a small one is free again."""
    bank.sync(A="S", B="L")
    bank.assign("other")
    other = bank.last
    assert bank.assign("waiting", hold="soft") == "B"
    bank.waiting = bank.last
    bank.do(custody.free, other)
    bank.moves = []
    return bank


def test_goods_displace_a_place_that_is_only_promised(promised):
    assert promised.assign("goods", size="L", displaced=promised.moves.append) == "B"
    (moved,) = promised.moves
    assert (moved.handover_id, moved.allocation_id, moved.before, moved.compartment) == (
        "waiting", promised.waiting, "main/B", "main/A"
    )
    assert (promised.at("A").handover_id, promised.at("A").hold) == ("waiting", Hold.SOFT)
    assert promised.at("B").handover_id == "goods"
    assert promised.ledger.events("allocation.moved") == [
        ("handover/waiting", "allocation.moved",
         {"allocation": promised.waiting, "from": "main/B", "to": "main/A", "why": "displaced"}),
    ]


def test_nobody_is_displaced_without_somebody_to_tell(promised):
    assert promised.refused(size="L").reason == "full"


def test_a_promise_does_not_displace_a_promise(promised):
    assert promised.refused(size="L", hold="soft", displaced=promised.moves.append).reason == "full"
    assert promised.moves == []


def test_a_promise_stands_when_there_is_no_other_place_for_it(promised):
    assert promised.assign() == "A"
    assert promised.refused(size="L", displaced=promised.moves.append).reason == "full"
    assert (promised.moves, promised.at("B").handover_id) == ([], "waiting")
    assert promised.ledger.events("allocation.moved") == []


def test_an_open_door_is_not_taken_from_somebody(promised):
    promised.do(custody.set_door, "main/B", Door.OPEN)
    assert promised.refused(size="L", displaced=promised.moves.append).reason == "full"


def test_a_promise_with_goods_inside_is_not_displaced(promised):
    promised.do(custody.set_occupancy, "main/B", Occupancy.OCCUPIED, "sensor")
    assert promised.refused(size="L", displaced=promised.moves.append).reason == "full"


def test_a_door_that_was_just_commanded_is_not_taken_from_somebody(promised):
    opening = Intent(
        "E1", EffectKind.OPEN, "locks", "B", 1, "epoch", promised.now, EvidenceLevel.DOOR_SENSOR, {}, {},
        handover_id="waiting", allocation_id=promised.waiting,
    )
    promised.do(write_intent, opening, "locks/B", None)
    assert promised.refused(size="L", displaced=promised.moves.append).reason == "full"


def test_a_promise_keeps_its_distance_where_it_moves(bank):
    bank.sync(A="S", B="S", C="L")
    bank.assign("first", apart="chemicals")
    bank.assign("second", size="S")
    second = bank.last
    assert bank.assign("waiting", hold="soft", apart="food") == "C"
    bank.do(custody.free, second)
    assert bank.refused(size="L", displaced=[].append).reason == "full"


# Several at once


@pytest.mark.req("AS-01")
def test_several_are_assigned_in_the_order_of_the_parts(bank):
    bank.sync(A="S", B="L", C="M low")
    parts = [Part("L1", size="S"), Part("L2", size="L"), Part("L3", size="M", low=True)]
    assert bank.do(custody.assign_all, "H1", "main", parts) == ["main/A", "main/B", "main/C"]
    assert [found.idx for found in bank.read(custody.allocations_of, "H1")] == [0, 1, 2]


def test_the_large_ones_do_not_lose_their_place_to_the_small_ones(bank):
    bank.sync(A="L", B="S")
    parts = [Part("L1", size="S"), Part("L2", size="M")]
    assert bank.do(custody.assign_all, "H1", "main", parts) == ["main/B", "main/A"]


def test_all_or_none_are_assigned(bank):
    bank.sync(A="S", B="M", C="M")
    bank.assign()
    with pytest.raises(NothingFits) as refused:
        bank.do(custody.assign_all, "H2", "main", [Part(f"P{i}", size="M") for i in range(3)])
    assert refused.value.reason == "full"
    assert bank.read(custody.allocations_of, "H2") == []
    assert (bank.at("B").hold, bank.at("B").wear) == (Hold.FREE, 0)
    assert len(bank.ledger.events("allocation.assigned")) == 1


def test_none_is_told_of_a_displacement_that_was_undone(promised):
    with pytest.raises(NothingFits):
        promised.do(
            custody.assign_all, "goods", "main", [Part("P1", size="L"), Part("P2", size="L")],
            displaced=promised.moves.append,
        )
    assert (promised.moves, promised.at("B").handover_id) == ([], "waiting")


def test_the_plain_case_is_still_the_first_row_of_an_index(bank):
    bank.sync(A="S", B="S")
    plain = bank.ledger.plans(custody.assign, "H1", "L1", "main", "S", None, False, None, bank.now)
    assert len(plain) == 3
    assert "compartment_empty" in plain[0]
    apart = bank.ledger.plans(
        custody.assign, "H1", "L2", "main", "S", None, False, None, bank.now, apart="food"
    )
    assert not [plan for plan in apart if "SCAN" in plan or "B-TREE" in plan]
