"""People, credentials, grants, entitlements, roles, approvals."""

from hub.access.grants import (
    REOPEN_WITHIN,
    CodeTaken,
    Grant,
    GrantSpent,
    Issued,
    NoFreePin,
    draw,
    extend,
    give_back,
    grant_once,
    grants_of,
    issue,
    lend,
    reuse,
    revoke,
    use,
)
from hub.access.people import (
    Identity,
    NoPerson,
    PersonSpec,
    contact,
    forget,
    identity,
    people_of_group,
    person_by_pin,
    person_by_tag,
    remember_recipient,
    sync_people,
)
from hub.access.policy import Decision, Policy, PolicyError, Target
from hub.access.presenting import Accepted, Candidate, Denied, candidate, knows, present
from hub.access.throttle import Throttle

__all__ = [
    "REOPEN_WITHIN", "Accepted", "Candidate", "CodeTaken", "Decision", "Denied", "Grant", "GrantSpent",
    "Identity", "Issued", "NoFreePin", "NoPerson", "PersonSpec", "Policy", "PolicyError", "Target",
    "Throttle", "candidate", "contact", "draw", "extend", "forget", "give_back", "grant_once", "grants_of",
    "identity", "issue", "knows", "lend", "people_of_group", "person_by_pin", "person_by_tag", "present",
    "remember_recipient", "reuse", "revoke", "sync_people", "use",
]
