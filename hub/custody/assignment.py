"""Takes compartments for handovers: one, several, or the one in which an asset lies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from hub.custody.assets import Asset, NoAsset, asset, free_asset, why_no_asset
from hub.custody.compartments import Compartment, compartment
from hub.custody.displacing import Moved, make_room
from hub.custody.fitting import NothingFits, Wish, find, why_nothing, wish
from hub.custody.parties import HUB, STAFF
from hub.model import journal
from hub.model.effects import Json
from hub.model.states import Hold, Occupancy, Service, Size, Thermal
from hub.store import Tx

_HOLD = "UPDATE compartment SET hold = ?, allocation_id = ?, apart = ?, wear = wear + 1 WHERE id = ?"
_ALLOCATE = """
INSERT INTO allocation (id, handover_id, idx, compartment, items, custody, created, want_rank, want_thermal,
  want_low, apart, assets) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One compartment of several that are assigned together; the fields are those of `assign`."""

    allocation_id: str
    size: Size | str | None = None
    thermal: Thermal | str | None = None
    low: bool = False
    product: str | None = None
    items: Sequence[Mapping[str, Json]] = field(default=())
    apart: str | None = None
    asset: str | None = None
    asset_kind: str | None = None
    refill: bool = False


def assign(
    tx: Tx, handover_id: str, allocation_id: str, bank: str, size: Size | str | None,
    thermal: Thermal | str | None, low: bool, product: str | None, at: int, *,
    items: Sequence[Mapping[str, Json]] = (), idx: int = 0, hold: Hold | str = Hold.HARD,
    apart: str | None = None, asset: str | None = None, asset_kind: str | None = None,
    refill: bool = False, giver: str = STAFF, displaced: Callable[[Moved], None] | None = None,
) -> str:
    """Hold a compartment of `bank` for the new allocation `allocation_id` and return its id.

    `size` is the smallest that will do, `thermal` None leaves the class open, `low` demands a low door, and
    the neighbours of `apart` hold the same word or none. With `product` (a SKU) only compartments that
    stock it for certain are taken, with `refill` all that serve it, the emptiest first; with `asset` (an id)
    or `asset_kind` the one in which such an asset lies; the hub has custody of what is inside. Without, only
    empty ones that serve no product, and the `giver` has custody until the goods are in. An item that names
    its `asset` takes that asset's custody along.

    When nothing is free for a hard hold, and `displaced` is given, a soft hold without goods may move to
    another compartment; `displaced` is told of it. Raises NothingFits.
    """
    ids = _named(items)
    if asset is not None or asset_kind is not None:
        taken = _with_asset(tx, bank, asset, asset_kind)
        wanted, chosen, giver = Wish(bank, apart=apart or ""), str(taken.compartment), HUB
        ids = [taken.id, *(one for one in ids if one != taken.id)]
    else:
        wanted = wish(bank, size, thermal, low, product, apart, refill)
        for one in ids:
            _known(tx, one)
        found = find(tx, wanted)
        if found is None and displaced is not None and Hold(hold) is Hold.HARD:
            found = make_room(tx, wanted, at, displaced)
        if found is None:
            raise why_nothing(tx, wanted)
        chosen = found
        giver = giver if product is None else HUB
    tx.execute(_HOLD, (Hold(hold).value, allocation_id, wanted.apart, chosen))
    tx.execute(_ALLOCATE, (
        allocation_id, handover_id, idx, chosen, _packed(items), giver, at, wanted.rank, wanted.thermal,
        int(wanted.low), wanted.apart, json.dumps(ids) if ids else "[]",
    ))
    body: dict[str, Json] = {
        "allocation": allocation_id, "compartment": chosen, "hold": Hold(hold).value, "idx": idx,
    }
    if ids:
        body["assets"] = list(ids)
    tx.journal("handover/" + handover_id, journal.ALLOCATION_ASSIGNED, body, at)
    return chosen


def assign_all(
    tx: Tx, handover_id: str, bank: str, parts: Sequence[Part], at: int, *, hold: Hold | str = Hold.HARD,
    giver: str = STAFF, displaced: Callable[[Moved], None] | None = None,
) -> list[str]:
    """Hold a compartment for each part, in the order of `parts`, or none at all.

    What is hardest to place is placed first: low doors, then the largest. Raises NothingFits for the first
    part that finds nothing, with the others undone; `displaced` is told only when all have found a place.
    """
    order = sorted(range(len(parts)), key=lambda index: _hardness(parts[index]))
    found: dict[int, str] = {}
    moves: list[Moved] = []
    with tx.savepoint() if len(parts) > 1 else nullcontext():  # one alone writes nothing when it fails
        for index in order:
            part = parts[index]
            found[index] = assign(
                tx, handover_id, part.allocation_id, bank, part.size, part.thermal, part.low, part.product,
                at, items=part.items, idx=index, hold=hold, apart=part.apart, asset=part.asset,
                asset_kind=part.asset_kind, refill=part.refill, giver=giver,
                displaced=moves.append if displaced is not None else None,
            )
    if displaced is not None:
        for moved in moves:
            displaced(moved)
    return [found[index] for index in range(len(parts))]


def _hardness(part: Part) -> tuple[bool, bool, int]:
    rank = 0 if part.size is None else Size(part.size).rank
    return (part.asset is None and part.asset_kind is None, not part.low, -rank)


def _with_asset(tx: Tx, bank: str, wanted: str | None, kind: str | None) -> Asset:
    """The asset to issue; its compartment can be held."""
    if wanted is None:
        assert kind is not None
        wanted = free_asset(tx, kind, bank)
        if wanted is None:
            raise why_no_asset(tx, kind, bank)
    found = _known(tx, wanted)
    if kind is not None and found.kind != kind:
        raise NoAsset(f"asset {found.id} is a {found.kind}, not a {kind}")
    if found.compartment is None or found.state != "in":
        where = found.compartment or (found.holder or "").partition(":")[0]
        raise NoAsset(f"asset {found.id} cannot be issued: it is {found.state.value}, {where}")
    place = compartment(tx, found.compartment)
    _check_place(found, place, bank)
    return found


def _check_place(found: Asset, place: Compartment, bank: str) -> None:
    if place.bank != bank:
        raise NoAsset(f"asset {found.id} lies in {place.id}, not in {bank}")
    if place.hold is not Hold.FREE:
        raise NoAsset(f"asset {found.id} in {place.id} is promised to somebody")
    if place.occupancy is Occupancy.EMPTY:
        raise NoAsset(f"asset {found.id} should lie in {place.id}, but that is empty")
    if place.service is Service.BARRED:
        reasons = ", ".join(place.reasons)
        raise NothingFits("barred", f"asset {found.id} lies in {place.id}, which is barred ({reasons})")


def _known(tx: Tx, asset_id: str) -> Asset:
    found = asset(tx, asset_id)
    if found.removed:
        raise NoAsset(f"the site names asset {asset_id!r} no more")
    return found


def _named(items: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(item["asset"]) for item in items if item.get("asset")]


def _packed(items: Sequence[Mapping[str, Json]]) -> str:
    return json.dumps(list(items), separators=(",", ":"), ensure_ascii=False) if items else "[]"
