"""What must hold: at every rest, at the end, and of all ways through the machine together."""

from __future__ import annotations

from collections.abc import Mapping

from hub.workflows.engine import RECOVERY
from hub.workflows.verify import acts
from hub.workflows.verify.moves import VISITOR
from hub.workflows.verify.run import GIVEN_UP_STATUS, Run
from hub.workflows.verify.world import GONE, IN, OUT, Place, World

#: The properties by their short names, as the report prints them.
PROPERTIES: Mapping[str, str] = {
    "stranded": "no item is stranded",
    "owners": "no compartment has two owners",
    "money": "no money without goods, refund or incident",
    "entitlement": "no goods without the entitlement",
    "custody": "custody goes to who has the item",
    "once": "nothing is done twice while the first is in doubt",
    "fault": "every fault reaches a human",
    "barred": "a compartment ends released, or barred with an incident",
    "waits": "no promise waits for ever",
    "dead": "no dead state",
    "ends": "every handover can end",
}
#: Final states that a person of the desk chooses, with everything that hangs on it.
_BY_DESK = frozenset(("closed_by_desk", "completed_by_hand"))
_CUSTOMER = ("credential.accepted", "person.came", "session.ended", "selection", "asset.read")


def at_rest(run: Run, world: World) -> None:
    """Check where the handover has come to rest."""
    if world.ended:
        _at_the_end(run, world)
        return
    for place in world.places:
        if place.held and place.bars and not place.told:
            world.violate("barred", "leaves a compartment barred that nobody has as a task")
            break
    if world.effect:
        return
    if world.status in GIVEN_UP_STATUS and any(kind != "session" for _, kind in world.creds):
        world.violate("entitlement", "it is expired or cancelled, and its credential is still good")
    _promise(run, world)


def _promise(run: Run, world: World) -> None:
    """Who waits for somebody at a terminal or a door must be told after a time that nobody came."""
    if world.incidents or world.heard or world.state == RECOVERY:
        return
    at_a_door = run.handles(world, "door.closed") and any(place.open for place in world.places)
    expected = at_a_door or any(
        run.handles(world, event) and (event != "credential.accepted" or world.creds) for event in _CUSTOMER
    ) or any(run.handles(world, f"command.{verb}") for verb in VISITOR)
    if not expected:
        return
    if world.owned and any(run.handles(world, f"command.{verb}") for verb in ("open", "cancel")):
        return  # somebody has had it as a task, and can still end it
    promised = any(run.handles(world, f"deadline.{name}") for name in world.due - world.rung)
    if not promised and not world.timers:
        world.violate("waits", "waits for a person who may never come, and nothing ever ends the waiting")


def _at_the_end(run: Run, world: World) -> None:
    by_desk = world.state in _BY_DESK and world.looked
    for place in world.places:
        if place.held:
            _place_at_the_end(world, place, by_desk, run.words.assets)
    for purpose, leg in world.legs.items():
        if leg in ("asked", "held") and not world.looked and not world.owned:
            world.violate("money", f"ends while the {purpose} is {leg}: it is neither taken nor given back")
        if purpose == "price" and leg == "captured" and not _delivered(world) and not world.owned:
            world.violate("money", "keeps the money, but nothing was released")
    acts.at_an_end(world)
    if world.owing and not world.owned:
        world.violate("fault", f"ends and nobody hears that {world.owing}")


def _delivered(world: World) -> bool:
    if not world.places or world.released or world.looked:
        return True
    return any(place.goods in (GONE, OUT) for place in world.places)


def _place_at_the_end(world: World, place: Place, by_desk: bool, assets: bool) -> None:
    owned = by_desk or world.owned
    if place.goods == IN and place.custody == "hub" and assets:
        return  # it lies where its register says
    if place.goods == IN and not place.own and not owned:
        world.violate("stranded", "ends with the item still in the compartment, and nobody answers for it")
    elif place.goods != OUT and place.custody and not owned:
        world.violate("barred", "ends without giving the compartment back: it stays occupied for ever")
    if place.fault and not place.bars and not by_desk:
        world.violate("fault", f"ends, and a compartment that failed ({place.fault}) is not barred")
    if place.bars and not place.told and not owned:
        world.violate("barred", "leaves a compartment barred that nobody has as a task")
