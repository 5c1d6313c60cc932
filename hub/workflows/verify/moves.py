"""Everything that can happen next: people, doors, devices, the desk, time, and a hub that is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from hub.workflows.engine import Event, EventClass
from hub.workflows.verify import acts
from hub.workflows.verify.free import Loose
from hub.workflows.verify.run import EFFECT, NOW, Run, resolved
from hub.workflows.verify.world import GONE, IN, LOST, Incident, State, World

#: Commands that the runner answers with an accepted use (run/verbs.py), and those by which a person says
#: what has become of the item.
_ENTITLING = frozenset(("open", "load", "dispose", "reassign", "not_empty", "too_small", "undo", "end"))
_SAYING = frozenset(("resolve", "dispose", "inspect", "complete", "refuse"))
#: Commands of the person at the door.
VISITOR = frozenset(("undo", "not_empty", "too_small", "end"))
#: Facts that need something first; all others can come at any time.
_MADE = frozenset(("credential.accepted", "door.closed", "door.opened", "door.breach", "approval.given",
                   "approval.denied", "thermal.breach"))
PARTIES = frozenset(("recipient", "depositor", "staff"))
_VERDICTS = ("confirmed", "refuted", "closed")


class Move(NamedTuple):
    """One thing that happens: `what` for the machine (`door.closed`), `detail` for people, and its making.

    `by_hand`: every handover can be ended so, whatever its blueprint says; it proves nothing.
    """

    what: str
    detail: str
    make: Callable[[World], None]
    by_hand: bool = False


def moves(run: Run, now: State) -> Iterator[Move]:
    """Every move that is possible at rest in `now`."""
    if now.ended:
        return
    if now.effect:
        yield from _results(run, now)
    else:
        yield from _commands(run, now)
        for index in now.timers:
            yield Move(f"after.{index}", "", partial(_timer, run, index))
        # One that passes where nothing handles it is delivered on entering a state that does (S24): the same
        # as passing there.
        for name in sorted(now.due - now.rung):
            if run.words.handles(now.state, f"deadline.{name}"):
                yield Move(f"deadline.{name}", "", partial(_deadline, run, name))
    yield from _facts(run, now)
    for incident in sorted(now.incidents):
        if now.effect and incident.about != "act":
            continue  # answered: an act is under way, try again
        for verdict in _verdicts(run, now, incident):
            if _truthful(now, incident, verdict):
                make = partial(_verdict, run, incident, verdict)
                yield Move("incident.resolved", f"{incident.kind}:{verdict}:{incident.about}", make)


def _verdicts(run: Run, now: State, incident: Incident) -> tuple[str, ...]:
    """All verdicts where they may lead somewhere; else one: the task is over before anything waits for it."""
    if incident.about == "act" or incident.kind in run.words.kinds_of(now.state):
        return _VERDICTS
    return _VERDICTS[:1]


def _truthful(now: State, incident: Incident, verdict: str) -> bool:
    """A person who looks does not say what is not so: only sensors lie."""
    looks = (*acts.PHYSICAL, "authorise")
    if incident.about != "act" or verdict == "closed" or now.doubted.partition(":")[0] not in looks:
        return True
    return (verdict == "confirmed") is now.truth


# Acts

def _results(run: Run, now: State) -> Iterator[Move]:
    kind = run.step(now.effect)
    reasons = run.words.told_apart(now.state, "effect.refuted", kind.refutes if kind else ())
    yield Move("effect.confirmed", now.effect, partial(_confirmed, run))
    for reason in reasons:
        yield Move("effect.refuted", f"{now.effect}:{reason}", partial(_refuted, run, reason=reason))
    yield Move("effect.in_doubt", now.effect, partial(_doubt, run))
    yield Move("crash", now.effect, partial(_crash, run, "not_sent" in reasons))


def _crash(run: Run, unsent: bool, world: World) -> None:
    """The hub is killed between intent and outcome. The gap in observation leaves three verdicts (S11)."""
    way = world.choose(3 if unsent else 2)
    verdict = ("in_doubt", "confirmed", "refuted")[way]
    world.notes.append(f"{world.effect}.after_restart:{verdict}")
    (_doubt, _confirmed, partial(_refuted, reason="not_sent"))[way](run, world=world)


def _confirmed(run: Run, world: World) -> None:
    acts.confirmed(world)
    _deliver(run, world, Event("effect.confirmed", EventClass.RESULT, NOW, {}, EFFECT))


def _refuted(run: Run, world: World, reason: str) -> None:
    acts.refuted(world, reason)
    data = {"reason": reason, "detail": ""}
    _deliver(run, world, Event("effect.refuted", EventClass.RESULT, NOW, data, EFFECT))


def _doubt(run: Run, world: World) -> None:
    acts.in_doubt(world)
    _deliver(run, world, Event("effect.in_doubt", EventClass.RESULT, NOW, {}, EFFECT))


def _deliver(run: Run, world: World, event: Event) -> None:
    if event.kind is not EventClass.RESULT:
        world.looked = False
    run.deliver(world, event)


# Time

def _timer(run: Run, index: int, world: World) -> None:
    world.timers = tuple(one for one in world.timers if one != index)
    _deliver(run, world, Event(f"after.0.{index}", EventClass.INTERNAL, NOW))


def _deadline(run: Run, name: str, world: World) -> None:
    world.rung |= {name}
    _deliver(run, world, Event(f"deadline.{name}", EventClass.INTERNAL, NOW))


# The desk

def _commands(run: Run, now: State) -> Iterator[Move]:
    for event in run.words.events(now.state):
        if event.startswith("command."):
            yield Move(event, "", partial(_command, run, event))
    if not run.handles_in(now.state, "command.complete"):
        yield Move("command.complete", "", partial(_command, run, "command.complete"), by_hand=True)


def _command(run: Run, event: str, world: World) -> None:
    verb = event.removeprefix("command.")
    here = world.here
    # Who wants to load what lies inside has taken it out by hand.
    out = verb == "load" and here is not None and here.goods == IN and not here.own
    world.looked = verb in _SAYING or out

    def prepare() -> None:
        if verb in _ENTITLING:
            world.use, world.visit, world.who = "fresh", world.visit or "once", "staff"
        if out:
            world.change(world.hand, goods=GONE, proof="staff")
        if verb in ("undo", "not_empty", "too_small") and world.here is not None and not world.here.own:
            world.change(world.hand, goods="out")  # the person at the door says that nothing was put in

    run.deliver(world, Event(event, EventClass.COMMAND, NOW, Loose()), prepare)


def _verdict(run: Run, incident: Incident, verdict: str, world: World) -> None:
    world.incidents -= {incident}
    world.looked = True
    act = incident.about == "act"
    if act:
        acts.settle(world, verdict)
    else:
        for index in world.live():
            world.change(index, fault="")
    if incident.kind == "refund_owed":
        word = "voided" if verdict == "confirmed" else "settled"
        world.legs = {key: word if leg == "owed" else leg for key, leg in world.legs.items()}
        world.owing = ""
    run.deliver(world, resolved(incident, verdict))
    shut = world.here is not None and not world.here.open
    if act and verdict == "confirmed" and shut and not world.ended and run.handles(world, "door.closed"):
        run.deliver(world, _door_fact("door.closed", world.hand))


# Facts

def _facts(run: Run, now: State) -> Iterator[Move]:
    for event in run.words.events(now.state):
        plain = not event.startswith(("command.", "effect.", "deadline.")) and event not in _MADE
        if plain and not event.endswith(".failed") and event not in _INTERNAL:
            yield Move(event, "", partial(_fact, run, event))
    if run.handles_in(now.state, "credential.accepted"):
        for party, kind in sorted(now.creds):
            yield Move("credential.accepted", party, partial(_presented, run, party, kind))
    if now.approval:
        for event in ("approval.given", "approval.denied"):
            yield Move(event, "", partial(_approval, run, event))
    for index, place in enumerate(now.places):
        if place.open:
            if run.handles_in(now.state, "door.opened"):
                yield Move("door.opened", "", partial(_about_door, run, "door.opened", index))
            yield Move("door.closed", "", partial(_closed, run, index))
        elif place.held and place.goods == IN and not now.effect and "breach" not in now.events:
            yield Move("door.breach", "", partial(_breach, run, index))
    if "thermal.breach" in run.words.known and "thermal" not in now.events and any(
        place.held and place.goods == IN for place in now.places
    ):
        yield Move("thermal.breach", "", partial(_thermal, run))


_INTERNAL = frozenset(("entered", "each.done", "incident.resolved"))


def _fact(run: Run, event: str, world: World) -> None:
    _deliver(run, world, Event(event, EventClass.FACT, NOW, Loose()))


def _presented(run: Run, party: str, kind: str, world: World) -> None:
    def prepare() -> None:
        # A session opens what the visit comes to; any other credential one door each (run/intents.py).
        world.use, world.who = "fresh", party if party in PARTIES else "recipient"
        world.visit = "lent" if kind == "session" else world.visit or "once"

    world.looked = False
    data = Loose(party=party)
    run.deliver(world, Event("credential.accepted", EventClass.FACT, NOW, data), prepare)


def _approval(run: Run, event: str, world: World) -> None:
    world.approval = False
    _fact(run, event, world)


def _closed(run: Run, index: int, world: World) -> None:
    world.change(index, open=False)
    _about_door(run, "door.closed", index, world)


def _about_door(run: Run, name: str, index: int, world: World) -> None:
    _deliver(run, world, _door_fact(name, index))


def _door_fact(name: str, index: int) -> Event:
    return Event(name, EventClass.FACT, NOW, {"compartment": f"main/A{index + 1}"})


def _breach(run: Run, index: int, world: World) -> None:
    """An opening that nobody commanded: the hub bars the door and calls somebody (run/facts.py)."""
    place = world.places[index]
    world.events |= {"breach"}
    world.change(index, open=True, goods=LOST, bars=place.bars | {run.words.bar("breach")}, told=True)
    world.incidents |= {Incident("breach")}
    world.owned = True
    _about_door(run, "door.breach", index, world)


def _thermal(run: Run, world: World) -> None:
    """The hub itself bars what was out of its class too long, and calls somebody (run/thermal.py)."""
    world.events |= {"thermal"}
    for index, place in enumerate(world.places):
        if place.held:
            world.change(index, bars=place.bars | {"thermal"}, told=True)
    world.incidents |= {Incident("thermal_breach")}
    world.owned = True
    _fact(run, "thermal.breach", world)
