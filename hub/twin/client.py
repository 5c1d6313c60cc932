"""Asks a running twin: what the CLI, the web and tests use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from hub.twin.control import LONGEST
from hub.twin.errors import TwinError
from hub.twin.info import read_info

_LONGEST_ANSWER = 64 * LONGEST


class TwinClient:
    """One connection per request, so that it never goes stale. All methods raise TwinError."""

    def __init__(self, control: str | Path) -> None:
        self._control = str(control)

    @classmethod
    def of(cls, state: Path) -> TwinClient:
        """The client for the twin whose state is in `state`. Raises TwinError(not_running)."""
        info = read_info(state)
        if info is None:
            raise TwinError("not_running", f"no twin is running in {state}")
        return cls(info.control)

    async def act(self, device: str, action: str, *args: str) -> Any:
        """Do `action` to a device or line; what its model answers, or None."""
        return await self._ask({"op": "act", "device": device, "action": action, "args": list(args)})

    async def actions(self) -> dict[str, list[str]]:
        """Device or line -> the usage of each of its actions."""
        result: dict[str, list[str]] = await self._ask({"op": "actions"})
        return result

    async def state(self) -> dict[str, Any]:
        """{"devices": {name: what can be seen of it}, "lines": {id: {url, plugged, severed, refusing}}}."""
        result: dict[str, Any] = await self._ask({"op": "state"})
        return result

    async def ledger(self, after: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """The acts with a greater `seq`, oldest first; with `limit` the last so many of them."""
        result: list[dict[str, Any]] = await self._ask({"op": "ledger", "after": after, "limit": limit})
        return result

    async def ping(self) -> None:
        """Return when the twin answers."""
        await self._ask({"op": "ping"})

    async def _ask(self, request: Mapping[str, Any]) -> Any:
        try:
            reader, writer = await asyncio.open_unix_connection(self._control, limit=_LONGEST_ANSWER)
        except OSError:
            raise TwinError("not_running", f"no twin answers at {self._control}") from None
        try:
            writer.write(orjson.dumps(request) + b"\n")
            await writer.drain()
            line = await reader.readline()
        except OSError:
            line = b""
        finally:
            writer.close()
        if not line:
            raise TwinError("not_running", "the twin went away before it answered")
        answer = orjson.loads(line)
        if not answer["ok"]:
            raise TwinError(answer["code"], answer["error"], answer["valid"])
        return answer["result"]
