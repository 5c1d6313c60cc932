"""The WebSocket of the API: a snapshot, then every event and change, resumable by cursor."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from hub.core.commands import Actor
from hub.store import StoreError
from hub.web import frames
from hub.web.access import SUBPROTOCOL, demand
from hub.web.bodies import Hello
from hub.web.calls import Api, convert, decode, encode
from hub.web.feed import Client, Feed
from hub.web.problems import Problem

#: Close codes of our own (RFC 6455 section 7.4.2 leaves 4000-4999 to applications).
BAD_HELLO, UNAUTHORIZED, FORBIDDEN, TOO_SLOW, BEYOND_END, STORE_BLOCKED = 4400, 4401, 4403, 4408, 4409, 4503
_CODES = {"unauthorized": UNAUTHORIZED, "forbidden": FORBIDDEN, "approval-needed": FORBIDDEN,
          "store-blocked": STORE_BLOCKED}
MOST_CLIENTS = 64
_HELLO_WITHIN = 5.0
_CLOSE_WITHIN = 5.0
_LONGEST_MESSAGE = 16 * 1024
_VERBS = ("event.read", "handover.read", "compartment.read", "device.read")


class Live:
    """Serves `GET /ws`. Each connection has one loop that sends; nothing is gathered per message."""

    def __init__(self, api: Api, feed: Feed, most: int = MOST_CLIENTS) -> None:
        self._api = api
        self._feed = feed
        self._most = most
        self._open: set[web.WebSocketResponse] = set()

    async def stop(self) -> None:
        """Tell all clients that the hub goes away."""
        closing = [asyncio.ensure_future(ws.close(code=1001, message=b"the hub stops")) for ws in self._open]
        if closing:
            await asyncio.wait(closing, timeout=_CLOSE_WITHIN)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, until either side ends it. Raises Problem before the upgrade only."""
        if len(self._open) >= self._most:
            raise Problem("too-many-clients", f"{self._most} connections are open")
        offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        actor = self._api.tokens.of_protocols(offered)
        ws = web.WebSocketResponse(
            heartbeat=20.0, max_msg_size=_LONGEST_MESSAGE, protocols=(SUBPROTOCOL,), timeout=_CLOSE_WITHIN
        )
        if not ws.can_prepare(request).ok:
            raise Problem("bad-request", "this address speaks WebSocket only")
        await ws.prepare(request)
        self._open.add(ws)
        try:
            await self._converse(request, ws, actor)
        except Problem as problem:
            await self._part(ws, problem, _CODES.get(problem.name, BAD_HELLO))
        except StoreError as error:
            await self._part(ws, Problem("store-blocked", str(error)), STORE_BLOCKED)
        except ConnectionError:
            pass
        finally:
            self._open.discard(ws)
        return ws

    async def _converse(
        self, request: web.Request, ws: web.WebSocketResponse, actor: Actor | None
    ) -> None:
        hello = await _hello(ws)
        if hello is None:
            return
        if actor is None or hello.token:
            actor = self._api.tokens.known(hello.token)
        at = self._api.ports.clock.now()
        for verb in _VERBS:
            demand(self._api.ports.policy, actor, verb, at)
        seq, snapshot = await self._feed.snapshot()
        if hello.after is not None and hello.after > seq:
            problem = Problem(
                "invalid", f"event {hello.after} is behind the journal's end at {seq}",
                mend="connect without `after`: this is another journal than before",
            )
            await self._part(ws, problem, BEYOND_END)
            return
        await ws.send_frame(snapshot, WSMsgType.TEXT)
        client = self._feed.client(max(0, seq - hello.recent) if hello.after is None else hello.after)
        try:
            await self._stream(request, ws, client, seq)
        finally:
            self._feed.leave(client)

    async def _catch_up(self, ws: web.WebSocketResponse, client: Client, seq: int) -> None:
        """Send what lies between the client's cursor and the feed's, then make it live."""
        while client.position < seq or not self._feed.join(client):
            batch = await self._feed.batch(client.position, seq)
            for _, frame in batch.events:
                await ws.send_frame(frame, WSMsgType.TEXT)
            for frame in batch.changes:
                await ws.send_frame(frame, WSMsgType.TEXT)
            client.position = batch.last

    async def _stream(
        self, request: web.Request, ws: web.WebSocketResponse, client: Client, seq: int
    ) -> None:
        sending = asyncio.create_task(self._send(ws, client, seq), name="web client")
        slow = asyncio.create_task(client.too_slow.wait(), name="web client watch")
        hearing = asyncio.create_task(_hear(ws), name="web client ears")
        parts = (sending, slow, hearing)
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            ends = await asyncio.gather(*parts, return_exceptions=True)
        if client.too_slow.is_set():
            await self._drop(request, ws)
        elif isinstance(ends[0], Exception):
            raise ends[0]

    async def _send(self, ws: web.WebSocketResponse, client: Client, seq: int) -> None:
        """Everything that this client gets goes through here, one frame after the other."""
        await self._catch_up(ws, client, seq)
        while True:
            await ws.send_frame(await client.queue.get(), WSMsgType.TEXT)

    async def _drop(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        """Say goodbye to a client that does not read; one that does not even read that is cut off."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_CLOSE_WITHIN):
                await ws.close(code=TOO_SLOW, message=b"too slow: resume with after")
        if request.transport is not None:
            request.transport.abort()

    async def _part(self, ws: web.WebSocketResponse, problem: Problem, code: int) -> None:
        with contextlib.suppress(ConnectionError):
            await ws.send_frame(encode(frames.ProblemFrame(problem.body())), WSMsgType.TEXT)
            await ws.close(code=code, message=problem.name.encode())


async def _hello(ws: web.WebSocketResponse) -> Hello | None:
    """The first message; None when the client left instead. Raises Problem."""
    try:
        async with asyncio.timeout(_HELLO_WITHIN):
            message = await ws.receive()
    except TimeoutError:
        raise Problem("unauthorized", "no first message with a token came in time") from None
    if message.type is not WSMsgType.TEXT:
        return None
    return convert(decode(message.data), Hello)


async def _hear(ws: web.WebSocketResponse) -> None:
    """Answer pings and notice the end; what else a client says means nothing."""
    async for _ in ws:
        continue
