"""People as any blueprint meets them: what somebody does follows from what the handover's state takes.

A state that takes an accepted credential has somebody come for it, one that takes a command of the staff has
staff do it, one that waits for approval has somebody decide. So a blueprint of one's own gets users, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.core.clock import HOUR, MINUTE, SECOND
from hub.core.commands import Accepted, Actor
from hub.model.states import Door, Method
from hub.store import Reader
from hub.workflows.engine import HALTED, RECOVERY, Snapshot
from hub.workflows.machine import Machine
from hub.workflows.rehearsal import Letter, Rehearsal
from hub.workflows.run.service import Changed
from hub.workflows.simulate.agenda import Agenda
from hub.workflows.simulate.calendar import Calendar
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.profiles import Users

DESK = Actor("token:desk", frozenset({"supervisor"}))
SECOND_DESK = Actor("token:second", frozenset({"supervisor"}))
_ACCEPTED = "credential.accepted"
#: What staff do as their work, the first that a state takes; with what goes along.
_WORK: tuple[str, ...] = ("load", "inspect", "dispose", "provide", "complete", "end", "open")
_VERDICTS = ("accept", "accept", "accept", "accept", "part", "reject")
_OF_MESSAGE = "SELECT handover_id FROM message WHERE id = ?"
#: Nobody comes to one handover more often.
_VISITS = 8


@dataclass(slots=True)
class Known:
    """What people know of a handover that concerns them."""

    workflow: str
    letter: Letter | None = None
    visits: int = 0
    planned: bool = False
    never: bool = False
    tries: int = 0


@dataclass(slots=True)
class Counts:
    """What people met with."""

    presented: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    commands: int = 0
    not_taken: int = 0


class People:
    """Everybody who has to do with handovers, except the machines."""

    def __init__(
        self, site: Rehearsal, agenda: Agenda, calendar: Calendar, users: Users, chance: Chance,
    ) -> None:
        self._site = site
        self._agenda = agenda
        self._calendar = calendar
        self._users = users
        self._chance = chance
        self._machines: dict[str, Machine] = {
            name: machine for name, (machine, _) in site.plan.workflows.items()
        }
        self._takes = {
            name: {state: _takes(machine, state) for state in machine.states}
            for name, machine in self._machines.items()
        }
        self._terminals = {
            bank: terminal.readers[0] for terminal in site.plan.places.terminals.values()
            if terminal.readers for bank in terminal.banks
        }
        self.known: dict[str, Known] = {}
        self.counts = Counts()
        site.listen(Changed, self.changed)
        site.ground.opens = self._opened

    # A handover moved

    def changed(self, seen: Changed) -> None:
        """Somebody may have to do something about it now."""
        machine = self._machines.get(seen.workflow)
        if machine is None or machine.states[seen.state].final:
            self.known.pop(seen.handover_id, None)
            return
        known = self.known.setdefault(seen.handover_id, Known(seen.workflow))
        self._react(seen.handover_id, known, seen.state, seen.status)

    def _react(self, handover: str, known: Known, state: str, status: str) -> None:
        takes = self._takes[known.workflow][state]
        if known.planned or state in (RECOVERY, HALTED):
            return
        if _ACCEPTED in takes and not known.never and self._plan_visit(handover, known, status):
            return
        if "approval.given" in takes:
            self._plan(handover, known, state, self._work(10 * MINUTE), self._decide)
        elif _ACCEPTED in takes:
            return  # staff could open it, too; but somebody is waited for
        elif work := next((word for word in _WORK if f"command.{word}" in takes), ""):
            pause = self._users.minutes_to_load * MINUTE
            self._plan(handover, known, state, self._work(pause), lambda h, s: self._do(h, s, work))

    def _work(self, mean: float) -> int:
        now = self._site.clock.now()
        return self._calendar.working(now + int(self._chance.about(mean)) + 5 * SECOND, self._chance)

    def _plan(self, handover: str, known: Known, state: str, moment: int, doing: Any) -> None:
        known.planned = True

        async def come() -> None:
            known.planned = False
            if not self._site.alive:
                self._plan(handover, known, state, self._site.clock.now() + 5 * MINUTE, doing)
                return
            snapshot = await self._site.snapshot(handover)
            if snapshot.ended:
                return
            if snapshot.state == state:
                await doing(handover, snapshot)
            else:
                self._react(handover, known, snapshot.state, snapshot.status)

        self._agenda.at(moment, come)

    # The recipient

    def _plan_visit(self, handover: str, known: Known, status: str) -> bool:
        """Whether somebody will come."""
        users, chance, now = self._users, self._chance, self._site.clock.now()
        if known.visits >= _VISITS:
            return False
        if status in ("completed", "partially_completed"):
            if not chance.hits(users.reopens):
                return False
            moment = now + int(chance.between(10, 100) * SECOND)
        elif known.visits:
            moment = self._calendar.about(now + int(chance.about(40) * MINUTE), chance)
        elif chance.hits(users.no_show):
            known.never = True
            return False
        elif chance.hits(users.early):
            moment = now + int(chance.between(5, 90) * SECOND)
        else:
            hours = users.hours_to_collect * (12.0 if chance.hits(users.late) else 1.0)
            moment = self._calendar.about(now + int(chance.about(hours * HOUR)) + MINUTE, chance)
        known.planned = True
        self._agenda.at(moment, lambda: self._visit(handover, known))
        return True

    async def _visit(self, handover: str, known: Known) -> None:
        known.planned = False
        if not self._site.alive:
            known.planned = True
            self._agenda.later(10 * MINUTE, lambda: self._visit(handover, known))
            return
        snapshot = await self._site.snapshot(handover)
        if snapshot.ended:
            return
        known.visits += 1
        if self._chance.hits(self._users.cancels) and known.visits == 1:
            await self._command(handover, "cancel", {"why": "the recipient called"})
            return
        reader = self._reader(snapshot)
        method, text = await self._credential(handover, known, snapshot)
        if not reader or not text:
            return
        if self._chance.hits(self._users.wrong_code):
            await self._site.present(reader, Method.PIN, "000000")
        self.counts.presented += 1
        told = await self._site.present(reader, method, text)
        if told.code.startswith("refused"):
            self.counts.refused[told.code] = self.counts.refused.get(told.code, 0) + 1
            known.tries += 1
            if known.tries < 4:
                known.planned = True
                moment = self._calendar.about(
                    self._site.clock.now() + int(self._chance.about(30) * MINUTE) + MINUTE, self._chance
                )
                self._agenda.at(moment, lambda: self._visit(handover, known))

    async def _credential(self, handover: str, known: Known, snapshot: Snapshot) -> tuple[Method, str]:
        letter = known.letter or await self._letter(handover, known)
        if letter is not None and letter.code and (not letter.pin or self._chance.hits(0.5)):
            return Method.QR, letter.code
        if letter is not None and letter.pin:
            return Method.PIN, letter.pin
        return Method.TAG, self._tag(snapshot)

    async def _letter(self, handover: str, known: Known) -> Letter | None:
        """Sort the post since last time: who got which credential."""
        letters, self._site.ground.letters = self._site.ground.letters, []
        wanted = [letter for letter in letters if letter.pin or letter.code]

        def read(reader: Reader) -> list[tuple[str, Letter]]:
            rows = [(reader.execute(_OF_MESSAGE, (one.message_id,)).fetchone(), one) for one in wanted]
            return [(row[0], one) for row, one in rows if row is not None]

        for owner, letter in await self._site.read(read):
            if owner in self.known:
                self.known[owner].letter = letter
        return known.letter

    def _tag(self, snapshot: Snapshot) -> str:
        tags = [tag for person in self._site.plan.people for tag in person.tags]
        return tags[hash_of(snapshot.handover_id) % len(tags)] if tags else ""

    def _reader(self, snapshot: Snapshot) -> str:
        bank = str((snapshot.vars.get("allocation") or {}).get("bank", ""))
        return self._terminals.get(bank) or next(iter(self._terminals.values()), "")

    # Doors

    def _opened(self, device: str, door: str) -> None:
        """Whoever stands there takes or puts in what they came for, and shuts the door; mostly."""
        if self._chance.hits(self._users.forgets_door):
            wait = self._chance.between(3, 45) * MINUTE
        else:
            wait = (4 + self._chance.about(9)) * SECOND

        async def shut() -> None:
            self._site.ground.move(device, door, Door.CLOSED)

        self._agenda.later(int(wait), shut)

    # Staff

    async def _do(self, handover: str, snapshot: Snapshot, word: str) -> None:
        body: Mapping[str, Any] = {}
        if word == "inspect":
            body = {"verdict": self._chance.one_of(_VERDICTS)}
        elif word == "provide":
            body = {"values": {"address": "Somewhere 1"}}
        taken = await self._command(handover, word, {**body, "why": "work"})
        known = self.known.get(handover)
        if not taken and known is not None and known.tries < 20:
            known.tries += 1
            self._plan(
                handover, known, snapshot.state, self._work(30 * MINUTE), lambda h, s: self._do(h, s, word)
            )

    async def _decide(self, handover: str, snapshot: Snapshot) -> None:
        word = "deny" if self._chance.hits(self._users.denies) else "approve"
        if not await self._command(handover, word, {"why": "asked"}, SECOND_DESK):
            await self._command(handover, word, {"why": "asked"})

    async def _command(self, handover: str, word: str, body: Mapping[str, Any], actor: Actor = DESK) -> bool:
        self.counts.commands += 1
        answer = await self._site.call(f"handover.{word}", handover, actor, body)
        taken = isinstance(answer, Accepted)
        self.counts.not_taken += not taken
        return taken

    async def look_around(self) -> None:
        """Once in a while somebody sees to what has been forgotten."""
        for handover, known in list(self.known.items()):
            if known.planned:
                continue
            snapshot = await self._site.snapshot(handover)
            if not snapshot.ended and not snapshot.effect_id:
                self._react(handover, known, snapshot.state, snapshot.status)


def hash_of(text: str) -> int:
    """A number for a text that is the same in every process."""
    return sum((index + 1) * ord(sign) for index, sign in enumerate(text))


def _takes(machine: Machine, name: str) -> frozenset[str]:
    state = machine.states[name]
    parent = machine.states[state.parent].on if state.parent else {}
    return frozenset({**parent, **state.on})
