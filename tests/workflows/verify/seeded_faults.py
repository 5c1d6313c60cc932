"""Faults that a blueprint could have, planted one by one into shipped ones (S18)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from hub.workflows.machine import Arrow, Machine, State, StepCall

Change = Callable[[State], State]


class Mutant(NamedTuple):
    """A fault: where it is planted, and the properties by which it may be noticed."""

    name: str
    blueprint: str
    changes: dict[str, Change]
    noticed: tuple[str, ...]

    def plant(self, machine: Machine) -> Machine:
        """The machine with this fault in it."""
        states = dict(machine.states)
        for name, change in self.changes.items():
            changed = change(states[name])
            assert changed != states[name], f"nothing changes in {name}"
            states[name] = changed
        return replace(machine, states=states)


def without_step(kind: str) -> Change:
    return lambda state: replace(state, enter=tuple(one for one in state.enter if one.type != kind))


def with_step(kind: str, **args: str) -> Change:
    """The step of that kind gets other arguments."""
    return lambda state: replace(state, enter=tuple(
        StepCall(one.type, args, one.effect) if one.type == kind else one for one in state.enter
    ))


def step_for(kind: str, other: str) -> Change:
    return lambda state: replace(state, enter=tuple(
        StepCall(other, one.args, one.effect) if one.type == kind else one for one in state.enter
    ))


def leads(event: str, to: str) -> Change:
    return lambda state: replace(state, on={**state.on, event: (Arrow(to),)})


def without_event(*events: str) -> Change:
    return lambda state: replace(state, on={k: v for k, v in state.on.items() if k not in events})


def without_timer(state: State) -> State:
    return replace(state, after=())


def deaf(state: State) -> State:
    return replace(state, on={}, after=())


def swapped(state: State) -> State:
    """Confirmed and refuted change places, each without its conditions."""
    confirmed, refuted = state.on["effect.confirmed"], state.on["effect.refuted"]
    on = {"effect.confirmed": refuted[-1:], "effect.refuted": (Arrow(confirmed[-1].to),)}
    return replace(state, on={**state.on, **on})


def both(*changes: Change) -> Change:
    def change(state: State) -> State:
        for one in changes:
            state = one(state)
        return state

    return change


MUTANTS = (
    Mutant("dropped timeout", "pickup", {"collecting": without_timer}, ("waits",)),
    Mutant("dropped deadline", "pickup", {"waiting": without_event("deadline.hold")}, ("waits",)),
    Mutant("blind retry", "sale", {"releasing": leads("effect.in_doubt", "releasing")}, ("once",)),
    Mutant("swapped evidence of a sale", "sale", {"releasing": swapped}, ("money", "custody")),
    Mutant("swapped evidence of a pickup", "pickup", {"releasing": swapped}, ("custody",)),
    Mutant("doubt taken for success", "pickup", {"releasing": leads("effect.in_doubt", "collected")},
           ("custody",)),
    Mutant("missing refund", "sale", {
        "releasing": leads("effect.refuted", "refunded"), "another": leads("assign.failed", "refunded"),
    }, ("money",)),
    Mutant("refund that nobody owes", "sale", {"delivered": leads("entered", "voiding")}, ("money",)),
    Mutant("capture before release", "sale", {"paying": leads("effect.confirmed", "settling")}, ("money",)),
    Mutant("void in the place of capture", "sale", {"settling": step_for("capture", "void")}, ("money",)),
    Mutant("charged twice", "sale", {"releasing": leads("effect.refuted", "paying")}, ("once",)),
    Mutant("refused money that nobody hears of", "sale", {"unpaid": without_step("raise_incident")},
           ("fault", "money")),
    Mutant("missing release at the end", "pickup", {"completed": without_step("release")}, ("barred",)),
    Mutant("missing incident on stuck", "pickup", {"stuck_empty": without_step("raise_incident")},
           ("barred",)),
    Mutant("missing bar on stuck", "pickup", {"stuck_empty": without_step("bar")}, ("fault",)),
    Mutant("credential not revoked", "pickup", {"expired": without_step("revoke_credential")},
           ("entitlement",)),
    Mutant("wrong target to completed", "pickup", {"waiting": leads("deadline.hold", "completed")},
           ("owners", "stranded")),
    Mutant("open without use", "pickup", {"announcing": leads("entered", "releasing")}, ("entitlement",)),
    Mutant("custody to the wrong party", "pickup", {"collected": with_step("transfer_custody", to="staff")},
           ("custody",)),
    Mutant("moved without taking it out", "pickup", {"waiting": leads("command.reassign", "moving")},
           ("custody", "owners")),
    Mutant("ended with the item inside", "pickup",
           {"loaded": leads("entered", "no_room"), "no_room": without_step("raise_incident")}, ("stranded",)),
    Mutant("dead state", "pickup", {"in_hand": deaf}, ("dead",)),
    Mutant("endless circle", "sale", {
        "collecting": leads("door.closed", "ajar"),
        "ajar": both(leads("door.closed", "collecting"), leads("incident.resolved", "collecting")),
    }, ("ends",)),
    Mutant("failed door of a round that stays in use", "restock", {"stuck": without_step("bar")}, ("fault",)),
)
