"""People as any blueprint meets them: what somebody does follows from what the handover's state takes.

A state that takes an accepted credential has somebody come for it, one that takes a command of the staff has
staff do it, one that waits for approval has somebody decide. So a blueprint of one's own gets users, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub import access
from hub.core.clock import HOUR, MINUTE, SECOND
from hub.core.commands import Accepted, Actor
from hub.model.states import Door, Method
from hub.store import Reader
from hub.workflows.engine import HALTED, RECOVERY, Snapshot
from hub.workflows.machine import Machine
from hub.workflows.rehearsal import Letter, Rehearsal
from hub.workflows.run.approving import APPROVE, DENY
from hub.workflows.run.service import Changed
from hub.workflows.simulate.agenda import Agenda
from hub.workflows.simulate.calendar import Calendar
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.profiles import Users

DESK = Actor("token:desk", frozenset({"supervisor"}))
_ACCEPTED = "credential.accepted"
#: What staff do as their work, the first that a state takes; with what goes along.
_WORK: tuple[str, ...] = ("load", "inspect", "dispose", "provide", "complete", "end", "open")
_VERDICTS = ("accept", "accept", "accept", "accept", "part", "reject")
_OF_MESSAGE = "SELECT handover_id FROM message WHERE id = ?"
#: Nobody comes to one handover more often.
_VISITS, _TRIES = 8, 4
#: How often somebody at an open door keys that something is wrong.
_KEYED = 0.03


@dataclass(slots=True)
class Known:
    """What people know of a handover that concerns them."""

    workflow: str
    letter: Letter | None = None
    tag: str = ""
    visits: int = 0
    planned: bool = False
    never: bool = False
    tries: int = 0
    done: set[tuple[str, str]] = field(default_factory=set)


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
        #: What terminals refused, by the reason that a person is told first.
        self.refused: dict[str, int] = {}
        site.listen(Changed, self.changed)
        site.ground.opens = self._opened

    def has_tag(self, handover: str, tag: str) -> None:
        """The handover is of somebody who has this tag in their pocket."""
        if handover in self.known:
            self.known[handover].tag = tag

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
        # What is to be filled, staff fill, also where somebody else could.
        somebody_comes = _ACCEPTED in takes and "command.load" not in takes
        if somebody_comes and not known.never and self._plan_visit(handover, known, status):
            return
        done = "command.resolve" in takes and status == "completed"
        if done and self._chance.hits(self._users.leaves_behind):
            self._plan(handover, known, state, self._site.clock.now() + MINUTE, self._left_behind)
        elif self._keys(known, takes) and self._chance.hits(_KEYED):
            self._plan(handover, known, state, self._site.clock.now() + 2 * SECOND, self._key)
        elif "approval.given" in takes:
            self._plan(handover, known, state, self._approval(known, state), self._decide)
        elif somebody_comes:
            return  # staff could open it, too; but somebody is waited for
        elif work := self._work_of(known, state, takes):
            pause = self._users.minutes_to_load * MINUTE
            self._plan(handover, known, state, self._work(pause), lambda h, s: self._do(h, s, work))

    def _work_of(self, known: Known, state: str, takes: frozenset[str]) -> str:
        """What staff do in a state: what they have not done there before, so that nobody goes in circles."""
        possible = [word for word in _WORK if f"command.{word}" in takes]
        return next((word for word in possible if (state, word) not in known.done), next(iter(possible), ""))

    def _work(self, mean: float) -> int:
        now = self._site.clock.now()
        return self._calendar.working(now + int(self._chance.about(mean)) + 5 * SECOND, self._chance)

    def _approval(self, known: Known, state: str) -> int:
        """When somebody decides: soon where a person waits for it, which shows in a time of minutes."""
        if self._machines[known.workflow].states[state].after:
            return self._site.clock.now() + int(self._chance.about(40) * SECOND)
        return self._work(10 * MINUTE)

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
            known.planned = True
            self._agenda.at(now, lambda: self._choose_when(handover, known))
            return True
        known.planned = True
        self._agenda.at(moment, lambda: self._visit(handover, known))
        return True

    async def _choose_when(self, handover: str, known: Known) -> None:
        """Most people come in time: they have read until when. Some come when it is over."""
        users, chance, now = self._users, self._chance, self._site.clock.now()
        wait = chance.about(users.hours_to_collect * HOUR)
        if self._site.alive:
            snapshot = await self._site.snapshot(handover)
            left = min((due for due in snapshot.deadlines.values() if due > now), default=0) - now
            if left > 0 and chance.hits(users.late):
                wait = left + wait
            elif 0 < left < wait:
                wait = chance.between(0.05, 0.9) * left
        moment = self._calendar.about(now + int(wait) + MINUTE, chance)
        self._agenda.at(moment, lambda: self._visit(handover, known))

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
        if reader and not await self._present(reader, known, snapshot):
            known.tries += 1
            if known.tries < _TRIES:
                known.planned = True
                pause = int(self._chance.about(30) * MINUTE) + MINUTE
                moment = self._calendar.about(self._site.clock.now() + pause, self._chance)
                self._agenda.at(moment, lambda: self._visit(handover, known))

    async def _present(self, reader: str, known: Known, snapshot: Snapshot) -> bool:
        """Whether anything that the person has is accepted; each is tried once."""
        if self._chance.hits(self._users.wrong_code):
            await self._site.present(reader, Method.PIN, "000000")
        await self._sort_the_post()
        why = ""
        for method, text in self._pocket(known, snapshot):
            code = (await self._site.present(reader, method, text)).code
            if not code.startswith("refused"):
                return True
            why = why or code
        if why:
            self.refused[why] = self.refused.get(why, 0) + 1
        return False

    def _pocket(self, known: Known, snapshot: Snapshot) -> list[tuple[Method, str]]:
        """What the person can present: the latest letter's codes, the label on the parcel, a tag."""
        found: list[tuple[Method, str]] = []
        letter = known.letter
        if letter is not None and letter.code:
            found.append((Method.QR, letter.code))
        if letter is not None and letter.pin:
            found.insert(0 if self._chance.hits(0.5) else len(found), (Method.PIN, letter.pin))
        if snapshot.vars.get("external_ref"):
            found.append((Method.BARCODE, str(snapshot.vars["external_ref"])))
        if known.tag:
            found.append((Method.TAG, known.tag))
        return found

    async def _sort_the_post(self) -> None:
        """Who got which credential since last time."""
        letters, self._site.ground.letters = self._site.ground.letters, []
        wanted = [letter for letter in letters if letter.pin or letter.code]

        def read(reader: Reader) -> list[tuple[str, Letter]]:
            rows = [(reader.execute(_OF_MESSAGE, (one.message_id,)).fetchone(), one) for one in wanted]
            return [(row[0], one) for row, one in rows if row is not None]

        for owner, letter in await self._site.read(read):
            if owner in self.known:
                self.known[owner].letter = letter

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
        if known is not None:
            known.done.add((snapshot.state, word))
        if not taken and known is not None and known.tries < 20:
            known.tries += 1
            self._plan(
                handover, known, snapshot.state, self._work(30 * MINUTE), lambda h, s: self._do(h, s, word)
            )

    def _keys(self, known: Known, takes: frozenset[str]) -> list[str]:
        """The numbers that mean something to a person at the door now."""
        keys = self._machines[known.workflow].keys
        return [key for key, word in keys.items() if f"command.{word}" in takes]

    async def _key(self, handover: str, snapshot: Snapshot) -> None:
        takes = self._takes[snapshot.workflow][snapshot.state]
        keys, reader = self._keys(self.known[handover], takes), self._reader(snapshot)
        if keys and reader:
            await self._site.present(reader, Method.PIN, self._chance.one_of(keys))

    async def _left_behind(self, handover: str, snapshot: Snapshot) -> None:
        await self._command(handover, "resolve", {"verdict": "left", "why": "seen through the open door"})

    async def _decide(self, handover: str, snapshot: Snapshot) -> None:
        """Everybody who is asked answers: different people, each of the role that is wanted."""
        for request in await self._site.read(lambda r: access.open_approvals_of(r, handover)):
            verb = DENY if self._chance.hits(self._users.denies) else APPROVE
            for number in range(request.wanted):
                actor = Actor(f"person:{request.role}-{number + 1}", frozenset({request.role, "supervisor"}))
                await self._site.call(verb, request.id, actor, {"why": "looked at it"})

    async def _command(self, handover: str, word: str, body: Mapping[str, Any]) -> bool:
        return isinstance(await self._site.call(f"handover.{word}", handover, DESK, body), Accepted)

    async def look_around(self) -> None:
        """Once in a while somebody sees to what has been forgotten."""
        for handover, known in list(self.known.items()):
            if known.planned:
                continue
            snapshot = await self._site.snapshot(handover)
            if not snapshot.ended and not snapshot.effect_id:
                self._react(handover, known, snapshot.state, snapshot.status)


def _takes(machine: Machine, name: str) -> frozenset[str]:
    state = machine.states[name]
    parent = machine.states[state.parent].on if state.parent else {}
    return frozenset({**parent, **state.on})
