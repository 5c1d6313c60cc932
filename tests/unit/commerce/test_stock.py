"""The catalogue and what is in stock of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hub import commerce, custody
from hub.commerce import ProductSpec, StockShort
from hub.model.money import Money
from hub.model.states import Size, Thermal

WATER = ProductSpec("water", "Water 0.5 l", Money(150, "EUR"), Size.S, Thermal.REFRIGERATED, "10")
COLA = ProductSpec("cola", "Cola", Money(250, "EUR"), selection="11")


def test_a_selection_leads_to_its_product(ledger: Any, now: int) -> None:
    ledger.do(commerce.sync_products, [WATER, COLA], now)
    found = ledger.read(commerce.product_for_selection, "10")
    assert (found.sku, found.price, found.size, found.thermal) == (
        "water", Money(150, "EUR"), Size.S, Thermal.REFRIGERATED,
    )
    assert ledger.read(commerce.product_for_selection, "99") is None


def test_a_product_that_left_the_catalogue_is_kept_for_the_records(ledger: Any, now: int) -> None:
    ledger.do(commerce.sync_products, [WATER, COLA], now)
    ledger.do(commerce.sync_products, [COLA], now)
    assert [found.sku for found in ledger.read(commerce.products)] == ["cola"]
    assert ledger.read(commerce.product, "water").active is False
    assert ledger.read(commerce.product_for_selection, "10") is None
    with pytest.raises(commerce.NoProduct):
        ledger.read(commerce.product, "tea")


def test_products_may_swap_their_selections(ledger: Any, now: int) -> None:
    ledger.do(commerce.sync_products, [WATER, COLA], now)
    swapped = [
        ProductSpec("water", "Water", Money(150, "EUR"), selection="11"),
        ProductSpec("cola", "Cola", Money(250, "EUR"), selection="10"),
    ]
    ledger.do(commerce.sync_products, swapped, now)
    assert ledger.read(commerce.product_for_selection, "10").sku == "cola"


def test_syncing_the_same_catalogue_again_writes_nothing(ledger: Any, now: int) -> None:
    for _ in range(2):
        ledger.do(commerce.sync_products, [WATER, COLA], now)
    assert len(ledger.events("products.synced")) == 1


@pytest.mark.req("IV-01", "IV-03")
def test_replenishing_and_selling_are_recorded(ledger: Any, now: int) -> None:
    assert ledger.do(commerce.adjust_stock, "main/A", 3, "refill", now) == 3
    assert ledger.do(commerce.adjust_stock, "main/A", -1, "sale", now) == 2
    assert [event[0::2] for event in ledger.events("stock.adjusted")] == [
        ("compartment/main/A", {"by": 3, "quantity": 3, "reason": "refill"}),
        ("compartment/main/A", {"by": -1, "quantity": 2, "reason": "sale"}),
    ]


@pytest.mark.parametrize("stocked", [True, False])
def test_stock_never_falls_below_zero(ledger: Any, now: int, stocked: bool) -> None:
    if stocked:
        ledger.do(commerce.adjust_stock, "main/A", 1, "refill", now)
    with pytest.raises(StockShort) as caught:
        ledger.do(commerce.adjust_stock, "main/A", -2, "sale", now)
    assert caught.value.reason == "sold_out"


@pytest.mark.req("IV-04")
def test_a_count_corrects_the_books_and_ends_doubt(ledger: Any, now: int) -> None:
    ledger.do(commerce.adjust_stock, "main/A", 5, "refill", now)
    assert ledger.do(commerce.doubt_stock, "main/A", "in_doubt", now) is True
    assert ledger.do(commerce.doubt_stock, "main/A", "in_doubt", now) is False
    assert ledger.do(commerce.count_stock, "main/A", 4, now, who="P1") == 5
    found = ledger.read(commerce.stock_of, "main/A")
    assert (found.quantity, found.uncertain) == (4, False)
    assert ledger.do(commerce.count_stock, "main/B", 1, now) is None
    assert set(ledger.read(commerce.stocks)) == {"main/A", "main/B"}


def test_the_sites_first_stock_is_set_once(ledger: Any, now: int) -> None:
    ledger.do(commerce.ensure_stock, {"main/A": 2}, now)
    ledger.do(commerce.adjust_stock, "main/A", -1, "sale", now)
    ledger.do(commerce.ensure_stock, {"main/A": 2, "main/B": 1}, now)
    assert {name: found.quantity for name, found in ledger.read(commerce.stocks).items()} == {
        "main/A": 1, "main/B": 1,
    }


@pytest.mark.req("IV-06")
def test_what_can_be_sold_leaves_out_held_barred_and_doubtful_stock(ledger: Any, now: int) -> None:
    names = "ABCD"
    specs = [custody.CompartmentSpec("main", name, "locks", name, Size.S, Thermal.AMBIENT, product="water")
             for name in names]
    ledger.do(custody.sync_compartments, specs, now)
    ledger.do(commerce.ensure_stock, {f"main/{name}": 2 for name in names}, now)
    assert ledger.read(commerce.total_stock, "water") == 8
    ledger.do(custody.assign, "H1", "L1", "main", None, None, False, "water", now)
    ledger.do(custody.bar, "main/B", "stuck", now)
    ledger.do(commerce.doubt_stock, "main/C", "in_doubt", now)
    assert ledger.read(commerce.total_stock, "water") == 2


class Stocking(RuleBasedStateMachine):
    """Refills, sales and counts in any order."""

    def __init__(self, open_ledger: Any, now: int) -> None:
        super().__init__()
        self.ledger = open_ledger()
        self.now = now
        self.held = 0

    @rule(by=st.integers(-4, 4))
    def adjust(self, by: int) -> None:
        try:
            self.held = self.ledger.do(commerce.adjust_stock, "main/A", by, "any", self.now)
        except StockShort:
            assert self.held + by < 0

    @rule(quantity=st.integers(0, 5))
    def count(self, quantity: int) -> None:
        self.ledger.do(commerce.count_stock, "main/A", quantity, self.now)
        self.held = quantity

    @invariant()
    def the_books_are_right(self) -> None:
        found = self.ledger.read(commerce.stock_of, "main/A")
        assert (found.quantity if found else 0) == self.held >= 0


@pytest.mark.req("IV-01")
def test_stock_is_never_negative(open_ledger: Any, now: int) -> None:
    run_state_machine_as_test(
        lambda: Stocking(open_ledger, now),
        settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
    )
