"""What can be seen of the site when a case looks: the journal tells most of it, tables the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub import access, commerce, custody
from hub.model import journal
from hub.model.states import Occupancy, Service
from hub.store import Reader
from hub.store.cursors import Event, read_after
from hub.workflows.run import records
from hub.workflows.run.records import UnknownHandover

_ALL = 1_000_000
_MONEY = {
    "asked": "none", "approved": "held", "denied": "none", "unknown": "unknown", "captured": "taken",
    "voided": "given back", "refunded": "given back", "refund_owed": "owed",
}


def look(reader: Reader, handover: str, now: int) -> dict[str, Any]:
    """Everything that a case may expect of one handover and of the site around it.

    `handover` may be empty: then only the site is told.
    """
    events = read_after(reader, 0, _ALL)
    return {**_place(reader, events), **_handover(reader, handover, events, now)}


def _handover(reader: Reader, handover: str, events: Sequence[Event], now: int) -> dict[str, Any]:
    own = [event for event in events if event.stream == f"handover/{handover}"]
    try:
        snapshot = records.load(reader, handover)
    except UnknownHandover:
        return {"state": "", "status": "", "phase": "", "ended": False, "messages": [], "effects": {},
                "path": [], "custody": "nobody", "chain": [], "compartment": "", "credential": "none",
                "money": "none", "legs": {}, "outcomes": {}, "vars": {}, "order": ""}
    allocations = custody.allocations_of(reader, handover)
    in_hand = (snapshot.vars.get("allocation") or {}).get("compartment", "")
    had = in_hand or (allocations[-1].compartment if allocations else "")
    moves = [event.body for event in own if event.type == journal.CUSTODY_TRANSFERRED and event.body]
    chain = [custody.party(str(body["to"])) for body in moves]
    legs = _legs(reader, handover)
    return {
        "state": snapshot.state, "status": snapshot.status, "phase": snapshot.phase, "ended": snapshot.ended,
        "messages": [
            event.body["template"] for event in events
            if event.type == journal.MESSAGE_QUEUED and event.body and event.body["handover"] == handover
        ],
        "effects": _effects(own), "path": [
            event.body["to"] for event in own
            if event.type == "handover.moved" and event.body and event.body["to"]
        ],
        "custody": chain[-1] if chain else "nobody", "chain": chain,
        "compartment": _short(reader, had),
        "credential": "valid" if _credential(reader, handover, now) else "none",
        "money": next(iter(legs.values()), "none"), "legs": legs,
        "outcomes": {
            _short(reader, one.compartment): one.outcome.value
            for one in allocations
        },
        "vars": snapshot.vars, "order": _order(reader, handover) or snapshot.status,
    }


def _place(reader: Reader, events: Sequence[Event]) -> dict[str, Any]:
    places = custody.compartments(reader)
    opened = {
        event.stream.removeprefix("incident/"): event.body for event in events
        if event.type == journal.INCIDENT_OPENED and event.body
    }
    resolved = {
        event.stream.removeprefix("incident/") for event in events if event.type == journal.INCIDENT_RESOLVED
    }
    short = _names(places)
    return {
        "incidents": [body["kind"] for body in opened.values()],
        "open_incidents": [body["kind"] for key, body in opened.items() if key not in resolved],
        "owners": {
            body["kind"]: str(body["owner"]).partition(":")[2]
            for key, body in opened.items() if key not in resolved
        },
        "barred": [short[p.id] for p in places if p.service is Service.BARRED],
        "occupied": [short[p.id] for p in places if p.occupancy is Occupancy.OCCUPIED and p.product is None],
        "doors": {short[p.id]: p.door.value for p in places},
        "stock": {short.get(key, key): one.quantity for key, one in commerce.stocks(reader).items()},
        "holders": {
            one.id: short.get(one.compartment, one.compartment) if one.compartment
            else custody.party(one.holder or custody.UNKNOWN)
            for one in custody.assets(reader)
        },
    }


def _names(places: Sequence[custody.Compartment]) -> dict[str, str]:
    """A compartment's bare name where there is one bank, else `bank/name`."""
    one_bank = len({place.bank for place in places}) <= 1
    return {place.id: place.name if one_bank else place.id for place in places}


def _short(reader: Reader, compartment: str) -> str:
    return _names(custody.compartments(reader)).get(compartment, compartment)


def _effects(own: Sequence[Event]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in own:
        if event.type == "effect.intended" and event.body:
            kind = str(event.body["kind"])
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def _order(reader: Reader, handover: str) -> str:
    """The status of the whole order that the handover belongs to, empty where it belongs to none."""
    found = commerce.order_of(reader, handover)
    return "" if found is None else str(commerce.order(reader, found).status)


def _credential(reader: Reader, handover: str, now: int) -> bool:
    return any(
        grant.status == "live" and not grant.closed and now < grant.valid_until
        for grant in access.grants_of(reader, handover)
    )


def _legs(reader: Reader, handover: str) -> dict[str, str]:
    """Where the money of each purpose is, the price first."""
    found: dict[str, str] = {}
    for leg in commerce.legs_of(reader, handover):
        found[str(getattr(leg, "purpose", "price"))] = _MONEY.get(str(leg.state), str(leg.state))
    return dict(sorted(found.items(), key=lambda pair: pair[0] != "price"))
