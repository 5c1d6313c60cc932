"""Creating, finding, reading and commanding handovers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest


@pytest.mark.req("HY-14", "IN-02")
async def test_an_order_becomes_a_handover_with_an_address(world, order):
    made = await world.post("handovers", order, token="shop")
    assert made.status == 201
    assert made.body["label"] == "Waits for staff to load it"
    assert made.body["takes"] == ["cancel", "load"]
    found = await world.get(made.headers["Location"])
    assert found.body["id"] == made.body["id"]


async def test_a_handover_shows_its_allocation_with_custody_and_deadlines(world):
    handover = await world.order(external_ref="shop-1")
    body = (await world.get(f"handovers/{handover}")).body
    assert body["external_ref"] == "shop-1"
    assert body["items"] == [{"sku": "parcel", "quantity": 1, "size": "S", "thermal": "refrigerated"}]
    [allocation] = body["allocations"]
    assert allocation["compartment"] == "main/A1"
    assert allocation["live"] is True
    assert body["effects"] == body["legs"] == body["incidents"] == []


async def test_times_with_an_offset_become_utc(world):
    local = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    shown = local.astimezone().isoformat()
    handover = await world.order(window={"until": shown})
    window = (await world.get(f"handovers/{handover}")).body["window"]
    assert window == {"until": local.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}


async def test_the_list_is_filtered_and_paged_without_gaps(world):
    made = [await world.order(items=[{"sku": "parcel", "quantity": n}]) for n in range(1, 6)]
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await world.get(f"handovers?limit=2{'&cursor=' + cursor if cursor else ''}")).body
        found += [h["id"] for h in page["handovers"]]
        cursor = page["next"]
    assert found == made[::-1]
    await world.post(f"handovers/{made[0]}/cancel")
    cancelled = (await world.get("handovers?status=cancelled&ended=true")).body["handovers"]
    assert made[0] in [h["id"] for h in cancelled]
    assert not (await world.get("handovers?state=loading&workflow=shop")).body["handovers"]


async def test_the_events_of_a_handover_are_paged_by_cursor(world):
    handover = await world.order()
    first = (await world.get(f"handovers/{handover}/events?limit=2")).body
    rest = (await world.get(f"handovers/{handover}/events?after={first['next']}")).body
    seqs = [event["seq"] for event in first["events"] + rest["events"]]
    assert first["events"][0]["type"] == "handover.created"
    assert seqs == sorted(set(seqs))
    assert rest["next"] is None


@pytest.mark.req("IN-04")
async def test_a_command_is_recorded_with_who_and_why(world):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/cancel", {"why": "ordered twice"}, token="shop")
    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    events = (await world.get(f"handovers/{handover}/events")).body["events"]
    [commanded] = [event["body"] for event in events if event["type"] == "handover.commanded"]
    assert commanded == {"verb": "cancel", "who": "token:shop", "why": "ordered twice"}


async def test_banks_keep_the_order_of_the_site_and_show_four_facts(world):
    await world.order()
    [bank] = (await world.get("banks")).body["banks"]
    assert [c["name"] for c in bank["compartments"]] == ["B2", "A1", "A3"]
    held = bank["compartments"][1]
    assert held["door"]["state"] == "unknown"
    assert held["service"] == {"state": "in_service", "reasons": []}
    assert held["allocation"]["state"] == "hard"
    assert held["occupancy"] == {"state": "empty", "by": "presumption"}


async def test_devices_say_why_they_do_not_serve(world):
    devices = {d["name"]: d for d in (await world.get("devices")).body["devices"]}
    assert devices["locks"]["capabilities"] == ["LockBank"]
    assert devices["locks"]["actions"] == []
    assert devices["locks"]["state"] in ("starting", "offline")


@pytest.mark.parametrize("path", ["messages", "messages/x/code.png"])
async def test_messages_exist_on_simulated_sites_only(world, simulated, path):
    assert (await world.get(path)).kind == "not-simulated"
    assert (await simulated.get("messages")).body == {"messages": []}


async def test_the_twin_exists_on_simulated_sites_only(world, simulated):
    assert (await world.post("twin/locks/close", {"args": ["1"]})).kind == "not-simulated"
    answer = await simulated.post("twin/locks/close", {"args": ["1"]})
    assert answer.body == {"result": {"door": "1"}}
    assert simulated.twin.asked == [("locks", "close", "1")]


@pytest.mark.parametrize(("code", "status", "kind"), [
    ("unknown_device", 404, "unknown-device"), ("unknown_action", 404, "unknown-action"),
    ("bad_arguments", 422, "invalid"), ("refused", 409, "twin-refused"), ("not_running", 503, "twin-away"),
])
async def test_what_the_twin_refuses_is_answered_with_what_would_be_right(simulated, code, status, kind):
    from hub.web.ports import TwinRefused

    simulated.twin.refuses = TwinRefused(code, "no", ["close NAME"])
    answer = await simulated.post("twin/locks/clsoe")
    assert (answer.status, answer.kind, answer.body["mend"]) == (status, kind, "known here: close NAME")


async def test_a_message_is_shown_with_the_picture_that_was_sent(simulated):
    from dataclasses import dataclass

    @dataclass
    class Letter:
        message_id: str = "m1"
        to: object = None
        subject: str = "Ready"
        text: str = "Come"
        code: str | None = "HH1:ABC"
        pin: str | None = "123456"

    while simulated.hub.devices.driver("mailbox") is None:
        await simulated.get("health")
    letter = Letter(to={"name": "Ada"})
    await simulated.hub.devices.driver("mailbox").notify(letter, simulated.clock.monotonic() + 5)
    [shown] = (await simulated.get("messages")).body["messages"]
    assert (shown["pin"], shown["to"]) == ("123456", {"name": "Ada"})
    picture = await simulated.get(shown["picture"])
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.body.startswith(b"\x89PNG")
    assert (await simulated.get("messages/m2/code.png")).kind == "unknown-message"
