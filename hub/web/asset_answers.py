"""What the API answers of assets."""

from __future__ import annotations

import msgspec

from hub.model.states import Size, Thermal
from hub.web.answers import Time


class AssetHolder(msgspec.Struct):
    """Who has an asset: staff, recipient, depositor or unknown, and by reference whom of them."""

    party: str
    person_ref: str | None


class AssetView(msgspec.Struct):
    """An asset: in a compartment, or with a holder, since when.

    `state` is in, out, quarantine or lost; `due` when it is to be back; `issued` how often it went out.
    """

    id: str
    kind: str
    name: str
    size: Size
    thermal: Thermal | None
    code: str | None
    state: str
    compartment: str | None
    holder: AssetHolder | None
    condition: str
    due: Time | None
    overdue: bool
    since: Time
    issued: int


class Assets(msgspec.Struct):
    """Assets of the site, by kind and id."""

    assets: list[AssetView]
