"""What the database steps do, inside the runner's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub import access, commerce, custody, desk
from hub.model.failures import StepFailed
from hub.model.states import AllocationOutcome
from hub.workflows.run.advance import Executor, Run
from hub.workflows.run.allocations import (
    Entry,
    begin_with,
    concerned,
    displaced,
    entries,
    give_back,
    settle_outcome,
)
from hub.workflows.run.approvals import request_approval
from hub.workflows.run.credentials import Credentials, revoke_credential
from hub.workflows.run.money import owe_void
from hub.workflows.run.places import Places
from hub.workflows.run.words import Words

_HELD = (commerce.LegState.ASKED, commerce.LegState.APPROVED, commerce.LegState.UNKNOWN)
#: More compartments than any order needs; what asks for more is told that all are full.
_MOST_PARTS = 500


class Executors:
    """The step table of a site: `table` maps step types to functions of a Run and its arguments."""

    def __init__(self, places: Places, words: Words) -> None:
        credentials = Credentials(places, words)
        self.table: dict[str, Executor] = {
            "assign": _assign,
            "release": _release,
            "bar": _bar,
            "unbar": _unbar,
            "issue_credential": credentials.issue,
            "revoke_credential": revoke_credential,
            "notify": credentials.notify,
            "transfer_custody": _transfer_custody,
            "adjust_stock": _adjust_stock,
            "raise_incident": _raise_incident,
            "request_approval": request_approval,
            "set": _set,
        }


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


def _assign(run: Run, args: Mapping[str, Any]) -> None:
    known = entries(run) if run.snapshot.turn < 0 else concerned(run)
    bank, parts = str(args["bank"]), _parts(run, args)
    live = [before for before in known if not before.get("freed")]
    if len(live) == len(parts) == 1 and _exchanged(run, args, bank, live[0], parts[0]):
        return
    giver = _giver(run, known)
    for before in live:
        _refuse(run, before)
    with_asset = args.get("asset") or args.get("asset_kind")
    places = custody.assign_all(
        run.tx, run.handover_id, bank, parts, run.at, hold=str(args.get("hold", "hard")), giver=giver,
        displaced=lambda moved: displaced(run, moved),
    )
    begin_with(run, [
        _entry(part, bank, place) for part, place in zip(parts, places, strict=True)
    ])
    if with_asset:
        run.set(asset=_asset(run, parts[0].allocation_id))


def _exchanged(run: Run, args: Mapping[str, Any], bank: str, before: Entry, part: custody.Part) -> bool:
    """Whether goods that are still to come, or in somebody's hands, just have another compartment now.

    The allocation stays the same one, and its chain of custody goes on.
    """
    held = custody.allocation(run.tx, before["id"])
    other_goods = part.product or part.asset or part.asset_kind or before.get("outcome")
    if other_goods or held.custody == custody.HUB:
        return False
    try:
        place = custody.reassign(
            run.tx, held.id, run.at, bank=bank, size=part.size, thermal=part.thermal, low=part.low,
            apart=part.apart, displaced=lambda moved: displaced(run, moved),
        )
    except custody.NothingFits:
        return False  # unless it is the very one that it has now
    if args.get("hold", "hard") == "hard":
        custody.harden(run.tx, held.id, run.at)
    run.set_allocation({**before, "bank": bank, "compartment": place})
    return True


def _giver(run: Run, known: Sequence[Entry]) -> str:
    """Who has the goods: whoever the compartment before left them with, else who brings them."""
    for before in reversed(known):
        holder = custody.allocation(run.tx, before["id"]).custody
        if holder != custody.HUB:
            return holder
    depositor = run.snapshot.vars.get("depositor_ref")
    return custody.depositor(depositor) if depositor else custody.STAFF


def _refuse(run: Run, before: Entry) -> None:
    """A compartment that is exchanged for another is given back with its contents and its bar as they are."""
    place = custody.compartment(run.tx, before["compartment"])
    custody.free(
        run.tx, before["id"], run.at, outcome=AllocationOutcome.REFUSED, occupancy=place.occupancy
    )


def _parts(run: Run, args: Mapping[str, Any]) -> list[custody.Part]:
    """One part for the whole order; with `per: item` one for every item, and for every unit of goods."""
    values = run.snapshot.vars
    item, turn = values.get("item"), run.snapshot.turn
    if turn >= 0 or args.get("per") != "item":
        items = [item] if item and (turn >= 0 or not values.get("items")) else list(values.get("items", ()))
        return [_part(run, args, _coming_back(values.get("asset"), args, items), {})]
    lines: list[Mapping[str, Any]] = list(values.get("items") or ())
    if "product" not in args:
        count = sum(int(line.get("quantity", 1)) for line in lines)
        if count > _MOST_PARTS:
            raise StepFailed("full", f"{count} compartments are asked for at once")
        lines = [one for line in lines for one in _units(line)]
    if not lines:
        raise StepFailed("no_item", "the order has no items to find a place for")
    return [_part(run, args, [line], line) for line in lines]


def _coming_back(
    asset: Mapping[str, Any] | None, args: Mapping[str, Any], items: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The items, and with them the asset that the handover has out: it lies where it is brought back to."""
    chosen = any(args.get(word) for word in ("asset", "asset_kind", "product"))
    if not asset or chosen or any(item.get("asset") for item in items):
        return items
    return [{**(items[0] if items else {}), "asset": asset["id"]}, *items[1:]]


def _units(line: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    count = int(line.get("quantity", 1))
    return [line] if count <= 1 else [{**line, "quantity": 1}] * count


def _part(
    run: Run, args: Mapping[str, Any], items: Sequence[Mapping[str, Any]], own: Mapping[str, Any]
) -> custody.Part:
    """What is asked for: the item's own size, class and so on before those of the step."""
    product = args.get("product")
    return custody.Part(
        run.tx.new_id(run.at), own.get("size") or args.get("size"), own.get("thermal") or args.get("thermal"),
        bool(own.get("low", args.get("low", False))), own["sku"] if product and own else product, items,
        own.get("apart") or args.get("apart"), own.get("asset") if own and args.get("asset") else
        args.get("asset"), args.get("asset_kind"), bool(args.get("refill", False)),
    )


def _entry(part: custody.Part, bank: str, place: str) -> dict[str, Any]:
    return {
        "id": part.allocation_id, "compartment": place, "bank": bank,
        "item": part.items[0] if part.items else {}, "items": list(part.items), "outcome": "",
    }


def _asset(run: Run, allocation_id: str) -> dict[str, Any]:
    asset_id = custody.allocation(run.tx, allocation_id).assets[0]
    found = custody.asset(run.tx, asset_id)
    assert found is not None
    return {"id": found.id, "kind": found.kind, "name": found.name, "size": found.size.value}


def _release(run: Run, args: Mapping[str, Any]) -> None:
    freed = concerned(run)
    for entry in freed:
        custody.free(run.tx, entry["id"], run.at)
    give_back(run, freed)


def _bar(run: Run, args: Mapping[str, Any]) -> None:
    for entry in concerned(run):
        custody.bar(run.tx, entry["compartment"], str(args["reason"]), run.at)


def _unbar(run: Run, args: Mapping[str, Any]) -> None:
    for entry in concerned(run):
        custody.unbar(run.tx, entry["compartment"], run.at, reason=str(args["reason"]))


def _transfer_custody(run: Run, args: Mapping[str, Any]) -> None:
    to, condition = str(args["to"]), args.get("condition")
    due = None
    if args.get("due"):
        due = run.snapshot.deadlines.get(str(args["due"]))
        if due is None:
            raise StepFailed("no_deadline", f"deadline {args['due']} is not set")
    values = run.snapshot.vars
    holder = _holder(run, to)
    hand = (values.get("allocation") or {}).get("id")
    for entry in concerned(run):
        custody.transfer_custody(
            run.tx, entry["id"], holder, run.at,
            evidence=values.get("proof") if entry["id"] == hand else None, condition=condition, due=due,
        )
        if to == "recipient":
            settle_outcome(run, entry["id"], AllocationOutcome.COLLECTED)
        elif to == "hub" and entry.get("outcome"):  # it lies inside again
            settle_outcome(run, entry["id"], AllocationOutcome.PENDING)


def _holder(run: Run, to: str) -> str:
    values = run.snapshot.vars
    if to == "recipient":
        return custody.recipient(values.get("recipient_ref") or run.handover_id)
    if to == "depositor":
        return custody.depositor(values.get("depositor_ref") or run.handover_id)
    return {"hub": custody.HUB, "staff": custody.STAFF, "unknown": custody.UNKNOWN}[to]


def _adjust_stock(run: Run, args: Mapping[str, Any]) -> None:
    compartment = (run.snapshot.vars.get("allocation") or {}).get("compartment")
    if not compartment:
        raise StepFailed("no_allocation")
    commerce.adjust_stock(run.tx, compartment, int(args["by"]), run.snapshot.workflow, run.at)


def _raise_incident(run: Run, args: Mapping[str, Any]) -> None:
    allocation, kind = run.snapshot.vars.get("allocation") or {}, str(args["kind"])
    place = "" if kind == desk.REFUND_OWED else allocation.get("compartment", "")  # money lies nowhere
    why = run.failure.detail if isinstance(run.failure, custody.NothingFits) else ""
    desk.open_incident(
        run.tx, kind, at=run.at, urgency=str(args.get("urgency", run.machine.urgency)),
        handover_id=run.handover_id, target=place, detail=why,
        owner=desk.role(run.machine.first_paged), due=run.at + run.machine.promise_micros,
    )


def _set(run: Run, args: Mapping[str, Any]) -> None:
    run.set(**args)
