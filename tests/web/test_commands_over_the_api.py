"""The commands on a handover: what each takes, what it does where the blueprint says nothing, who may."""

from __future__ import annotations

from typing import Any

import pytest

WHY = {"why": "looked at it"}


async def _incidents(world: Any) -> list[Any]:
    return list((await world.get("incidents")).body["incidents"])


async def _events(world: Any, handover: str, kind: str) -> list[Any]:
    events = (await world.get(f"handovers/{handover}/events")).body["events"]
    return [event["body"] for event in events if event["type"] == kind]


async def test_something_is_put_on_record_and_nothing_else_changes(world):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/declare", {"what": "the box is wet"}, token="clerk")
    assert (answer.status, answer.body["state"]) == (200, "loading")
    assert await _events(world, handover, "handover.declared") == [
        {"what": "the box is wet", "who": "token:clerk"},
    ]


@pytest.mark.req("IC-03")
async def test_a_dispute_becomes_somebodys_task_and_leaves_the_state_alone(world):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/dispute", {"why": "never got it"}, token="shop")
    assert answer.body["state"] == "loading"
    [disputed] = [found for found in await _incidents(world) if found["kind"] == "disputed"]
    assert (disputed["owner"], disputed["handover"], disputed["detail"]) == (
        "role:staff", handover, "never got it",
    )
    assert disputed["due"] is not None


async def test_what_has_ended_can_still_be_disputed(world):
    handover = await world.order()
    await world.post(f"handovers/{handover}/cancel")
    answer = await world.post(f"handovers/{handover}/dispute", WHY)
    assert (answer.status, answer.body["state"]) == (200, "cancelled")
    assert "disputed" in [found["kind"] for found in await _incidents(world)]


@pytest.mark.req("OV-01", "OV-02", "OV-03")
async def test_a_handover_is_completed_by_hand_by_the_word_of_somebody(world):
    handover = await world.order()
    assert (await world.post(f"handovers/{handover}/complete", {})).kind == "invalid"
    answer = await world.post(f"handovers/{handover}/complete", {"why": "gave it over the counter"})
    assert (answer.body["state"], answer.body["status"]) == ("completed_by_hand", "completed")
    detail = (await world.get(f"handovers/{handover}")).body
    [allocation] = detail["allocations"]
    assert allocation["live"] is False
    assert allocation["custody_chain"][-1]["evidence"] == "person:token:desk"
    assert allocation["custody_chain"][-1]["to"].startswith("recipient")


async def test_money_that_was_never_taken_is_not_given_back(world):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/refund", WHY)
    assert (answer.status, answer.kind) == (409, "not-possible")


@pytest.mark.parametrize(("verb", "body"), [
    ("reassign", {"why": "x", "size": "L"}), ("refuse", WHY), ("undo", {}), ("not_empty", {}),
    ("too_small", {"size": "L"}), ("inspect", {"verdict": "part", "amount": 100}),
    ("provide", {"values": {"table": 7}}), ("end", {}), ("dispose", {}), ("approve", {}), ("deny", WHY),
])
async def test_a_command_that_the_state_does_not_take_says_what_it_takes(world, verb, body):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/{verb}", body)
    assert (answer.status, answer.kind) == (409, "not-now")
    if verb not in ("approve", "deny"):
        assert answer.body["takes"] == ["cancel", "load"]


@pytest.mark.parametrize(("verb", "body"), [
    ("reassign", {}), ("reassign", {"why": "x", "size": "huge"}), ("refund", {"why": "x", "amount": 0}),
    ("declare", {}), ("inspect", {"verdict": "maybe"}), ("provide", {"values": {"deep": {"a": 1}}}),
    ("provide", {"contact": {"shoe": "44"}}), ("dispute", {}), ("too_small", {"size": 7}),
])
async def test_a_wrong_body_is_refused(world, verb, body):
    handover = await world.order()
    assert (await world.post(f"handovers/{handover}/{verb}", body)).kind == "invalid"


@pytest.mark.req("RO-03", "ID-05")
async def test_a_handover_says_which_commands_are_possible_and_who_may_give_them(world):
    handover = await world.order()
    shown = (await world.get(f"handovers/{handover}", token="clerk")).body["commands"]
    commands = {command["name"]: command for command in shown}
    assert {name for name, command in commands.items() if command["possible"]} == {
        "cancel", "complete", "declare", "dispute", "extend", "load",
    } - ({"extend"} if not commands["extend"]["possible"] else set())
    complete = commands["complete"]
    assert (complete["allowed"], complete["needs_approval"]) == (True, "supervisor")
    assert "supervisor" in complete["roles"]
    assert complete["roles_with_approval"] == {"staff": "supervisor"}
    assert commands["refund"]["why_not"] == "no money has been taken"
    assert "Waits for staff" in commands["open"]["why_not"]


async def test_who_may_not_is_told_so_for_each_command(world):
    handover = await world.order()
    shown = (await world.get(f"handovers/{handover}", token="reader")).body["commands"]
    assert not any(command["allowed"] for command in shown)


async def test_the_order_of_a_handover_is_on_record_with_who_asked(world):
    handover = (await world.post("handovers", {
        "workflow": "parcels", "recipient": {"name": "Ada"}, "items": [{"sku": "parcel", "quantity": 1}],
    }, token="shop")).body["id"]
    [created] = await _events(world, handover, "handover.created")
    assert created["vars"]["created_by"] == "token:shop"
