"""Handovers as the API shows them: by `person_ref`, never by name (S39)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hub import access, commerce, custody, desk
from hub.effects.records import effects_of
from hub.model.failures import StepFailed
from hub.store import Event, PersonForgotten, Reader
from hub.web import answers
from hub.web.answers import iso
from hub.workflows.machine import Machine
from hub.workflows.run import records
from hub.workflows.run.possible import takes


def summary_view(
    reader: Reader, machines: records.Machines, row: Mapping[str, Any]
) -> answers.HandoverSummary:
    """One row of `records.listed`."""
    return answers.HandoverSummary(**_summary(machines.get(reader, row["machine"]), row))


def detail_view(
    reader: Reader, machines: records.Machines, row: Mapping[str, Any], *, with_person: bool
) -> answers.HandoverDetail:
    """Everything known of a handover; the recipient's name and contact only `with_person`."""
    machine = machines.get(reader, row["machine"])
    snapshot = records.load(reader, row["id"])
    handover_id: str = row["id"]
    recipient = _recipient(reader, row["person_ref"]) if with_person else None
    return answers.HandoverDetail(
        **_summary(machine, row), blueprint=machine.blueprint, version=machine.version,
        items=list(snapshot.vars.get("items", ())),
        window={name: iso(at) for name, at in snapshot.vars.get("window", {}).items()},
        deadlines=[
            answers.DeadlineView(name, iso(due), f"deadline.{name}" in snapshot.pending)
            for name, due in snapshot.deadlines.items()
        ],
        allocations=[_allocation(reader, found) for found in custody.allocations_of(reader, handover_id)],
        effects=[_effect(found) for found in effects_of(reader, handover_id)],
        legs=[_leg(reader, found) for found in commerce.legs_of(reader, handover_id)],
        incidents=[incident_view(found) for found in desk.incidents_of(reader, handover_id)],
        order=commerce.order_of(reader, handover_id),
        recipient=msgspec.UNSET if recipient is None else recipient,
    )


def event_view(event: Event) -> answers.EventView:
    """A journal event; its body names people by reference only (S5)."""
    body = None if event.body is None else dict(event.body)
    return answers.EventView(event.seq, iso(event.time), event.stream, event.type, body)


def incident_view(found: desk.Incident) -> answers.IncidentView:
    """An incident; it names people by reference only."""
    return answers.IncidentView(
        found.id, found.kind, found.urgency.value, found.owner, found.open, found.handover_id, found.device,
        found.target, found.effect_id, found.detail, iso(found.opened),
        None if found.due is None else iso(found.due), iso(found.resolved) if found.resolved else None,
        found.verdict.value if found.verdict else None, found.note,
    )


def _summary(machine: Machine, row: Mapping[str, Any]) -> dict[str, Any]:
    state = machine.states.get(row["state"])
    shown = {key: value for key, value in row.items() if key != "machine"}
    return shown | {
        "label": (state.label if state else "") or row["state"],
        "created": iso(row["created"]), "updated": iso(row["updated"]),
        "takes": [] if row["ended"] else takes(machine, row["state"]),
    }


def _recipient(reader: Reader, person_ref: str | None) -> dict[str, Any]:
    if person_ref is None:
        return {}
    try:
        return access.contact(reader, person_ref)
    except (StepFailed, PersonForgotten):
        return {}


def _allocation(reader: Reader, found: custody.Allocation) -> answers.AllocationView:
    return answers.AllocationView(
        found.id, found.compartment, [dict(item) for item in found.items], found.outcome.value,
        found.custody, found.live, list(found.assets), found.apart,
        [
            answers.CustodyView(
                step.giver, step.holder, step.evidence, iso(step.at), step.condition, step.compartment
            )
            for step in custody.chain_of(reader, found.id)
        ],
    )


def _effect(found: Mapping[str, Any]) -> answers.EffectView:
    return answers.EffectView(
        found["id"], found["kind"], found["device"], found["target"], found["state"], found["reason"],
        found["level"], found["evidence"], iso(found["opened"]),
        iso(found["settled"]) if found["settled"] else None,
    )


def _leg(reader: Reader, found: commerce.Leg) -> answers.LegView:
    decided = found.decided
    return answers.LegView(
        found.id, found.device, found.amount, found.approved, found.currency, found.item, found.state.value,
        found.reason, iso(found.opened),
        None if decided is None
        else answers.DecisionView(decided.decision.value, decided.amount, iso(decided.at)),
        found.purpose.value, found.rail, found.reference,
        [
            answers.RefundView(back.id, back.amount, back.state.value, back.reason, iso(back.opened))
            for back in commerce.refunds_of(reader, found.id)
        ],
    )
