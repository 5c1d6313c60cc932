"""What the database steps mean for the world, and what must hold when they are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.workflows.verify.world import GONE, IN, LOST, OUT, Place, World, hashable


class Fails(Exception):
    """The step cannot succeed: its reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Meaning = Callable[[World, Mapping[str, Any]], None]


def _assign(world: World, args: Mapping[str, Any]) -> None:
    for index in world.live():
        _leave(world, index)
    if world.live():  # the engine does not hear of what concerns a compartment that was left
        world.incidents = frozenset(one for one in world.incidents if one.about == "act")
    world.owned = False
    stocked = bool({"product", "asset", "asset_kind"} & set(args))
    place = Place(goods=IN if stocked else OUT, own=stocked)
    count = 1 + world.choose(2) if args.get("per") == "item" else 1
    world.places, world.hand = [place] * count, 0


def _leave(world: World, index: int) -> None:
    """Another compartment takes the place of this one, which serves others from now on."""
    place = world.places[index]
    if place.goods == IN and not place.own:
        world.violate("stranded", "takes another compartment while the item lies in the first one")
    _given_back(world, place)


def _given_back(world: World, place: Place) -> None:
    if place.fault and not place.bars and not world.looked:
        world.violate("fault", f"gives back a compartment that failed ({place.fault}) without barring it")
    if place.bars and not place.told:
        world.violate("barred", "leaves a compartment barred that nobody has as a task")


def _release(world: World, args: Mapping[str, Any]) -> None:
    for index in _needed(world):
        place = world.places[index]
        stays = place.own and place.goods == IN  # stock that was only promised is for the next one
        if place.goods == IN and not stays and not world.looked:
            world.violate("owners", "gives the compartment to the next one with the item still inside")
        _given_back(world, place)
        world.change(index, held=False, goods=GONE if place.goods == IN and not stays else place.goods)


def _bar(world: World, args: Mapping[str, Any]) -> None:
    for index in _needed(world):
        place = world.places[index]
        world.change(index, bars=place.bars | {str(args["reason"])})


def _unbar(world: World, args: Mapping[str, Any]) -> None:
    for index in _needed(world):
        world.change(index, bars=world.places[index].bars - {str(args["reason"])})


def _issue(world: World, args: Mapping[str, Any]) -> None:
    party = args.get("to") or "recipient"
    party = party if isinstance(party, str) else "recipient"
    kept = {one for one in world.creds if one[0] != party}
    world.creds = frozenset(kept | {(party, str(args.get("kind") or "single"))})


def _revoke(world: World, args: Mapping[str, Any]) -> None:
    party = args.get("to")
    world.creds = frozenset(one for one in world.creds if party and one[0] != party)


def _notify(world: World, args: Mapping[str, Any]) -> None:
    to = str(args["to"])
    if to == "staff" or to.startswith(("role:", "group:")):
        world.heard, world.owing = True, ""


def _ask(world: World, args: Mapping[str, Any]) -> None:
    world.approval = True


def _transfer(world: World, args: Mapping[str, Any]) -> None:
    to = str(args["to"])
    for index in _needed(world):
        place = world.places[index]
        _proved(world, place, to)
        goods = place.goods
        if to == "hub":
            goods = IN
        elif to == "unknown":
            goods = LOST
        elif world.looked and goods == IN:
            goods = GONE  # a person has said so
        world.released |= to == "recipient" and world.looked
        outcome = "collected" if to == "recipient" else place.outcome
        world.change(index, custody=to, goods=goods, outcome=outcome)


def _proved(world: World, place: Place, to: str) -> None:
    """Custody moves only with proof: who is said to have the item stood before the open door."""
    if world.looked or to == "unknown":
        return
    if to == "hub":
        if place.goods == OUT:
            world.violate("custody", "says that the item is inside, but no door was open to put it in")
    elif place.goods == IN and (to == "staff" or place.brought in ("", "staff")):
        world.violate("custody", f"says that the {to} has the item, but nothing proves that it left")
    elif place.goods == GONE and place.custody != to:
        if place.doubt or not place.proof:
            world.violate("custody", f"says that the {to} has the item, but nobody knows whether it left")
        elif (to == "staff") is not (place.proof == "staff"):
            world.violate("custody", f"says that the {to} has the item, but the {place.proof} took it")


def _stock(world: World, args: Mapping[str, Any]) -> None:
    _needed(world)


def _incident(world: World, args: Mapping[str, Any]) -> None:
    world.raise_incident(str(args["kind"]))


def _set(world: World, args: Mapping[str, Any]) -> None:
    for name, value in args.items():
        world.vars[name] = hashable(value)
        if value is None:
            del world.vars[name]


def _needed(world: World) -> list[int]:
    found = list(world.live())
    if not found:
        raise Fails("no_allocation")
    return found


MEANING: Mapping[str, Meaning] = {
    "assign": _assign, "release": _release, "bar": _bar, "unbar": _unbar, "issue_credential": _issue,
    "revoke_credential": _revoke, "notify": _notify, "request_approval": _ask,
    "transfer_custody": _transfer, "adjust_stock": _stock, "raise_incident": _incident, "set": _set,
}
