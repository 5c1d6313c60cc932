"""The step request_approval: asks people of a role, and tells the handover what they said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import access
from hub.store import Tx
from hub.workflows.engine import RECOVERY, Event, EventClass, handles
from hub.workflows.run.advance import Engine, Run

GIVEN, DENIED = "approval.given", "approval.denied"
#: Who asks when no person did.
_HUB = "hub"


def request_approval(run: Run, args: Mapping[str, Any]) -> None:
    """Ask `count` different people of the role `from`: never who asked for the handover or gets the item."""
    values = run.snapshot.vars
    _withdraw(run)
    asker = run.actor or str(values.get("created_by") or _HUB)
    concerned = (values.get(name) for name in ("created_by", "recipient_ref", "depositor_ref"))
    asked = access.ask_approval(
        run.tx, str(args["from"]), asker, run.at, about=str(args.get("of") or ""),
        count=int(args.get("count") or 1), handover_id=run.handover_id,
        barred=[str(ref) for ref in concerned if ref],
    )
    run.set(approval={
        "id": asked.id, "from": asked.role, "count": asked.wanted, "of": asked.about, "open": True, "by": [],
    })


def tell(tx: Tx, engine: Engine, asked: access.Approval, at: int) -> None:
    """Hand the answer of a request that is over to its handover."""
    if asked.handover_id is None:
        return
    last = asked.answers[-1]
    given = asked.state is access.ApprovalState.GIVEN
    data = {"by": ", ".join(asked.given_by)} if given else {"by": last.who, "why": last.why}

    def keep(run: Run) -> None:
        run.actor = last.who
        known = run.snapshot.vars.get("approval") or {}
        if known.get("id") == asked.id:
            run.set(approval={**known, "open": False, "by": list(asked.given_by)})

    event = Event(GIVEN if given else DENIED, EventClass.FACT, at, data)
    engine.deliver(tx, asked.handover_id, event, keep)


def withdraw_left(run: Run) -> None:
    """Nobody is asked any more for a handover that has gone on or ended. Called when it comes to rest."""
    if run.snapshot.ended:
        access.withdraw_approvals_of(run.tx, run.handover_id, run.at)
    if run.snapshot.vars.get("approval") and not _waits(run):
        _withdraw(run)


def _waits(run: Run) -> bool:
    """Whether the present state, or the one that an effect in doubt leads back to, wants the answer."""
    snapshot = run.snapshot
    if snapshot.state == RECOVERY:
        return True
    return any(handles(run.machine, snapshot, name) for name in (GIVEN, DENIED))


def _withdraw(run: Run) -> None:
    asked = run.snapshot.vars.get("approval")
    if asked and asked.get("open"):
        access.withdraw_approval(run.tx, str(asked["id"]), run.at)
        run.set(approval={**asked, "open": False})
