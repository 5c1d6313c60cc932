"""From an effect step to a durable intent: who is entitled, which door, slot or leg, what is known before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from hub import access, custody
from hub.api import StepDefinition
from hub.api.steps import HUB_ARGUMENTS
from hub.core.clock import MINUTE
from hub.custody import thermal
from hub.effects.devices import Devices, age_verifier, dispenser, lock_bank
from hub.effects.records import acting
from hub.model.failures import StepFailed
from hub.model.states import AllocationOutcome, EffectKind, EvidenceLevel, Hold, Service
from hub.store import Tx
from hub.workflows.machine import StepCall
from hub.workflows.run.advance import Run
from hub.workflows.run.allocations import entries, in_hand
from hub.workflows.run.drafts import Drafted, Drafts
from hub.workflows.run.money import MoneySteps
from hub.workflows.run.places import Places

#: For how long after a presentation a handover goes on from door to door.
VISIT = 10 * MINUTE
_NO_STEPS: Mapping[str, StepDefinition] = {}


class Intents:
    """Builds and writes intents. Called inside the runner's transaction; touches no device.

    `steps` are those of integrations, by name.
    """

    def __init__(
        self, devices: Devices, places: Places, steps: Mapping[str, StepDefinition] = _NO_STEPS
    ) -> None:
        self._devices = devices
        self._places = places
        self._steps = steps
        self._drafts = Drafts(devices)
        self.money = MoneySteps(self._drafts, places)

    def __call__(self, run: Run, call: StepCall, args: Mapping[str, Any]) -> Drafted:
        """The intent of an effect step, written; with its result, where no device is needed for it.

        Raises StepFailed, with nothing written, when the hub must not act.
        """
        if call.type in self._steps:
            return self._own(run, self._steps[call.type], args)
        kind = EffectKind(call.type)
        match kind:
            case EffectKind.OPEN:
                return self._open(run, args)  # its one write comes last
            case EffectKind.DISPENSE:
                return self._dispense(run, args)
            case EffectKind.CHECK_AGE:
                return self._check_age(run, args)
        with run.tx.savepoint():
            match kind:
                case EffectKind.AUTHORISE:
                    return self.money.authorise(run, args)
                case EffectKind.REFUND:
                    return self.money.refund(run, args)
                case _:
                    return self.money.decide(run, kind, args)

    def _open(self, run: Run, args: Mapping[str, Any]) -> Drafted:
        allocation, place = _in_hand(run)
        who = str(args.get("for", "recipient"))
        if place.service is not Service.IN_SERVICE and who != "staff":
            raise StepFailed("barred", ", ".join(place.reasons))
        limits = self._places.climate.get(place.bank)
        if who != "staff" and thermal.barred_for_good(run.tx, allocation["id"], limits):
            raise StepFailed("barred", thermal.BARRED_FOR)
        use_id = _use_of(run)
        driver = lock_bank(self._drafts.serving(place.door_device))
        if driver is None:
            raise StepFailed("not_supported", f"{place.door_device} has no doors")
        intent = self._drafts.intent(
            run, EffectKind.OPEN, place.door_device, place.door_name, run.at + int(args["within"]),
            {"compartment": place.id} if who == "recipient" else {"compartment": place.id, "for": who},
            level=EvidenceLevel(args["evidence"]),
            baseline=self._drafts.baseline(place.door_device, driver, place.door_name),
            allocation_id=allocation["id"],
        )
        if who != "recipient" and place.hold is Hold.SOFT:  # goods are on their way into it
            custody.harden(run.tx, allocation["id"], run.at)
        return self._drafts.write(run, intent, f"{place.door_device}/{place.door_name}", use_id), None

    def _dispense(self, run: Run, args: Mapping[str, Any]) -> Drafted:
        """One unit for one allocation. A machine turns one motor at a time."""
        allocation, place = _in_hand(run)
        if place.service is not Service.IN_SERVICE:
            raise StepFailed("barred", ", ".join(place.reasons))
        if thermal.barred_for_good(run.tx, allocation["id"], self._places.climate.get(place.bank)):
            raise StepFailed("barred", thermal.BARRED_FOR)
        known = custody.allocation(run.tx, allocation["id"])
        if known.outcome is AllocationOutcome.RELEASED:
            raise StepFailed("dispensed", f"{place.id} has dispensed for this allocation")
        use_id = _use_of(run)
        device, slot = place.door_device, place.door_name
        driver = dispenser(self._drafts.serving(device))
        if driver is None:
            raise StepFailed("not_supported", f"{device} dispenses nothing")
        other = acting(run.tx, device, EffectKind.DISPENSE)
        if other is not None:
            raise StepFailed("busy", f"{device} dispenses for {other}")
        intent = self._drafts.intent(
            run, EffectKind.DISPENSE, device, slot, run.at + int(args["within"]), {"compartment": place.id},
            level=EvidenceLevel(args["evidence"]), baseline=self._drafts.baseline(device, driver, slot),
            allocation_id=allocation["id"],
        )
        return self._drafts.write(run, intent, f"{device}/{slot}", use_id), None

    def _check_age(self, run: Run, args: Mapping[str, Any]) -> Drafted:
        name = str(run.snapshot.vars.get("terminal", ""))
        terminal = self._places.terminals.get(name)
        if terminal is None or not terminal.verifier:
            raise StepFailed("no_verifier", f"terminal {name!r} cannot look at documents")
        device = terminal.verifier
        if age_verifier(self._drafts.serving(device)) is None:
            raise StepFailed("no_verifier", f"{device} cannot look at documents")
        intent = self._drafts.intent(
            run, EffectKind.CHECK_AGE, device, name, run.at + int(args["within"]),
            {"minimum": int(args["minimum"])},
        )
        return self._drafts.write(run, intent, f"{device}/age"), None

    def _own(self, run: Run, step: StepDefinition, args: Mapping[str, Any]) -> Drafted:
        """A step of an integration, at one of its own devices."""
        device = str(args["device"])
        driver = self._drafts.serving(device)
        try:  # what an expression gave is known only now
            given = step.checked({key: value for key, value in args.items() if key not in HUB_ARGUMENTS})
        except vol.Invalid as error:
            raise StepFailed("invalid", str(error)) from error
        baseline = step.baseline
        known = {} if baseline is None else self._drafts.ask(
            device, step.name, lambda: baseline(driver, given)
        )
        intent = self._drafts.intent(
            run, EffectKind.STEP, device, step.name, run.at + int(args["within"]),
            {"step": step.name, "args": given}, baseline=known,
        )
        return self._drafts.write(run, intent, f"{device}/{step.name}"), None


def entitle(
    tx: Tx, run: Run, grant_id: str, at: int, *, reopen: bool = False, method: str = "", terminal: str = ""
) -> None:
    """Count one use of a grant for the opening that follows. Raises access.GrantSpent."""
    if reopen:
        use_id = access.reuse(tx, grant_id, at)
    else:
        use_id = access.use(tx, grant_id, at, method=method, terminal=terminal)
    run.set(use=use_id, grant=grant_id)


def entitle_once(run: Run, person_ref: str | None, method: str) -> None:
    """A right for this moment only: a member of staff at the desk, or a payment just approved.

    It is good for each of the handover's doors once.
    """
    doors = sum(1 for entry in entries(run) if not entry.get("freed"))
    grant_id, use_id = access.grant_once(
        run.tx, run.handover_id, person_ref, run.at + VISIT, run.at, method=method, uses=max(doors, 1)
    )
    run.set(use=use_id, grant=grant_id)


def lend(run: Run, person_ref: str | None) -> None:
    """Who stands there asked for something: the doors that follow are opened on that person's account."""
    run.set(grant=access.lend(run.tx, run.handover_id, person_ref, run.at + VISIT, run.at))


def _in_hand(run: Run) -> tuple[Mapping[str, Any], custody.Compartment]:
    allocation = in_hand(run)
    return allocation, custody.compartment(run.tx, allocation["compartment"])


def _use_of(run: Run) -> str:
    """The use that the act belongs to: the one just accepted, or the next of the same grant in a visit.

    A loop goes from door to door, and who was lent a right for the visit opens what the handover comes to.
    """
    values = run.snapshot.vars
    if values.get("use"):
        return str(values["use"])
    why = "no accepted use of a grant stands behind this act"
    if not values.get("grant"):
        raise StepFailed("not_entitled", why)
    try:
        use_id = access.draw(
            run.tx, values["grant"], run.at, VISIT, session=run.snapshot.turn < 0
        )
    except access.GrantSpent as error:
        raise StepFailed("not_entitled", why) from error
    run.set(use=use_id)
    return use_id
