"""What can be done with a handover now, by whom (RO-03)."""

from __future__ import annotations

from hub.access import Policy
from hub.core.commands import Actor
from hub.store import Reader
from hub.web.answers import CommandView
from hub.workflows.engine import Snapshot
from hub.workflows.machine import Machine
from hub.workflows.run.commanding import target_of
from hub.workflows.run.possible import possible


def command_views(
    reader: Reader, policy: Policy, machine: Machine, snapshot: Snapshot, actor: Actor, at: int
) -> list[CommandView]:
    """Every command, what `actor` may do of it, and which roles may."""
    target = target_of(snapshot)
    views = []
    for name, why_not in sorted(possible(reader, machine, snapshot, at).items()):
        verb = f"handover.{name}"
        mine, others = policy.decide(actor, verb, target, at), policy.roles_for(verb, target)
        views.append(CommandView(
            name, not why_not, why_not, mine.allowed, mine.needs_approval,
            [role for role, granted in others.items() if granted.needs_approval is None],
            {role: granted.needs_approval for role, granted in others.items() if granted.needs_approval},
        ))
    return views
