"""The hub's REST API as a shop system uses it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from hub.cli.demo_walks.story import WalkFailed

_TOLD_WITHIN = 5.0
_LIMIT = aiohttp.ClientTimeout(total=10)
#: What a hub that is being started or killed answers with.
AWAY = (aiohttp.ClientError, TimeoutError, ConnectionError)


class Api:
    """One session with the demo's token. Answers that are errors raise WalkFailed."""

    def __init__(self, address: str, token: str) -> None:
        self._base = f"{address}/api/v1/"
        self._token = token
        headers = {"Authorization": f"Bearer {token}"}
        self._session = aiohttp.ClientSession(headers=headers, timeout=_LIMIT)

    async def close(self) -> None:
        """End the session."""
        await self._session.close()

    async def ready(self) -> bool:
        """Whether the hub answers and every device serves."""
        health = await self.health()
        return health is not None and health["status"] == "ok"

    async def health(self) -> dict[str, Any] | None:
        """How the hub is; None while nobody answers."""
        try:
            found: dict[str, Any] = await self.get("health")
        except (*AWAY, WalkFailed):
            return None
        return found

    async def get(self, path: str, **query: str) -> Any:
        """GET a path under /api/v1/."""
        async with self._session.get(self._base + path, params=query) as answer:
            return await _answer(answer)

    async def post(self, path: str, body: object = None) -> Any:
        """POST a JSON body to a path under /api/v1/."""
        async with self._session.post(self._base + path, json={} if body is None else body) as answer:
            return await _answer(answer)

    async def picture(self, address: str) -> bytes:
        """The bytes behind an address that an answer named."""
        async with self._session.get(self._base.removesuffix("/api/v1/") + address) as answer:
            if answer.status != 200:
                raise WalkFailed(f"a picture at {address}", f"{answer.status} {await answer.text()}")
            return await answer.read()

    @contextlib.asynccontextmanager
    async def screen(self) -> AsyncIterator[Screen]:
        """What terminals tell people, from now on."""
        async with self._session.ws_connect(self._base + "ws", max_msg_size=0) as socket:
            await socket.send_json({"token": self._token})
            screen = Screen(socket)
            # The list of devices comes right after the connection has become a live one.
            await screen.next("devices")
            yield screen


class Screen:
    """Reads along at the terminals of the site."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def next(self, kind: str, within: float = _TOLD_WITHIN) -> dict[str, Any]:
        """The next frame of a kind. Raises WalkFailed when none comes, or the hub says why not."""
        frame: dict[str, Any] = {}
        try:
            while frame.get("kind") != kind:
                frame = await self._socket.receive_json(timeout=within)
                if frame["kind"] == "problem":
                    raise WalkFailed(f"a frame of kind {kind}", frame["problem"])
        except (TypeError, *AWAY) as error:
            raise WalkFailed(f"a frame of kind {kind}", f"{type(error).__name__} {error}") from None
        return frame


async def _answer(answer: aiohttp.ClientResponse) -> Any:
    if answer.status >= 400:
        asked = f"{answer.method} {answer.url.path}"
        raise WalkFailed(f"{asked} to succeed", f"{answer.status} {await answer.text()}")
    return await answer.json()
