"""What people and the API may ask of a handover: allowed, waiting for an approval, or refused with a reason.

A command is an event where the blueprint has an arrow for it; some the hub does itself in any state.
"""

from __future__ import annotations

from hub import access
from hub.core.clock import Clock
from hub.core.commands import Accepted, Actor, Answer, Command, Refused
from hub.custody import thermal
from hub.model.failures import StepFailed
from hub.store import Store, Tx
from hub.workflows.engine import Event, EventClass, Snapshot, handles
from hub.workflows.machine import Arrow
from hub.workflows.run import records
from hub.workflows.run.advance import Engine, Run
from hub.workflows.run.by_hub import ByHub, view
from hub.workflows.run.commanding import Rules, answer, decided, note, target_of
from hub.workflows.run.intents import entitle_once, lend
from hub.workflows.run.possible import EVENT_VERBS, HUB_VERBS, VERBS, takes

__all__ = ["EVENT_VERBS", "HUB_VERBS", "VERBS", "Verbs"]

#: Commands that are an opening's own: they entitle to it even where something else is asked before.
_OPENING = ("open", "load", "reassign", "dispose")
_ACTS = ("open", "dispense")
#: Roles of whoever uses a right of their own at the terminal.
_VISITORS = frozenset({"recipient", "depositor"})
#: What the record of a commanded event leaves out: the reason has a row of its own, contacts are sealed.
_NOT_TOLD = ("why", "contact")


class Verbs:
    """Answers commands on handovers."""

    def __init__(
        self, store: Store, clock: Clock, engine: Engine, by_hub: ByHub, rules: Rules
    ) -> None:
        self._store = store
        self._clock = clock
        self._engine = engine
        self._by_hub = by_hub
        self._rules = rules

    async def __call__(self, command: Command) -> Answer:
        """Serve `handover.VERB` on the handover `command.target`. Raises StoreError."""
        at = self._clock.now()
        return await answer(self._store, command, lambda tx: self.in_transaction(tx, command, at))

    def in_transaction(self, tx: Tx, command: Command, at: int) -> Answer:
        """The command within a transaction of the caller's. Raises StepFailed."""
        try:
            snapshot = records.load(tx, command.target)
        except records.UnknownHandover:
            return Refused("unknown-handover", f"there is no handover {command.target!r}")
        return decided(
            tx, self._rules, command, target_of(snapshot), at, lambda: self._do(tx, snapshot, command, at)
        )

    def _do(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        verb = command.verb.removeprefix("handover.")
        is_event = verb in EVENT_VERBS or (verb in HUB_VERBS and self._has_arrow(tx, snapshot, verb))
        answered = (
            self._event(tx, snapshot, command, at) if is_event
            else self._by_hub(verb, tx, snapshot, command, at)
        )
        if isinstance(answered, Accepted):
            note(tx, f"handover/{command.target}", command, at)
        return answered

    def _has_arrow(self, tx: Tx, snapshot: Snapshot, verb: str) -> bool:
        machine = self._engine.machines.get(tx, snapshot.machine)
        return not snapshot.ended and handles(machine, snapshot, f"command.{verb}")

    def _event(self, tx: Tx, snapshot: Snapshot, command: Command, at: int) -> Answer:
        verb = command.verb.removeprefix("handover.")
        data = {name: value for name, value in command.body.items() if name not in _NOT_TOLD}
        given = data.get("values") or {}
        event = Event(
            f"command.{verb}", EventClass.COMMAND, at, {**given, **data, "by": command.actor.ref}
        )
        run = self._engine.deliver(
            tx, snapshot.handover_id, event, lambda run: _prepare(run, verb, command), snapshot=snapshot
        )
        if not run.moved:
            return _not_now(run, verb)
        if run.refused and run.snapshot.state == snapshot.state:
            return _not_tried(run.refused)
        return Accepted(view(run.snapshot))


def _prepare(run: Run, verb: str, command: Command) -> None:
    """What a command brings with it, once it is certain that it is handled."""
    run.actor = command.actor.ref
    if command.body.get("terminal"):  # said at the door: what it leads to is opened for who stands there
        lend(run, _person(command.actor))
    elif not command.actor.roles & _VISITORS and (verb in _OPENING or _opens(run, verb)):
        entitle_once(run, _person(command.actor), f"desk.{verb}")
    if verb == "dispose":  # a person's word ends the clock of what lies there, whatever follows
        thermal.dispose(run.tx, run.handover_id, command.actor.ref, run.at)
    elif verb == "complete":  # the evidence of what follows is that person's word
        run.set(proof=f"person:{command.actor.ref}")
    elif verb == "provide":
        _provide(run, command)


def _opens(run: Run, verb: str) -> bool:
    """Whether the command leads to a door or a motor before anything else happens."""
    machine, state = run.machine, run.machine.states[run.snapshot.state]
    inherited = machine.states[state.parent].on if state.parent else {}
    ahead = [*state.on.get(f"command.{verb}", ()), *inherited.get(f"command.{verb}", ())]
    seen: set[str] = set()
    while ahead:
        name = ahead.pop().to
        if not name or name in seen or name not in machine.states:
            continue
        seen.add(name)
        entered = machine.states[name]
        if any(call.type in _ACTS for call in entered.enter):
            return True
        ahead += entered.on.get("entered", ())
        if entered.initial:
            ahead.append(Arrow(entered.initial))
    return False


def _provide(run: Run, command: Command) -> None:
    """Values go into the variable `data`; who and where somebody is, into the sealed contact (S5)."""
    values, contact = command.body.get("values"), command.body.get("contact")
    if values:
        run.set(data={**(run.snapshot.vars.get("data") or {}), **values})
    if contact:
        person = run.snapshot.vars.get("recipient_ref")
        if not person:
            raise StepFailed("no_person", "this handover has no recipient whose contact it could be")
        access.complete_contact(run.tx, str(person), contact, run.at)


def _not_now(run: Run, verb: str) -> Refused:
    state = run.machine.states[run.snapshot.state]
    taken = [] if run.snapshot.ended else takes(run.machine, state.name)
    label = state.label or state.name
    hint = f"it takes: {', '.join(taken)}" if taken else "it takes no command"
    busy = "; the result of an act is awaited first" if run.snapshot.effect_id else ""
    return Refused("not-now", f"{verb} is not possible while {label!r}; {hint}{busy}", {
        "state": state.name, "takes": list(taken),
    })


def _not_tried(refused: StepFailed) -> Refused:
    """Nothing was sent to the device: the handover is where it was, and waits."""
    code = refused.reason if refused.reason == "offline" else "not-possible"
    return Refused(code, refused.detail or refused.reason, {"reason": refused.reason})


def _person(actor: Actor) -> str | None:
    """The actor as a person; a token is nobody in particular."""
    return None if actor.ref.startswith("token:") else actor.ref
