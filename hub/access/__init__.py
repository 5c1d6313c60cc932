"""People, credentials, grants, entitlements, roles, approvals."""

from hub.access.grants import (
    REOPEN_WITHIN,
    Grant,
    GrantSpent,
    Issued,
    NoFreePin,
    extend,
    give_back,
    grant_once,
    grants_of,
    issue,
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
    person_by_pin,
    person_by_tag,
    remember_recipient,
    sync_people,
)
from hub.access.policy import Decision, Policy, PolicyError, Target
from hub.access.presenting import Accepted, Candidate, Denied, present
from hub.access.throttle import Throttle

__all__ = [
    "REOPEN_WITHIN", "Accepted", "Candidate", "Decision", "Denied", "Grant", "GrantSpent", "Identity",
    "Issued", "NoFreePin", "NoPerson", "PersonSpec", "Policy", "PolicyError", "Target", "Throttle",
    "contact", "extend", "forget", "give_back", "grant_once", "grants_of", "identity", "issue",
    "person_by_pin", "person_by_tag", "present", "remember_recipient", "reuse", "revoke", "sync_people",
    "use",
]
