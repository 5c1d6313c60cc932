"""What the API answers. Times are ISO 8601 in UTC; money is minor units with its currency."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(at: int) -> str:
    """UTC microseconds as text: 2026-11-21T10:00:00.000000Z."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def micros(moment: datetime) -> int:
    """A moment with an offset as UTC microseconds."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


class StoreHealth(msgspec.Struct):
    """Whether the hub can record, and so act; `trouble` says why not and what mends it."""

    healthy: bool
    trouble: str


class Count(msgspec.Struct):
    """So many of so many."""

    serving: int
    total: int


class SiteName(msgspec.Struct):
    """Which site this is."""

    id: str
    name: str
    time_zone: str
    currency: str


class Health(msgspec.Struct):
    """How the hub is. `status` is ok or degraded, `uptime` in seconds."""

    status: str
    site: SiteName
    simulated: bool
    store: StoreHealth
    devices: Count
    version: str
    uptime: float


class HandoverSummary(msgspec.Struct):
    """Where a handover stands. `label` is the blueprint's own word for the state."""

    id: str
    workflow: str
    state: str
    label: str
    status: str
    phase: str
    ended: bool
    person_ref: str | None
    external_ref: str | None
    terminal: str
    created: Time
    updated: Time
    takes: Annotated[list[str], Meta(description="The commands that the present state takes.")]


class HandoverPage(msgspec.Struct):
    """Handovers, newest first; `next` is the cursor of the next page, null on the last one."""

    handovers: list[HandoverSummary]
    next: str | None


class CustodyView(msgspec.Struct):
    """Accountability went from one holder to the next, on that evidence, in that condition, in that place.

    A holder is hub, staff, unknown, or `staff:`, `recipient:` or `depositor:` with a person_ref.
    """

    giver: str = msgspec.field(name="from")
    holder: str = msgspec.field(name="to")
    evidence: str | None
    at: Time
    condition: str
    compartment: str


class AllocationView(msgspec.Struct):
    """A compartment with items, held for the handover while `live`."""

    id: str
    compartment: str
    items: list[dict[str, Any]]
    outcome: str
    custody: str
    live: bool
    assets: list[str]
    apart: str
    custody_chain: list[CustodyView]


class EffectView(msgspec.Struct):
    """One physical or money act, from its intent to its verdict."""

    id: str
    kind: str
    device: str
    target: str
    state: str
    reason: str
    level: str
    evidence: dict[str, Any]
    opened: Time
    settled: Time | None


class DecisionView(msgspec.Struct):
    """What became of an authorisation, for ever: capture or void."""

    decision: str
    amount: int
    at: Time


class RefundView(msgspec.Struct):
    """Money that goes back after a capture: asked, owed, paid or refused."""

    id: str
    amount: int
    state: str
    reason: str
    opened: Time


class LegView(msgspec.Struct):
    """One tender with one provider; amounts in minor units.

    `purpose` is price, deposit or later. `rail` is `upstream` for money that the order's owner took, under
    his `reference`.
    """

    id: str
    device: str
    amount: int
    approved: int | None
    currency: str
    item: str
    state: str
    reason: str
    opened: Time
    decided: DecisionView | None
    purpose: str
    rail: str
    reference: str | None
    refunds: list[RefundView]


class IncidentView(msgspec.Struct):
    """A recovery task and its owner. `target` is the compartment, or what else it is about."""

    id: str
    kind: str
    urgency: str
    owner: str
    open: bool
    handover: str | None
    device: str | None
    target: str
    effect: str | None
    detail: str
    opened: Time
    due: Time | None
    resolved: Time | None
    verdict: str | None
    note: str


class IncidentPage(msgspec.Struct):
    """Incidents, newest first; `next` is the cursor of the next page, null on the last one."""

    incidents: list[IncidentView]
    next: str | None


class IncidentAnswer(msgspec.Struct):
    """The incident after an accepted command."""

    id: str
    kind: str
    owner: str
    open: bool
    verdict: str | None


class DeadlineView(msgspec.Struct):
    """A promise of the handover, moved only by `extend`. `pending`: it passed and waits to be handled."""

    name: str
    due: Time
    pending: bool


class CommandView(msgspec.Struct):
    """A command on a handover: whether the handover takes it now, and who may give it.

    `roles` may give it at once, `roles_with_approval` name whose approval each of the others needs.
    """

    name: str
    possible: bool
    why_not: str
    allowed: Annotated[bool, Meta(description="Whether the caller may give it.")]
    needs_approval: Annotated[str | None, Meta(description="Whose approval the caller needs first.")]
    roles: list[str]
    roles_with_approval: dict[str, str]


class HandoverDetail(HandoverSummary):
    """Everything known of a handover. `recipient` only with the permission person.read."""

    blueprint: str
    version: str
    items: list[dict[str, Any]]
    window: dict[str, Time]
    deadlines: list[DeadlineView]
    allocations: list[AllocationView]
    effects: list[EffectView]
    legs: list[LegView]
    incidents: list[IncidentView]
    recipient: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    commands: list[CommandView] = []
    order: Annotated[str | None, Meta(description="The order that it belongs to: GET /orders/ID.")] = None


class CommandAnswer(msgspec.Struct, omit_defaults=True):
    """Where the handover stands after an accepted command."""

    id: str
    state: str
    status: str
    phase: str
    until: Time | None = None


class EventView(msgspec.Struct):
    """One journal event. `body` is null when it was destroyed; times within it are UTC microseconds."""

    seq: int
    time: Time
    stream: str
    type: str
    body: dict[str, Any] | None


class EventPage(msgspec.Struct):
    """Events, oldest first; `next` is the `after` of the next page, null when there is none yet."""

    events: list[EventView]
    next: int | None


class FaultView(msgspec.Struct):
    """A fault that goes on."""

    kind: str
    target: str
    detail: str


class DeviceView(msgspec.Struct):
    """A device. `actions` are what one can do to it on a simulated site."""

    name: str
    integration: str
    capabilities: list[str]
    state: str
    reason: str
    faults: list[FaultView]
    actions: list[str]


class Devices(msgspec.Struct):
    """All devices of the site."""

    devices: list[DeviceView]


class MessageView(msgspec.Struct):
    """A message as its receiver got it. `picture` is the address of the QR picture that shows `code`."""

    id: str
    at: Time
    to: dict[str, Any]
    subject: str
    text: str
    pin: str | None
    code: str | None
    picture: str | None


class Messages(msgspec.Struct):
    """What was sent, newest first."""

    messages: list[MessageView]


class TwinAnswer(msgspec.Struct):
    """What the simulated device says."""

    result: Any


class ProblemKind(msgspec.Struct):
    """What a problem type means."""

    name: str
    status: int
    title: str
    mend: str
