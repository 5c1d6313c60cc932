"""A request on its way to its handler: who asks, with which body and query, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import orjson
from aiohttp import web

from hub.core.commands import Actor
from hub.web.access import Tokens
from hub.web.bodies import NoQuery
from hub.web.idempotency import Key, Twins
from hub.web.mends import mend_of
from hub.web.ports import Ports, TwinRefused
from hub.web.problems import Problem

API = "/api/v1"
LARGEST_BODY = 64 * 1024
_JSON = "application/json"
B = TypeVar("B")
encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode


class Api:
    """What all handlers share."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.tokens = Tokens(ports.config.web.tokens)
        self.twins = Twins()
        self.started = ports.clock.monotonic()
        self._actions: Mapping[str, Sequence[str]] = {}

    @property
    def known_actions(self) -> Mapping[str, Sequence[str]]:
        """What `actions` found last."""
        return self._actions

    async def actions(self) -> Mapping[str, Sequence[str]]:
        """What one can do to the simulated devices; they never change while a twin runs."""
        if not self._actions and self.ports.twin is not None:
            try:
                self._actions = await self.ports.twin.actions()
            except TwinRefused:
                return {}
        return self._actions


@dataclass(frozen=True, slots=True)
class Call:
    """One request, understood. `at` is when it came (UTC microseconds), `actor` has no roles if unasked."""

    at: int
    actor: Actor
    params: Mapping[str, str]
    query: Any
    body: Any
    key: Key | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers: a struct, or bytes that are ready. `status` None is the route's own."""

    value: Any
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Serve = Callable[[Api, Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table that drives routing, permissions and the OpenAPI document.

    `verb` is the permission, empty for none at all; `by_target` leaves asking for it to the handler, since
    it depends on the handover. `keyed` takes an Idempotency-Key. `approvable` may answer 202: it waits for
    somebody's approval.
    """

    method: str
    path: str
    name: str
    summary: str
    serve: Serve
    verb: str = ""
    by_target: bool = False
    body: type | None = None
    body_optional: bool = False
    query: type = NoQuery
    answer: type | None = None
    status: int = 200
    media: str = _JSON
    problems: tuple[str, ...] = ()
    simulated: bool = False
    keyed: bool = False
    approvable: bool = False


async def read_json(request: web.Request, *, optional: bool) -> Any:
    """The decoded body. Raises Problem: too-large, media-type, bad-json with the position."""
    if request.content_length is not None and request.content_length > LARGEST_BODY:
        raise Problem("too-large", f"{request.content_length} bytes were announced")
    data = await request.read()
    if not data and optional:
        return {}
    if data and request.content_type != _JSON:
        raise Problem("media-type", f"the body came as {request.content_type}")
    return decode(data)


def decode(data: bytes | str) -> Any:
    """JSON. Raises Problem(bad-json) with line and column."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Problem(
            "bad-json", f"line {error.lineno}, column {error.colno}: {error.msg}",
            members={"line": error.lineno, "column": error.colno},
        ) from None


def convert(raw: Any, kind: type[B], *, text: bool = False) -> B:
    """`raw` as a `kind`; `text` for queries, whose values are text. Raises Problem(invalid) with the path."""
    try:
        return msgspec.convert(raw, kind, strict=not text)
    except msgspec.ValidationError as error:
        raise Problem("invalid", str(error), mend=mend_of(str(error), kind)) from None
