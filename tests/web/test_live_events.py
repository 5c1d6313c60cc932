"""The WebSocket: every event once, in order, and a way back for whoever was cut off."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import Any

import aiohttp
import pytest

DESK = "token-of-the-desk-1234"


@contextlib.asynccontextmanager
async def connected(world, hello: dict[str, Any] | None = None, **options: Any):
    async with world.session.ws_connect(world.server.address + "/api/v1/ws", **options) as ws:
        await ws.send_json({"token": DESK} if hello is None else hello)
        yield ws


async def frame_of(ws, kind: str) -> dict[str, Any]:
    while True:
        frame = await ws.receive_json(timeout=10)
        if frame["kind"] == kind:
            return frame


async def events_to(ws, last: int) -> list[int]:
    """Sequence numbers of the events that come, up to `last`."""
    seqs: list[int] = []
    while not seqs or seqs[-1] < last:
        seqs.append((await frame_of(ws, "event"))["seq"])
    return seqs


async def closed_with(ws) -> int:
    while True:
        message = await ws.receive(timeout=10)
        if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
            return ws.close_code


async def test_a_snapshot_comes_first_then_what_changes(world):
    before = await world.head()
    async with connected(world) as ws:
        snapshot = await ws.receive_json(timeout=10)
        assert snapshot["kind"] == "snapshot"
        assert before <= snapshot["seq"] <= await world.head()  # devices may speak meanwhile
        assert [c["name"] for c in snapshot["banks"][0]["compartments"]] == ["B2", "A1", "A3"]
        await frame_of(ws, "devices")
        handover = await world.order()
        compartments = await frame_of(ws, "compartments")
        assert compartments["compartments"][0]["allocation"]["handover"] == handover
        changed = await frame_of(ws, "handovers")
        assert changed["handovers"][0]["state"] == "loading"


async def test_every_event_comes_once_and_in_order(world):
    async with connected(world) as ws:
        start = (await frame_of(ws, "snapshot"))["seq"]
        await asyncio.gather(*(world.events(50) for _ in range(30)))
        assert await events_to(ws, start + 1500) == list(range(start + 1, start + 1501))


@pytest.mark.req("IN-07")
async def test_a_client_resumes_behind_its_cursor_over_any_number_of_cuts(world):
    await world.events(20)
    seen: list[int] = []
    for _ in range(5):
        writing = asyncio.create_task(world.events(700))
        async with connected(world, {"token": DESK, "after": seen[-1] if seen else 0}) as ws:
            seen += await events_to(ws, (seen[-1] if seen else 0) + 300)
        await writing
    assert seen == list(range(1, seen[-1] + 1))


async def test_clients_that_join_at_different_times_all_get_everything(world):
    async with contextlib.AsyncExitStack() as stack:
        clients = []
        for _ in range(4):
            writing = asyncio.create_task(world.events(600))
            clients.append(await stack.enter_async_context(connected(world, {"token": DESK, "after": 0})))
            await writing
        head = await world.head()
        for client in clients:
            assert await events_to(client, head) == list(range(1, head + 1))


async def test_the_recent_past_can_be_asked_for(world):
    await world.events(30)
    async with connected(world, {"token": DESK, "recent": 10}) as ws:
        seq = (await frame_of(ws, "snapshot"))["seq"]
        assert await events_to(ws, seq) == list(range(seq - 9, seq + 1))


async def test_events_name_people_by_reference_only(world):
    async with connected(world, {"token": DESK, "after": 0}) as ws:
        await world.order()
        text = ""
        while "allocation.assigned" not in text:
            text += (await ws.receive(timeout=10)).data
        assert "Lovelace" not in text
        assert "ada@example.org" not in text


async def test_a_cursor_beyond_the_journal_is_told_so(world):
    async with connected(world, {"token": DESK, "after": 10_000}) as ws:
        problem = await frame_of(ws, "problem")
        assert "another journal" in problem["problem"]["mend"]
        assert await closed_with(ws) == 4409


@pytest.mark.parametrize(("hello", "code"), [
    ({"token": "wrong"}, 4401), ({}, 4401), ({"token": "token-of-the-tester-12"}, 4403),
    ({"token": DESK, "after": -1}, 4400), ({"token": DESK, "aftr": 1}, 4400), ([], 4400),
])
async def test_a_wrong_first_message_ends_with_its_own_code(world, hello, code):
    async with connected(world, hello) as ws:
        assert (await frame_of(ws, "problem"))["problem"]["status"] >= 400
        assert await closed_with(ws) == code


async def test_a_first_message_that_is_no_json_is_told_so(world):
    async with world.session.ws_connect(world.server.address + "/api/v1/ws") as ws:
        await ws.send_str("hello")
        assert (await frame_of(ws, "problem"))["problem"]["type"] == "/problems/bad-json"
        assert await closed_with(ws) == 4400


async def test_a_token_may_come_as_subprotocol(world):
    word = "bearer." + base64.urlsafe_b64encode(DESK.encode()).decode().rstrip("=")
    async with connected(world, {}, protocols=("hub.v1", word)) as ws:
        assert ws.protocol == "hub.v1"
        assert (await frame_of(ws, "snapshot"))["simulated"] is False


async def test_a_wrong_token_in_the_subprotocol_is_refused_at_once(world):
    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        async with connected(world, {}, protocols=("hub.v1", "bearer.eA")):
            pass


async def test_a_token_in_the_address_opens_nothing(world):
    async with world.session.ws_connect(world.server.address + f"/api/v1/ws?token={DESK}") as ws:
        await ws.send_json({})
        assert await closed_with(ws) == 4401


async def test_a_plain_request_is_told_to_speak_websocket(world):
    assert (await world.get("ws")).kind == "bad-request"


async def test_a_slow_client_is_cut_off_and_resumes_without_loss(build):
    world = await build(queue=50)
    async with connected(world) as ws:
        start = (await frame_of(ws, "snapshot"))["seq"]
        await frame_of(ws, "devices")
        await world.events(400)
        seen = []
        while True:
            message = await ws.receive(timeout=10)
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            frame = message.json()
            if frame["kind"] == "event":
                seen.append(frame["seq"])
        assert ws.close_code == 4408
    after = seen[-1] if seen else start
    async with connected(world, {"token": DESK, "after": after}) as ws:
        seen += await events_to(ws, start + 400)
    assert seen == list(range(start + 1, start + 401))


async def test_more_clients_than_the_hub_serves_are_refused(build):
    world = await build(most_clients=1)
    async with connected(world) as ws:
        await frame_of(ws, "snapshot")
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            async with connected(world):
                pass


async def test_clients_are_told_when_the_hub_stops(world):
    async with connected(world) as ws:
        await frame_of(ws, "devices")
        stopping = asyncio.create_task(world.server.stop())
        assert await closed_with(ws) == 1001
        await stopping
