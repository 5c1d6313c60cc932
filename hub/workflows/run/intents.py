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
from hub.model.states import AllocationOutcome, EffectKind, EvidenceLevel, Service
from hub.store import Tx
from hub.workflows.machine import StepCall
from hub.workflows.run.advance import Run
from hub.workflows.run.drafts import Drafted, Drafts
from hub.workflows.run.money import MoneySteps
from hub.workflows.run.places import Places

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
        if place.service is not Service.IN_SERVICE and args.get("for") != "staff":
            raise StepFailed("barred", ", ".join(place.reasons))
        if args.get("for") != "staff" and thermal.barred_for_good(run.tx, allocation["id"]):
            raise StepFailed("barred", thermal.BARRED_FOR)
        use_id = _use_of(run)
        driver = lock_bank(self._drafts.serving(place.door_device))
        if driver is None:
            raise StepFailed("not_supported", f"{place.door_device} has no doors")
        intent = self._drafts.intent(
            run, EffectKind.OPEN, place.door_device, place.door_name, run.at + int(args["within"]),
            {"compartment": place.id}, level=EvidenceLevel(args["evidence"]),
            baseline=self._drafts.baseline(place.door_device, driver, place.door_name),
            allocation_id=allocation["id"],
        )
        return self._drafts.write(run, intent, f"{place.door_device}/{place.door_name}", use_id), None

    def _dispense(self, run: Run, args: Mapping[str, Any]) -> Drafted:
        """One unit for one allocation. A machine turns one motor at a time."""
        allocation, place = _in_hand(run)
        if place.service is not Service.IN_SERVICE:
            raise StepFailed("barred", ", ".join(place.reasons))
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
    use_id = access.reuse(tx, grant_id, at) if reopen else access.use(
        tx, grant_id, at, method=method, terminal=terminal
    )
    run.set(use=use_id, grant=grant_id)


def entitle_once(run: Run, person_ref: str | None, method: str) -> None:
    """A right for this moment only: a member of staff at the desk, or a payment just approved."""
    grant_id, use_id = access.grant_once(
        run.tx, run.handover_id, person_ref, run.at + 10 * MINUTE, run.at, method=method
    )
    run.set(use=use_id, grant=grant_id)


def _in_hand(run: Run) -> tuple[Mapping[str, Any], custody.Compartment]:
    allocation = run.snapshot.vars.get("allocation")
    if not allocation:
        raise StepFailed("no_allocation")
    return allocation, custody.compartment(run.tx, allocation["compartment"])


def _use_of(run: Run) -> str:
    use_id = run.snapshot.vars.get("use")
    if not use_id:
        raise StepFailed("not_entitled", "no accepted use of a grant stands behind this act")
    return str(use_id)
