"""The routes of the commands on handovers and of requests for approval."""

from __future__ import annotations

from hub.web import answers, approval_answers, approval_calls, bodies, handover_calls, verb_bodies
from hub.web.calls import Route

#: What a command may be refused for besides what is its own.
SHARED = ("forbidden", "not-now", "not-possible", "idempotency-mismatch")
#: Word of the address -> summary, body.
COMMANDS: dict[str, tuple[str, type]] = {
    "load": ("Opens the compartment to load it", bodies.Plain),
    "cancel": ("Cancels the handover", bodies.Plain),
    "extend": ("Moves a deadline", bodies.Extend),
    "reissue": ("Revokes the credential and sends a fresh one", bodies.Plain),
    "open": ("Opens the compartment by order of the desk", bodies.Plain),
    "resolve": ("Gives the verdict on an incident", bodies.Resolve),
    "reassign": ("Moves the item to another compartment, by way of staff's hands", verb_bodies.Reassign),
    "refund": ("Gives captured money back", verb_bodies.Refund),
    "refuse": ("Refuses the item, or to hand it over", bodies.Reason),
    "declare": ("Puts something on record; nothing else changes", verb_bodies.Declare),
    "dispute": ("Says that it did not go as recorded: somebody looks into it", bodies.Reason),
    "complete": ("Completes the handover by hand, by the word of who asks", bodies.Reason),
    "approve": ("Agrees to what the handover asks approval for", bodies.Plain),
    "deny": ("Does not agree to it", bodies.Reason),
    "undo": ("Takes the last act at the door back", bodies.Plain),
    "not_empty": ("Says that the compartment was not empty", bodies.Plain),
    "too_small": ("Says that the compartment is too small", verb_bodies.TooSmall),
    "inspect": ("Gives the verdict on what came back", verb_bodies.Inspect),
    "provide": ("Gives data that the handover asked for", verb_bodies.Provide),
    "end": ("Ends the session", bodies.Plain),
    "dispose": ("Opens the compartment for staff to throw its contents away", bodies.Plain),
}
_MORE = {
    "extend": ("in-the-past",), "resolve": ("no-incident", "which-incident", "bad-verdict"),
    **dict.fromkeys(("load", "open", "reassign", "dispose", "refund"), ("offline",)),
    **dict.fromkeys(("approve", "deny"), ("approval-over", "own-request", "offline")),
}
#: Word of the address -> summary, body.
ON_APPROVAL: dict[str, tuple[str, type]] = {
    "approve": ("Agrees: what waited is done at once", bodies.Plain),
    "deny": ("Does not agree", bodies.Reason),
}

HANDOVER_ROUTES: tuple[Route, ...] = tuple(
    Route(
        "POST", f"/handovers/{{id}}/{verb}", f"{verb}Handover", summary, handover_calls.command(verb),
        verb=f"handover.{verb}", by_target=True, body=body, body_optional=body is bodies.Plain,
        answer=answers.CommandAnswer, keyed=True, approvable=True,
        problems=("unknown-handover", *SHARED, *_MORE.get(verb, ())),
    )
    for verb, (summary, body) in COMMANDS.items()
)

APPROVAL_ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/approvals", "listApprovals", "What waits for somebody's approval, newest first",
        approval_calls.approvals, verb="approval.read", query=verb_bodies.ApprovalsQuery,
        answer=approval_answers.ApprovalPage,
    ),
    *(
        Route(
            "POST", f"/approvals/{{id}}/{word}", f"{word}Approval", summary,
            approval_calls.approval_command(word), verb="approval.give", by_target=True, body=body,
            body_optional=body is bodies.Plain, answer=approval_answers.ApprovalAnswer, keyed=True,
            problems=(
                "unknown-approval", "approval-over", "own-request", "offline", "in-doubt", "in-the-past",
                "no-incident", "which-incident", "bad-verdict", "bad-owner", "unknown-compartment",
                "unknown-incident", *SHARED,
            ),
        )
        for word, (summary, body) in ON_APPROVAL.items()
    ),
)
