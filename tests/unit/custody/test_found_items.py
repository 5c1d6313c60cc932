"""What nobody expected inside, and who may say that a compartment is empty."""

from __future__ import annotations

import pytest

from hub import custody
from hub.commerce import count_stock
from hub.custody import AssetSpec, AssetState
from hub.model.failures import StepFailed
from hub.model.states import AllocationOutcome, Occupancy, Service, Size


def test_a_found_item_occupies_and_bars_until_somebody_says_empty(bank):
    bank.sync(A="S")
    found = bank.ledger.do(custody.record_found, "main/A", "an umbrella", "P1", bank.now)
    place = bank.at("A")
    assert (place.occupancy, place.occupancy_by) == (Occupancy.OCCUPIED, "person")
    assert (place.service, place.reasons) == (Service.BARRED, ("found",))
    bank.ledger.do(custody.declare_empty, "main/A", "P2", bank.now + 1, taken_to="lost property")
    (record,) = bank.read(custody.found_in, "main/A", past=True)
    assert (record.id, record.what, record.finder) == (found, "an umbrella", "P1")
    assert (record.taken_to, record.taken_by, record.taken_at) == ("lost property", "P2", bank.now + 1)
    assert bank.read(custody.found_items) == []
    assert bank.assign() == "A"


def test_the_journal_holds_no_description_of_what_was_found(bank):
    bank.sync(A="S")
    bank.ledger.do(custody.record_found, "main/A", "a wallet", "P1", bank.now)
    bank.ledger.do(custody.declare_empty, "main/A", "P2", bank.now, taken_to="the police")
    assert "wallet" not in str(bank.ledger.events()) and "police" not in str(bank.ledger.events())


def test_saying_empty_lifts_no_other_bar(bank):
    bank.sync(A="S")
    bank.do(custody.bar, "main/A", "stuck")
    bank.ledger.do(custody.record_found, "main/A", "a bag", "P1", bank.now)
    bank.ledger.do(custody.declare_empty, "main/A", "P1", bank.now)
    assert bank.at("A").reasons == ("stuck",)


def test_goods_that_the_hub_keeps_are_not_declared_away(bank):
    bank.sync(A="S")
    bank.assign()
    bank.do(custody.transfer_custody, bank.last, custody.HUB)
    with pytest.raises(StepFailed) as refused:
        bank.ledger.do(custody.declare_empty, "main/A", "P1", bank.now)
    assert refused.value.reason == "kept"
    assert bank.at("A").occupancy is Occupancy.OCCUPIED


def test_a_sensor_is_not_overruled_by_a_word(bank):
    bank.sync(A="S")
    bank.do(custody.set_occupancy, "main/A", Occupancy.OCCUPIED, "sensor")
    with pytest.raises(StepFailed) as refused:
        bank.ledger.do(custody.declare_empty, "main/A", "P1", bank.now)
    assert refused.value.reason == "sensor"


def test_a_product_is_counted_not_found(bank):
    bank.sync(A="S product=water")
    bank.do(count_stock, "main/A", 1)
    for call in (
        lambda: bank.ledger.do(custody.record_found, "main/A", "a bag", "P1", bank.now),
        lambda: bank.ledger.do(custody.declare_empty, "main/A", "P1", bank.now),
    ):
        with pytest.raises(StepFailed) as refused:
            call()
        assert refused.value.reason == "stocked"


def test_an_asset_that_should_have_been_inside_is_missing(bank):
    bank.sync(A="M")
    bank.assets(AssetSpec("drill-1", "drill", "Drill", Size.M, bank="main", place="A"))
    assert bank.ledger.do(custody.declare_empty, "main/A", "P1", bank.now) == ("drill-1",)
    missing = bank.read(custody.asset, "drill-1")
    assert (missing.state, missing.compartment) == (AssetState.LOST, None)


def test_what_was_found_during_a_handover_names_it(bank):
    bank.sync(A="S")
    bank.assign("H7")
    bank.ledger.do(custody.record_found, "main/A", "a bag", "P1", bank.now)
    assert bank.read(custody.found_in, "main/A")[0].handover_id == "H7"


def test_only_a_person_or_a_sensor_says_that_what_the_hub_kept_is_gone(bank):
    """Nothing that merely ends - a hold, a handover, a bar - makes an occupied compartment empty."""
    bank.sync(A="S")
    bank.assign()
    bank.do(custody.transfer_custody, bank.last, custody.HUB)
    bank.do(custody.bar, "main/A", "clear_out")
    bank.do(custody.free, bank.last, outcome=AllocationOutcome.LEFT)
    bank.do(custody.unbar, "main/A")
    assert bank.at("A").occupancy is Occupancy.OCCUPIED
    assert bank.refused().detail == "of 1 in main that fit, 1 is not empty"
    bank.ledger.do(custody.declare_empty, "main/A", "P1", bank.now)
    assert bank.assign() == "A"
