"""Incidents and compartments over the API: found, ended, put back; or refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from hub import custody, desk

WHY = {"why": "looked at it"}
CLOSED = {"verdict": "closed", "why": "plugged it in"}


async def incident(world: Any, kind: str = "offline", **more: Any) -> str:
    at = world.clock.now()
    return await world.hub.store.write(
        lambda tx: desk.open_incident(tx, kind, at, **{"device": "locks", "detail": "no answer"} | more)
    )


async def kinds(world: Any, query: str = "") -> list[str]:
    return [found["kind"] for found in (await world.get(f"incidents{query}")).body["incidents"]]


async def test_open_incidents_are_listed_and_all_of_them_when_asked_for(world):
    first = await incident(world)
    await incident(world, "thermal_warning")
    await world.post(f"incidents/{first}/resolve", CLOSED)
    assert "offline" not in await kinds(world)
    assert {"thermal_warning", "offline"} <= set(await kinds(world, "?all=true"))


async def test_a_list_of_incidents_is_paged_without_gaps(world):
    made = [await incident(world, f"kind_{number}") for number in range(5)]
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await world.get(f"incidents?limit=2{'&cursor=' + cursor if cursor else ''}")).body
        found += [shown["id"] for shown in page["incidents"]]
        cursor = page["next"]
    assert [key for key in found if key in made] == made[::-1]


async def test_an_incident_without_a_handover_is_resolved(world):
    made = await incident(world)
    answer = await world.post(f"incidents/{made}/resolve", CLOSED)
    assert (answer.status, answer.body["open"], answer.body["verdict"]) == (200, False, "closed")
    again = await world.post(f"incidents/{made}/resolve", CLOSED)
    assert (again.status, again.kind) == (409, "no-incident")


async def test_an_incident_is_handed_over(world):
    made = await incident(world)
    answer = await world.post(f"incidents/{made}/assign", {"owner": "role:technician"})
    assert answer.body["owner"] == "role:technician"
    refused = await world.post(f"incidents/{made}/assign", {"owner": "role:plumber"})
    assert (refused.status, refused.kind) == (422, "bad-owner")


async def test_a_compartment_goes_out_of_service_and_back(world):
    out = await world.post("compartments/main/A1/bar", WHY)
    assert out.body == {
        "id": "main/A1", "service": "barred", "reasons": ["desk"], "occupancy": "empty", "stock": None,
    }
    assert (await world.post("compartments/main/A1/bar", WHY)).kind == "not-now"
    back = await world.post("compartments/main/A1/unbar", WHY)
    assert (back.body["service"], back.body["reasons"]) == ("in_service", [])


async def test_a_product_is_counted(world):
    await world.hub.store.write(lambda tx: custody.set_product(tx, "main/A1", "parcel", world.clock.now()))
    assert (await world.post("compartments/main/A1/count", {"quantity": 7})).body["stock"] == 7
    assert (await world.post("compartments/main/A3/count", {"quantity": 7})).kind == "not-possible"


@pytest.mark.parametrize(("path", "body", "kind"), [
    ("incidents/nobody/resolve", CLOSED, "unknown-incident"),
    ("incidents/nobody/assign", {"owner": "role:staff"}, "unknown-incident"),
    ("compartments/main/A99/bar", WHY, "unknown-compartment"),
    ("compartments/cellar/A1/unbar", WHY, "unknown-compartment"),
    ("compartments/main/A99/count", {"quantity": 1}, "unknown-compartment"),
    ("compartments/main/A1/unbra", WHY, "unknown-command"),
    ("incidents/nobody/resovle", CLOSED, "unknown-command"),
])
async def test_what_does_not_exist_is_not_found(world, path, body, kind):
    answer = await world.post(path, body)
    assert (answer.status, answer.kind) == (404, kind)


@pytest.mark.parametrize(("path", "body"), [
    ("incidents/x/resolve", {"verdict": "left", "why": "x"}), ("incidents/x/resolve", {"verdict": "closed"}),
    ("incidents/x/assign", {"owner": "anna"}), ("compartments/main/A1/bar", {"why": ""}),
    ("compartments/main/A1/unbar", {}), ("compartments/main/A1/count", {"quantity": -1}),
    ("compartments/main/A1/count", {"quantity": "7"}),
])
async def test_wrong_bodies_are_refused(world, path, body):
    assert (await world.post(path, body)).kind == "invalid"


@pytest.mark.req("IN-04")
@pytest.mark.parametrize(("path", "body", "permission"), [
    ("resolve", CLOSED, "incident.resolve"), ("assign", {"owner": "role:staff"}, "incident.assign"),
    ("bar", WHY, "compartment.bar"), ("unbar", WHY, "compartment.unbar"),
    ("count", {"quantity": 2}, "stock.count"),
])
async def test_reading_is_not_deciding(world, path, body, permission):
    made = await incident(world)
    place = "compartments/main/A1" if path in ("bar", "unbar", "count") else f"incidents/{made}"
    answer = await world.post(f"{place}/{path}", body, token="shop")
    assert (answer.status, answer.kind, answer.body["permission"]) == (403, "forbidden", permission)
    assert "offline" in await kinds(world)


async def test_incidents_need_the_permission_to_read_them(world):
    assert (await world.get("incidents", token="tester")).body["permission"] == "incident.read"


async def test_a_command_with_a_key_is_done_once_and_answered_twice_the_same(world):
    key = {"Idempotency-Key": "once"}
    first = await world.post("compartments/main/A1/bar", WHY, headers=key)
    second = await world.post("compartments/main/A1/bar", WHY, headers=key)
    assert second.body == first.body
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_neither_incidents_nor_their_answers_name_a_person(world):
    handover = await world.order()
    made = await incident(world, "stuck", handover_id=handover, device=None, target="main/A1")
    listed = await world.get("incidents")
    [shown] = [found for found in listed.body["incidents"] if found["id"] == made]
    assert shown["handover"] == handover
    answer = await world.post(f"incidents/{made}/resolve", CLOSED)
    assert "Ada" not in f"{listed.body}{answer.body}"


async def test_a_board_that_is_away_refuses_what_needs_it(world):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/load")
    assert (answer.status, answer.kind, answer.body["reason"]) == (409, "offline", "offline")
    assert (await world.get(f"handovers/{handover}")).body["state"] == "loading"
