"""The shipped table of who may do what. A site replaces it with a file of the same form.

Verbs are `<noun>.<verb>`; a role's rule may narrow them by workflow, status or to the actor's own
handovers, and may ask for the approval of another role. What no rule allows is denied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_RUNNING = ["created", "reserved"]

DEFAULT_POLICY: Final[Mapping[str, Sequence[Any]]] = {
    "recipient": [
        {"verbs": ["handover.read", "handover.collect"], "own": True},
    ],
    "staff": [
        "handover.read", "handover.create", "handover.load", "handover.dispose", "handover.reissue",
        "handover.collect", "asset.read", "compartment.read", "compartment.bar", "compartment.found",
        "compartment.empty", "compartment.emergency_release", "device.read", "event.read", "incident.read",
        "incident.assign", "message.read", "person.read", "product.read", "stock.count", "stock.adjust",
        {"verbs": ["handover.cancel", "handover.extend", "handover.reassign"], "status": _RUNNING},
        {"verbs": ["handover.resolve", "incident.resolve"]},
        {"verbs": ["handover.open", "handover.refund", "handover.complete", "handover.declare",
                   "handover.refuse", "handover.dispute", "compartment.open", "compartment.unbar"],
         "approval": "supervisor"},
    ],
    "supervisor": [
        "handover.*", "asset.*", "compartment.*", "stock.*", "product.*", "incident.*", "message.read",
        "person.*", "device.read", "event.read", "approval.give", "audit.read", "workflow.*",
    ],
    "technician": [
        "device.*", "asset.read", "compartment.read", "compartment.bar", "compartment.unbar",
        "compartment.open", "compartment.found", "compartment.empty", "compartment.emergency_release",
        "event.read", "incident.read", "incident.assign", "handover.read", "workflow.read",
        {"verbs": ["incident.resolve", "handover.resolve", "workflow.apply"], "approval": "supervisor"},
    ],
    # Scopes of API tokens are roles too.
    "api.read": [
        "handover.read", "asset.read", "compartment.read", "device.read", "event.read", "incident.read",
        "product.read", "message.read", "workflow.read",
    ],
    "api.write": [
        "handover.create",
        {"verbs": ["handover.cancel", "handover.extend", "handover.reissue"], "status": _RUNNING},
    ],
    "api.operate": [
        "handover.load", "handover.dispose", "handover.open", "handover.resolve", "handover.reassign",
        "compartment.bar", "compartment.unbar", "compartment.found", "compartment.empty", "incident.*",
        "stock.*",
    ],
    "api.people": ["person.read"],
    "api.admin": ["*"],
    # The twin's controls exist on simulated sites only.
    "api.twin": ["twin.*"],
}
