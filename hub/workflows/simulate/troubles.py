"""What breaks, and when: the answers of devices, and faults that come by themselves (S16)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hub.core.clock import DAY, HOUR, MINUTE, SECOND
from hub.model.observations import FaultCleared, FaultRaised
from hub.model.states import Door, FaultKind
from hub.workflows.rehearsal import Answer, Rehearsal
from hub.workflows.rehearsal.answers import NOBODY_KNOWS, NOT_SENT, REFUSED, UNSEEN
from hub.workflows.rehearsal.plan import LETTERS
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.profiles import Faults, Users

Later = Callable[[int, Callable[[], Awaitable[None]]], None]
_NO_MOTION = 5 * SECOND


@dataclass(slots=True)
class Devices:
    """How devices answer: well, unless chance has it otherwise. `stuck` doors wait to be mended."""

    users: Users
    faults: Faults
    chance: Chance
    stuck: set[tuple[str, str]] = field(default_factory=set)
    letters_down: bool = False

    def __call__(self, kind: str, device: str, target: str) -> Answer:
        """What the device does with one act."""
        match kind:
            case "open":
                return self._open(device, target)
            case "dispense":
                return self._dispense()
            case "authorise":
                return self._authorise()
            case "check_age":
                young = self.chance.hits(self.users.under_age)
                return Answer("under age" if young else "old enough", self._seconds(4, 15))
            case "notify":
                return Answer("down" if self.letters_down else "delivered", 0)
            case _:
                return self._money()

    def away(self, kind: str, device: str) -> bool:
        """Boards go dark as a whole, which the ground knows."""
        return False

    def _open(self, device: str, door: str) -> Answer:
        faults, chance = self.faults, self.chance
        if (device, door) in self.stuck:
            return Answer("stuck", _NO_MOTION)
        if chance.hits(faults.stuck):
            self.stuck.add((device, door))
            return Answer("stuck", _NO_MOTION)
        rare = {NOBODY_KNOWS: faults.in_doubt, UNSEEN: faults.unseen, NOT_SENT: faults.not_sent}
        for word, share in rare.items():
            if chance.hits(share):
                return Answer(word, _NO_MOTION)
        return Answer("opens", self._seconds(0.2, 0.8))

    def _dispense(self) -> Answer:
        if self.chance.hits(self.faults.jam):
            return Answer(self.chance.one_of(("jam", "no drop", "motor fault")), _NO_MOTION)
        if self.chance.hits(self.faults.in_doubt):
            return Answer(NOBODY_KNOWS, _NO_MOTION)
        return Answer("drops", self._seconds(2, 6))

    def _authorise(self) -> Answer:
        chance = self.chance
        if chance.hits(self.users.declines):
            return Answer("denied", self._seconds(3, 12))
        if chance.hits(self.users.walks_away):
            return Answer(chance.one_of(("cancelled", "expired")), self._seconds(8, 50))
        if chance.hits(self.faults.payment_unknown):
            return Answer(NOBODY_KNOWS, self._seconds(10, 50))
        return Answer("paid", self._seconds(3, 20))

    def _money(self) -> Answer:
        if self.chance.hits(self.faults.money_refused):
            return Answer(REFUSED, SECOND)
        if self.chance.hits(self.faults.payment_unknown):
            return Answer(NOBODY_KNOWS, SECOND)
        return Answer("done", self._seconds(0.1, 0.5))

    def _seconds(self, low: float, high: float) -> int:
        return int(self.chance.between(low, high) * SECOND)


class Troubles:
    """Faults that nobody asked for. Each kind comes at its own rate, and ends again."""

    def __init__(self, site: Rehearsal, devices: Devices, later: Later, chance: Chance) -> None:
        self._site = site
        self._devices = devices
        self._later = later
        self._chance = chance
        self.happened: dict[str, int] = {}
        self._boards = sorted(site.plan.boards)
        self._doors = sorted((board, door) for board, doors in site.plan.boards.items() for door in doors)
        self._thermometers = sorted(site.plan.places.thermometers)

    def begin(self) -> None:
        """Lay out the first of each kind."""
        faults = self._devices.faults
        for rate, fault in (
            (faults.boards_dark_per_day * len(self._boards), self._dark),
            (faults.power_cuts_per_day, self._power_cut),
            (faults.lying_contacts_per_day * len(self._doors), self._lying),
            (faults.thermometers_drift_per_day * len(self._thermometers), self._drift),
            (faults.breaches_per_day * len(self._doors), self._breach),
            (faults.letters_down_per_day, self._letters),
        ):
            if rate > 0:
                self._next(rate, fault)

    def _next(self, rate: float, fault: Callable[[], Awaitable[None]]) -> None:
        async def come() -> None:
            name = fault.__name__.strip("_")
            self.happened[name] = self.happened.get(name, 0) + 1
            await fault()
            self._next(rate, fault)

        self._later(int(self._chance.about(DAY / rate)), come)

    async def _dark(self) -> None:
        board = self._chance.one_of(self._boards)
        self._site.ground.dark.add(board)
        await self._fault(board, FaultKind.OFFLINE, raised=True)

        async def back() -> None:
            self._site.ground.dark.discard(board)
            await self._fault(board, FaultKind.OFFLINE, raised=False)

        self._later(int(self._chance.between(1, 40) * MINUTE), back)

    async def _power_cut(self) -> None:
        await self._site.kill()
        await self._site.until(self._site.clock.now() + int(self._chance.between(20, 600) * SECOND))
        await self._site.begin()

    async def _lying(self) -> None:
        door = self._chance.one_of(self._doors)
        self._site.ground.mute.add(door)

        async def mended() -> None:
            self._site.ground.mute.discard(door)

        self._later(int(self._chance.between(1, 24) * HOUR), mended)

    async def _drift(self) -> None:
        device = self._chance.one_of(self._thermometers)
        air = self._site.ground.air
        if device not in air:
            return
        was = air[device]
        air[device] = was + int(self._chance.between(4_000, 12_000))

        async def calibrated() -> None:
            air[device] = was

        self._later(int(self._chance.between(0.2, 6) * HOUR), calibrated)

    async def _breach(self) -> None:
        board, door = self._chance.one_of(self._doors)
        if self._site.ground.doors.get((board, door), Door.CLOSED) is Door.OPEN:
            return
        self._site.ground.move(board, door, Door.OPEN, commanded=False)

        async def shut() -> None:
            self._site.ground.move(board, door, Door.CLOSED)

        self._later(int(self._chance.between(1, 30) * MINUTE), shut)

    async def _letters(self) -> None:
        self._devices.letters_down = True
        await self._fault(LETTERS, FaultKind.OFFLINE, raised=True)

        async def up() -> None:
            self._devices.letters_down = False
            await self._fault(LETTERS, FaultKind.OFFLINE, raised=False)

        self._later(int(self._chance.between(2, 120) * MINUTE), up)

    async def _fault(self, device: str, kind: FaultKind, *, raised: bool) -> None:
        if self._site.alive:
            await self._site.observe(FaultRaised(device, kind) if raised else FaultCleared(device, kind))
