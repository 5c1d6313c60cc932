"""Whatever is sent, the answer says what is wrong and nothing is lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest


@pytest.mark.parametrize(("text", "column"), [
    (b'{"workflow": }', 14), (b'{"workflow": "parcels"', 23), (b"", 1), (b"\xff\xfe", 1), (b"nonsense", 1),
])
async def test_bad_json_is_answered_with_its_position(world, text, column):
    headers = {"Content-Type": "application/json"}
    answer = await world.ask("POST", "handovers", data=text, headers=headers)
    assert (answer.status, answer.kind) == (400, "bad-json")
    assert (answer.body["line"], answer.body["column"]) == (1, column)


async def test_ten_megabytes_are_refused_without_being_kept_and_the_hub_goes_on(world):
    answer = await world.ask("POST", "handovers", data=b" " * 10_000_000)
    assert (answer.status, answer.kind) == (413, "too-large")
    assert answer.body["mend"] == "send at most 64 KiB"
    assert (await world.get("health")).status == 200


async def test_ten_megabytes_without_an_announced_length_are_refused_too(world):
    async def pieces():
        for _ in range(160):
            yield b" " * 65_536

    answer = await world.ask("POST", "handovers", data=pieces())
    assert answer.kind == "too-large"


async def test_a_stranger_is_refused_before_the_body_is_looked_at(world):
    answer = await world.ask("POST", "handovers", data=b"{" * 10_000_000, token=None)
    assert answer.kind == "unauthorized"


async def test_a_form_is_not_json(world):
    answer = await world.ask("POST", "handovers", data=b"a=b", headers={"Content-Type": "text/plain"})
    assert (answer.status, answer.kind) == (415, "media-type")


@pytest.mark.parametrize("path", ["handovers/nobody", "handovers/nobody/events", "handovers/%00"])
async def test_unknown_handovers_are_not_found(world, path):
    answer = await world.get(path)
    assert (answer.status, answer.kind) == (404, "unknown-handover")


@pytest.mark.parametrize("verb", ["load", "cancel", "reissue", "open"])
async def test_commands_on_unknown_handovers_are_not_found(world, verb):
    assert (await world.post(f"handovers/nobody/{verb}")).kind == "unknown-handover"


async def test_an_unknown_command_is_answered_with_the_nearest_one(world):
    answer = await world.post(f"handovers/{await world.order()}/cancle")
    assert (answer.status, answer.kind) == (404, "unknown-command")
    assert answer.body["mend"] == "did you mean 'cancel'?"


async def test_an_unknown_address_points_to_the_description(world):
    answer = await world.get("handover")
    assert (answer.status, answer.kind) == (404, "not-found")
    assert "/api/v1/openapi.json" in answer.body["mend"]


async def test_a_wrong_method_names_the_right_ones(world):
    answer = await world.ask("DELETE", "handovers")
    assert (answer.status, answer.kind) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(("changes", "detail", "mend"), [
    ({"workflow": 5}, "$.workflow", ""),
    ({"worklow": "parcels"}, "worklow", "did you mean 'workflow'?"),
    ({"items": []}, "$.items", ""),
    ({"items": [{"sku": "parcel", "quantity": 0}]}, "$.items[0].quantity", ""),
    ({"items": [{"sku": "parcel", "quantity": 1.5}]}, "$.items[0].quantity", ""),
    ({"items": [{"sku": "parcel", "quantity": 1, "size": "huge"}]}, "$.items[0].size",
     "known here: L, M, S, XL"),
    ({"items": [{"sku": "parcel", "quantity": 1, "thermal": "ambiant"}]}, "$.items[0].thermal",
     "did you mean 'ambient'?"),
    ({"items": [{"sku": "parcel", "quantity": 1, "colour": "red"}]}, "colour", ""),
    ({"recipient": {}}, "$.recipient", "give at least one of name, phone, email, ref"),
    ({"recipient": {"name": "x" * 201}}, "$.recipient.name", ""),
    ({"external_ref": ""}, "$.external_ref", ""),
    ({"window": {"until": "2030-01-01T10:00:00"}}, "timezone",
     "such as 2027-01-31T18:00:00+01:00"),
    ({"window": {"until": "tomorrow"}}, "$.window.until",
     "such as 2027-01-31T18:00:00+01:00"),
    ({"window": {"until": 1893456000}}, "$.window.until", "such as 2027-01-31T18:00:00+01:00"),
    ({"window": {"from": "2031-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}}, "$.window", ""),
])
async def test_a_wrong_order_names_the_place_and_the_mend(world, order, changes, detail, mend):
    answer = await world.post("handovers", order | changes)
    assert (answer.status, answer.kind) == (422, "invalid")
    assert detail in answer.body["detail"]
    assert mend in answer.body.get("mend", "")
    assert (await world.get("handovers")).body["handovers"] == []


async def test_two_item_lines_are_two_handovers(world, order):
    item = order["items"][0]
    answer = await world.post("handovers", order | {"items": [item, item]})
    assert (answer.status, answer.kind) == (422, "one-allocation")
    assert "one handover per item line" in answer.body["mend"]


async def test_an_item_that_nobody_knows_needs_size_and_thermal_class(world, order):
    answer = await world.post("handovers", order | {"items": [{"sku": "lamp", "quantity": 1}]})
    assert (answer.status, answer.kind) == (422, "item-unknown")
    assert "size and thermal" in answer.body["mend"]
    known = {"sku": "lamp", "quantity": 1, "size": "M", "thermal": "refrigerated"}
    assert (await world.post("handovers", order | {"items": [known]})).status == 201


async def test_a_window_that_has_ended_is_refused(world, order):
    ended = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert (await world.post("handovers", order | {"window": {"until": ended}})).kind == "in-the-past"


async def test_a_workflow_that_the_site_does_not_offer_is_answered_with_the_nearest(world, order):
    answer = await world.post("handovers", order | {"workflow": "parcel"})
    assert (answer.status, answer.kind) == (422, "unknown-workflow")
    assert answer.body["mend"] == "did you mean 'parcels'?"


@pytest.mark.parametrize("query", [
    "limit=0", "limit=many", "ended=perhaps", "state=", "colour=red", "status=gone",
])
async def test_wrong_queries_are_refused(world, query):
    assert (await world.get(f"handovers?{query}")).kind == "invalid"


async def test_a_command_that_does_not_fit_the_state_says_what_does(world):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/open")
    assert (answer.status, answer.kind) == (409, "not-now")
    assert answer.body["takes"] == ["cancel", "load"]


@pytest.mark.parametrize(("verb", "body", "kind"), [
    ("extend", {}, "invalid"), ("extend", {"until": "2030-01-01"}, "invalid"),
    ("extend", {"until": "2000-01-01T00:00:00Z"}, "in-the-past"),
    ("resolve", {"verdict": "maybe", "why": "x"}, "invalid"), ("resolve", {"verdict": "closed"}, "invalid"),
    ("resolve", {"verdict": "closed", "why": "nothing there"}, "no-incident"),
    ("load", {"force": True}, "invalid"), ("load", [], "invalid"),
])
async def test_wrong_commands_are_refused(world, verb, body, kind):
    handover = await world.order()
    assert (await world.post(f"handovers/{handover}/{verb}", body)).kind == kind


async def test_a_failure_of_the_hub_shows_nothing_of_its_inside(world, monkeypatch, caplog):
    def broken():
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(world.hub.devices, "describe", broken)
    answer = await world.get("devices")
    assert (answer.status, answer.kind) == (500, "internal")
    assert "secret" not in str(answer.body)
    assert "a secret of the inside" in caplog.text


async def test_a_store_that_cannot_write_is_said_with_its_mend(world, order, monkeypatch):
    from hub.store import DiskFull

    async def full(fn, *, reserve=False):
        raise DiskFull("The disk is full. Free space on that disk; the hub goes on by itself.")

    monkeypatch.setattr(world.hub.store, "write", full)
    answer = await world.post("handovers", order)
    assert (answer.status, answer.kind) == (503, "store-blocked")
    assert "Free space" in answer.body["detail"]
    assert int(answer.headers["Retry-After"]) > 0


async def test_half_a_request_does_not_hold_up_others(world):
    port = int(world.server.address.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /api/v1/handovers HTTP/1.1\r\nHost: localhost\r\nContent-Le")
    await writer.drain()
    assert (await world.get("health")).status == 200
    writer.close()


async def test_each_problem_type_leads_to_its_meaning(world):
    answer = await world.get("/problems/one-allocation")
    assert (answer.status, answer.body["status"]) == (200, 422)
    assert (await world.get("/problems/nonsense")).status == 404
