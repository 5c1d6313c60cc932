"""What requests may contain: bodies and queries, checked by msgspec."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.model.states import Size, Status, Thermal

Word = Annotated[str, Meta(min_length=1, max_length=200)]
Why = Annotated[str, Meta(max_length=500, description="Why, for the record.")]
Because = Annotated[str, Meta(min_length=1, max_length=500, description="Why, for the record.")]
Name = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
Minor = Annotated[int, Meta(ge=0, le=10**12, description="Minor units: 250 is 2.50 EUR.")]
Moment = Annotated[datetime, Meta(tz=True, description="ISO 8601 with an offset or Z.")]


class _Body(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    pass


class Recipient(_Body):
    """Who collects. At least one of the four; `ref` is the caller's own name for the person."""

    name: Word | None = None
    phone: Word | None = None
    email: Word | None = None
    ref: Word | None = None


class Item(_Body):
    """One item line. `size` and `thermal` may be left out for a product of the catalogue, and for an asset.

    `price` and `deposit` are for one piece, in minor units. `low` asks for a low compartment; items with
    different words in `apart` are kept apart.
    """

    sku: Word
    quantity: Annotated[int, Meta(ge=1, le=999)]
    size: Size | None = None
    thermal: Thermal | None = None
    asset: Word | None = None
    low: bool | None = None
    apart: Word | None = None
    price: Minor | None = None
    tax_class: Word | None = None
    deposit: Minor | None = None
    minimum_age: Annotated[int, Meta(ge=0, le=120)] | None = None
    lot: Word | None = None
    use_by: Moment | None = None


class Paid(_Body):
    """Money that the caller has taken for the order already, under his own reference; minor units."""

    reference: Word
    amount: Minor
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Window(_Body):
    """When it may be collected."""

    since: Moment | None = msgspec.field(name="from", default=None)
    until: Moment | None = None


class NewHandover(_Body):
    """What a new handover is about.

    Handovers with the same `order_ref` belong to one order. `depositor` brings what the recipient collects,
    `due` is when it is to be back, and `data` is whatever else the blueprint asks for. With `start: desk` it
    begins as staff begin it, where the blueprint lets them: then recipient and items may be missing.
    `terminal` is where the person stands.
    """

    workflow: Word
    recipient: Recipient | None = None
    items: Annotated[list[Item], Meta(max_length=100)] = []
    start: Literal["api", "desk"] = "api"
    terminal: Word | None = None
    external_ref: Word | None = None
    window: Window | None = None
    order_ref: Word | None = None
    depositor: Recipient | None = None
    due: Moment | None = None
    paid: Paid | None = None
    data: Annotated[dict[Name, str | int | bool], Meta(max_length=50)] = {}


class Plain(_Body):
    """A command that needs nothing but, if you like, a reason."""

    why: Why = ""


class Extend(_Body):
    """Moves a deadline of the handover; `deadline` is its name in the blueprint."""

    until: Moment
    deadline: Word = "hold"
    why: Why = ""


class Resolve(_Body):
    """A verdict on an incident. `left` says that something was left behind after a collection."""

    verdict: Literal["confirmed", "refuted", "closed", "left"]
    why: Because
    incident: Word | None = None


class Verdict(_Body):
    """A verdict on an incident."""

    verdict: Literal["confirmed", "refuted", "closed"]
    why: Because


class Assign(_Body):
    """Who sees to it from now on: a role of the site, or one of its people."""

    owner: Annotated[str, Meta(pattern="^(role|person):.+", max_length=200)]
    why: Why = ""


class Reason(_Body):
    """A command that is done for a reason."""

    why: Because


class Apply(_Body):
    """Applies what the files say; `machine` is the hash that was looked at, another one is refused."""

    machine: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None
    why: Why = ""


class Counted(_Body):
    """How many units lie in the compartment."""

    quantity: Annotated[int, Meta(ge=0, le=9999)]
    why: Why = ""


class FoundItem(_Body):
    """What lies in a compartment though nobody expected it: describe the thing, not a person."""

    what: Annotated[str, Meta(min_length=1, max_length=200)]
    why: Why = ""


class Emptied(_Body):
    """Somebody looked: nothing is inside. `taken_to` is where what was found has gone."""

    why: Because
    taken_to: Annotated[str, Meta(max_length=200)] = ""


class TwinAction(_Body):
    """Arguments of an action of a simulated device."""

    args: Annotated[list[Annotated[str, Meta(max_length=4096)]], Meta(max_length=16)] = []


class ListQuery(_Body):
    """Filters of a list; `cursor` is the `next` of the page before."""

    state: Word | None = None
    status: Status | None = None
    workflow: Word | None = None
    ended: bool | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: Word | None = None


class EventsQuery(_Body):
    """Events behind `after`, at most `limit`."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 500


class IncidentsQuery(_Body):
    """The open incidents, or `all`; `cursor` is the `next` of the page before."""

    all: bool = False
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Word | None = None


class AssetsQuery(_Body):
    """Filters of the assets; `overdue` shows only those that should be back."""

    kind: Word | None = None
    state: Literal["in", "out", "quarantine", "lost"] | None = None
    overdue: bool = False


class NoQuery(_Body):
    """Nothing."""


class Hello(_Body):
    """The first message of a WebSocket client.

    `after` resumes behind that event. Without it the stream begins now, with the `recent` last events.
    """

    token: str = ""
    after: Annotated[int, Meta(ge=0)] | None = None
    recent: Annotated[int, Meta(ge=0, le=500)] = 0
