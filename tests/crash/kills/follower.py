"""A client of the event stream that lives through every kill: each event once, none skipped (S34)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
from kills.record import beside
from kills.world import TOKEN

_ALL = "SELECT seq, stream, type FROM journal ORDER BY seq"


class Follower:
    """Resumes behind the last event it saw, as soon as there is a hub again."""

    def __init__(self, port: int, database: Path) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1/ws"
        self._database = database
        self._seen: list[tuple[int, str, str]] = []
        self.violations: list[str] = []

    async def run(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    await self._follow(session)
                except (aiohttp.ClientError, OSError, TimeoutError):
                    await asyncio.sleep(0.1)

    async def _follow(self, session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(self._url, max_msg_size=0) as stream:
            await stream.send_json({"token": TOKEN, "after": len(self._seen)})
            async for message in stream:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._hear(json.loads(message.data))
        await asyncio.sleep(0.1)

    def _hear(self, frame: dict) -> None:
        if frame["kind"] == "problem":
            self.violations.append(f"the stream refused to go on behind {len(self._seen)}: {frame}")
        if frame["kind"] != "event":
            return
        if frame["seq"] != len(self._seen) + 1:
            self.violations.append(f"the stream went from {len(self._seen)} to {frame['seq']}")
        self._seen.append((frame["seq"], frame["stream"], frame["type"]))

    def compare(self) -> list[str]:
        """What was seen must stand in the journal of the stopped hub, and that must have no gap."""
        with beside(self._database) as connection:
            there = [tuple(row) for row in connection.execute(_ALL)]
        if there[: len(self._seen)] != self._seen:
            self.violations.append("events that the stream told are gone or others")
        if [seq for seq, _, _ in there] != list(range(1, len(there) + 1)):
            self.violations.append("the journal has a gap")
        if not self._seen:
            self.violations.append("the stream told nothing")
        return self.violations
