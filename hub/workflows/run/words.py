"""The fields that message templates fill in, from a handover's facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub import access, commerce, desk
from hub.model.failures import StepFailed
from hub.model.money import Money
from hub.workflows.run.advance import Run

_TODO = {
    "ajar": "Go to the compartment, look inside and close the door.",
    "stuck": "Try the lock by hand; if the item cannot be reached, hand it over from the desk.",
}
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Words:
    """What messages of one site have in common."""

    site: str
    time_zone: str
    rules: Mapping[str, str] = field(default_factory=dict)

    def fields(
        self, run: Run, person_ref: str | None, credential: Mapping[str, Any] = _NONE
    ) -> dict[str, object]:
        """The template fields of a handover for one addressee, with what is known of their credential."""
        values = run.snapshot.vars
        due = credential.get("until") or _end(run.snapshot.deadlines, run.at)
        since = (values.get("window") or {}).get("from")
        label = run.machine.states[run.snapshot.state].label or run.snapshot.state
        return {
            "site": self.site, "location": self.site, "workflow": run.snapshot.workflow,
            "handover": run.handover_id, "reference": values.get("external_ref"),
            "compartment": _compartments(values), "items": _items(run),
            "from_time": self._local(since), "until_time": self._local(due), "time": self._local(run.at),
            "what": label, "reason": label, "todo": _TODO.get(run.snapshot.state.split("_")[0], ""),
            "due_time": self._local(run.snapshot.deadlines.get("due")), "amount": _amount(values.get("leg")),
            "link": (values.get("data") or {}).get("link"), "outcome": values.get("outcome"),
            "rules": self.rules.get(run.snapshot.workflow, _RULES),
            "name": _name(run, person_ref),
        }

    def _local(self, at: Any) -> str | None:
        return desk.local_time(int(at), self.time_zone) if at else None


_RULES = "The door may be opened once; close it again when you have taken everything out."


def _end(deadlines: Mapping[str, int], at: int) -> int | None:
    """The end that a message speaks of: of the hold, else of what ended last, else of what ends next."""
    if "hold" in deadlines:
        return deadlines["hold"]
    passed = [due for due in deadlines.values() if due <= at]
    return max(passed) if passed else min(deadlines.values(), default=None)


def _amount(leg: Mapping[str, Any] | None) -> str | None:
    """The price with its currency, for example `2.50 EUR`."""
    return str(Money(int(leg["amount"]), str(leg["currency"]))) if leg and leg.get("currency") else None


def _compartments(values: Mapping[str, Any]) -> str | None:
    """The compartments that the handover has, or the one that it has in hand."""
    allocation = values.get("allocation") or {}
    live = [one["compartment"] for one in values.get("allocations") or () if not one.get("freed")]
    return ", ".join(live) or allocation.get("compartment")


def _items(run: Run) -> str:
    names = []
    for item in run.snapshot.vars.get("items", ()):
        try:
            name = commerce.product(run.tx, item["sku"]).name
        except StepFailed:
            name = item["sku"]
        quantity = int(item.get("quantity", 1))
        names.append(f"{quantity} x {name}" if quantity > 1 else name)
    return ", ".join(names) or "Your item"


def _name(run: Run, person_ref: str | None) -> str | None:
    if person_ref is None:
        return None
    try:
        known = access.contact(run.tx, person_ref).get("name")
    except StepFailed:
        return None
    return str(known) if known else None
