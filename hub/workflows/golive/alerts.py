"""GL-03: for every incident that a site can raise, who owns it and how that person hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hub.access import PersonSpec
from hub.core.clock import MINUTE
from hub.workflows.golive.findings import Finding, Outcome
from hub.workflows.golive.people import can_be_called, owners
from hub.workflows.machine import Machine, StepCall
from hub.workflows.rehearsal import Plan

CHECK = "GL-03"
_STAFF: Final = "role:staff"
#: What the hub itself opens, whatever the blueprint says: owned by `staff`.
OF_THE_HUB: Final = (
    "breach", "stuck", "sensor_disagree", "offline", "door_in_doubt", "message_failed", "workflow_failed",
    "found_item",
)
OF_THERMOMETERS: Final = ("thermal_warning", "thermal_breach")
OF_MONEY: Final = ("payment_unknown", "capture_unproved", "refund_owed", "unpaid")
OF_MOTORS: Final = ("motor_fault", "jam", "dispense_in_doubt", "miscounted")
OF_ASSETS: Final = ("asset_missing",)
#: What the hub opens for a handover, owned by the role that its blueprint pages first.
OF_A_HANDOVER: Final = ("disputed",)


def check(plan: Plan, notifier: str | None) -> Iterator[Finding]:
    """Every finding about alerts."""
    yield _route(plan.people, notifier, _STAFF, f"the hub itself: {', '.join(of_the_site(plan))}")
    for name, (machine, _) in plan.workflows.items():
        kinds = ", ".join(f"{kind} ({urgency})" for kind, urgency in sorted(of_a_workflow(machine).items()))
        minutes = machine.promise_micros // MINUTE
        within = f", within {minutes} min" if minutes else ""
        yield _route(plan.people, notifier, f"role:{machine.first_paged}", f"{name}{within}: {kinds}")
    yield from _messages(plan, notifier)
    if plan.workflows:
        yield Finding(
            CHECK, "calling people", Outcome.NOT_YET,
            "an incident waits at the desk until somebody looks: the hub calls nobody by itself, and does "
            "not escalate when nobody comes",
            "keep the desk in sight, or put a notify step beside raise_incident in the blueprint",
        )


def of_the_site(plan: Plan) -> list[str]:
    """The kinds of incident that the hub opens for a site's devices, owned by its staff."""
    found = set(OF_THE_HUB)
    if plan.places.thermometers:
        found |= set(OF_THERMOMETERS)
    if any(terminal.payment for terminal in plan.places.terminals.values()):
        found |= set(OF_MONEY)
    if plan.motors:
        found |= set(OF_MOTORS)
    if plan.assets:
        found |= set(OF_ASSETS)
    return sorted(found)


def of_a_workflow(machine: Machine) -> dict[str, str]:
    """Kind -> urgency of the incidents that are its own, owned by the role that it pages first."""
    raised = {
        str(call.args["kind"]): str(call.args.get("urgency", machine.urgency))
        for call in calls(machine) if call.type == "raise_incident"
    }
    return {**dict.fromkeys(OF_A_HANDOVER, machine.urgency), **raised}


def _route(people: Sequence[PersonSpec], notifier: str | None, owner: str, what: str) -> Finding:
    role = owner.partition(":")[2]
    subject = f"role {role}, {what}"
    there = owners(people, owner)
    if not there:
        return Finding(
            CHECK, subject, Outcome.FAIL, f"nobody has the role '{role}': these incidents would be nobody's",
            f"give somebody in people.yaml roles: [{role}]",
        )
    names = ", ".join(person.key for person in there)
    reachable = [person.key for person in there if can_be_called(person)]
    if reachable:
        return Finding(CHECK, subject, Outcome.PASS, f"{names}; phone or email of {', '.join(reachable)}")
    if notifier:
        return Finding(CHECK, subject, Outcome.PASS, f"{names}; messages to the role go through {notifier}")
    return Finding(
        CHECK, subject, Outcome.FAIL, f"{names}: no phone, no email, and the site has no notifier",
        f'add a phone to {there[0].key} in people.yaml, for example: phone: "+49 30 23125100"',
    )


def _messages(plan: Plan, notifier: str | None) -> Iterator[Finding]:
    """Messages to people: who delivers them, and whether roles and groups have anybody."""
    addressed: dict[str, set[str]] = {}
    for name, (machine, _) in plan.workflows.items():
        for call in calls(machine):
            if call.type == "notify":
                addressed.setdefault(_role_of(str(call.args.get("to", ""))), set()).add(name)
    for to, workflows in sorted(addressed.items()):
        yield _addressee(plan, notifier, to, sorted(workflows))


def _addressee(plan: Plan, notifier: str | None, to: str, workflows: Sequence[str]) -> Finding:
    subject = f"messages to {to} ({', '.join(workflows)})"
    kind, _, name = to.partition(":")
    if notifier is None:
        return Finding(
            CHECK, subject, Outcome.FAIL, "the site has no notifier: these messages are never delivered",
            "add a device that delivers messages, and at the top level: notifier: NAME",
        )
    if kind in ("role", "group"):
        there = [p for p in plan.people if name in (p.roles if kind == "role" else p.groups)]
        if not there:
            word = "roles" if kind == "role" else "groups"
            return Finding(
                CHECK, subject, Outcome.FAIL, f"nobody has the {kind} '{name}'",
                f"give somebody in people.yaml {word}: [{name}]",
            )
    return Finding(CHECK, subject, Outcome.PASS, f"through {notifier}")


def _role_of(to: str) -> str:
    return "role:staff" if to == "staff" else to


def calls(machine: Machine) -> Iterator[StepCall]:
    """Every step of a machine, those within `choose` among them."""
    for state in machine.states.values():
        yield from _nested(state.enter)


def _nested(calls: Sequence[StepCall]) -> Iterator[StepCall]:
    for call in calls:
        yield call
        for case in call.cases:
            yield from _nested(case.do)

