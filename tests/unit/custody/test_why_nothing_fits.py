"""What installers and staff read when no compartment can be assigned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub import custody
from hub.commerce import count_stock, doubt_stock
from hub.model.states import Occupancy


@pytest.mark.req("AS-01")
def test_a_full_bank_says_how_many_are_taken_and_how_many_are_barred(bank):
    bank.sync(A="M", B="M", C="M", D="M", E="S")
    for _ in range(3):
        bank.assign(size="M")
    bank.do(custody.bar, "main/D", "stuck")
    refused = bank.refused(size="M")
    assert refused.reason == "full"
    assert refused.detail == "of 4 in main that fit, 3 are taken, 1 is barred (stuck)"


def test_content_that_is_unexpected_or_unknown_is_told_apart_from_what_is_taken(bank):
    bank.sync(A="S", B="S", C="S")
    bank.assign()
    bank.do(custody.set_occupancy, "main/B", Occupancy.OCCUPIED, "person")
    bank.do(custody.set_occupancy, "main/C", Occupancy.UNKNOWN, "presumption")
    refused = bank.refused()
    assert refused.reason == "full"
    assert refused.detail == "of 3 in main that fit, 1 is taken, 1 is not empty, 1 is of unknown content"


def test_barred_compartments_are_counted_by_their_reasons(bank):
    bank.sync(A="S", B="S", C="S")
    for name, reason in (("A", "stuck"), ("B", "stuck"), ("C", "clear_out")):
        bank.do(custody.bar, f"main/{name}", reason)
    refused = bank.refused()
    assert refused.reason == "barred"
    assert refused.detail == "of 3 in main that fit, 3 are barred (clear_out, stuck 2)"


def test_too_big_names_the_largest_that_there_is(bank):
    bank.sync(A="S", B="M")
    refused = bank.refused(size="XL")
    assert (refused.reason, refused.detail) == ("too_big", "XL is asked for, the largest of 2 in main is M")


@pytest.mark.req("TH-01", "TH-02")
def test_a_wrong_class_is_told_with_the_sizes_that_there_are(bank):
    bank.sync(A="M", B="L", C="S frozen")
    refused = bank.refused(size="M", thermal="frozen")
    assert refused.reason == "wrong_class"
    assert refused.detail == "none of the 2 in main of size M or larger is frozen"


def test_a_missing_low_door_is_a_wrong_class_and_is_named(bank):
    bank.sync(A="M", B="S low")
    refused = bank.refused(size="M", low=True)
    assert refused.reason == "wrong_class"
    assert "none of the 1 has a low door" in refused.detail


def test_kept_apart_says_how_many_would_have_been_free(bank):
    bank.sync(A="S", B="S", C="S")
    bank.assign(apart="food")
    bank.do(custody.bar, "main/C", "stuck")
    refused = bank.refused(apart="chemicals")
    assert refused.reason == "kept_apart"
    assert refused.detail == (
        "of 3 in main that fit, 1 is taken, 1 is barred (stuck), 1 is next to what is kept apart"
        " from 'chemicals'"
    )


def test_a_product_says_where_its_stock_went(bank):
    bank.sync(A="S product=water", B="S product=water", C="S product=water")
    bank.do(count_stock, "main/A", 1)
    bank.do(count_stock, "main/B", 1)
    bank.do(doubt_stock, "main/B", "in_doubt")
    bank.assign(product="water")
    refused = bank.refused(product="water")
    assert refused.reason == "sold_out"
    assert refused.detail == "of 3 in main with water, 1 is held, 1 is sold out, 1 is not counted"


def test_a_product_that_no_compartment_stocks_is_sold_out(bank):
    bank.sync(A="S")
    assert bank.refused(product="water").detail == "no compartment of main stocks water"


def test_every_fitting_compartment_is_in_exactly_one_count(bank):
    bank.sync(**{f"C{i}": "M" for i in range(6)}, Z="S")
    bank.assign(size="M")
    bank.do(custody.bar, "main/C0", "stuck")  # the one that is taken is barred as well
    bank.do(custody.bar, "main/C1", "stuck")
    bank.do(custody.set_occupancy, "main/C2", Occupancy.OCCUPIED, "sensor")
    bank.do(custody.set_occupancy, "main/C3", Occupancy.UNKNOWN, "presumption")
    bank.assign(size="M")
    bank.assign(size="M")
    counts = bank.refused(size="M").counts
    assert counts == replace(
        counts, fitting=6, barred=2, taken=2, occupied=1, unknown=1, near=0, bars={"stuck": 2}
    )
