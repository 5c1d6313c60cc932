"""People answer requests for approval; what waited for one is then done, with both names on record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from hub import access
from hub.core.clock import SECOND, Clock
from hub.core.commands import Accepted, Actor, Answer, Command, Refused
from hub.model.failures import StepFailed
from hub.store import Reader, Store, StoreError, Tx
from hub.workflows.run import records
from hub.workflows.run.advance import Engine
from hub.workflows.run.approvals import tell
from hub.workflows.run.commanding import answer, not_possible, target_of

_LOG = logging.getLogger(__name__)
APPROVE, DENY = "approval.approve", "approval.deny"
APPROVAL_VERBS = (APPROVE, DENY)
#: The permissions: to answer what one's own role is asked, and what any role is.
GIVE, ANY = "approval.give", "approval.any"
#: Requests run out in minutes; looked at this often, in seconds.
_LOOK = 20.0

#: Does a command in a transaction.
Carry = Callable[[Tx, Command, int], Answer]


class _Undone(Exception):
    """What was approved cannot be done: neither answer nor act stands."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


class Approving:
    """Answers commands on requests for approval. `carriers` do what waits, by verb."""

    def __init__(self, store: Store, clock: Clock, engine: Engine, policy: access.Policy) -> None:
        self._store = store
        self._clock = clock
        self._engine = engine
        self._policy = policy
        self.carriers: dict[str, Carry] = {}

    async def __call__(self, command: Command) -> Answer:
        """Serve approval.approve or approval.deny on the request `command.target`. Raises StoreError."""
        at = self._clock.now()
        return await answer(self._store, command, lambda tx: self.in_transaction(tx, command, at))

    def in_transaction(self, tx: Tx, command: Command, at: int) -> Answer:
        """Record the answer and do what follows from it."""
        try:
            asked = access.approval(tx, command.target)
        except access.NoApproval:
            if not self._policy.decide(command.actor, GIVE, at=at).allowed:
                return Refused("forbidden", f"the permission {GIVE} is missing", {"permission": GIVE})
            return Refused("unknown-approval", f"there is no request {command.target!r}")
        refused = _not_asked(tx, self._policy, asked, command.actor, at)
        if refused is not None:
            return refused
        given, why = command.verb == APPROVE, str(command.body.get("why", ""))
        if not given and not why:
            return Refused("not-possible", "who asked has to know why it is denied: say why")
        try:
            with tx.savepoint():
                asked = access.answer_approval(tx, asked.id, command.actor.ref, given, why, at)
                return Accepted({**shown(asked), "result": self._follow(tx, asked, at)})
        except _Undone as undone:
            return undone.refused
        except access.ApprovalOver as over:
            access.expire_approvals(tx, at)
            return Refused("approval-over", over.detail)
        except access.NotYours as mine:
            return Refused("own-request", mine.detail)

    def _follow(self, tx: Tx, asked: access.Approval, at: int) -> Mapping[str, Any] | None:
        if asked.open:
            return None
        if not asked.verb:
            tell(tx, self._engine, asked, at)
            return None
        return self._carry_out(tx, asked, at) if asked.state is access.ApprovalState.GIVEN else None

    def _carry_out(self, tx: Tx, asked: access.Approval, at: int) -> Mapping[str, Any]:
        """Do what waited, as who asked. Raises _Undone when it is refused now."""
        actor = Actor(asked.asker, asked.asker_roles)
        waiting = Command(asked.verb, actor, asked.target, asked.body, approved_by=asked.given_by)
        try:
            answered = self.carriers[asked.verb](tx, waiting, at)
        except StepFailed as failure:
            answered = not_possible(failure)
        if not isinstance(answered, Accepted):
            raise _Undone(answered if isinstance(answered, Refused) else Refused("not-now", "it waits again"))
        return answered.result

    async def run(self) -> None:
        """End requests whose time is over, until cancelled."""
        while True:
            at = self._clock.now()
            try:
                due = await self._store.read(access.next_expiry)
                if due is not None and due <= at:
                    await self._store.write(lambda tx: access.expire_approvals(tx, self._clock.now()))
                    continue
            except StoreError as error:
                _LOG.warning("Requests for approval wait: %s", error)
                due = None
            await asyncio.sleep(_LOOK if due is None else min(_LOOK, (due - at) / SECOND))


def answerable(
    reader: Reader, policy: access.Policy, asked: access.Approval, actor: Actor, at: int
) -> bool:
    """Whether `actor` may answer the request at `at`."""
    waits = asked.open and (asked.expires is None or at < asked.expires)
    others = asked.barred.union(answer.who for answer in asked.answers)
    return waits and actor.ref not in others and _not_asked(reader, policy, asked, actor, at) is None


def _not_asked(
    reader: Reader, policy: access.Policy, asked: access.Approval, actor: Actor, at: int
) -> Refused | None:
    """Why somebody with the roles of `actor` cannot be the one to answer, or None."""
    target = access.Target(asked.target)
    if asked.handover_id is not None:
        target = target_of(records.load(reader, asked.handover_id))
    decision = policy.decide(actor, GIVE, target, at)
    if not decision.allowed:
        return Refused("forbidden", f"the permission {GIVE} is missing", {"permission": GIVE})
    if asked.role not in actor.roles and not policy.decide(actor, ANY, target, at).allowed:
        return Refused("forbidden", f"a {asked.role} is asked", {"permission": GIVE, "role": asked.role})
    return None


def shown(asked: access.Approval) -> dict[str, Any]:
    """The request after an answer, as the caller may see it."""
    return {
        "id": asked.id, "state": asked.state.value, "verb": asked.verb, "handover": asked.handover_id,
        "given_by": list(asked.given_by), "wanted": asked.wanted,
    }
