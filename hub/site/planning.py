"""What applying a changed blueprint would mean, said to the person who is about to do it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hub.config import Problems
from hub.site.versions import Status
from hub.store import Reader
from hub.workflows.machine import Machine
from hub.workflows.run import versions
from hub.workflows.run.versions import Live
from hub.workflows.versions.diff import Change, Kind, diff
from hub.workflows.versions.report import lines, places, summary
from hub.workflows.versions.written import Written

_SHORT = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """One workflow's status with the differences between what runs and what the files hold."""

    status: Status
    changes: tuple[Change, ...] = ()
    old: Written = field(default_factory=Written)
    new: Written = field(default_factory=Written)

    @property
    def staying(self) -> tuple[Live, ...]:
        """Live handovers that pin another machine than the offered one."""
        offered = self.status.offer.machine if self.status.offer is not None else ""
        return tuple(one for one in self.status.live if one.machine != offered)


def plan(reader: Reader, status: Status) -> Plan:
    """Compare what is applied with what the files offer."""
    applied, offer = status.applied, status.offer
    if applied is None or offer is None or offer.draft is None or status.state == "current":
        return Plan(status)
    draft = offer.draft
    running: Machine = versions.machine_of(reader, applied.machine)
    new = Written.of(draft.texts, draft.marks) if draft.marks is not None else Written(draft.texts)
    old = versions.written_of(reader, applied.machine)
    return Plan(status, tuple(diff(running, draft.machine)), old, new)


def say(found: Plan, site: str) -> Iterator[str]:
    """The plan in lines; what to type next comes last."""
    status = found.status
    yield f"{status.name}: {_HEADS[status.state]}"
    if status.applied is not None:
        one = status.applied
        yield f"  runs     {one.blueprint} {one.version}  [{one.machine[:_SHORT]}], applied by {one.who}"
    offer = status.offer
    if offer is not None and offer.draft is not None and status.state != "current":
        machine = offer.draft.machine
        yield f"  offered  {machine.blueprint} {machine.version}  [{offer.machine[:_SHORT]}] in {offer.file}"
    if found.changes:
        yield f"  differs  {summary(found.changes)}"
        yield from (f"    {line}" for line in lines(found.changes, found.old, found.new))
        yield from _inputs(found.changes)
    if offer is not None and (offer.problems or offer.foreign):
        shown = Problems()
        shown.extend((*offer.problems, *offer.foreign))
        yield from (f"    {line}" for line in shown.render().splitlines())
    yield from _live(found)
    yield from _next(found, site)


_HEADS = {
    "current": "the files say what runs",
    "offered": "the files hold another version than the one that runs",
    "invalid": "what the files say cannot run",
    "removed": "the site's files name it no more",
    "new": "it never ran here",
}


def _inputs(changes: Iterable[Change]) -> Iterator[str]:
    """Inputs that went and came: a renamed one is both."""
    gone = [c.what.removeprefix("input ") for c in changes if c.kind is Kind.REMOVED and _is_input(c)]
    come = [c.what.removeprefix("input ") for c in changes if c.kind is Kind.ADDED and _is_input(c)]
    if gone and come:
        yield f"  inputs   {', '.join(gone)} became {', '.join(come)}; live handovers keep their own values"


def _is_input(change: Change) -> bool:
    return change.what.startswith("input ")


def _live(found: Plan) -> Iterator[str]:
    for one in found.status.live:
        states = ", ".join(f"{count} in {state}" for state, count in one.states.items())
        word = "handover" if one.count == 1 else "handovers"
        stays = ", unchanged by an apply" if one in found.staying else ""
        yield f"  live     {one.count} {word} on {one.version} [{one.machine[:_SHORT]}]{stays}: {states}"
    if not found.status.live:
        yield "  live     no handover depends on it"


def _next(found: Plan, site: str) -> Iterator[str]:
    status = found.status
    version = status.applied.version if status.applied is not None else ""
    if status.state == "offered" and status.offer is not None and status.offer.draft is not None:
        new = status.offer.draft.machine.version
        yield f"  next     new handovers get {version} until: hub blueprint apply {site} {status.name}"
        if new == version:
            yield f"           both call themselves {new}: raise `version:` to tell them apart"
    elif status.state == "invalid" and version:
        yield f"  next     new handovers go on getting {version}; mend the places above, then plan again"
    elif status.state == "invalid":
        yield "  next     it takes no handovers before the places above are mended"
    elif status.state == "new":
        yield f"  next     it begins with: hub blueprint apply {site} {status.name}"
    elif status.state == "removed":
        yield "  next     it takes no new handovers after a restart; live ones are served to their end"


def as_json(found: Plan) -> dict[str, Any]:
    """The plan for machines."""
    status, offer = found.status, found.status.offer
    return {
        "workflow": status.name, "state": status.state,
        "applied": None if status.applied is None else {
            "machine": status.applied.machine, "version": status.applied.version, "who": status.applied.who,
            "at": status.applied.at,
        },
        "offered": None if offer is None or offer.draft is None else {
            "machine": offer.machine, "version": offer.draft.machine.version, "file": offer.file,
        },
        "changes": [
            {**change.as_json(), "places": places(change, found.old, found.new)} for change in found.changes
        ],
        "problems": [one.as_json() for one in (*offer.problems, *offer.foreign)] if offer else [],
        "live": [
            {"machine": one.machine, "version": one.version, "states": dict(one.states)}
            for one in status.live
        ],
    }
