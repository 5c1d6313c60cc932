"""The control socket: one JSON object a line, answered with one JSON object a line.

{"op": "act", "device": "locks_a", "action": "stick", "args": ["4"]} -> {"ok": true, "result": null}
or {"ok": false, "code": "unknown_action", "error": "...", "valid": ["pull", ...]}.
Operations: act, actions, state, ledger {"after": seq, "limit": n}, ping.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from hub.twin.errors import TwinError

_LOG = logging.getLogger(__name__)
#: The longest request, in bytes.
LONGEST = 1 << 20
Operation = Callable[[Mapping[str, Any]], Awaitable[Any]]


class ControlServer:
    """Serves the operations on a Unix socket that only its owner can open."""

    def __init__(self, path: Path, operations: Mapping[str, Operation]) -> None:
        self.path = path
        self._operations = dict(operations)
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Listen. A socket that a dead twin left behind is replaced."""
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.path), limit=LONGEST)
        self.path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening and drop the clients."""
        if self._server is not None:
            self._server.close()
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            await self._converse(reader, writer)
        except ConnectionError:
            pass
        except asyncio.CancelledError:
            # Swallowed: asyncio's server would report the cancelled handler as an error.
            _LOG.debug("A client of the control socket was dropped")
        finally:
            self._clients.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                error = TwinError("bad_request", f"a request has at most {LONGEST} bytes")
                writer.write(_refusal(error))
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                return
            if not line:
                return
            writer.write(await self._answer(line))
            await writer.drain()

    async def _answer(self, line: bytes) -> bytes:
        try:
            request = orjson.loads(line)
            if not isinstance(request, dict):
                raise TwinError("bad_request", "a request is a JSON object")
            operation = self._operations.get(str(request.get("op")))
            if operation is None:
                raise TwinError("bad_request", "unknown operation", sorted(self._operations))
            return orjson.dumps({"ok": True, "result": await operation(request)}) + b"\n"
        except orjson.JSONDecodeError as error:
            return _refusal(TwinError("bad_request", f"not JSON: {error}"))
        except TwinError as error:
            return _refusal(error)
        except TypeError as error:
            return _refusal(TwinError("failed", f"the answer cannot be told: {error}"))


def _refusal(error: TwinError) -> bytes:
    body = {"ok": False, "code": error.code, "error": str(error), "valid": error.valid}
    return orjson.dumps(body) + b"\n"
