"""Requests for approval: what waits for whom, and answering it."""

from __future__ import annotations

from hub import access
from hub.core.commands import Accepted, Actor
from hub.store import Reader
from hub.web import verb_bodies
from hub.web.answers import iso
from hub.web.approval_answers import AnsweredView, ApprovalAnswer, ApprovalPage, ApprovalView
from hub.web.calls import Api, Call, Reply, Serve
from hub.web.commanding import commanding
from hub.workflows.run.approving import answerable


async def approvals(api: Api, call: Call) -> Reply:
    """Requests, newest first; the open ones unless all are asked for."""
    query: verb_bodies.ApprovalsQuery = call.query
    policy, at = api.ports.policy, call.at

    def read(reader: Reader) -> ApprovalPage:
        found = access.approval_page(
            reader, only_open=not query.all, limit=query.limit + 1, before=query.cursor
        )
        shown = [view(reader, policy, asked, call.actor, at) for asked in found[: query.limit]]
        return ApprovalPage(shown, shown[-1].id if len(found) > query.limit else None)

    return Reply(await api.ports.store.read(read))


def approval_command(word: str) -> Serve:
    """The handler of `approval.WORD`."""
    return commanding(f"approval.{word}", "{id}", _answered)


def view(
    reader: Reader, policy: access.Policy, asked: access.Approval, actor: Actor, at: int
) -> ApprovalView:
    """A request as `actor` sees it at `at`; it names people by reference only."""
    over = asked.open and asked.expires is not None and asked.expires <= at
    return ApprovalView(
        asked.id, "expired" if over else asked.state.value, asked.verb, asked.target, asked.about,
        asked.handover_id, asked.role, asked.wanted, asked.asker, iso(asked.opened),
        None if asked.expires is None else iso(asked.expires),
        [AnsweredView(one.who, one.given, one.why, iso(one.at)) for one in asked.answers],
        answerable(reader, policy, asked, actor, at),
    )


def _answered(answer: Accepted) -> ApprovalAnswer:
    found = answer.result
    return ApprovalAnswer(
        found["id"], found["state"], found["verb"], found["handover"], found["given_by"], found["wanted"],
        found["result"],
    )
