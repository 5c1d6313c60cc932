"""The types of journal events that the domain packages write. A stream is `<noun>/<id>`.

Bodies hold ids, states and `person_ref` only, never a credential and never personal data (S5).
"""

from __future__ import annotations

from typing import Final

# stream compartment/<bank>/<name>
COMPARTMENT_ADDED: Final = "compartment.added"
COMPARTMENT_CHANGED: Final = "compartment.changed"
COMPARTMENT_REMOVED: Final = "compartment.removed"
COMPARTMENT_DOOR: Final = "compartment.door"  # state: open, closed, unknown
COMPARTMENT_OCCUPANCY: Final = "compartment.occupancy"  # occupancy, by
COMPARTMENT_BARRED: Final = "compartment.barred"  # reason
COMPARTMENT_RESTORED: Final = "compartment.restored"  # reason ("" for all), service
COMPARTMENT_PRODUCT: Final = "compartment.product"  # product
COMPARTMENT_FOUND: Final = "compartment.found"  # found, who, handover
COMPARTMENT_CLEARED: Final = "compartment.cleared"  # found, who
STOCK_ADJUSTED: Final = "stock.adjusted"  # by, quantity, reason
STOCK_COUNTED: Final = "stock.counted"  # quantity, was
STOCK_UNCERTAIN: Final = "stock.uncertain"  # reason

# stream handover/<id>
ALLOCATION_ASSIGNED: Final = "allocation.assigned"  # allocation, compartment, hold, idx
ALLOCATION_MOVED: Final = "allocation.moved"  # allocation, from, to, why: reassigned, displaced
ALLOCATION_HARDENED: Final = "allocation.hardened"  # allocation, compartment
ALLOCATION_SETTLED: Final = "allocation.settled"  # allocation, outcome
ALLOCATION_FREED: Final = "allocation.freed"  # allocation, compartment, outcome
CUSTODY_TRANSFERRED: Final = "custody.transferred"  # allocation, compartment, from, to, evidence, condition
THERMAL_DEPOSITED: Final = "thermal.deposited"  # allocation, compartment, thermal, used
THERMAL_WARNED: Final = "thermal.warned"  # allocation, compartment, thermal, why, left
THERMAL_BREACHED: Final = "thermal.breached"  # allocation, compartment, thermal, since, why, used
THERMAL_DISPOSED: Final = "thermal.disposed"  # allocations, who
GRANT_ISSUED: Final = "grant.issued"  # grant, kind, methods, from, until, person
GRANT_USED: Final = "grant.used"  # grant, use, method, terminal
GRANT_REUSED: Final = "grant.reused"  # grant, use, of
GRANT_USE_RETURNED: Final = "grant.use_returned"  # grant, use
GRANT_REVOKED: Final = "grant.revoked"  # grants
GRANT_EXTENDED: Final = "grant.extended"  # until
LEG_OPENED: Final = "leg.opened"  # leg, device, rail, amount, currency, item
LEG_APPROVED: Final = "leg.approved"  # leg, amount
LEG_DENIED: Final = "leg.denied"  # leg, reason
LEG_UNKNOWN: Final = "leg.unknown"  # leg
LEG_DECIDED: Final = "leg.decided"  # leg, decision, amount
LEG_SETTLED: Final = "leg.settled"  # leg, state
REFUND_OPENED: Final = "refund.opened"  # refund, leg, amount
REFUND_SETTLED: Final = "refund.settled"  # refund, leg, amount, state
REFUND_REQUESTED: Final = "payment.refund_requested"  # leg, reference, amount, currency

# stream handover/<id> where one is concerned, else approval/<id>
APPROVAL_ASKED: Final = "approval.asked"  # approval, role, wanted, verb, target, about, who, expires
APPROVAL_ANSWERED: Final = "approval.answered"  # approval, given, who, why, verb, asked_by
APPROVAL_SETTLED: Final = "approval.settled"  # approval, state, verb, by

# stream asset/<id>
ASSET_ADDED: Final = "asset.added"  # kind, compartment, holder
ASSET_CHANGED: Final = "asset.changed"  # kind, removed
ASSET_REMOVED: Final = "asset.removed"
ASSET_MOVED: Final = "asset.moved"  # from, to, state, condition, due, handover, allocation

# stream handover/<id> where one is known, else terminal/<name>
ACCESS_DENIED: Final = "access.denied"  # terminal, method, reason, grant
# stream terminal/<name>
ACCESS_LOCKED: Final = "access.locked"  # until, failures

VISIT_BEGUN: Final = "visit.begun"  # visit, person, method
VISIT_ENDED: Final = "visit.ended"  # visit, handovers

# stream incident/<id>
INCIDENT_OPENED: Final = "incident.opened"  # kind, urgency, owner, handover, effect, device, target
INCIDENT_ASSIGNED: Final = "incident.assigned"  # owner, who
INCIDENT_RESOLVED: Final = "incident.resolved"  # verdict, who, approved_by

# stream message/<id>
MESSAGE_QUEUED: Final = "message.queued"  # template, handover, person, role
MESSAGE_DELIVERED: Final = "message.delivered"
MESSAGE_FAILED: Final = "message.failed"  # attempts, error, final
MESSAGE_EXPIRED: Final = "message.expired"

# stream order/<id>
ORDER_OPENED: Final = "order.opened"  # reference, person, currency, handover, lines, paid
ORDER_JOINED: Final = "order.joined"  # handover, lines, paid

# stream site
PEOPLE_SYNCED: Final = "people.synced"  # added, changed, removed
PRODUCTS_SYNCED: Final = "products.synced"  # added, changed, removed
