"""Which commands a handover takes now, and why it does not take the others (RO-03)."""

from __future__ import annotations

from hub import access, commerce, desk
from hub.store import Reader
from hub.workflows.engine import COMPLETED_BY_HAND, RECOVERY, Snapshot, handles
from hub.workflows.machine import Machine

#: Commands that are events of the blueprint.
EVENT_VERBS = (
    "load", "cancel", "open", "reassign", "refuse", "complete", "undo", "not_empty", "too_small", "inspect",
    "provide", "end", "dispose",
)
#: Commands that the hub does itself where the blueprint has no arrow for them, whatever the state.
HUB_VERBS = ("refund", "declare", "dispute", "approve", "deny")
#: Commands that are the hub's in every state.
OWN_VERBS = ("extend", "reissue", "resolve")
VERBS = (*EVENT_VERBS, *HUB_VERBS, *OWN_VERBS)

_POSSIBLE = ""


def takes(machine: Machine, state: str) -> list[str]:
    """The commands for which the state, or its parent, has arrows; sorted."""
    found = machine.states.get(state)
    if found is None:
        return []
    names = {*found.on, *(machine.states[found.parent].on if found.parent else ())}
    return sorted(name.removeprefix("command.") for name in names if name.startswith("command."))


def possible(reader: Reader, machine: Machine, snapshot: Snapshot, at: int) -> dict[str, str]:
    """Every command, with why it is not possible now, empty where it is. Guards are not asked."""
    return {verb: why_not(reader, machine, snapshot, verb, at) for verb in VERBS}


def why_not(reader: Reader, machine: Machine, snapshot: Snapshot, verb: str, at: int) -> str:
    """Why the command is not possible in this state, in plain words; empty where it is."""
    if not snapshot.ended and verb not in ("extend", "reissue") and _arrow(machine, snapshot, verb):
        return "the result of an act is awaited" if snapshot.effect_id else _POSSIBLE
    match verb:
        case "declare" | "dispute":
            return _POSSIBLE
        case "refund":
            return _POSSIBLE if _captured(reader, snapshot) else "no money has been taken"
        case "resolve":
            waits = any(found.open for found in desk.incidents_of(reader, snapshot.handover_id))
            return _POSSIBLE if waits else "no incident is open"
        case "approve" | "deny":
            return _POSSIBLE if waiting(reader, snapshot) else "nobody is asked for an approval"
    if snapshot.ended:
        return "it has ended"
    if verb == "extend":
        return _POSSIBLE if snapshot.deadlines else "no deadline is set"
    if verb == "reissue":
        return _no_credential(snapshot, at)
    if verb == "complete" and snapshot.state == RECOVERY:
        return "something is in doubt: resolve its incident first"
    label = machine.states[snapshot.state].label or snapshot.state
    return f"not while {label!r}"


def waiting(reader: Reader, snapshot: Snapshot) -> list[access.Approval]:
    """The open requests of the handover's own steps."""
    return [
        asked for asked in access.open_approvals_of(reader, snapshot.handover_id) if not asked.verb
    ]


def _arrow(machine: Machine, snapshot: Snapshot, verb: str) -> bool:
    if handles(machine, snapshot, f"command.{verb}"):
        return True
    return verb == "complete" and snapshot.state != RECOVERY and COMPLETED_BY_HAND in machine.states


def _captured(reader: Reader, snapshot: Snapshot) -> bool:
    legs = commerce.legs_of(reader, snapshot.handover_id)
    return any(leg.state is commerce.LegState.CAPTURED for leg in legs)


def _no_credential(snapshot: Snapshot, at: int) -> str:
    credential = snapshot.vars.get("credential")
    if not credential:
        return "no credential is out"
    if snapshot.deadlines.get(credential["deadline"], 0) <= at:
        return f"deadline {credential['deadline']!r} has passed: extend it first"
    return _POSSIBLE
