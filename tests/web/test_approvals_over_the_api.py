"""A command that needs an approval is answered 202; somebody else of the role approves it, or does not."""

from __future__ import annotations

from typing import Any

import pytest

WHY = {"why": "looked at it"}


async def _asked(world: Any) -> tuple[str, str]:
    """Staff want to complete a handover by hand, which a supervisor has to approve: handover, request."""
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/complete", WHY, token="clerk")
    assert answer.status == 202, answer.body
    return handover, answer.body["approval"]


async def _open(world: Any, token: str = "boss") -> list[Any]:
    return list((await world.get("approvals", token=token)).body["approvals"])


@pytest.mark.req("RO-01", "OV-04")
async def test_a_command_that_needs_an_approval_is_answered_that_it_waits(world):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/complete", WHY, token="clerk")
    assert answer.status == 202
    assert (answer.body["permission"], answer.body["waits_for"]) == ("handover.complete", "supervisor")
    assert (await world.get(f"handovers/{handover}")).body["state"] == "loading"


@pytest.mark.req("OV-03", "AU-02")
async def test_an_approved_command_is_done_and_the_record_has_both_names(world):
    handover, request = await _asked(world)
    answer = await world.post(f"approvals/{request}/approve", token="boss")
    assert (answer.status, answer.body["state"], answer.body["given_by"]) == (200, "given", ["token:boss"])
    assert answer.body["result"]["state"] == "completed_by_hand"
    events = (await world.get(f"handovers/{handover}/events")).body["events"]
    [commanded] = [event["body"] for event in events if event["type"] == "handover.commanded"]
    assert commanded == {
        "verb": "complete", "who": "token:clerk", "why": "looked at it", "approved_by": "token:boss",
    }
    assert await _open(world) == []


async def test_what_waits_is_listed_with_who_asked_and_who_may_answer(world):
    handover, request = await _asked(world)
    [shown] = await _open(world)
    assert (shown["id"], shown["handover"], shown["role"]) == (request, handover, "supervisor")
    assert (shown["asked_by"], shown["about"], shown["answerable"]) == ("token:clerk", "looked at it", True)
    assert [(await _open(world, token))[0]["answerable"] for token in ("clerk", "reader", "desk")] == [
        False, False, True,
    ]


async def test_a_denied_command_is_not_done_and_says_why(world):
    handover, request = await _asked(world)
    answer = await world.post(f"approvals/{request}/deny", {"why": "not collected"}, token="boss")
    assert answer.body["state"] == "denied"
    assert (await world.get(f"handovers/{handover}")).body["state"] == "loading"
    [shown] = (await world.get("approvals?all=true")).body["approvals"]
    assert [(one["who"], one["given"], one["why"]) for one in shown["answers"]] == [
        ("token:boss", False, "not collected"),
    ]


@pytest.mark.req("RO-05")
@pytest.mark.parametrize("token", ["clerk", "both", "shop", "reader"])
async def test_only_the_role_that_is_asked_approves(world, token):
    _, request = await _asked(world)
    answer = await world.post(f"approvals/{request}/approve", token=token)
    assert (answer.status, answer.kind, answer.body["permission"]) == (403, "forbidden", "approval.give")


async def test_who_asked_cannot_approve_even_with_every_permission(world):
    await world.post("compartments/main/A1/bar", WHY)
    asked = await world.hub.store.read(lambda r: r.execute("SELECT count(*) FROM approval").fetchone()[0])
    assert asked == 0
    _, request = await _asked(world)
    await world.hub.store.write(
        lambda tx: tx.execute("UPDATE approval SET asker = 'token:desk', barred = '[\"token:desk\"]'")
    )
    answer = await world.post(f"approvals/{request}/approve")
    assert (answer.status, answer.kind) == (409, "own-request")


async def test_a_request_that_is_over_is_answered_no_more(world):
    _, request = await _asked(world)
    world.clock.ahead += 11 * 60 * 1_000_000
    answer = await world.post(f"approvals/{request}/approve", token="boss")
    assert (answer.status, answer.kind) == (409, "approval-over")
    assert await _open(world) == []


async def test_the_same_key_is_answered_the_same_and_asks_once(world):
    handover = await world.order()
    key = {"Idempotency-Key": "k1"}
    first = await world.post(f"handovers/{handover}/complete", WHY, token="clerk", headers=key)
    again = await world.post(f"handovers/{handover}/complete", WHY, token="clerk", headers=key)
    assert (again.status, again.body) == (202, first.body)
    assert len(await _open(world)) == 1


async def test_a_compartment_waits_for_its_approval_as_well(world):
    await world.post("compartments/main/A1/bar", WHY, token="clerk")
    asked = await world.post("compartments/main/A1/unbar", WHY, token="clerk")
    assert asked.status == 202
    await world.post(f"approvals/{asked.body['approval']}/approve", token="boss")
    banks = (await world.get("banks")).body["banks"]
    [place] = [place for place in banks[0]["compartments"] if place["name"] == "A1"]
    assert place["service"]["state"] == "in_service"


async def test_requests_are_paged_without_gaps(world):
    made = []
    for _ in range(3):
        made.append((await _asked(world))[1])
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await world.get(f"approvals?limit=2{'&cursor=' + cursor if cursor else ''}")).body
        found += [shown["id"] for shown in page["approvals"]]
        cursor = page["next"]
    assert found == made[::-1]


@pytest.mark.parametrize(("path", "body", "kind"), [
    ("approvals/nobody/approve", {}, "unknown-approval"), ("approvals/nobody/aprove", {}, "unknown-command"),
    ("approvals/nobody/deny", {}, "invalid"),
])
async def test_what_is_wrong_is_said(world, path, body, kind):
    assert (await world.post(path, body, token="boss")).kind == kind
