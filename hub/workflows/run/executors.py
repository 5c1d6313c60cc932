"""What the database steps do, inside the runner's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import access, commerce, custody, desk
from hub.model.failures import StepFailed
from hub.model.states import AllocationOutcome, Method
from hub.workflows.run.advance import Executor, Run
from hub.workflows.run.money import owe_void
from hub.workflows.run.places import Places
from hub.workflows.run.words import Words

_HELD = (commerce.LegState.ASKED, commerce.LegState.APPROVED, commerce.LegState.UNKNOWN)


class Executors:
    """The step table of a site: `table` maps step types to functions of a Run and its arguments."""

    def __init__(self, places: Places, words: Words) -> None:
        self._places = places
        self._words = words
        self.table: dict[str, Executor] = {
            "assign": _assign,
            "release": _release,
            "bar": _bar,
            "unbar": _unbar,
            "issue_credential": self._issue_credential,
            "revoke_credential": _revoke_credential,
            "notify": self._notify,
            "transfer_custody": _transfer_custody,
            "adjust_stock": _adjust_stock,
            "raise_incident": _raise_incident,
            "set": _set,
        }

    def _issue_credential(self, run: Run, args: Mapping[str, Any]) -> None:
        issue_credential(run, args["methods"], str(args["until"]), self._scope(run))

    def _scope(self, run: Run) -> tuple[str, ...]:
        """The terminals that serve the bank of this handover's compartment."""
        bank = run.snapshot.vars["allocation"]["bank"]
        serving = tuple(t.name for t in self._places.terminals.values() if bank in t.banks)
        if not serving:  # a grant without terminals would be good at every one of the site
            raise StepFailed("no_terminal", f"no terminal serves bank {bank}")
        return serving

    def _notify(self, run: Run, args: Mapping[str, Any]) -> None:
        to, template = str(args["to"]), str(args["template"])
        person = run.snapshot.vars.get("recipient_ref") if to == "recipient" else None
        if to == "recipient" and not person:
            return  # somebody who paid at the terminal stands before the door; there is nobody to write to
        credential = run.snapshot.vars.get("credential") or {}
        desk.queue_message(
            run.tx, template, self._words.fields(run, person), run.at, handover_id=run.handover_id,
            person_ref=person, role=None if person else to, pin=run.secrets.get("pin"),
            code=run.secrets.get("code"), expires=credential.get("until"),
        )


def end(run: Run) -> None:
    """A handover that has ended holds no compartment, credential or money; contents stay as recorded."""
    for allocation in custody.allocations_of(run.tx, run.handover_id):
        if allocation.live:
            place = custody.compartment(run.tx, allocation.compartment)
            custody.free(run.tx, allocation.id, run.at, occupancy=place.occupancy)
    if access.revoke(run.tx, run.handover_id, run.at):
        desk.withdraw_credentials(run.tx, run.handover_id, run.at)
    for leg in commerce.legs_of(run.tx, run.handover_id):
        if leg.decided is None and leg.state in _HELD:
            _give_up_money(run, leg)


def _give_up_money(run: Run, leg: commerce.Leg) -> None:
    """The desk closed the case with money still held: it is owed back, and somebody owns that."""
    commerce.decide(run.tx, leg.id, commerce.MoneyDecision.VOID, 0, run.at)
    owe_void(run, leg, "handover_ended")


def issue_credential(run: Run, methods: list[str], until: str, terminals: tuple[str, ...]) -> None:
    """Grant the recipient the door until the deadline `until`; the texts stay in `run.secrets`."""
    values = run.snapshot.vars
    due = run.snapshot.deadlines.get(until)
    if due is None:
        raise StepFailed("no_deadline", f"deadline {until} is not set")
    wanted = [Method(method) for method in methods]
    if not wanted:
        raise StepFailed("no_method", "no way to present a credential was chosen")
    since = int((values.get("window") or {}).get("from") or run.at)
    issued = access.issue(
        run.tx, run.handover_id, values.get("recipient_ref"), wanted, "single", since, due, 1, run.at,
        terminals=terminals,
    )
    run.secrets.update(pin=issued.pin, code=issued.qr_text)
    run.set(credential={
        "grant": issued.grant_id, "until": due, "deadline": until, "methods": [m.value for m in wanted],
    })


def _assign(run: Run, args: Mapping[str, Any]) -> None:
    before = run.snapshot.vars.get("allocation")
    if before:
        place = custody.compartment(run.tx, before["compartment"])
        custody.free(
            run.tx, before["id"], run.at, outcome=AllocationOutcome.REFUSED, occupancy=place.occupancy
        )
    allocation_id = run.tx.new_id(run.at)
    compartment = custody.assign(
        run.tx, run.handover_id, allocation_id, str(args["bank"]), args.get("size"), args.get("thermal"),
        bool(args.get("low", False)), args.get("product"), run.at,
        items=[run.snapshot.vars["item"]] if run.snapshot.vars.get("item") else [],
    )
    run.set(allocation={"id": allocation_id, "compartment": compartment, "bank": str(args["bank"])})


def _release(run: Run, args: Mapping[str, Any]) -> None:
    custody.free(run.tx, _allocation(run), run.at)
    run.set(allocation=None)


def _bar(run: Run, args: Mapping[str, Any]) -> None:
    allocation = run.snapshot.vars.get("allocation") or {}
    if not allocation:
        raise StepFailed("no_allocation")
    custody.bar(run.tx, allocation["compartment"], str(args["reason"]), run.at)


def _unbar(run: Run, args: Mapping[str, Any]) -> None:
    allocation = run.snapshot.vars.get("allocation") or {}
    if not allocation:
        raise StepFailed("no_allocation")
    custody.unbar(run.tx, allocation["compartment"], run.at, reason=str(args["reason"]))


def _revoke_credential(run: Run, args: Mapping[str, Any]) -> None:
    access.revoke(run.tx, run.handover_id, run.at)
    desk.withdraw_messages(run.tx, run.handover_id, run.at)
    run.set(credential=None)


def _transfer_custody(run: Run, args: Mapping[str, Any]) -> None:
    to = str(args["to"])
    person = run.snapshot.vars.get("recipient_ref") or run.handover_id
    holder = {
        "hub": custody.HUB, "recipient": custody.recipient(person), "staff": custody.STAFF,
        "unknown": custody.UNKNOWN,
    }[to]
    allocation_id = _allocation(run)
    custody.transfer_custody(run.tx, allocation_id, holder, run.at, evidence=run.snapshot.vars.get("proof"))
    if to == "recipient":
        custody.set_outcome(run.tx, allocation_id, AllocationOutcome.COLLECTED, run.at)


def _adjust_stock(run: Run, args: Mapping[str, Any]) -> None:
    compartment = (run.snapshot.vars.get("allocation") or {}).get("compartment")
    if not compartment:
        raise StepFailed("no_allocation")
    commerce.adjust_stock(run.tx, compartment, int(args["by"]), run.snapshot.workflow, run.at)


def _raise_incident(run: Run, args: Mapping[str, Any]) -> None:
    allocation, kind = run.snapshot.vars.get("allocation") or {}, str(args["kind"])
    place = "" if kind == desk.REFUND_OWED else allocation.get("compartment", "")  # money lies nowhere
    desk.open_incident(
        run.tx, kind, at=run.at, urgency=str(args.get("urgency", run.machine.urgency)),
        handover_id=run.handover_id, target=place,
        owner=desk.role(run.machine.first_paged), due=run.at + run.machine.promise_micros,
    )


def _set(run: Run, args: Mapping[str, Any]) -> None:
    run.set(**args)


def _allocation(run: Run) -> str:
    allocation = run.snapshot.vars.get("allocation")
    if not allocation:
        raise StepFailed("no_allocation")
    return str(allocation["id"])
