"""The versions of workflows: what runs, what the files offer, who depends on what, and applying."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hub.config import Problem as Found
from hub.core.commands import Accepted
from hub.site.versions import Status
from hub.web.answers import Time, iso
from hub.web.calls import Api, Call, Reply
from hub.web.commanding import commanding


class FoundProblem(msgspec.Struct):
    """What is wrong in a file, where, and what to write instead."""

    file: str
    line: int
    column: int
    message: str
    mend: str


class AppliedVersion(msgspec.Struct):
    """What new handovers get, since when and by whose act."""

    machine: str
    blueprint: str
    version: str
    since: Time
    who: str


class OfferedVersion(msgspec.Struct):
    """What the files hold now."""

    machine: str
    blueprint: str
    version: str
    file: str


class LiveVersion(msgspec.Struct):
    """Handovers that have not ended and keep this version; `states` counts them by state."""

    machine: str
    version: str
    count: int
    states: dict[str, int]


class WorkflowView(msgspec.Struct):
    """One workflow. `state`: current, offered, invalid, removed or new; `serving`: it takes new handovers."""

    name: str
    state: str
    serving: bool
    applied: AppliedVersion | None
    offered: OfferedVersion | None
    problems: list[FoundProblem]
    live: list[LiveVersion]


class Workflows(msgspec.Struct):
    """All workflows; `problems` are those of the site's files as a whole."""

    workflows: list[WorkflowView]
    problems: list[FoundProblem]


class WorkflowApplied(msgspec.Struct):
    """What was applied. `stay` handovers go on with the versions that they began with."""

    workflow: str
    machine: str
    version: str
    was: str | None
    changed: bool
    stay: int


async def workflows(api: Api, call: Call) -> Reply:
    """All workflows as they run and as the files have them at this moment."""
    found, problems = await api.ports.versions.status()
    return Reply(Workflows([_view(status) for status in found], _problems(problems)))


def _applied(answer: Accepted) -> Any:
    return WorkflowApplied(**answer.result)


apply = commanding("workflow.apply", "{name}", _applied)


def _view(status: Status) -> WorkflowView:
    applied, offer = status.applied, status.offer
    draft = offer.draft if offer is not None else None
    return WorkflowView(
        status.name, status.state, status.serving,
        None if applied is None else AppliedVersion(
            applied.machine, applied.blueprint, applied.version, iso(applied.at), applied.who
        ),
        None if offer is None or draft is None else OfferedVersion(
            offer.machine, draft.machine.blueprint, draft.machine.version, offer.file
        ),
        _problems(() if offer is None else (*offer.problems, *offer.foreign)),
        [LiveVersion(one.machine, one.version, one.count, dict(one.states)) for one in status.live],
    )


def _problems(found: Iterable[Found]) -> list[FoundProblem]:
    return [FoundProblem(one.file, one.line, one.column, one.message, one.mend) for one in found]
