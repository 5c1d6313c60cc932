"""A person stands at a terminal and presents something: a code, a tag, a PIN or a number (S27, S29)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hub import access, custody
from hub.core.clock import SECOND
from hub.core.commands import Accepted, Actor, Answer, Command, Refused
from hub.model.failures import StepFailed
from hub.model.observations import CodeRead, KeysEntered, TagRead
from hub.model.states import Door, Method
from hub.store import Reader, Tx
from hub.workflows.engine import Event, EventClass, Snapshot, handles
from hub.workflows.run import records, visits
from hub.workflows.run.advance import Engine, Run
from hub.workflows.run.commanding import not_possible, visitor
from hub.workflows.run.intents import entitle
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.starting import Order, Starting
from hub.workflows.run.visits import Visit

#: Keyed numbers up to this length are selections, longer ones are PINs.
_SELECTION_DIGITS = 3
#: How long after a visit's last sign of life its keys are still the visitor's.
_AT_THE_KEYS = 30 * SECOND
_ACCEPTED = "accepted"
#: Why a known person's own credential opens nothing: the person has nothing to collect.
_NOTHING = ("no_grant", "used", "revoked", "late")


@dataclass(frozen=True, slots=True)
class Told:
    """What the person at a terminal is told: shown on its screen, sent to the page. No personal data.

    `code` is one of accepted, started, queued, done, asked, noted, welcome, awaiting, selected, or
    refused.REASON.
    """

    terminal: str
    code: str
    handover_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential, reduced to what access needs. `keys` are the digits that were keyed before it."""

    method: Method
    text: str
    keys: str = ""


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
    """Finds what a presentation is good for and hands it to one handover at a time.

    `tell` says something to the person at a terminal that is no answer to what they did last; `ask` answers
    commands on handovers, in the transaction.
    """

    def __init__(
        self, engine: Engine, places: Places, starting: Starting, tell: Callable[[Told], None],
    ) -> None:
        self._engine = engine
        self._places = places
        self._starting = starting
        self._tell = tell
        self.ask: Callable[[Tx, Command, int], Answer] | None = None

    def terminal_of(self, device: str) -> TerminalPlace | None:
        """Where a reader stands."""
        return self._places.terminal_of(device)

    def present(self, tx: Tx, terminal: str, what: Presented, at: int) -> Told:
        """Serve one visit: the earliest-expiring grant whose handover takes it; else nothing is spent."""
        visit = visits.visit_at(tx, terminal, at)
        if visit is not None and what.method in (Method.QR, Method.BARCODE):
            told = self._unknown_code(tx, visit, what, at)
            if told is not None:
                return told
        if what.keys and what.method is Method.TAG:
            person = access.person_by_tag(tx, what.text)
            if person is not None and self._starting.find("tag", terminal, person, what.keys):
                return self._came(tx, terminal, person, what, at, "no_grant")
        answer = access.present(tx, what.method, what.text, terminal, at)
        if isinstance(answer, access.Accepted):
            return self._accepted(tx, terminal, what, answer, at)
        if answer.person is not None and answer.reason in _NOTHING:
            told = self._came(tx, terminal, answer.person, what, at, answer.reason)
            if told.code != "refused.no_grant" or answer.reason == "no_grant":
                return told
        if answer.handover_id:
            data = {"reason": answer.reason, "method": what.method.value}
            event = Event("credential.refused", EventClass.FACT, at, data)
            self._engine.deliver(tx, answer.handover_id, event)
        if visit is not None and what.method is Method.TAG and not self._open_door(tx, visit):
            self._leave(tx, visit, at)  # another badge is another person
        return Told(terminal, f"refused.{answer.reason}", answer.handover_id or "", _when(answer))

    # Grants

    def _accepted(
        self, tx: Tx, terminal: str, what: Presented, answer: access.Accepted, at: int
    ) -> Told:
        found = answer.candidates
        who = answer.person.ref if answer.person is not None else found[0].person_ref
        visit, is_new = self._enter(tx, terminal, who, answer.person is not None, what.method, at)
        if is_new:
            self._greet(tx, visit, [one.handover_id for one in found], at)
        in_use = visit.handover if visit.handover and self._at_work(tx, visit.handover, at) else None
        shut: Told | None = None
        for one in found:
            if in_use not in (None, one.handover_id):
                continue  # one door at a time
            run = self._offer(tx, visit, one, at)
            if run is not None:
                found = tuple(other for other in found if other is not one)
                visit = visits.serve(tx, visit, one.handover_id, _later(visit, found, one.handover_id), at)
                told = _told(terminal, run)
                if told.code == _ACCEPTED:
                    return told
                shut = shut or told  # no act follows it: what comes next is not kept waiting
        if shut is not None:
            return shut
        later = _later(visit, found, in_use)
        if in_use is None or not later:
            return Told(terminal, "refused.not_now", answer.handover_id)
        visits.keep(tx, replace(visit, seen=at, waiting=later))
        return Told(terminal, "queued", later[-1][1])

    def _offer(self, tx: Tx, visit: Visit, one: access.Candidate, at: int) -> Run | None:
        data: dict[str, Any] = {
            "method": visit.method, "party": one.party, "grant": one.grant_id, "terminal": visit.terminal,
            "reopen": one.reopen,
        }
        if visit.person_ref:
            data["person_ref"] = visit.person_ref

        def spend(run: Run) -> None:
            entitle(
                tx, run, one.grant_id, at, reopen=one.reopen, method=visit.method, terminal=visit.terminal
            )
            if run.snapshot.vars.get("terminal") != visit.terminal:
                run.set(terminal=visit.terminal)  # where the person stands now, and may have to pay

        try:
            with tx.savepoint():
                run = self._engine.deliver(
                    tx, one.handover_id, Event("credential.accepted", EventClass.FACT, at, data), spend
                )
        except StepFailed:  # the grant has nothing left for this: nothing was spent, nothing moved
            return None
        return run if run.moved else None

    def door_moved(self, tx: Tx, handover_id: str, state: Door, at: int) -> None:
        """A door of the handover opened or closed: who uses it is still there."""
        visit = visits.visit_of(tx, handover_id, at)
        if visit is None:
            return
        visits.alive(tx, visit, at)
        if state is Door.CLOSED:
            self._next(tx, replace(visit, seen=at), handover_id, at)

    def go_on(self, tx: Tx, handover_id: str, at: int) -> None:
        """A door was closed, or stayed shut: what waits in the visit is offered, with a use of its own."""
        visit = visits.visit_of(tx, handover_id, at)
        if visit is not None:
            self._next(tx, visit, handover_id, at)

    def _next(self, tx: Tx, visit: Visit, handover_id: str, at: int) -> None:
        if not visit.waiting or self._at_work(tx, handover_id, at):
            return
        waiting = list(visit.waiting)
        while waiting:
            grant_id, following = waiting.pop(0)
            one = access.candidate(tx, grant_id, visit.terminal, at)
            run = None if one is None else self._offer(tx, visit, one, at)
            if run is not None:
                visit = visits.serve(tx, visit, following, tuple(waiting), at)
                told = _told(visit.terminal, run)
                tx.after_commit(partial(self._tell, told))
                if told.code == _ACCEPTED:
                    return
        visits.keep(tx, replace(visit, waiting=()))

    def _at_work(self, reader: Reader, handover_id: str, at: int) -> bool:
        """Whether one of the handover's doors is in use, or just about to be.

        One that was left open for longer than a visit lasts is nobody's any more: staff were called to it.
        """
        snapshot = records.load(reader, handover_id)
        if snapshot.effect_id:
            return True
        held = [one for one in custody.allocations_of(reader, handover_id) if one.live]
        doors = [custody.door_of(reader, one.compartment) for one in held]
        return any(door is Door.OPEN and at < since + visits.LASTS for door, since in doors)

    # Visits

    def _enter(
        self, tx: Tx, terminal: str, person_ref: str | None, known: bool, method: Method, at: int
    ) -> tuple[Visit, bool]:
        """The visit of this person at the terminal, and whether it begins now."""
        before = visits.last_visit(tx, terminal)
        lasts = before is not None and at < before.seen + visits.LASTS
        if before is not None and lasts and person_ref is not None and before.person_ref == person_ref:
            visit = replace(before, seen=at, known=before.known or known, method=method.value)
            visits.keep(tx, visit)
            return visit, False
        if before is not None:
            self._leave(tx, before, at)
        visit = visits.begin(tx, terminal, person_ref, known, method.value, at)
        if known or self._starting.hears("session.ended"):  # else nobody needs to be told of its end
            self._await_end(tx, visit)
        return visit, True

    def _await_end(self, tx: Tx, visit: Visit) -> None:
        owner, due = visits.TIMERS + visit.terminal, visit.seen + visits.LASTS
        records.set_timers(tx, owner, [(visit.id, due)])
        tx.after_commit(lambda: self._engine.arm(owner, visit.id, due))

    def over(self, tx: Tx, terminal: str, visit_id: str, at: int) -> None:
        """The timer of a visit: it ends unless there was a sign of life."""
        if not records.take_timer(tx, visits.TIMERS + terminal, visit_id, at):
            return
        visit = visits.last_visit(tx, terminal)
        if visit is None or visit.id != visit_id:
            return
        if at < visit.seen + visits.LASTS:
            self._await_end(tx, visit)
        else:
            self._leave(tx, visit, at)

    def _leave(self, tx: Tx, visit: Visit, at: int) -> None:
        visits.end(tx, visit, at)
        records.take_timer(tx, visits.TIMERS + visit.terminal, visit.id)
        for handover_id in visit.served:
            self._inform(tx, handover_id, "session.ended", visit, at)

    def _greet(self, tx: Tx, visit: Visit, handovers: list[str], at: int) -> None:
        """Tell the handovers that a visit concerns; those that wait for the person hear of it, too."""
        for handover_id in handovers:
            self._inform(tx, handover_id, "session.begun", visit, at)
        if visit.known and visit.person_ref is not None and self._starting.hears("person.came"):
            for handover_id in records.live_of_person(tx, visit.person_ref):
                self._inform(tx, handover_id, "person.came", visit, at)

    def _inform(self, tx: Tx, handover_id: str, name: str, visit: Visit, at: int) -> None:
        """The visit is on record by itself: a handover hears of it where it listens."""
        if not self._starting.hears(name):
            return
        try:
            snapshot = records.load(tx, handover_id)
        except records.UnknownHandover:  # a visit that nobody ended outlived what is kept of it
            return
        machine = self._engine.machines.get(tx, snapshot.machine)
        if snapshot.ended or not handles(machine, snapshot, name):
            return
        data = {"visit": visit.id, "terminal": visit.terminal}
        if visit.person_ref is not None:
            data["person_ref"] = visit.person_ref
        self._engine.deliver(tx, handover_id, Event(name, EventClass.FACT, at, data))

    # Beginnings

    def _came(
        self, tx: Tx, terminal: str, person: access.Identity, what: Presented, at: int, why: str
    ) -> Told:
        """A known person for whom no grant is open: a visit, and what a tag begins there."""
        visit, is_new = self._enter(tx, terminal, person.ref, True, what.method, at)
        if is_new:
            self._greet(tx, visit, [], at)
        workflow = self._starting.find("tag", terminal, person, what.keys)
        if workflow is not None and what.method is Method.TAG:
            if any(self._runs(tx, one, workflow) for one in visit.served):
                return Told(terminal, "refused.not_now", visit.handover or "")
            order = Order(workflow, terminal=terminal, vars={"recipient_ref": person.ref}, by=person.ref)
            return self._begin(tx, visit, order, "tag", at)
        if self._starting.find("code", terminal, person) or (visit.served and why == "no_grant"):
            return Told(terminal, "welcome")
        return Told(terminal, "refused.no_grant")

    def _runs(self, reader: Reader, handover_id: str, workflow: str) -> bool:
        snapshot = records.load(reader, handover_id)
        return snapshot.workflow == workflow and not snapshot.ended

    def _unknown_code(self, tx: Tx, visit: Visit, what: Presented, at: int) -> Told | None:
        """A code that opens nothing, read during a visit: an asset's own, or one that begins something."""
        asset = custody.asset_of_code(tx, what.text)
        if asset is not None:
            fact = Event("asset.read", EventClass.FACT, at, {"asset": asset.id, "terminal": visit.terminal})
            taker = self._taker(tx, visit, "asset.read")
            if taker is not None:
                self._engine.deliver(tx, taker, fact)
                visits.serve(tx, visit, taker, visit.waiting, at)
                return Told(visit.terminal, "noted", taker)
        person = access.identity(tx, visit.person_ref) if visit.known and visit.person_ref else None
        if person is None or access.knows(tx, what.method, what.text):
            return None
        workflow = self._starting.find("code", visit.terminal, person, what.keys)
        if workflow is None:
            return None
        if visit.handover is not None and self._at_work(tx, visit.handover, at):
            return Told(visit.terminal, "refused.door_open", visit.handover)
        order = Order(
            workflow, external_ref=what.text, terminal=visit.terminal, vars={"depositor_ref": person.ref},
            by=person.ref,
        )
        return self._begin(tx, visit, order, "code", at)

    def _begin(self, tx: Tx, visit: Visit, order: Order, start: str, at: int) -> Told:
        try:
            with tx.savepoint():
                handover_id = self._starting.begin(tx, order, start, at)
        except records.ReferenceTaken as taken:
            return Told(visit.terminal, "refused.known_code", taken.handover_id)
        visits.serve(tx, visit, handover_id, visit.waiting, at)
        self._inform(tx, handover_id, "session.begun", visit, at)
        return Told(visit.terminal, "started", handover_id)

    # Numbers

    def keyed(self, tx: Tx, terminal: str, keys: str, at: int) -> Told | None:
        """A number that a handover of the visit takes as its visitor's command; None when none does.

        It is taken while a door of the visit stands open and shortly afterwards: whoever comes to the keypad
        later is somebody else.
        """
        visit = visits.visit_at(tx, terminal, at)
        if visit is None or (at >= visit.seen + _AT_THE_KEYS and not self._open_door(tx, visit)):
            return None
        refused: Told | None = None
        for handover_id in reversed(visit.served):
            snapshot = records.load(tx, handover_id)
            word = self._engine.machines.get(tx, snapshot.machine).keys.get(keys)
            if word is None or snapshot.ended or self.ask is None:
                continue
            try:
                with tx.savepoint():
                    answer = self.ask(tx, self._command(tx, visit, snapshot, word, keys), at)
            except StepFailed as failure:
                answer = not_possible(failure)
            if isinstance(answer, Refused):
                code = "not_allowed" if answer.code == "forbidden" else "not_now"
                refused = refused or Told(terminal, f"refused.{code}", handover_id, answer.reason)
                continue
            visits.serve(tx, visit, handover_id, visit.waiting, at)
            return Told(terminal, "done" if isinstance(answer, Accepted) else "asked", handover_id, word)
        return refused

    def _open_door(self, reader: Reader, visit: Visit) -> bool:
        """Whether a door that the visit was about stands open."""
        found = (one for handover in visit.served for one in custody.allocations_of(reader, handover))
        return any(one.live and custody.door_of(reader, one.compartment)[0] is Door.OPEN for one in found)

    def _command(self, tx: Tx, visit: Visit, snapshot: Snapshot, word: str, keys: str) -> Command:
        """What the visitor asks for, as the party that they are to the handover, and as one of the site."""
        actor = visitor(snapshot, visit.person_ref or "")
        known = access.identity(tx, visit.person_ref) if visit.known and visit.person_ref else None
        if known is not None:
            actor = Actor(actor.ref, actor.roles | known.roles)
        body = {"terminal": visit.terminal, "why": f"keyed {keys}"}
        return Command(f"handover.{word}", actor, snapshot.handover_id, body)

    def _taker(self, reader: Reader, visit: Visit, name: str) -> str | None:
        """The latest handover of the visit that listens to a fact."""
        for handover_id in reversed(visit.served):
            snapshot = records.load(reader, handover_id)
            machine = self._engine.machines.get(reader, snapshot.machine)
            if not snapshot.ended and handles(machine, snapshot, name):
                return handover_id
        return None


def _later(
    visit: Visit, found: tuple[access.Candidate, ...], in_use: str | None
) -> tuple[tuple[str, str], ...]:
    """What else was presented in the visit: it is offered when the door in use is closed."""
    new = [(one.grant_id, one.handover_id) for one in found if not one.reopen]
    return tuple(one for one in dict.fromkeys([*visit.waiting, *new]) if one[1] != in_use)


def _told(terminal: str, run: Run) -> Told:
    """The door opens, or why it cannot."""
    shut = run.refused if not run.snapshot.effect_id else None
    code = "refused.out_of_order" if shut else _ACCEPTED
    return Told(terminal, code, run.handover_id, shut.reason if shut else "")


def _when(denied: access.Denied) -> str:
    moment = denied.valid_from if denied.reason in ("early", "throttled") else denied.valid_until
    return "" if moment is None else str(moment)
