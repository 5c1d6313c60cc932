"""Orders take their status from their handovers."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import pytest

from hub import commerce
from hub.core.clock import SECOND
from hub.model.states import Status

C, R, D, P, E, F, X = (
    Status.CREATED, Status.RESERVED, Status.COMPLETED, Status.PARTIALLY_COMPLETED, Status.EXPIRED,
    Status.REFUNDED, Status.CANCELLED,
)


@pytest.mark.req("HY-06")
@pytest.mark.parametrize(("parts", "expected"), [
    ([], C), ([C], C), ([R], R), ([D], D), ([P], P), ([E], E), ([F], F), ([X], X),
    ([C, R], R), ([C, X], C), ([R, D], P), ([D, D], D), ([D, X], P), ([D, E], P), ([D, P], P),
    ([E, X], E), ([F, E, X], F), ([F, R], R),
])
def test_an_order_comes_to_what_its_handovers_come_to(parts: list[Status], expected: Status) -> None:
    assert commerce.derived(parts) is expected
    assert commerce.derived(parts[::-1]) is expected


def test_nothing_given_out_is_never_called_completed() -> None:
    for parts in combinations_with_replacement(Status, 3):
        found = commerce.derived(parts)
        if not {D, P} & set(parts):
            assert found not in (D, P)
        else:
            assert found in (D, P)


@pytest.fixture
def join(ledger: Any, now: int) -> Any:
    """Join a handover to an order, with one item line."""

    def joined(handover: str, after: int = 0, **more: Any) -> str:
        item = {"sku": "cola", "quantity": 2, "price": 180, "deposit": 25, "size": "S", "minimum_age": 0}

        def write(tx: Any) -> str:
            return commerce.join_order(tx, handover, [item], "EUR", now + after, **more)

        return ledger.do(write)  # type: ignore[no-any-return]

    return joined


def test_handovers_of_one_reference_belong_to_one_order(ledger: Any, join: Any) -> None:
    first = join("H1", reference="web-7", person_ref="p1")
    assert join("H2", reference="web-7", paid=commerce.Paid("ch_1", 360, "EUR")) == first
    found = ledger.read(commerce.order, first)
    assert [line.handover_id for line in found.lines] == ["H1", "H2"]
    line = found.lines[0]
    assert (line.sku, line.quantity, line.price, line.deposit, line.lot) == ("cola", 2, 180, 25, None)
    assert (found.reference, found.person_ref) == ("web-7", "p1")
    assert found.paid == commerce.Paid("ch_1", 360, "EUR")


def test_a_handover_without_reference_has_an_order_of_its_own(ledger: Any, join: Any) -> None:
    first, second = join("H1"), join("H2")
    assert first != second
    assert ledger.read(commerce.order, first).reference == "H1"
    assert ledger.read(commerce.order_of, "H2") == second


def test_orders_come_newest_first_and_in_pages(ledger: Any, join: Any) -> None:
    ids = [join(f"H{n}", n * SECOND) for n in range(3)]
    newest = ledger.read(lambda r: commerce.order_page(r, limit=2))
    assert [order.id for order in newest] == ids[:0:-1]
    rest = ledger.read(lambda r: commerce.order_page(r, limit=2, before=newest[-1].id))
    assert [order.id for order in rest] == ids[:1]


def test_an_unknown_order_is_said_to_be_unknown(ledger: Any) -> None:
    with pytest.raises(commerce.NoOrder):
        ledger.read(commerce.order, "nothing")
