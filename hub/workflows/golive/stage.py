"""One workflow of a site, played by people who do everything right, up to where something is to be tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub import access
from hub.core.clock import HOUR, SECOND, Clock
from hub.core.commands import Accepted, Actor
from hub.core.entropy import SeededEntropy
from hub.model.failures import StepFailed
from hub.model.states import Door, Method
from hub.store import Reader
from hub.workflows.engine import Snapshot
from hub.workflows.machine import Machine
from hub.workflows.rehearsal import Ground, Plan, Rehearsal, Script
from hub.workflows.rehearsal.orders import order_of
from hub.workflows.run.approving import APPROVE
from hub.workflows.run.places import TerminalPlace
from hub.workflows.run.records import ReferenceTaken
from hub.workflows.run.service import UnknownWorkflow
from hub.workflows.simulate.arrivals import Stream, streams
from hub.workflows.simulate.profiles import USERS

#: A terminal that serves nothing: a reader at which no credential of the site is good.
ELSEWHERE = "another place"
ELSEWHERE_READER = "another reader"
_ACCEPTED = "credential.accepted"
#: Roles of people who act for themselves: staff who have them, too, would use a right of their own.
_VISITORS = frozenset({"recipient", "depositor"})
#: After these a credential would open its last door once more.
_DONE = ("completed", "partially_completed")
_WORK = ("load", "inspect", "provide", "complete", "dispose", "end", "open")
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "inspect": {"verdict": "accept"}, "provide": {"values": {"address": "Somewhere 1"}},
}
_STEPS, _PAUSE, _DAY_HOURS = 60, 3 * SECOND, 24
_FIRST = "SELECT id FROM handover ORDER BY created, rowid LIMIT 1"
_NEXT_TIMER = "SELECT min(due) FROM timer WHERE handover_id = ?"
_OF_EFFECT = "SELECT handover_id FROM effect WHERE id = ?"
_OF_MESSAGE = "SELECT handover_id FROM message WHERE id = ?"
_GRANTS = """
SELECT party, person_ref, terminals, valid_from, valid_until, members, badge FROM access_grant
WHERE handover_id = ? AND closed = 0 AND party <> '' ORDER BY created DESC, id DESC
"""


class NotReached(Exception):
    """The play did not get to where it should; the text says how far it came."""


#: Why a play may end before its time; each has a text for the report.
STOPPED = (NotReached, StepFailed, UnknownWorkflow, ReferenceTaken, ValueError)


@dataclass(frozen=True, slots=True)
class Right:
    """An open grant. Times are UTC microseconds; `terminals` at which it is good, none for everywhere."""

    party: str
    terminals: frozenset[str]
    since: int
    until: int


def only(plan: Plan, workflow: str) -> Plan:
    """The site with one of its workflows, and with a terminal that serves none of its banks."""
    places = plan.places
    elsewhere = TerminalPlace(ELSEWHERE, (ELSEWHERE_READER,))
    return replace(
        plan, workflows={workflow: plan.workflows[workflow]},
        places=replace(places, terminals={**places.terminals, ELSEWHERE: elsewhere}),
    )


class Stage:
    """Plays one handover. `stations` are the states in which a credential was accepted, in order, and which
    of the things that people held it was."""

    def __init__(
        self, plan: Plan, workflow: str, clock: Clock, *, window: Mapping[str, int] | None = None,
    ) -> None:
        self.plan = only(plan, workflow)
        self.script = Script({})
        self.ground = Ground(self.script, clock.now)
        self.site = Rehearsal(self.plan, self.ground, clock, SeededEntropy(f"golive/{workflow}"))
        self.machine: Machine = plan.workflows[workflow][0]
        self.staff = Actor("person:rehearsal", frozenset(plan.policy.roles) - _VISITORS)
        self.handover = ""
        self.stations: list[tuple[str, int]] = []
        self.reader = ""
        self._window = {name: clock.now() + after for name, after in (window or {}).items()}
        self._clock = clock
        self._ajar: list[tuple[str, str]] = []
        self._done: set[tuple[str, str]] = set()
        self._tag = ""
        self._seconds = 0
        self.ground.opens = lambda device, door: self._ajar.append((device, door))

    async def __aenter__(self) -> Stage:
        await self.site.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.site.end()

    # Beginnings

    async def arrive(self) -> None:
        """Somebody begins it, as its blueprint names first. Raises NotReached."""
        stream = next(one for one in streams(self.plan, USERS["normal"]))
        terminal = self.plan.places.terminals.get(stream.terminal)
        self.reader = terminal.readers[0] if terminal and terminal.readers else ""
        told = await self._begin(stream)
        await self.settle()
        row = await self.site.read(lambda r: r.execute(_FIRST).fetchone())
        if row is None:
            raise NotReached(f"nobody in the rehearsal can begin it{f': {told}' if told else ''}")
        self.handover = str(row[0])

    async def _begin(self, stream: Stream) -> str:
        start = next((one for one in self.machine.start if one.on == stream.way), None)
        if start is None:
            await self.site.until(self._clock.now() + 8 * _DAY_HOURS * HOUR)  # a schedule opens by itself
            return ""
        if start.keys and self.reader:
            await self.site.present(self.reader, Method.PIN, start.keys)
        if stream.way == "selection":
            wanted = [str(product.selection) for product in stream.products if product.selection]
            return (await self.site.present(self.reader, Method.PIN, wanted[0])).code if wanted else ""
        if stream.way in ("tag", "code"):
            self._tag = stream.members[0].tags[0] if stream.members else ""
            told = await self.site.present(self.reader, Method.TAG, self._tag) if self._tag else None
            if stream.way == "code":
                told = await self.site.present(self.reader, Method.BARCODE, "GOLIVE-1")
            return told.code if told else "no person of the site may begin it with a tag"
        return await self._order(stream, start.terminal)

    async def _order(self, stream: Stream, terminal: str) -> str:
        product = stream.products[0] if stream.products else None
        price = product.price.minor if product else 500
        size, thermal = stream.boxes[0]
        item = {"sku": product.sku if product else "item", "quantity": 1, "size": size, "thermal": thermal,
                "price": price}
        person = {"name": "Rehearsal", "email": "rehearsal@example.org", "ref": "rehearsal"}
        member = next(iter(stream.members), None)
        if member is not None:
            person, self._tag = {"ref": member.key, **member.contact}, member.tags[0]
        currency = self.plan.places.currency
        order = order_of(
            self.machine.workflow, [item], person, "golive-1", window=self._window, terminal=terminal,
            leg={"amount": price, "currency": currency, "item": 1},
            depositor={**person, "ref": "rehearsal-depositor"}, data={},
            due=self._clock.now() + _DAY_HOURS * HOUR,
            paid={"reference": "golive", "amount": price, "currency": currency},
        )
        await self.site.create(order, start=stream.way)
        return ""

    # The play

    async def settle(self) -> None:
        """Let what is under way come to its end, and shut the doors that stand open."""
        await self.site.quiet()
        await self.site.until(self._clock.now() + _PAUSE)
        ajar, self._ajar = self._ajar, []
        for device, door in ajar:
            self.ground.move(device, door, Door.CLOSED)
        await self.site.quiet()

    async def to_station(self, number: int) -> list[tuple[Method, str]]:
        """Play up to the given place where a credential is taken; what can be presented there.

        Raises NotReached.
        """
        for _ in range(_STEPS):
            snapshot = await self.snapshot()
            if snapshot.ended:
                break
            pocket = await self.pocket(snapshot) if self._awaits(snapshot) else []
            if pocket and not self._passed(snapshot.state) and len(self.stations) == number:
                return pocket
            if not await self._go_on(snapshot, pocket):
                break
        raise NotReached(await self._how_far())

    async def to_the_end(self) -> bool:
        """Play on until it has ended; whether it did."""
        for _ in range(_STEPS):
            snapshot = await self.snapshot()
            if snapshot.ended:
                return True
            pocket = await self.pocket(snapshot) if self._awaits(snapshot) else []
            if not await self._go_on(snapshot, pocket):
                return False
        return False

    async def _go_on(self, snapshot: Snapshot, pocket: list[tuple[Method, str]]) -> bool:
        """One step of the play; False when there is nothing left to do or to wait for."""
        if pocket:
            await self.site.until(min((right.since for right in await self.rights()), default=0))
        tried = (snapshot.state, _ACCEPTED) in self._done
        for index, (method, text) in enumerate(() if tried else pocket):
            if await self.present(method, text):
                self._done.add((snapshot.state, _ACCEPTED))
                if not self._passed(snapshot.state):
                    self.stations.append((snapshot.state, index))
                return True
        if await self._decide() or await self._work(snapshot):
            return True
        due = await self.site.read(lambda r: r.execute(_NEXT_TIMER, (self.handover,)).fetchone()[0])
        if due is None:
            return False
        await self.site.until(max(due, self._clock.now()) + SECOND)
        await self.settle()
        return True

    async def begin_work(self) -> None:
        """Staff do and decide what there is to do now, as long as nothing has to be waited for."""
        for _ in range(len(_WORK)):
            snapshot = await self.snapshot()
            if snapshot.ended or not (await self._decide() or await self._work(snapshot)):
                return

    def try_again(self) -> None:
        """What was tried before may be tried again: the reason why it did not work is gone."""
        self._done.clear()

    def _passed(self, state: str) -> bool:
        return any(state == known for known, _ in self.stations)

    async def present(self, method: Method, text: str, reader: str = "") -> bool:
        """Show something at the reader; whether it was taken."""
        return not (await self.tell(method, text, reader)).startswith("refused")

    async def tell(self, method: Method, text: str, reader: str = "") -> str:
        """Show something at a reader; what the person is told: a word, or refused.REASON."""
        told = await self.site.present(reader or self.reader, method, text)
        await self.settle()
        return told.code

    async def _decide(self) -> bool:
        requests = await self.site.read(lambda r: access.open_approvals_of(r, self.handover))
        for request in requests:
            for _ in range(request.wanted):
                self._seconds += 1  # somebody else each time: nobody may answer twice
                actor = Actor(f"person:second-{self._seconds}", self.staff.roles)
                await self.site.call(APPROVE, request.id, actor, {"why": "rehearsal"})
        if requests:
            await self.settle()
        return bool(requests)

    async def _work(self, snapshot: Snapshot) -> bool:
        takes = self.takes(snapshot)
        for word in _WORK:
            if f"command.{word}" in takes and (snapshot.state, word) not in self._done:
                self._done.add((snapshot.state, word))
                if await self.command(word, _BODIES.get(word, {})):
                    return True
        return False

    async def command(self, word: str, body: Mapping[str, Any] | None = None) -> bool:
        """Ask something of the handover as staff; whether it was done."""
        given = {**(body or {}), "why": "rehearsal"}
        answer = await self.site.call(f"handover.{word}", self.handover, self.staff, given)
        await self.settle()
        return isinstance(answer, Accepted)

    # What can be seen

    async def snapshot(self) -> Snapshot:
        """Where the handover stands."""
        return await self.site.snapshot(self.handover)

    def takes(self, snapshot: Snapshot) -> frozenset[str]:
        """The events for which its state has arrows."""
        state = self.machine.states[snapshot.state]
        parent = self.machine.states[state.parent].on if state.parent else {}
        return frozenset({**parent, **state.on})

    def _awaits(self, snapshot: Snapshot) -> bool:
        """Whether somebody comes now: staff fill what is to be filled, and what is done is done."""
        takes = self.takes(snapshot)
        return _ACCEPTED in takes and "command.load" not in takes and snapshot.status not in _DONE

    async def opened(self) -> int:
        """How many doors were opened for this handover so far."""
        effects = [entry[3] for entry in self.ground.opened]

        def read(reader: Reader) -> int:
            owners = [reader.execute(_OF_EFFECT, (effect,)).fetchone() for effect in effects]
            return sum(row is not None and row[0] == self.handover for row in owners)

        return await self.site.read(read)

    async def rights(self) -> list[Right]:
        """The open grants of the handover, the newest first."""
        rows = await self.site.read(lambda r: r.execute(_GRANTS, (self.handover,)).fetchall())
        return [Right(row[0], frozenset((row[2] or "").split()), row[3], row[4]) for row in rows]

    async def pocket(self, snapshot: Snapshot) -> list[tuple[Method, str]]:
        """What people hold for this handover: codes of their letters, a parcel's label, their tags."""
        letters = [letter for letter in reversed(self.ground.letters) if letter.pin or letter.code]

        def read(reader: Reader) -> tuple[list[Any], list[Any]]:
            own = [
                letter for letter in letters
                if (reader.execute(_OF_MESSAGE, (letter.message_id,)).fetchone() or ("",))[0] == self.handover
            ]
            return own, reader.execute(_GRANTS, (self.handover,)).fetchall()

        own, grants = await self.site.read(read)
        found = [(Method.QR, str(letter.code)) for letter in own if letter.code][:2]
        found += [(Method.PIN, str(letter.pin)) for letter in own if letter.pin][:2]
        if snapshot.vars.get("external_ref"):
            found.append((Method.BARCODE, str(snapshot.vars["external_ref"])))
        if self._tag and any(row[6] for row in grants):
            found.append((Method.TAG, self._tag))
        for members in {str(row[5]) for row in grants if row[5]}:
            found += [(Method.TAG, person.tags[0]) for person in self._members(members) if person.tags]
        return found if grants else []

    def _members(self, members: str) -> list[access.PersonSpec]:
        kind, _, name = members.partition(":")
        return [
            person for person in self.plan.people
            if name in (person.roles if kind == "role" else person.groups)
        ]

    async def _how_far(self) -> str:
        snapshot = await self.snapshot()
        return f"the rehearsal came as far as state '{snapshot.state}'"
