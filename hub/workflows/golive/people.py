"""Who of a site owns an incident, and who may end it."""

from __future__ import annotations

from collections.abc import Sequence

from hub.access import PersonSpec, Policy, Target
from hub.core.commands import Actor

_RESOLVE = "incident.resolve"
_CONTACT = ("phone", "email")


def owners(people: Sequence[PersonSpec], owner: str) -> list[PersonSpec]:
    """The people that an owner such as `role:staff` means."""
    kind, _, name = owner.partition(":")
    if kind == "person":
        return [person for person in people if person.key == name]
    return [person for person in people if name in person.roles]


def can_be_called(person: PersonSpec) -> bool:
    """Whether the site says how to call somebody."""
    return any(person.contact.get(way) for way in _CONTACT)


def may_resolve(policy: Policy, people: Sequence[PersonSpec], workflow: str) -> str:
    """Why nobody of `people` may end an incident of a workflow; empty when somebody may.

    A consent counts only when somebody else has the role that gives it.
    """
    wanting = ""
    for person in people:
        actor = Actor(f"person:{person.key}", frozenset(person.roles))
        decision = policy.decide(actor, _RESOLVE, Target(workflow=workflow, status="reserved"))
        if not decision.allowed:
            continue
        role = decision.needs_approval
        if role is None or any(role in one.roles and one.key != person.key for one in people):
            return ""
        wanting = f"{person.key} needs the consent of {role}, and nobody else has that role"
    return wanting or f"no person of the site may do {_RESOLVE}"
