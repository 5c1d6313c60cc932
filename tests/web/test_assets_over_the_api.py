"""Assets, found items and custody legs as the API shows them: people by reference only."""

from __future__ import annotations

from typing import Any

import pytest

from hub import custody
from hub.custody import AssetSpec
from hub.model.states import Size

HOUR = 3_600_000_000


@pytest.fixture
async def tools(world: Any) -> Any:
    """A drill in A1 and one with the staff."""
    specs = [
        AssetSpec("drill-1", "drill", "Drill one", Size.S, code="0815", bank="main", place="A1"),
        AssetSpec("saw-1", "saw", "Saw", Size.S),
    ]
    await world.hub.store.write(lambda tx: custody.sync_assets(tx, specs, world.clock.now()))
    return world


async def issue(tools: Any, due: int) -> None:
    at = tools.clock.now()

    def write(tx: Any) -> None:
        custody.assign(tx, "H1", "L1", "main", None, None, False, None, at, asset="drill-1")
        custody.transfer_custody(tx, "L1", custody.recipient("p-1"), at, due=due, condition="good")
        custody.free(tx, "L1", at)

    await tools.hub.store.write(write)


@pytest.mark.req("WF-03")
async def test_assets_are_listed_with_their_place(tools):
    answer = await tools.get("assets")
    drill, saw = answer.body["assets"]
    assert (drill["id"], drill["state"], drill["compartment"], drill["holder"]) == (
        "drill-1", "in", "main/A1", None
    )
    assert (saw["compartment"], saw["holder"]) == (None, {"party": "staff", "person_ref": None})


@pytest.mark.req("WF-03", "WF-14")
async def test_an_issued_asset_shows_its_holder_by_reference_and_when_it_is_overdue(tools):
    await issue(tools, tools.clock.now() - HOUR)
    [drill] = (await tools.get("assets?overdue=true")).body["assets"]
    assert drill["holder"] == {"party": "recipient", "person_ref": "p-1"}
    assert (drill["state"], drill["overdue"], drill["issued"], drill["condition"]) == ("out", True, 1, "good")


@pytest.mark.parametrize(("query", "ids"), [
    ("kind=saw", ["saw-1"]), ("state=in", ["drill-1", "saw-1"]), ("state=lost", []), ("overdue=true", []),
])
async def test_assets_are_filtered(tools, query, ids):
    assert [found["id"] for found in (await tools.get(f"assets?{query}")).body["assets"]] == ids


async def test_a_state_that_there_is_not_is_refused(tools):
    assert (await tools.get("assets?state=gone")).kind == "invalid"


async def test_a_compartment_shows_the_asset_and_the_found_items_inside(tools):
    await tools.post("compartments/main/A3/found", {"what": "an umbrella"})
    [bank] = (await tools.get("banks")).body["banks"]
    places = {place["name"]: place for place in bank["compartments"]}
    assert places["A1"]["assets"] == [{"id": "drill-1", "kind": "drill", "name": "Drill one"}]
    assert places["A1"]["occupancy"] == {"state": "occupied", "by": "person"}
    [found] = places["A3"]["found"]
    assert (found["what"], found["handover"]) == ("an umbrella", None)
    assert places["A3"]["service"] == {"state": "barred", "reasons": ["found"]}


async def test_a_soft_hold_and_a_keep_apart_word_are_shown(tools):
    at = tools.clock.now()
    place = await tools.hub.store.write(lambda tx: custody.assign(
        tx, "H1", "L1", "main", None, None, False, None, at, hold="soft", apart="food"
    ))
    [bank] = (await tools.get("banks")).body["banks"]
    [shown] = [found for found in bank["compartments"] if found["id"] == place]
    assert (shown["allocation"], shown["apart"]) == ({"state": "soft", "handover": "H1"}, "food")


async def test_somebody_says_that_a_compartment_is_empty(tools):
    await tools.post("compartments/main/A3/found", {"what": "an umbrella"})
    answer = await tools.post(
        "compartments/main/A3/empty", {"why": "took it out", "taken_to": "lost property"}
    )
    assert (answer.body["service"], answer.body["occupancy"]) == ("in_service", "empty")
    assert (await tools.get("incidents")).body["incidents"] == []


@pytest.mark.req("RL-03", "AU-03")
async def test_a_handover_shows_each_leg_of_its_custody(tools):
    handover = await tools.order()
    detail = (await tools.get(f"handovers/{handover}")).body
    [allocation] = detail["allocations"]
    assert (allocation["custody"], allocation["assets"], allocation["apart"]) == ("staff", [], "")
    at = tools.clock.now()
    await tools.hub.store.write(lambda tx: custody.transfer_custody(
        tx, allocation["id"], custody.HUB, at, evidence="E1", condition="dented"
    ))
    [allocation] = (await tools.get(f"handovers/{handover}")).body["allocations"]
    [leg] = allocation["custody_chain"]
    assert (leg["from"], leg["to"], leg["evidence"], leg["condition"], leg["compartment"]) == (
        "staff", "hub", "E1", "dented", allocation["compartment"]
    )


async def test_assets_need_the_permission_to_read_them(tools):
    assert (await tools.get("assets", token="tester")).body["permission"] == "asset.read"
