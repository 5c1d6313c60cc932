"""What all commands share: the policy is asked, and the answer commits with what was done (S24, S33)."""

from __future__ import annotations

from collections.abc import Callable

from hub import access
from hub.core.commands import Answer, Command, Refused
from hub.model.failures import StepFailed
from hub.store import Store, Tx
from hub.workflows.engine import Snapshot


async def answer(store: Store, command: Command, work: Callable[[Tx], Answer]) -> Answer:
    """Do `work` in one transaction with what `command.also` adds. A failed step is a refusal with its reason.

    Raises StoreError.
    """

    def write(tx: Tx) -> Answer:
        answered = work(tx)
        if command.also is not None:
            command.also(tx, answered)
        return answered

    try:
        return await store.write(write)
    except StepFailed as failure:
        return Refused("not-possible", failure.detail or failure.reason, {"reason": failure.reason})


def forbidden(policy: access.Policy, command: Command, target: access.Target, at: int) -> Refused | None:
    """Why the actor may not do this to `target`, or None."""
    decision = policy.decide(command.actor, command.verb, target, at)
    if not decision.allowed:
        allowed = ", ".join(sorted(policy.roles_for(command.verb, target))) or "nobody"
        return Refused("forbidden", f"{command.verb} is allowed to: {allowed}", {"rule": decision.rule})
    if decision.needs_approval:
        return Refused(
            "approval-needed", f"{command.verb} needs the approval of {decision.needs_approval}",
            {"rule": decision.rule, "approval": decision.needs_approval},
        )
    return None


def target_of(snapshot: Snapshot) -> access.Target:
    """What the policy may know of a handover."""
    return access.Target(
        snapshot.handover_id, snapshot.workflow, snapshot.status,
        str(snapshot.vars.get("recipient_ref") or ""),
    )


def note(tx: Tx, stream: str, command: Command, at: int) -> None:
    """Journal in `stream` (`noun/id`) who asked for what, and why."""
    tx.journal(stream, f"{stream.partition('/')[0]}.commanded", {
        "verb": command.verb.partition(".")[2], "who": command.actor.ref,
        "why": str(command.body.get("why", "")),
    }, at)
