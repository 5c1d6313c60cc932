"""Runs days of a site: the real hub over the ground, with people, faults and an eye on every promise."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass

from hub.core.clock import DAY, HOUR, Clock
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.workflows.rehearsal import Ground, Plan, Rehearsal
from hub.workflows.run import records
from hub.workflows.run.service import Changed
from hub.workflows.simulate.agenda import Agenda
from hub.workflows.simulate.arrivals import Arrivals
from hub.workflows.simulate.calendar import Calendar
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.checks import Checks
from hub.workflows.simulate.desk import Staff
from hub.workflows.simulate.measures import Measures, Watch
from hub.workflows.simulate.people import People
from hub.workflows.simulate.profiles import FAULTS, USERS, Faults, Users
from hub.workflows.simulate.troubles import Devices, Troubles

#: A Monday: 2026-03-23 00:00 UTC; the second Sunday after it has the spring clock change in Europe.
START = 1_774_224_000_000_000
_LOOK = HOUR
_CHECK = 6 * HOUR
_RARELY = (50_000, 20, 100)


@dataclass(frozen=True, slots=True)
class Settings:
    """What to simulate. The same settings give the same journal, byte for byte."""

    days: int = 30
    seed: int = 1
    users: Users = USERS["normal"]
    faults: Faults = FAULTS["none"]
    start: int = START


def simulate(plan: Plan, settings: Settings, passed: Callable[[int], None] = lambda _: None) -> Measures:
    """Run it; `passed` is told the simulated time (UTC microseconds) as it goes on.

    Raises Violation when a promise does not hold.
    """
    gc.collect()
    gc.freeze()  # what was loaded lives to the end; looking through it again and again finds nothing
    usual = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        return run_virtual(lambda clock: _Days(plan, settings, clock).run(passed), settings.start)
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class _Days:
    def __init__(self, plan: Plan, settings: Settings, clock: Clock) -> None:
        seed, self._settings, self._clock = settings.seed, settings, clock
        self._measures = Measures(settings.start, settings.days, plan.places.currency)
        self._machines = records.Machines()
        devices = Devices(settings.users, settings.faults, Chance(seed, "devices"))
        self._site = Rehearsal(
            plan, Ground(devices, clock.now), clock, SeededEntropy(f"{seed}/hub"), grouped=True
        )
        self._agenda = Agenda(clock)
        calendar = Calendar(plan.words.time_zone)
        watch = Watch(self._measures, {name: one for name, (one, _) in plan.workflows.items()}, clock)
        self._site.listen(Changed, watch.changed)
        self._people = People(self._site, self._agenda, calendar, settings.users, Chance(seed, "people"))
        self._staff = Staff(self._site, self._agenda, calendar, devices, Chance(seed, "staff"))
        self._arrivals = Arrivals(
            self._site, self._people, self._agenda, calendar, settings.users, Chance(seed, "arrivals")
        )
        self._troubles = Troubles(self._site, devices, self._agenda.later, Chance(seed, "troubles"))
        self._checks = Checks(self._machines)

    async def run(self, passed: Callable[[int], None]) -> Measures:
        end = self._settings.start + self._settings.days * DAY
        await self._site.begin()
        try:
            self._staff.begin()
            self._troubles.begin()
            self._arrivals.begin(end)
            self._agenda.later(_LOOK, self._hourly)
            self._agenda.later(_CHECK, self._check)
            await self._agenda.run(end, passed)
            await self._site.quiet()
            await self._check()
            await self._conclude()
        finally:
            await self._site.end()
        return self._measures

    async def _hourly(self) -> None:
        self._agenda.later(_LOOK, self._hourly)
        self._site.told.clear()
        if self._site.alive:
            await self._site.read(lambda r: self._measures.sample(r, self._clock.now()))

    async def _check(self) -> None:
        self._agenda.later(_CHECK, self._check)
        if self._site.alive:
            await self._people.look_around()
            await self._site.read(lambda r: self._checks.look(r, self._clock.now()))

    async def _conclude(self) -> None:
        found = self._measures
        await self._site.read(lambda r: found.read(r, self._clock.now()))
        found.events, head = self._site.memory.verify()
        found.head = head.hex()
        found.asked, found.turned_away = self._arrivals.asked, self._arrivals.turned_away
        found.refused, found.faults = self._people.refused, self._troubles.happened
        found.looks = self._checks.looks
