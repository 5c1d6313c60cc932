"""The allocations of a handover as its variables hold them: `allocations`, and `allocation`, the one in hand.

An entry is `{id, bank, compartment, item, items, outcome}`, with `freed` once its compartment was given back:
it then stays for counting and is acted on no more. `outcome` is empty until something became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hub import custody
from hub.model.effects import Intent
from hub.model.failures import StepFailed
from hub.model.states import AllocationOutcome
from hub.workflows.run import records
from hub.workflows.run.advance import Run

Entry = Mapping[str, Any]


def entries(run: Run) -> list[Entry]:
    """Every allocation of the handover, in order."""
    values = run.snapshot.vars
    found = values.get("allocations")
    if found is not None:
        return list(found)
    return [values["allocation"]] if values.get("allocation") else []


def concerned(run: Run) -> list[Entry]:
    """What a step acts on: in a loop the allocation in hand, else all that have a compartment (S28).

    Raises StepFailed(no_allocation) when there is none.
    """
    if run.snapshot.turn >= 0:
        return [in_hand(run)]
    live = [entry for entry in entries(run) if not entry.get("freed")]
    if not live:
        raise StepFailed("no_allocation")
    return live


def in_hand(run: Run) -> Entry:
    """The allocation in hand. Raises StepFailed(no_allocation) without one, or when it was given back."""
    found: Entry | None = run.snapshot.vars.get("allocation")
    if not found or found.get("freed"):
        raise StepFailed("no_allocation")
    return found


def begin_with(run: Run, found: list[dict[str, Any]]) -> None:
    """Store allocations that were just assigned: in a loop instead of the one in hand, else of all."""
    turn = run.snapshot.turn
    if turn >= 0:
        kept = entries(run)
        kept[turn : turn + 1] = found
        run.set(allocations=kept, allocation=found[0])
        return
    run.set(allocations=found, allocation=found[0])
    item = found[0].get("item")
    if item and item != run.snapshot.vars.get("item"):
        run.set(item=item)


def give_back(run: Run, freed: Iterable[Entry]) -> None:
    """Store that these have no compartment any more."""
    for entry in freed:
        run.set_allocation({**entry, "freed": True})
    if run.snapshot.turn < 0:
        run.set(allocation=None)


def settle_outcome(run: Run, allocation_id: str, outcome: AllocationOutcome) -> None:
    """Record what became of an allocation, in its row and in the variables."""
    custody.set_outcome(run.tx, allocation_id, outcome, run.at)
    word = "" if outcome is AllocationOutcome.PENDING else outcome.value
    for entry in entries(run):
        if entry["id"] == allocation_id and entry.get("outcome", "") != word:
            run.set_allocation({**entry, "outcome": word})


def proved(run: Run, intent: Intent) -> None:
    """A door or motor did its work: the use is spent. What was opened for the recipient is released."""
    run.set(use=None, proof=intent.effect_id)
    if intent.allocation_id and intent.params.get("for") in (None, "recipient"):
        settle_outcome(run, intent.allocation_id, AllocationOutcome.RELEASED)


def displaced(run: Run, moved: custody.Moved) -> None:
    """A place that was only promised is another one from now on: its handover knows it too."""
    if moved.handover_id == run.handover_id:
        for entry in entries(run):
            if entry["id"] == moved.allocation_id:
                run.set_allocation({**entry, "compartment": moved.compartment})
        return
    theirs = records.load(run.tx, moved.handover_id)
    other = Run(run.tx, run.machine, theirs, run.at)
    for entry in entries(other):
        if entry["id"] == moved.allocation_id:
            other.set_allocation({**entry, "compartment": moved.compartment})
    now = other.snapshot
    changed = {name: now.vars[name] for name in ("allocation", "allocations") if name in now.vars}
    body: dict[str, Any] = {"status": now.status, "phase": now.phase, "set": changed}
    run.tx.journal(other.stream, "handover.kept", body, run.at)
    records.save(run.tx, msgspec.structs.replace(theirs, vars=now.vars), run.at)
