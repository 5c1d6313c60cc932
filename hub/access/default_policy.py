"""The shipped table of who may do what. A site replaces it with a file of the same form.

Verbs are `<noun>.<verb>`; a role's rule may narrow them by workflow, status or to the actor's own
handovers, and may ask for the approval of another role. What no rule allows is denied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_RUNNING = ["created", "reserved"]
#: What a person at the door says of what they see and do.
_AT_THE_DOOR = ["handover.not_empty", "handover.too_small", "handover.undo", "handover.end"]
#: What is put on record without changing who has what.
_ON_RECORD = ["handover.declare", "handover.dispute"]
#: Requests for approval: each asks for one role, and only that role's people may answer it.
_APPROVES = ["approval.read", "approval.give", "handover.approve", "handover.deny"]

DEFAULT_POLICY: Final[Mapping[str, Sequence[Any]]] = {
    "recipient": [
        {"verbs": ["handover.read", "handover.collect", "handover.refuse", "handover.provide",
                   *_AT_THE_DOOR, *_ON_RECORD], "own": True},
    ],
    "depositor": [
        {"verbs": ["handover.read", "handover.load", "handover.provide", *_AT_THE_DOOR, *_ON_RECORD],
         "own": True},
        {"verbs": ["handover.cancel"], "own": True, "status": ["created"]},
    ],
    "staff": [
        "handover.read", "handover.create", "handover.load", "handover.dispose", "handover.reissue",
        "handover.collect", "asset.read", "compartment.read", "compartment.bar", "compartment.found",
        "compartment.empty", "compartment.emergency_release", "device.read", "event.read", "incident.read",
        "incident.assign", "message.read", "person.read", "product.read", "stock.count", "stock.adjust",
        "handover.inspect", "handover.provide", "handover.refuse", *_AT_THE_DOOR, *_ON_RECORD, *_APPROVES,
        {"verbs": ["handover.cancel", "handover.extend", "handover.reassign"], "status": _RUNNING},
        {"verbs": ["handover.resolve", "incident.resolve"]},
        {"verbs": ["handover.open", "handover.refund", "handover.complete", "compartment.open",
                   "compartment.unbar"], "approval": "supervisor"},
    ],
    "supervisor": [
        "handover.*", "asset.*", "compartment.*", "stock.*", "product.*", "incident.*", "message.read",
        "person.*", "device.read", "event.read", "audit.read", "workflow.*", *_APPROVES,
    ],
    "technician": [
        "device.*", "asset.read", "compartment.read", "compartment.bar", "compartment.unbar",
        "compartment.open", "compartment.found", "compartment.empty", "compartment.emergency_release",
        "event.read", "incident.read", "incident.assign", "handover.read", "workflow.read",
        *_ON_RECORD, *_APPROVES,
        {"verbs": ["incident.resolve", "handover.resolve", "handover.open", "workflow.apply"],
         "approval": "supervisor"},
    ],
    # Scopes of API tokens are roles too.
    "api.read": [
        "handover.read", "asset.read", "compartment.read", "device.read", "event.read", "incident.read",
        "product.read", "message.read", "workflow.read", "approval.read",
    ],
    "api.write": [
        "handover.create", "handover.provide", *_ON_RECORD,
        {"verbs": ["handover.cancel", "handover.extend", "handover.reissue"], "status": _RUNNING},
    ],
    "api.operate": [
        "handover.load", "handover.dispose", "handover.open", "handover.resolve", "handover.reassign",
        "compartment.bar", "compartment.unbar", "compartment.found", "compartment.empty", "incident.*",
        "stock.*", "handover.inspect", "handover.refuse", "handover.complete", "handover.provide",
        *_AT_THE_DOOR, *_ON_RECORD,
    ],
    "api.people": ["person.read"],
    "api.admin": ["*"],
    # The twin's controls exist on simulated sites only.
    "api.twin": ["twin.*"],
}
