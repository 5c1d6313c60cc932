"""People, credentials, grants, entitlements, roles, approvals."""

from hub.access.approvals import (
    APPROVE_WITHIN,
    Answered,
    Approval,
    ApprovalOver,
    ApprovalState,
    NoApproval,
    NotYours,
    answer_approval,
    approval,
    approval_page,
    ask_approval,
    expire_approvals,
    next_expiry,
    open_approvals_of,
    withdraw_approval,
    withdraw_approvals_of,
)
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
    complete_contact,
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
    "APPROVE_WITHIN", "REOPEN_WITHIN", "Accepted", "Answered", "Approval", "ApprovalOver", "ApprovalState",
    "Candidate", "CodeTaken", "Decision", "Denied", "Grant", "GrantSpent", "Identity", "Issued",
    "NoApproval", "NoFreePin", "NoPerson", "NotYours", "PersonSpec", "Policy", "PolicyError", "Target",
    "Throttle", "answer_approval", "approval", "approval_page", "ask_approval", "candidate",
    "complete_contact", "contact", "draw", "expire_approvals", "extend", "forget", "give_back", "grant_once",
    "grants_of", "identity", "issue", "knows", "lend", "next_expiry", "open_approvals_of", "people_of_group",
    "person_by_pin", "person_by_tag", "present", "remember_recipient", "reuse", "revoke", "sync_people",
    "use", "withdraw_approval", "withdraw_approvals_of",
]
