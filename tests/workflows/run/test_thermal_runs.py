"""Food in a refrigerated bank, on the virtual clock over the real store, runner and blueprint."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import access, custody, desk
from hub.core.clock import HOUR, MINUTE, SECOND
from hub.core.commands import Actor
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.custody import thermal
from hub.custody.thermal import DEFAULTS
from hub.model.observations import FaultRaised
from hub.model.states import Door, FaultKind, Method, Service, Size, Thermal
from hub.store import StoreBlocked
from hub.store.cursors import read_stream
from hub.workflows.compile import compile_blueprint
from hub.workflows.rehearsal import Ground, Plan, Rehearsal, Script
from hub.workflows.rehearsal.ground import PLAIN_RAIL
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.service import Order
from hub.workflows.run.words import Words

BLUEPRINTS = Path(__file__).parents[3] / "blueprints"
START = 1_790_000_000_000_000
COLD = replace(DEFAULTS[Thermal.REFRIGERATED], defrost=0, filling=0, door=0)
MEAL = {"sku": "meal", "quantity": 1, "size": "M", "thermal": "refrigerated"}


class Kitchen:
    """A refrigerated bank with two workflows, a kitchen, customers, and air that does as told."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.ground = Ground(Script({}), clock.now, PLAIN_RAIL)
        meals = compile_blueprint(BLUEPRINTS / "food_collection.yaml", "meals", {"bank": "cold"})
        parcels = compile_blueprint(BLUEPRINTS / "pickup.yaml", "parcels", {"bank": "cold"})
        assert meals.machine and parcels.machine
        plan = Plan(
            compartments=tuple(
                custody.CompartmentSpec("cold", f"C{n}", "locks", str(n), Size.M, Thermal.REFRIGERATED)
                for n in (1, 2, 3)
            ),
            places=Places(
                {"front": TerminalPlace("front", ("reader",), "", ("cold",))}, {"climate": ("cold",)}, "EUR",
                {"cold": COLD},
            ),
            words=Words("the kitchen", "Europe/Berlin"),
            workflows={"meals": (meals.machine, ""), "parcels": (parcels.machine, "")},
            people=(access.PersonSpec("ada", (), (), None, {"name": "Ada", "email": "ada@example.org"}),),
        )
        self.site = Rehearsal(plan, self.ground, clock, SeededEntropy(7))

    async def filled(self, workflow: str = "meals", **item: Any) -> str:
        """An order that lies in the bank; its handover id."""
        window = {"until": self.clock.now() + 12 * HOUR}
        handover = await self.site.create(Order(
            workflow, ({**MEAL, **item},), recipient={"ref": "ada", "email": "ada@example.org"},
            external_ref=f"order-{self.clock.now()}", window=window,
        ))
        await self.ask(handover, "load")
        await self.shut(handover)
        return handover

    async def ask(self, handover: str, verb: str, role: str = "supervisor") -> Any:
        actor = Actor("token:desk", frozenset({role}))
        answer = await self.site.call(f"handover.{verb}", handover, actor, {})
        await self.site.quiet()
        return answer

    async def shut(self, handover: str) -> None:
        place = await self.place(handover)
        self.site.door(place.door_device, place.door_name, Door.CLOSED)
        await self.site.rest()

    async def wait(self, span: int) -> None:
        await self.site.until(self.clock.now() + span)

    def air(self, celsius: float) -> None:
        self.ground.air["climate"] = round(celsius * 1000)

    async def present(self) -> str:
        pin = [letter.pin for letter in self.ground.letters if letter.pin][-1]
        told = await self.site.present("reader", Method.PIN, pin)
        await self.site.quiet()
        return told.code

    async def place(self, handover: str) -> custody.Compartment:
        [*_, last] = await self.site.read(lambda r: custody.allocations_of(r, handover))
        return await self.site.read(lambda r: custody.compartment(r, last.compartment))

    async def lot(self, handover: str) -> thermal.Lot:
        return (await self.site.read(lambda r: thermal.lots_of(r, handover)))[-1]

    async def state(self, handover: str) -> str:
        return (await self.site.snapshot(handover)).state

    async def incidents(self) -> dict[str, desk.Incident]:
        found = await self.site.read(lambda r: desk.incidents(r, only_open=True))
        return {incident.kind: incident for incident in found}

    async def noted(self, handover: str, type: str) -> list[Any]:
        events = await self.site.read(lambda r: read_stream(r, f"handover/{handover}", 0, 10_000))
        return [event.body for event in events if event.type == type]

    async def power_cut(self, span: int) -> None:
        await self.site.kill()
        await self.wait(span)
        await self.site.begin()
        await self.site.rest()


@pytest.fixture
def kitchen() -> Callable[[Callable[[Kitchen], Coroutine[Any, Any, None]]], None]:
    """Run `main(kitchen)` on the virtual clock."""

    def run(main: Callable[[Kitchen], Coroutine[Any, Any, None]]) -> None:
        async def inside(clock: Any) -> None:
            here = Kitchen(clock)
            await here.site.begin()
            try:
                await main(here)
            finally:
                await here.site.end()

        run_virtual(inside, START)

    return run


@pytest.mark.req("AL-01", "IC-01", "ES-02")
def test_somebody_is_told_with_time_left_and_again_when_the_lot_is_lost(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        await here.wait(HOUR)
        here.air(12)
        await here.wait(35 * MINUTE)
        warning = (await here.incidents())["thermal_warning"]
        left = (warning.due or 0) - warning.opened
        assert 85 * MINUTE <= left <= 90 * MINUTE
        assert (warning.target, warning.owner) == ("cold/C1", "role:staff")
        assert (await here.place(handover)).service is Service.IN_SERVICE
        await here.wait(90 * MINUTE)
        assert (await here.incidents())["thermal_breach"].urgency == "high"
        [breach] = await here.noted(handover, "thermal.breached")
        assert (breach["why"], breach["used"] // MINUTE) == ("warm", 120)
        assert here.clock.now() > breach["since"] >= START + HOUR

    kitchen(main)


@pytest.mark.req("TH-03")
def test_a_breach_is_told_at_the_limit_and_not_at_the_next_reading(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        await here.wait(HOUR)
        here.ground.dark.add("climate")
        await here.wait(2 * HOUR - 61 * SECOND)
        assert await here.state(handover) == "waiting"
        await here.wait(62 * SECOND)
        assert await here.state(handover) == "condemned"
        assert (await here.lot(handover)).why == "silent"

    kitchen(main)


def test_a_thermometer_that_says_it_is_offline_counts_at_once(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        here.ground.dark.add("climate")
        await here.site.observe(FaultRaised("climate", FaultKind.OFFLINE))
        await here.wait(31 * MINUTE)
        assert (await here.lot(handover)).warned is not None

    kitchen(main)


def test_the_thermometers_own_limits_start_the_clock(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        await here.wait(HOUR)
        await here.site.observe(FaultRaised("climate", FaultKind.THERMAL_WARNING, "", "5.5 °C"))
        await here.wait(2 * HOUR + MINUTE)
        assert await here.state(handover) == "condemned"

    kitchen(main)


@pytest.mark.req("TH-03", "OF-01")
def test_a_killed_hub_goes_on_with_the_clock_of_every_lot(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        here.air(12)
        await here.wait(HOUR)
        await here.power_cut(0)
        used = (await here.lot(handover)).used
        assert 59 * MINUTE <= used <= 61 * MINUTE
        await here.wait(HOUR + MINUTE)
        assert await here.state(handover) == "condemned"
        assert len(await here.noted(handover, "thermal.breached")) == 1

    kitchen(main)


@pytest.mark.req("TH-03", "OF-01")
def test_three_hours_without_power_are_a_breach_before_anybody_can_collect(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        await here.wait(HOUR)
        await here.site.kill()
        await here.wait(3 * HOUR)
        await here.site.begin()
        assert (await here.present()).startswith("refused")
        await here.site.rest()
        assert await here.state(handover) == "condemned"
        assert (await here.lot(handover)).why == "outage"
        assert (await here.place(handover)).reasons == ("thermal_breach",)
        assert len(here.ground.opened) == 1

    kitchen(main)


@pytest.mark.req("TH-03")
def test_a_thermometer_that_left_the_site_is_silent_for_what_still_lies_there(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        await here.wait(HOUR)
        here.site.plan = replace(here.site.plan, places=replace(here.site.plan.places, climate={}))
        here.ground.dark.add("climate")
        await here.power_cut(0)
        await here.wait(2 * HOUR + MINUTE)
        assert await here.state(handover) == "condemned"

    kitchen(main)


def test_several_short_outages_add_up(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        for _ in range(5):
            await here.wait(HOUR)
            await here.power_cut(25 * MINUTE)
        assert await here.state(handover) == "condemned"

    kitchen(main)


def test_a_breach_that_was_stored_but_not_told_is_told_after_a_kill(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        lot = await here.lot(handover)
        used = "UPDATE thermal_lot SET used = ?, since = ?, why = 'warm' WHERE allocation = ?"
        await here.site.store.write(lambda tx: tx.execute(used, (3 * HOUR, START, lot.allocation)))
        await here.site.store.write(
            lambda tx: thermal.breach(tx, replace(lot, used=3 * HOUR, why="warm"), here.clock.now())
        )
        await here.power_cut(0)
        await here.wait(31 * MINUTE)
        assert await here.state(handover) == "condemned"

    kitchen(main)


@pytest.mark.req("TH-03")
def test_whatever_bar_the_desk_lifts_the_lot_is_not_handed_out(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled("parcels")
        await here.wait(HOUR)
        here.air(12)
        await here.wait(2 * HOUR + 5 * MINUTE)
        assert await here.state(handover) == "waiting"
        here.air(4)
        await here.wait(HOUR)
        await here.site.store.write(lambda tx: custody.unbar(tx, "cold/C1", here.clock.now()))
        await here.present()
        assert len(here.ground.opened) == 1

    kitchen(main)


def test_nobody_is_called_twice_about_one_lot(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        await here.filled("parcels")
        here.air(12)
        await here.wait(2 * HOUR + 5 * MINUTE)
        incident = (await here.incidents())["thermal_breach"]
        actor, body = Actor("token:desk", frozenset({"supervisor"})), {"verdict": "closed", "why": "seen to"}
        await here.site.call("incident.resolve", incident.id, actor, body)
        await here.wait(4 * HOUR)
        assert "thermal_breach" not in await here.incidents()

    kitchen(main)


@pytest.mark.req("WF-09")
def test_a_workflow_that_knows_no_thermal_classes_is_kept_from_spoiled_goods_too(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        await here.filled("parcels")
        await here.wait(HOUR)
        here.air(12)
        await here.wait(2 * HOUR + 5 * MINUTE)
        assert {"thermal_warning", "thermal_breach"} <= (await here.incidents()).keys()
        await here.present()
        assert len(here.ground.opened) == 1

    kitchen(main)


def test_what_is_ambient_does_not_mind(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled("parcels")
        lots = await here.site.read(lambda r: thermal.lots_of(r, handover))
        assert len(lots) == 1
        await here.site.store.write(lambda tx: tx.execute(
            "UPDATE compartment SET thermal = 'ambient' WHERE id = 'cold/C2'"
        ))
        book = await here.filled("parcels", sku="book", thermal="ambient")
        assert await here.site.read(lambda r: thermal.lots_of(r, book)) == []

    kitchen(main)


def test_every_lot_has_its_own_clock(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        first = await here.filled()
        here.air(12)
        await here.wait(100 * MINUTE)
        second = await here.filled()
        await here.wait(25 * MINUTE)
        assert (await here.state(first), await here.state(second)) == ("condemned", "waiting")
        assert (await here.lot(second)).used <= 26 * MINUTE

    kitchen(main)


def test_a_breach_in_a_state_that_does_not_take_it_is_told_when_it_can(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        await here.wait(HOUR)
        here.site.door("locks", "1", Door.OPEN, commanded=False)
        await here.site.rest()
        await here.shut(handover)
        assert await here.state(handover) == "breached"
        here.air(12)
        await here.wait(3 * HOUR)
        assert await here.state(handover) == "breached"
        incident = (await here.incidents())["breach"]
        desk_actor = Actor("token:desk", frozenset({"supervisor"}))
        body = {"verdict": "refuted", "why": "still there"}
        await here.site.call("incident.resolve", incident.id, desk_actor, body)
        await here.wait(HOUR)
        assert await here.state(handover) == "condemned"

    kitchen(main)


_STEPS = st.lists(
    st.tuples(st.sampled_from(["cold", "warm", "silent", "down", "killed"]), st.integers(3, 40)),
    min_size=1, max_size=8,
)


@pytest.mark.req("TH-03")
@settings(max_examples=25, deadline=None)
@given(_STEPS)
def test_whatever_happens_no_time_out_of_class_is_missed(steps: list[tuple[str, int]]) -> None:
    async def main(clock: Any) -> None:
        here = Kitchen(clock)
        await here.site.begin()
        handover = await here.filled()
        bad = 0
        for what, minutes in [*steps, ("cold", 3)]:
            here.air(12 if what == "warm" else 4)
            (here.ground.dark.add if what == "silent" else here.ground.dark.discard)("climate")
            if what == "down":
                await here.power_cut(minutes * MINUTE)
            else:
                if what == "killed":
                    await here.power_cut(0)
                await here.wait(minutes * MINUTE)
            bad += 0 if what in ("cold", "killed") else minutes * MINUTE
        lot = await here.lot(handover)
        assert bad <= lot.used <= bad + len(steps) * 3 * MINUTE
        assert (lot.breached is not None) == (lot.used >= COLD.allowed)
        await here.site.end()

    run_virtual(main, START)


def test_what_a_full_disk_does_not_take_is_counted_afterwards(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        store = here.site.store
        write = store.write

        async def full(fn: Any, **more: Any) -> Any:
            raise StoreBlocked("the disk is full", "make room")

        store.write = full
        here.air(12)
        await here.wait(20 * MINUTE)
        here.air(4)
        await here.wait(5 * MINUTE)
        store.write = write
        await here.wait(5 * MINUTE)
        assert 20 * MINUTE <= (await here.lot(handover)).used <= 22 * MINUTE

    kitchen(main)


@pytest.mark.req("TH-03")
def test_staff_dispose_and_the_compartment_serves_again(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        here.air(12)
        await here.wait(3 * HOUR)
        here.air(4)
        await here.ask(handover, "dispose", "staff")
        await here.shut(handover)
        assert (await here.lot(handover)).disposed is not None
        place = await here.place(handover)
        assert (place.service, place.hold) == (Service.IN_SERVICE, "free")
        other = await here.filled()
        assert (await here.lot(other)).used == 0

    kitchen(main)


def test_nobody_disposes_without_the_right_to(kitchen: Any) -> None:
    async def main(here: Kitchen) -> None:
        handover = await here.filled()
        here.air(12)
        await here.wait(3 * HOUR)
        answer = await here.ask(handover, "dispose", "api.read")
        assert answer.code == "forbidden"
        assert (await here.lot(handover)).disposed is None

    kitchen(main)
