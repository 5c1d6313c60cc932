"""Money that a blueprint wants to hold, against what the payment devices of the site can do."""

from __future__ import annotations

from hub.config.marks import Document
from hub.config.problems import Problems
from hub.config.selectors import SiteNames
from hub.workflows.checks.graph import calls_of
from hub.workflows.expressions import body_of, names_used, render
from hub.workflows.machine import Machine, StepCall

#: Ways to begin at which nobody stands at a terminal: what is to be paid was taken upstream.
_ELSEWHERE = frozenset(("api", "schedule"))


def check_rails(machine: Machine, document: Document, names: SiteNames, problems: Problems) -> None:
    """A deposit or a later charge may not be asked for at a terminal whose payment device has no hold."""
    at = _without_hold(machine, names)
    if not at:
        return
    terminal = next(iter(at))
    for state in machine.states.values():
        for call, path in calls_of(state):
            purpose = call.args.get("purpose", "price")
            if call.type != "authorise" or purpose == "price" or _never(machine, call):
                continue
            problems.add(
                document.marks.value((*path, "purpose")),
                f"a {'later charge' if purpose == 'later' else purpose} is money to be held, and "
                f"'{at[terminal]}' at terminal '{terminal}' cannot hold any",
                "take it upstream (an order with `paid`, started by the API), or give the terminal a payment "
                "device that can hold money", path,
            )


def _without_hold(machine: Machine, names: SiteNames) -> dict[str, str]:
    """Terminal -> device, of those where a handover of this workflow may begin."""
    here = [start.terminal for start in machine.start if start.on not in _ELSEWHERE]
    return {
        terminal: device for terminal, device in names.no_hold.items()
        if terminal in here or "" in here
    }


def _never(machine: Machine, call: StepCall) -> bool:
    """Whether the inputs alone say that there is nothing to charge: no deposit was chosen, or one of 0."""
    amount = call.args.get("amount")
    body = body_of(amount)
    if body is None or names_used(body) - {"inputs"}:
        return False
    try:
        return not render(amount, {"inputs": machine.inputs})
    except Exception:  # noqa: BLE001  an input without a value has no amount
        return True
