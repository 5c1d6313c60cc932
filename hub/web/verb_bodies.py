"""Bodies of the commands on handovers and on requests for approval."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.model.states import Size, Thermal
from hub.web.bodies import Because, Why, Word, _Body

Minor = Annotated[int, Meta(ge=1, description="Minor units of the site's currency.")]
Value = str | int | bool


class Reassign(_Body):
    """Where the item goes to instead: another size or class than the order's, if given."""

    why: Because
    size: Size | None = None
    thermal: Thermal | None = None


class Refund(_Body):
    """Gives money back: all that is left of it, or `amount`. `purpose` names the leg."""

    why: Because
    amount: Minor | None = None
    purpose: Literal["price", "deposit", "later"] | None = None


class Declare(_Body):
    """What is put on record."""

    what: Annotated[str, Meta(min_length=1, max_length=500)]
    why: Why = ""


class TooSmall(_Body):
    """The compartment is too small; `size` is what the item needs."""

    size: Size | None = None
    why: Why = ""


class Inspect(_Body):
    """What came back was looked at. `amount` is what is paid back for a part."""

    verdict: Literal["accept", "part", "reject"]
    amount: Minor | None = None
    condition: Word | None = None
    why: Why = ""


class Contact(_Body):
    """Who and where the recipient is; kept sealed, shown with the permission person.read alone."""

    name: Word | None = None
    phone: Word | None = None
    email: Word | None = None
    address: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


class Provide(_Body):
    """What the handover asked for. `values` hold nothing about a person: that goes into `contact`."""

    values: Annotated[dict[Word, Value], Meta(max_length=50)] = msgspec.field(default_factory=dict)
    contact: Contact | None = None
    why: Why = ""


class ApprovalsQuery(_Body):
    """The open requests, or `all`; `cursor` is the `next` of the page before."""

    all: bool = False
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Word | None = None
