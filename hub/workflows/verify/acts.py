"""What acts on doors, motors and money do to the world: asked for, confirmed, refuted, in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.workflows.machine import StepCall
from hub.workflows.verify.world import GONE, IN, OUT, World

#: The acts on a place, and those on a leg.
PHYSICAL = ("open", "dispense")
MONEY = ("authorise", "capture", "void", "refund")
#: What a device of its own says is wrong with it; the rest says that nothing was tried.
FAULTS = ("no_motion", "rejected", "jam", "no_drop", "motor_fault")
#: Why the hub itself does not act, whatever the step (run/intents.py).
_UNTRIED = ("offline", "busy", "expired")
#: The incident that an act in doubt becomes (run/settling.py).
DOUBTS = {
    "open": "door_in_doubt", "dispense": "dispense_in_doubt", "authorise": "payment_unknown",
    "capture": "capture_unproved", "void": "refund_owed", "refund": "refund_owed",
}
#: What a leg is once it was asked for: the decision to capture stands before its result.
_ASKED = {"authorise": "asked", "capture": "captured"}
_SETTLED = {"capture": "captured", "void": "voided", "refund": "refunded"}
_GIVES_BACK = frozenset((
    ("void", "asked"), ("void", "held"), ("void", "given up"), ("void", "unknown"), ("refund", "captured"),
))
#: Money that nobody has decided about yet.
UNDECIDED = ("asked", "held", "unknown", "given up")


def intend(world: World, call: StepCall, args: Mapping[str, Any], reasons: Sequence[str]) -> str | None:
    """Write the intent of an effect step, or say why the hub does not act."""
    world.doer = world.leg = ""
    world.truth = False
    purpose = str(args.get("purpose") or "price")
    if call.type in PHYSICAL:
        refused = _physical(world, call.type, args)
    elif call.type in MONEY:
        refused = _money(world, call.type, purpose)
    else:
        refused = None
    refused = refused or _untried(world, reasons)
    if refused is not None and call.type == "void" and world.legs.get(purpose) in UNDECIDED:
        world.legs[purpose] = "given up"  # the hub gives it back when the handover ends, or owes it
    if refused is None and call.type in _ASKED:
        world.legs[purpose] = _ASKED[call.type]
    return refused


def _untried(world: World, reasons: Sequence[str]) -> str | None:
    """The device may be away, or somebody else's: one such reason of each kind that guards tell apart."""
    possible = [reason for reason in reasons if reason in _UNTRIED] or ["offline"]
    way = world.choose(1 + len(possible))
    if way and world.here is not None:
        world.change(world.hand, fault="")  # the device that is away is a task of its own
    return possible[way - 1] if way else None


def _physical(world: World, kind: str, args: Mapping[str, Any]) -> str | None:
    place, doer = world.here, str(args.get("for") or "recipient")
    # A barred door opens "for staff" also to the party who is to take the goods back.
    world.doer = world.who if doer == "staff" and world.who else doer
    if place is None or not place.held:
        return "no_allocation"
    if place.doubt:
        world.violate("once", f"{kind}s again although nobody knows whether the first one happened")
        return "busy"
    if place.bars and doer != "staff":
        return "barred"
    if kind == "dispense" and place.outcome == "released":
        return "dispensed"
    if not world.use and not (world.visit == "lent" or (world.turn >= 0 and world.visit)):
        world.violate("entitlement", f"{kind}s for the {doer} without an accepted credential or payment")
        return "not_entitled"
    if not world.use and world.choose(2):
        return "not_entitled"  # the visit has ended meanwhile
    world.use = "tried"
    return None


def _money(world: World, kind: str, purpose: str) -> str | None:
    world.leg = purpose
    leg = world.legs.get(purpose, "")
    match kind:
        case "authorise":
            if leg in UNDECIDED and leg != "given up":
                world.violate("once", f"asks for the {purpose} again while the first is {_MONEY_WORDS[leg]}")
        case "capture":
            if leg != "held":
                return "no_leg"
            back = any(place.brought not in ("", "staff") for place in world.places)
            kept = world.status == NOBODY_CAME
            if purpose == "price" and world.places and not world.released and not back and not kept:
                world.violate("money", "takes the money although nothing proves that anything was released")
        case "void":
            if leg not in UNDECIDED:
                return "no_leg"
            if purpose == "price" and world.released and not world.looked and _with_customer(world):
                world.violate("money", "gives the money back although the customer has the goods")
        case "refund":
            if leg != "captured":
                return "no_leg"
    return None


#: The status by which a price may be kept although nothing was released: the blueprint says so.
NOBODY_CAME = "expired"
_MONEY_WORDS = {"asked": "not answered", "held": "held", "unknown": "in doubt"}


def _with_customer(world: World) -> bool:
    return any(
        place.proof == "recipient" and place.goods == GONE and place.brought in ("", "staff")
        for place in world.places
    )


def confirmed(world: World, *, by_person: bool = False) -> None:
    """The act is proved, by the device or by somebody who looked."""
    kind, about = (world.effect, world.doer or world.leg)
    if by_person:
        kind, _, about = world.doubted.partition(":")
    if kind in PHYSICAL:
        world.use = ""
        if not by_person:
            opened(world)
        place = world.here
        if place is not None:
            world.change(
                world.hand, proof=about, fault="", outcome="released",
                goods=GONE if by_person and place.goods == IN and world.truth else place.goods,
            )
    elif kind == "authorise":
        world.legs[about] = "held"
        if about == "price" and not world.use:
            world.use, world.who = "fresh", "recipient"
    elif kind in _SETTLED:
        world.legs[about] = _SETTLED[kind]


def opened(world: World) -> None:
    """The door stands open before somebody, or a unit falls: goods go in, or out."""
    place = world.here
    if place is None:
        return
    moves = {OUT: IN, IN: GONE}
    goods = moves.get(place.goods, place.goods)
    brought = world.doer if place.goods == OUT else place.brought
    world.change(world.hand, open=world.effect != "dispense", goods=goods, brought=brought)
    if goods == GONE and world.doer != "staff":
        world.released = True


def refuted(world: World, reason: str) -> None:
    """Proof that it did not happen."""
    kind = world.effect
    if kind in PHYSICAL and world.here is not None:
        # What is not the lock's fault is the line's or the board's, which is a task of its own.
        world.change(world.hand, fault=reason if reason in FAULTS else "")
    elif kind == "authorise":
        world.legs[world.leg] = "denied"
    elif kind == "capture" and world.legs.get(world.leg) == "captured" and reason != "no_leg":
        world.legs[world.leg] = "refused"
        world.owing = "the money for released goods was refused"
    elif (kind, world.legs.get(world.leg)) in _GIVES_BACK:
        world.legs[world.leg] = "owed"
        world.raise_incident("refund_owed")


def in_doubt(world: World) -> None:
    """Nobody knows; whether it happened is fixed here, and only a person who looks can find out."""
    kind = world.effect
    world.truth = bool(world.choose(2))
    world.doubted = f"{kind}:{world.doer or world.leg}"
    if kind in PHYSICAL:
        if world.truth:
            opened(world)
        if world.here is not None:
            bars = world.here.bars | {"in_doubt"}
            world.change(world.hand, doubt=True, bars=bars, told=True)
    elif kind == "authorise":
        world.legs[world.leg] = "unknown"
    elif kind in ("void", "refund"):
        world.legs[world.leg] = "owed"
    world.raise_incident(DOUBTS.get(kind, "step_in_doubt"), "act")


def settle(world: World, verdict: str) -> None:
    """A person ends the doubt about the act that is waited for (run/verdicts.py)."""
    kind, _, about = world.doubted.partition(":")
    place = world.here
    if kind in PHYSICAL and place is not None:
        bars = place.bars if verdict == "closed" else place.bars - {"in_doubt"}
        # Who ends the doubt has looked at that door.
        world.change(world.hand, doubt=False, bars=bars, fault="")
    if verdict == "confirmed":
        confirmed(world, by_person=True)
    elif verdict == "refuted" and kind == "authorise":
        world.legs[about] = "denied"


def at_an_end(world: World) -> None:
    """What the hub itself does at an end: money that nobody decided about is owed (run/executors.py)."""
    for purpose, leg in world.legs.items():
        if leg in UNDECIDED:
            world.legs[purpose] = "owed"
            world.raise_incident("refund_owed")
