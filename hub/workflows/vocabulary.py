"""The events that a blueprint may name, each with what it means (S24); the installer's reference shows it."""

from __future__ import annotations

from collections.abc import Mapping

#: What devices, people at a terminal and the access package report; never posted by the API.
FACTS: Mapping[str, str] = {
    "credential.accepted": "A valid credential was presented: event.method, event.party, event.terminal.",
    "credential.refused": "One was presented that does not open now: event.reason (unknown, early, ...).",
    "person.came": "A known person opened a visit at the terminal: event.person_ref.",
    "session.begun": "The visit of this handover's person began.",
    "session.ended": "That visit ended.",
    "selection": "A number was keyed at the terminal: event.keys.",
    "asset.read": "An asset's own code or tag was read: event.asset.",
    "door.opened": "The compartment's door was seen open: event.compartment.",
    "door.closed": "The compartment's door was seen closed: event.compartment. It never proves it empty.",
    "door.breach": "The door opened without a command; the compartment is barred.",
    "item.dropped": "The drop sensor saw an item fall.",
    "thermal.warning": "The bank is out of its thermal class: event.left is the time until it is a breach.",
    "thermal.breach": "The contents were out of their class too long: event.why (warm, silent, outage).",
    "device.offline": "A device of this handover does not answer.",
    "approval.given": "Everybody asked by request_approval has agreed: event.by.",
    "approval.denied": "Somebody asked by request_approval has refused: event.by, event.why.",
}

#: What the desk, the API and the person of a visit may ask for. Answered: accepted, or refused with a reason.
COMMANDS: Mapping[str, str] = {
    "load": "Staff or the depositor want to put the item in.",
    "cancel": "The handover is called off.",
    "open": "The door is opened by hand.",
    "resolve": "A person says what happened: event.verdict.",
    "reassign": "The item goes to another compartment: event.size, event.thermal.",
    "refund": "Captured money is given back: event.amount.",
    "refuse": "The item is not taken, or not handed over.",
    "declare": "Something is put on record: event.what.",
    "dispute": "Somebody says that the handover did not go as recorded.",
    "complete": "The handover was done by hand.",
    "approve": "Agreed.",
    "deny": "Not agreed.",
    "undo": "The person at the door takes the last act back.",
    "not_empty": "The person at the door found the compartment occupied.",
    "too_small": "The item does not fit: event.size is what it needs.",
    "inspect": "What came back was looked at: event.verdict is accept, part or reject.",
    "provide": "Data that was asked for: event.values.",
    "end": "The person ends a session.",
    "dispose": "Contents that nobody may have any more are taken out and thrown away.",
}

#: What only the engine sends.
INTERNAL: Mapping[str, str] = {
    "entered": "The steps of the state are done and none of them was an effect.",
    "each.done": "The loop over allocations is over: event.released of event.of were released.",
    "incident.resolved": "Somebody ended an incident of this handover: event.verdict, event.kind.",
}
