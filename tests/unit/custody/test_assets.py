"""Assets: out to a holder, back into a compartment, overdue, not fit for use, lost."""

from __future__ import annotations

import pytest

from hub import custody
from hub.custody import AssetSpec, AssetState
from hub.model.states import Hold, Occupancy, Size, Thermal

HOUR = 3_600_000_000


def drill(number: int, **more) -> AssetSpec:
    facts = {"size": Size.M, "bank": "main", "place": "ABC"[number - 1], **more}
    return AssetSpec(f"drill-{number}", "drill", f"Drill {number}", **facts)


@pytest.fixture
def tools(bank):
    """Two drills in A and B, an empty C."""
    bank.sync(A="M", B="M", C="M")
    assert bank.assets(drill(1), drill(2)) == []
    return bank


def issue(tools, person="P1", **wish):
    """A drill is taken by `person`; the allocation ends."""
    place = tools.assign(**{"asset_kind": "drill", **wish})
    due = wish.get("due", tools.now + HOUR)
    tools.do(custody.transfer_custody, tools.last, custody.recipient(person), due=due, evidence="E1")
    tools.do(custody.free, tools.last)
    return place


def at(tools, number):
    return tools.read(custody.asset, f"drill-{number}")


def test_an_asset_lies_where_the_site_says_when_it_is_seen_first(tools):
    assert (at(tools, 1).compartment, at(tools, 1).state) == ("main/A", AssetState.IN)
    assert (tools.at("A").occupancy, tools.at("A").occupancy_by) == (Occupancy.OCCUPIED, "person")
    assert tools.assign(size="S") == "C"
    assert tools.refused(size="S").reason == "full"


@pytest.mark.req("WF-03")
def test_an_issued_asset_has_a_holder_and_a_time_to_be_back(tools):
    assert issue(tools) == "A"
    out = at(tools, 1)
    assert (out.state, out.compartment, out.holder) == (AssetState.OUT, None, "recipient:P1")
    assert (out.due, out.since, out.issued) == (tools.now + HOUR, tools.now, 1)
    assert (tools.at("A").occupancy, tools.at("A").hold) == (Occupancy.EMPTY, Hold.FREE)


@pytest.mark.req("WF-03", "AU-03")
def test_an_asset_comes_back_into_any_free_compartment_and_both_ways_are_recorded(tools):
    issue(tools)
    back = tools.assign(size="M", items=[{"asset": "drill-1"}], giver=custody.recipient("P1"))
    assert back == "C"
    tools.do(custody.transfer_custody, tools.last, custody.HUB, condition="good", evidence="E2")
    tools.do(custody.free, tools.last)
    here = at(tools, 1)
    assert (here.state, here.compartment, here.holder, here.due) == (AssetState.IN, "main/C", None, None)
    assert (tools.at("C").occupancy, tools.at("C").hold) == (Occupancy.OCCUPIED, Hold.FREE)
    moves = [body for _, _, body in tools.ledger.events("asset.moved")]
    assert [(body["from"], body["to"], body["handover"]) for body in moves] == [
        ("main/A", "recipient:P1", "H1"), ("recipient:P1", "main/C", "H1"),
    ]
    assert [leg.condition for leg in tools.read(custody.chain_of, tools.last)] == ["good"]


@pytest.mark.req("WF-14")
def test_an_asset_past_its_time_is_overdue_until_it_is_back(tools):
    issue(tools)
    assert tools.read(custody.overdue_assets, tools.now + HOUR) == []
    late = tools.now + HOUR + 1
    assert [found.id for found in tools.read(custody.overdue_assets, late)] == ["drill-1"]
    assert at(tools, 1).overdue(late)
    tools.assign(size="S", items=[{"asset": "drill-1"}])
    tools.do(custody.transfer_custody, tools.last, custody.HUB)
    assert tools.read(custody.overdue_assets, late) == []


def test_more_time_moves_when_it_is_due_and_nothing_else(tools):
    issue(tools)
    assert tools.ledger.do(custody.set_due, "drill-1", tools.now + 2 * HOUR, tools.now + 5) is True
    assert (at(tools, 1).due, at(tools, 1).since) == (tools.now + 2 * HOUR, tools.now)
    assert tools.ledger.do(custody.set_due, "drill-2", tools.now + HOUR, tools.now) is False


def test_a_condition_that_is_seen_meanwhile_leaves_the_time_as_it_was(tools):
    tools.assign(asset="drill-1")
    for condition in (None, "worn"):
        due = tools.now + HOUR if condition is None else None
        tools.do(
            custody.transfer_custody, tools.last, custody.recipient("P1"), condition=condition, due=due
        )
    assert (at(tools, 1).due, at(tools, 1).condition) == (tools.now + HOUR, "worn")


def test_the_least_issued_of_a_kind_goes_out_first(tools):
    assert issue(tools) == "A"
    tools.assign(size="S", items=[{"asset": "drill-1"}])
    tools.do(custody.transfer_custody, tools.last, custody.HUB)
    tools.do(custody.free, tools.last)
    assert issue(tools, "P2") == "B"


def test_a_certain_asset_is_assigned_by_its_id_with_its_compartment(tools):
    assert tools.assign(asset="drill-2") == "B"
    held = tools.read(custody.allocation, tools.last)
    assert (held.assets, held.custody) == (("drill-2",), custody.HUB)


def test_an_asset_that_nobody_took_stays_where_it_is(tools):
    tools.assign(asset="drill-1")
    tools.do(custody.free, tools.last)
    assert (at(tools, 1).compartment, tools.at("A").occupancy) == ("main/A", Occupancy.OCCUPIED)
    assert tools.assign(asset="drill-1") == "A"


def test_no_asset_is_promised_twice(tools):
    assert {tools.assign(asset_kind="drill"), tools.assign(asset_kind="drill")} == {"A", "B"}
    refused = tools.refused(asset_kind="drill")
    assert (refused.reason, refused.detail) == (
        "no_asset", "of 2 of kind 'drill', 2 are promised to somebody"
    )


def test_why_there_is_no_asset_is_told_in_numbers(tools):
    issue(tools)
    tools.do(custody.bar, "main/B", "stuck")
    refused = tools.refused(asset_kind="drill")
    assert (refused.reason, refused.detail) == (
        "barred", "of 2 of kind 'drill', 1 is out, 1 is behind a barred door"
    )
    assert tools.refused(asset_kind="saw").detail == "the site has no asset of kind 'saw'"


@pytest.mark.parametrize(("wish", "said"), [
    ({"asset": "drill-9"}, "there is no asset"),
    ({"asset": "drill-1", "asset_kind": "saw"}, "is a drill, not a saw"),
    ({"asset": "drill-1", "bank": "other"}, "lies in main/A, not in other"),
    ({"items": [{"asset": "drill-9"}]}, "there is no asset"),
])
def test_a_wish_that_no_asset_can_meet_is_refused_with_the_reason(tools, wish, said):
    refused = tools.refused(**wish)
    assert refused.reason == "no_asset"
    assert said in refused.detail


def test_an_asset_that_is_out_is_refused_by_where_it_is_and_nobodys_name(tools):
    issue(tools)
    assert tools.refused(asset="drill-1").detail == "asset drill-1 cannot be issued: it is out, recipient"


@pytest.mark.req("WF-07")
def test_what_comes_back_in_bad_condition_is_in_quarantine_until_it_is_good(tools):
    issue(tools)
    tools.assign(size="S", items=[{"asset": "drill-1"}])
    tools.do(custody.transfer_custody, tools.last, custody.HUB, condition="damaged")
    assert at(tools, 1).state is AssetState.QUARANTINE
    tools.do(custody.free, tools.last)
    assert tools.refused(asset="drill-1").reason == "no_asset"
    tools.ledger.do(
        custody.move_asset, "drill-1", tools.now, to=custody.HUB, compartment="main/C", condition="good"
    )
    assert tools.assign(asset="drill-1") == "C"


def test_a_condition_that_is_seen_later_is_a_leg_of_its_own(tools):
    tools.assign(asset="drill-1")
    assert tools.do(custody.transfer_custody, tools.last, custody.HUB, condition="worn") is True
    (leg,) = tools.read(custody.chain_of, tools.last)
    assert (leg.giver, leg.holder, leg.condition) == ("hub", "hub", "worn")
    assert at(tools, 1).condition == "worn"


def test_a_breached_asset_is_lost_until_somebody_has_seen_it(tools):
    tools.assign(asset="drill-1")
    tools.do(custody.breach, "main/A")
    assert (at(tools, 1).state, at(tools, 1).holder) == (AssetState.LOST, custody.UNKNOWN)
    tools.do(custody.transfer_custody, tools.last, custody.HUB)
    assert (at(tools, 1).state, at(tools, 1).compartment) == (AssetState.IN, "main/A")


def test_an_asset_with_the_staff_is_in_but_is_not_issued(tools):
    tools.assign(asset="drill-1")
    tools.do(custody.transfer_custody, tools.last, custody.staff("P9"))
    tools.do(custody.free, tools.last)
    assert (at(tools, 1).state, at(tools, 1).holder) == (AssetState.IN, "staff:P9")
    issue(tools)
    assert tools.refused(asset_kind="drill").detail == "of 2 of kind 'drill', 1 is out, 1 is not in main"


# Configuration


def test_syncing_the_same_assets_again_writes_nothing(tools):
    issue(tools)
    before = len(tools.ledger.events())
    tools.assets(drill(1), drill(2))
    assert len(tools.ledger.events()) == before
    assert at(tools, 1).holder == "recipient:P1"


def test_a_changed_asset_keeps_its_holder(tools):
    issue(tools)
    tools.assets(drill(1, thermal=Thermal.AMBIENT, code="0123"), drill(2))
    assert (at(tools, 1).code, at(tools, 1).holder) == ("0123", "recipient:P1")
    assert tools.read(custody.asset_of_code, "0123").id == "drill-1"
    assert tools.read(custody.asset_of_code, "9999") is None


def test_codes_can_change_hands(tools):
    tools.assets(drill(1, code="1"), drill(2, code="2"))
    tools.assets(drill(1, code="2"), drill(2, code="1"))
    assert tools.read(custody.asset_of_code, "1").id == "drill-2"


def test_an_asset_that_left_the_site_stays_visible_while_it_is_somewhere(tools):
    issue(tools)
    tools.assets(drill(2))
    assert at(tools, 1).removed
    assert tools.refused(asset_kind="drill", asset="drill-1").reason == "no_asset"
    assert [found.id for found in tools.read(custody.overdue_assets, tools.now + 2 * HOUR)] == ["drill-1"]
    tools.assets(drill(1), drill(2))
    assert not at(tools, 1).removed


def test_an_asset_that_left_the_site_from_the_staffs_hands_is_gone(tools):
    tools.assets(drill(1), drill(2), drill(3, bank=None, place=None))
    tools.assets(drill(1), drill(2))
    assert [found.id for found in tools.read(custody.assets)] == ["drill-1", "drill-2"]


def test_an_asset_whose_place_is_in_use_is_with_the_staff(tools):
    assert tools.assign(size="S") == "C"
    assert tools.assets(drill(1), drill(2), drill(3)) == ["drill-3"]
    assert (at(tools, 3).compartment, at(tools, 3).holder) == (None, custody.STAFF)


def test_an_asset_that_the_sensor_misses_is_not_issued(tools):
    for name in ("A", "B"):
        tools.do(custody.set_occupancy, f"main/{name}", Occupancy.EMPTY, "sensor")
    assert tools.refused(asset="drill-1").detail == "asset drill-1 should lie in main/A, but that is empty"
    assert tools.refused(asset_kind="drill").detail == "of 2 of kind 'drill', 2 are not where it should be"
