"""From a request to a command of the hub and back: done once per key, refused as a problem."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from hub.core.commands import Accepted, Answer, Command, Pending, Refused
from hub.store import Tx
from hub.web.answers import iso, micros
from hub.web.approval_answers import PendingAnswer
from hub.web.calls import Api, Call, Reply, Serve, encode
from hub.web.idempotency import Kept, find, keep
from hub.web.ports import Ports
from hub.web.problems import KINDS, Problem

_REPLAYED = {"Idempotency-Replayed": "true"}


def commanding(verb: str, target: str, shown: Callable[[Accepted], Any]) -> Serve:
    """The handler of one command; who may is asked in its transaction.

    `target` is what is commanded, made of the address: `{id}`. What waits for an approval answers 202.
    """

    def told(answer: Accepted | Pending) -> tuple[int, Any]:
        return (202, _pending(verb, answer)) if isinstance(answer, Pending) else (200, shown(answer))

    async def serve(api: Api, call: Call) -> Reply:
        async with api.twins.turn(call.key):
            kept = await answered(api.ports, call)
            if kept is not None:
                return kept

            def also(tx: Tx, answer: Answer) -> None:
                if call.key is not None and not isinstance(answer, Refused):
                    status, value = told(answer)
                    keep(tx, call.key, Kept(status, encode(value), ""), call.at)

            asked = Command(verb, call.actor, target.format(**call.params), _arguments(call.body), also)
            answer = await api.ports.commands.call(asked)
        if isinstance(answer, Refused):
            raise _refused(answer, asked)
        status, value = told(answer)
        return Reply(value, status)

    return serve


async def answered(ports: Ports, call: Call) -> Reply | None:
    """What the request's key was answered before, or None."""
    key = call.key
    kept = None if key is None else await ports.store.read(lambda reader: find(reader, key, call.at))
    if kept is None:
        return None
    location = {"Location": kept.location} if kept.location else {}
    return Reply(kept.answer, kept.status, _REPLAYED | location)


def _arguments(body: msgspec.Struct) -> dict[str, Any]:
    """What was written in the body, with moments as UTC microseconds."""
    written = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: _plain(value) for name, value in written.items() if value is not None and value != ""}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return micros(value)
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value


def _pending(verb: str, answer: Pending) -> PendingAnswer:
    expires = None if answer.expires is None else iso(answer.expires)
    return PendingAnswer(answer.approval, verb, answer.role, expires)


def _refused(answer: Refused, asked: Command) -> Problem:
    members = {key: value for key, value in answer.detail.items() if key not in ("rule", "approval")}
    if answer.code == "forbidden":
        members.setdefault("permission", asked.verb)
    name = answer.code if answer.code in KINDS else "not-possible"
    return Problem(name, answer.reason, members=members)
