"""A person stands at a terminal and presents something: a code, a tag, a PIN or a selection (S27, S29)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub import access, commerce
from hub.model.failures import StepFailed
from hub.model.observations import CodeRead, KeysEntered, TagRead
from hub.model.states import Method
from hub.store import Tx
from hub.workflows.engine import Event, EventClass
from hub.workflows.run.advance import Engine, Run
from hub.workflows.run.intents import entitle
from hub.workflows.run.places import Places, TerminalPlace

#: Keyed numbers up to this length are selections, longer ones are PINs.
_SELECTION_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What the person at a terminal is told: shown on its screen, sent to the page. No personal data."""

    terminal: str
    code: str
    handover_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential, reduced to what access needs."""

    method: Method
    text: str


def presented(seen: CodeRead | TagRead | KeysEntered) -> Presented:
    """The credential in an observation."""
    if isinstance(seen, CodeRead):
        return Presented(seen.method, seen.text)
    if isinstance(seen, TagRead):
        return Presented(Method.TAG, seen.uid)
    return Presented(Method.PIN, seen.keys)


def is_selection(seen: CodeRead | TagRead | KeysEntered) -> bool:
    """Whether keyed digits choose a product rather than open a door."""
    return isinstance(seen, KeysEntered) and len(seen.keys) <= _SELECTION_DIGITS


class Presentations:
    """Finds what a presentation is good for and hands it to one handover, at most."""

    def __init__(self, engine: Engine, places: Places) -> None:
        self._engine = engine
        self._places = places

    def terminal_of(self, device: str) -> TerminalPlace | None:
        """Where a reader stands."""
        return self._places.terminal_of(device)

    def present(self, tx: Tx, terminal: str, what: Presented, at: int) -> Told:
        """Serve one visit: the earliest-expiring grant whose handover takes it; else nothing is spent."""
        answer = access.present(tx, what.method, what.text, terminal, at)
        if isinstance(answer, access.Denied):
            if answer.handover_id:
                data = {"reason": answer.reason, "method": what.method.value}
                event = Event("credential.refused", EventClass.FACT, at, data)
                self._engine.deliver(tx, answer.handover_id, event)
            return Told(terminal, f"refused.{answer.reason}", answer.handover_id or "", _when(answer))
        for candidate in answer.candidates:
            run = self._offer(tx, terminal, what, candidate, at)
            if run is not None:
                shut = run.refused if not run.snapshot.effect_id else None
                code = "refused.out_of_order" if shut else "accepted"
                return Told(terminal, code, candidate.handover_id, shut.reason if shut else "")
        return Told(terminal, "refused.not_now", answer.handover_id)

    def _offer(
        self, tx: Tx, terminal: str, what: Presented, candidate: access.Candidate, at: int
    ) -> Run | None:
        data: dict[str, Any] = {
            "method": what.method.value, "grant": candidate.grant_id, "terminal": terminal,
            "reopen": candidate.reopen,
        }

        def spend(run: Run) -> None:
            entitle(
                tx, run, candidate.grant_id, at, reopen=candidate.reopen, method=what.method.value,
                terminal=terminal,
            )

        try:
            with tx.savepoint():
                run = self._engine.deliver(
                    tx, candidate.handover_id, Event("credential.accepted", EventClass.FACT, at, data), spend
                )
        except StepFailed:  # the grant has nothing left for this: nothing was spent, nothing moved
            return None
        return run if run.moved else None

    def product(self, tx: Tx, keys: str) -> commerce.Product | None:
        """The product behind a selection."""
        return commerce.product_for_selection(tx, keys)


def _when(denied: access.Denied) -> str:
    moment = denied.valid_from if denied.reason in ("early", "throttled") else denied.valid_until
    return "" if moment is None else str(moment)
