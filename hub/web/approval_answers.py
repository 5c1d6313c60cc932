"""What the API answers about approvals."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hub.web.answers import Time


class PendingAnswer(msgspec.Struct):
    """The command was not done yet: somebody with the role `waits_for` has to approve it until `expires`."""

    approval: str
    permission: str
    waits_for: str
    expires: Time | None


class AnsweredView(msgspec.Struct):
    """What one person said."""

    who: str
    given: bool
    why: str
    at: Time


class ApprovalView(msgspec.Struct):
    """A request for approval. `permission` is the command that waits, empty when a step of a handover asks.

    `state` is open, given, denied, expired or withdrawn; `wanted` different people must agree.
    """

    id: str
    state: str
    permission: str
    target: str
    about: str
    handover: str | None
    role: str
    wanted: int
    asked_by: str
    opened: Time
    expires: Time | None
    answers: list[AnsweredView]
    answerable: Annotated[bool, Meta(description="Whether the caller may answer it now.")]


class ApprovalPage(msgspec.Struct):
    """Requests, newest first; `next` is the cursor of the next page, null on the last one."""

    approvals: list[ApprovalView]
    next: str | None


class ApprovalAnswer(msgspec.Struct):
    """The request after an answer. `result` is what the command that waited led to, null without one."""

    id: str
    state: str
    permission: str
    handover: str | None
    given_by: list[str]
    wanted: int
    result: dict[str, Any] | None
