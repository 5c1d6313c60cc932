"""From a command to its answer: done in one transaction, waiting for an approval, or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub import access, desk
from hub.core.commands import Actor, Answer, Command, Pending, Refused
from hub.model.failures import StepFailed
from hub.store import Store, Tx
from hub.workflows.engine import Snapshot

Do = Callable[[], Answer]


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may do what at a site, and the site's name in messages to those who are asked to approve."""

    policy: access.Policy
    site: str = "The hub"


class _Tried(Exception):
    """Undoes what was only tried."""


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
        return not_possible(failure)


def not_possible(failure: StepFailed) -> Refused:
    """A step that cannot succeed, as an answer."""
    return Refused("not-possible", failure.detail or failure.reason, {"reason": failure.reason})


def decided(
    tx: Tx, rules: Rules, command: Command, target: access.Target, at: int, do: Do
) -> Answer:
    """Do it, ask for the approval that the policy wants first, or refuse it (S33).

    What waits for an approval has been tried: nobody is asked to approve what cannot be done now.
    """
    decision = rules.policy.decide(command.actor, command.verb, target, at)
    if not decision.allowed:
        return _forbidden(rules.policy, command, target, decision)
    if not decision.needs_approval or command.approved_by:
        return do()
    refused = _would_be_refused(tx, do)
    if refused is not None:
        return refused
    handover = target.id if command.verb.startswith("handover.") else None
    asked = access.ask_approval(
        tx, decision.needs_approval, command.actor.ref, at, verb=command.verb, target=command.target,
        body=command.body, asker_roles=command.actor.roles, about=str(command.body.get("why", "")),
        barred=(target.person_ref, target.depositor_ref), handover_id=handover,
        expires=at + access.APPROVE_WITHIN,
    )
    if asked.opened == at:
        _tell(tx, rules, asked, target)
    return Pending(asked.id, asked.role, asked.expires)


def _tell(tx: Tx, rules: Rules, asked: access.Approval, target: access.Target) -> None:
    """Let those who are asked know: they may be elsewhere, and whoever asked stands there."""
    what = f"{asked.verb.replace('.', ' ')}: {asked.about}" if asked.about else asked.verb.replace(".", " ")
    desk.queue_message(
        tx, "approval_asked", {
            "site": rules.site, "location": rules.site, "what": what, "workflow": target.workflow,
            "handover": asked.target,
        },
        asked.opened, handover_id=asked.handover_id, role=asked.role, expires=asked.expires,
    )


def forbidden(policy: access.Policy, command: Command, target: access.Target, at: int) -> Refused | None:
    """Why the actor may not do this to `target` at once, or None. For commands that wait for nobody."""
    decision = policy.decide(command.actor, command.verb, target, at)
    if not decision.allowed:
        return _forbidden(policy, command, target, decision)
    if decision.needs_approval:
        return Refused(
            "approval-needed", f"{command.verb} needs the approval of {decision.needs_approval}",
            {"rule": decision.rule, "approval": decision.needs_approval},
        )
    return None


def _forbidden(
    policy: access.Policy, command: Command, target: access.Target, decision: access.Decision
) -> Refused:
    allowed = ", ".join(sorted(policy.roles_for(command.verb, target))) or "nobody"
    return Refused("forbidden", f"{command.verb} is allowed to: {allowed}", {"rule": decision.rule})


def _would_be_refused(tx: Tx, do: Do) -> Refused | None:
    """Try it and undo it: why it is not possible, or None."""
    try:
        with tx.savepoint():
            answered = do()
            raise _Tried
    except _Tried:
        return answered if isinstance(answered, Refused) else None


def target_of(snapshot: Snapshot) -> access.Target:
    """What the policy may know of a handover."""
    return access.Target(
        snapshot.handover_id, snapshot.workflow, snapshot.status,
        str(snapshot.vars.get("recipient_ref") or ""), str(snapshot.vars.get("depositor_ref") or ""),
    )


def visitor(snapshot: Snapshot, person_ref: str) -> Actor:
    """A person at the terminal as an actor: what they are to this handover is their role."""
    parties = {"recipient": "recipient_ref", "depositor": "depositor_ref"}
    roles = {role for role, name in parties.items() if snapshot.vars.get(name) == person_ref}
    return Actor(person_ref, frozenset(roles))


def note(tx: Tx, stream: str, command: Command, at: int) -> None:
    """Journal in `stream` (`noun/id`) who asked for what, why, and who approved it (OV-02, OV-03)."""
    body = {
        "verb": command.verb.partition(".")[2], "who": command.actor.ref,
        "why": str(command.body.get("why", "")),
    }
    if command.approved_by:
        body["approved_by"] = ", ".join(command.approved_by)
    tx.journal(stream, f"{stream.partition('/')[0]}.commanded", body, at)

