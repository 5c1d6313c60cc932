"""The command port: what a person or a program asks of the hub is answered, never dropped (S24)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `ref` names the person or token in the journal; `roles` are checked by the policy."""

    ref: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Command:
    """`verb` on `target` with `body`, asked by `actor`.

    `also(tx, answer)` runs in the transaction of the answer, for what must commit with it (S39).
    `approved_by` are the people who approved it; only the hub itself fills it in.
    """

    verb: str
    actor: Actor
    target: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    also: Callable[[Any, Answer], None] | None = None
    approved_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """Done or durably begun. `result` is what the caller may see."""

    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done, and why. `code` is stable (used as the problem type), `reason` is for people."""

    code: str
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """Not done yet: it waits for the approval `approval` by `role` until `expires` (UTC microseconds)."""

    approval: str
    role: str
    expires: int | None = None


Answer = Accepted | Refused | Pending
Handler = Callable[[Command], Awaitable[Answer]]


class CommandPort:
    """Routes commands to the one handler that registered their verb."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def register(self, verb: str, handler: Handler) -> None:
        """Serve `verb` with `handler`; a second registration is a programming error."""
        if verb in self._handlers:
            raise ValueError(f"verb {verb!r} has a handler already")
        self._handlers[verb] = handler

    @property
    def verbs(self) -> list[str]:
        """All verbs, sorted."""
        return sorted(self._handlers)

    async def call(self, command: Command) -> Answer:
        """Ask. An unknown verb is refused."""
        handler = self._handlers.get(command.verb)
        if handler is None:
            return Refused("unknown-command", f"there is no command {command.verb!r}")
        return await handler(command)
