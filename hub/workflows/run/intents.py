"""From an effect step to a durable intent: who is entitled, which door or leg, what is known before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from hub import access, commerce, custody
from hub.api import CashlessReader, Driver, IntegrationError, LockBank
from hub.core.clock import MINUTE
from hub.effects.devices import Devices, cashless, lock_bank
from hub.effects.records import LeaseHeld, NotEntitled, write_intent
from hub.model.effects import Intent, JsonMap
from hub.model.failures import StepFailed
from hub.model.ids import AllocationId, EffectId
from hub.model.states import EffectKind, EvidenceLevel, Service
from hub.store import Tx
from hub.workflows.machine import StepCall
from hub.workflows.run.advance import Run
from hub.workflows.run.places import Places

#: A capture or void is repeated this long before it counts as not provable.
_MONEY_PATIENCE = 2 * MINUTE


class Intents:
    """Builds and writes intents. Called inside the runner's transaction; touches no device."""

    def __init__(self, devices: Devices, places: Places) -> None:
        self._devices = devices
        self._places = places
        #: Commands of this epoch per device: an epoch and a number together are never given twice.
        self._sequences: defaultdict[str, int] = defaultdict(int)

    def __call__(self, run: Run, call: StepCall, args: Mapping[str, Any]) -> Intent:
        """The intent of an effect step, written. Raises StepFailed, with nothing written, when the hub must
        not act."""
        kind = EffectKind(call.type)
        if kind is EffectKind.OPEN:
            return self._open(run, args)  # its one write comes last
        with run.tx.savepoint():
            return self._authorise(run, args) if kind is EffectKind.AUTHORISE else self._decide(run, kind)

    def _open(self, run: Run, args: Mapping[str, Any]) -> Intent:
        allocation = run.snapshot.vars.get("allocation")
        if not allocation:
            raise StepFailed("no_allocation")
        place = custody.compartment(run.tx, allocation["compartment"])
        if place.service is not Service.IN_SERVICE and args.get("for") != "staff":
            raise StepFailed("barred", ", ".join(place.reasons))
        use_id = run.snapshot.vars.get("use")
        if not use_id:
            raise StepFailed("not_entitled", "no accepted use of a grant stands behind this opening")
        driver = lock_bank(self._serving(place.door_device))
        if driver is None:
            raise StepFailed("not_supported", f"{place.door_device} has no doors")
        intent = self._intent(
            run, EffectKind.OPEN, place.door_device, place.door_name, run.at + int(args["within"]),
            EvidenceLevel(args["evidence"]), self._baseline(place.door_device, driver, place.door_name),
            {"compartment": place.id}, allocation_id=allocation["id"],
        )
        return self._write(run, intent, f"{place.door_device}/{place.door_name}", use_id)

    def _authorise(self, run: Run, args: Mapping[str, Any]) -> Intent:
        terminal = self._places.terminals.get(str(run.snapshot.vars.get("terminal", "")))
        if terminal is None or not terminal.payment:
            raise StepFailed("no_terminal", "this handover has no terminal with a payment device")
        driver = cashless(self._serving(terminal.payment))
        if driver is None:
            raise StepFailed("not_supported", f"{terminal.payment} takes no payment")
        currency = str((run.snapshot.vars.get("leg") or {}).get("currency") or self._places.currency)
        amount, item = int(args["amount"]), int(args["item"])
        leg_id = commerce.open_leg(
            run.tx, run.handover_id, terminal.payment, amount, currency, str(item), run.at
        )
        intent = self._intent(
            run, EffectKind.AUTHORISE, terminal.payment, leg_id, run.at + int(args["within"]),
            EvidenceLevel.ACK, self._baseline(terminal.payment, driver, leg_id),
            {"amount": amount, "currency": currency, "item": item}, leg_id=leg_id,
        )
        self._write(run, intent, terminal.payment, None)
        run.set(leg={
            "id": leg_id, "amount": amount, "currency": currency, "item": item, "device": terminal.payment,
        })
        return intent

    def _decide(self, run: Run, kind: EffectKind) -> Intent:
        """The money decision stands from this transaction on; the call follows until it is definite."""
        leg = run.snapshot.vars.get("leg") or {}
        if not leg.get("id"):
            raise StepFailed("no_leg")
        amount = int(leg.get("approved", leg["amount"]))
        commerce.decide(run.tx, leg["id"], commerce.MoneyDecision(kind.value), amount, run.at)
        driver = cashless(self._devices.driver(leg["device"]))
        baseline: JsonMap = {}
        if driver is not None:
            baseline = self._baseline(leg["device"], driver, leg["id"])
        intent = self._intent(
            run, kind, leg["device"], leg["id"], run.at + _MONEY_PATIENCE, EvidenceLevel.ACK, baseline,
            {"amount": amount, "currency": leg["currency"], "item": leg["item"]}, leg_id=leg["id"],
        )
        return self._write(run, intent, leg["device"], None)

    def _intent(
        self, run: Run, kind: EffectKind, device: str, target: str, deadline: int, level: EvidenceLevel,
        baseline: JsonMap, params: JsonMap, allocation_id: str | None = None, leg_id: str | None = None,
    ) -> Intent:
        self._sequences[device] += 1
        return Intent(
            effect_id=EffectId(run.tx.new_id(run.at)), kind=kind, device=device, target=target,
            sequence=self._sequences[device], epoch=run.tx.epoch, deadline=deadline, level=level,
            baseline=baseline, params=params, handover_id=run.handover_id,
            allocation_id=AllocationId(allocation_id) if allocation_id else None, leg_id=leg_id,
        )

    def _write(self, run: Run, intent: Intent, lease: str, use_id: str | None) -> Intent:
        try:
            write_intent(run.tx, intent, lease, use_id, run.at)
        except LeaseHeld as error:
            raise StepFailed("busy", str(error)) from error
        except NotEntitled as error:
            raise StepFailed("not_entitled", str(error)) from error
        return intent

    def _serving(self, device: str) -> Driver:
        driver = self._devices.driver(device)
        if driver is None or not self._devices.serving(device):
            raise StepFailed("offline", f"{device} does not answer")
        return driver

    def _baseline(self, device: str, driver: LockBank | CashlessReader, target: str) -> JsonMap:
        try:
            return self._devices.guard(device).now("baseline", lambda: driver.baseline(target))
        except IntegrationError as error:
            raise StepFailed("offline", str(error)) from error


def entitle(tx: Tx, run: Run, grant_id: str, at: int, *, reopen: bool = False, **how: str) -> None:
    """Count one use of a grant for the opening that follows. Raises access.GrantSpent."""
    use_id = access.reuse(tx, grant_id, at) if reopen else access.use(tx, grant_id, at, **how)
    run.set(use=use_id, grant=grant_id)


def entitle_once(run: Run, person_ref: str | None, method: str) -> None:
    """A right for this moment only: a member of staff at the desk, or a payment just approved."""
    grant_id, use_id = access.grant_once(
        run.tx, run.handover_id, person_ref, run.at + 10 * MINUTE, run.at, method=method
    )
    run.set(use=use_id, grant=grant_id)
