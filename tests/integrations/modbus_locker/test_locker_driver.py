"""The driver's own promises, on virtual time: order, rest, safety, sensors, boards without inputs."""

import asyncio
import itertools

import pytest

from hub.api import ConfigError, NotReady, NotSent, Rejected
from hub.model.observations import DoorSeen
from hub.model.states import Door, FaultKind, Verdict
from hub.testing import load_profile, make_intent
from integrations import modbus_locker, temperature

WAVESHARE = load_profile(modbus_locker, "waveshare_relay_8_d")
LCTECH = load_profile(modbus_locker, "lctech_relay_8")


def build(kit, profile=WAVESHARE, **parts):
    context = kit.context(name="locks", config={"address": 1}, profile=profile, **parts)
    return context, kit.simulator(modbus_locker, context), modbus_locker.create_driver(context)


async def opened(kit, driver, door, sequence=1, within=20.0):
    intent = make_intent("locks", door, driver.baseline(door), sequence=sequence)
    await driver.open(intent, kit.clock.monotonic() + within)
    return await driver.resolve(intent, kit.clock.monotonic() + within)


def test_pulses_of_one_board_follow_each_other_with_a_gap(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await asyncio.gather(*(opened(kit, driver, str(door), door) for door in (1, 2, 3)))
        times = [act["at"] for act in sim.acts("pulse")]
        assert len(times) == 3
        assert min(later - sooner for sooner, later in itertools.pairwise(times)) >= 700_000
        assert context.faults == {}

    hub_virtual(main)


def test_a_coil_rests_by_its_duty_before_it_is_driven_again(hub_virtual):
    async def main(kit):
        _, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("stick", "1")
        await opened(kit, driver, "1", 1, within=1.0)
        await opened(kit, driver, "1", 2)
        first, second = (act["at"] for act in sim.acts("pulse"))
        assert second - first >= 2_000_000

    hub_virtual(main)


def test_a_command_whose_rest_ends_after_its_deadline_is_not_sent(hub_virtual):
    async def main(kit):
        _, sim, driver = build(kit)
        await kit.start(driver)
        await opened(kit, driver, "1", 1)
        late = make_intent("locks", "1", driver.baseline("1"), sequence=2)
        with pytest.raises(NotSent):
            await driver.open(late, kit.clock.monotonic() + 0.5)
        assert (await driver.resolve(late, kit.clock.monotonic() + 1)).reason == "not_sent"
        assert len(sim.acts("pulse")) == 1

    hub_virtual(main)


def test_a_door_that_does_not_exist_is_rejected(hub_virtual):
    async def main(kit):
        _, sim, driver = build(kit)
        await kit.start(driver)
        with pytest.raises(Rejected):
            await driver.open(make_intent("locks", "9", {}), kit.clock.monotonic() + 1)
        assert sim.acts("pulse") == []

    hub_virtual(main)


def test_a_board_that_does_not_answer_is_not_ready(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        sim.model.power(False)
        with pytest.raises(NotReady):
            await driver.start()
        assert context.tasks.running == []

    hub_virtual(main)


def test_a_board_with_fewer_doors_than_its_profile_is_a_configuration_error(hub_virtual):
    async def main(kit):
        context, _, _ = build(kit)
        wrong = kit.context(
            name="locks", config={"address": 1}, bus=context.bus,
            profile=load_profile(modbus_locker, "waveshare_relay_16_d"),
        )
        with pytest.raises(ConfigError, match="does not fit profile"):
            await modbus_locker.create_driver(wrong).start()

    hub_virtual(main)


@pytest.mark.parametrize("closed", [0, 1])
def test_the_profile_decides_the_polarity_of_the_sensors(hub_virtual, closed):
    async def main(kit):
        profile = {**WAVESHARE, "inputs": {**WAVESHARE["inputs"], "closed": closed}}
        _, sim, driver = build(kit, profile)
        await sim.do("pull", "2")
        await kit.start(driver)
        assert [driver.door_state(door) for door in ("1", "2")] == [Door.CLOSED, Door.OPEN]

    hub_virtual(main)


def test_a_sensor_that_says_closed_while_the_door_is_open_makes_the_door_look_stuck(hub_virtual):
    async def main(kit):
        _, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("set", "lie", "1:closed")
        resolution = await opened(kit, driver, "1", within=3.0)
        assert resolution.reason == "no_motion"
        assert len(sim.acts("door_opened")) == 1

    hub_virtual(main)


@pytest.mark.req("AL-02")
def test_a_sensor_that_changes_faster_than_a_door_can_is_told_until_it_rests(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        for _ in range(3):
            await sim.do("set", "lie", "4:open")
            await asyncio.sleep(0.1)
            await sim.do("set", "lie", "4:none")
            await asyncio.sleep(0.1)
        assert (FaultKind.SENSOR_DISAGREE, "4") in context.faults
        await asyncio.sleep(15)
        assert context.faults == {}

    hub_virtual(main)


def test_wrong_checksums_in_a_row_are_told_as_a_protocol_error(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("set", "corrupt", "3")
        await context.until(lambda: (FaultKind.PROTOCOL_ERROR, "") in context.faults)
        await context.until(lambda: context.faults == {})

    hub_virtual(main)


def test_a_single_missed_poll_breaks_the_evidence_but_is_no_fault(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await asyncio.sleep(0.2)
        before = driver.baseline("1")
        await sim.do("set", "drop", "1")
        await asyncio.sleep(1)
        assert driver.baseline("1")["run"] != before["run"]
        assert context.faults == {}

    hub_virtual(main)


def test_without_disturbance_the_evidence_is_one_unbroken_run(hub_virtual):
    async def main(kit):
        _, _, driver = build(kit)
        await kit.start(driver)
        before = driver.baseline("1")
        await asyncio.sleep(600)
        after = driver.baseline("1")
        assert (before["boot"], before["run"]) == (after["boot"], after["run"])
        assert after["sample"] > before["sample"]

    hub_virtual(main)


def test_two_lives_of_a_driver_never_share_their_evidence(hub_virtual):
    async def main(kit):
        context, _, driver = build(kit)
        assert driver.baseline("1")["boot"] != modbus_locker.create_driver(context).baseline("1")["boot"]

    hub_virtual(main)


def test_an_opening_after_the_pulse_has_lost_its_say_is_not_ours(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("stick", "1")
        await opened(kit, driver, "1", within=2.0)
        await asyncio.sleep(30)
        await sim.do("pull", "1")
        seen = await context.seen(DoorSeen, lambda seen: seen.state is Door.OPEN)
        assert not seen.commanded

    hub_virtual(main)


def test_a_rejected_pulse_explains_no_opening(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("set", "exception", "3")
        with pytest.raises(Rejected):
            await opened(kit, driver, "1")
        await sim.do("pull", "1")
        seen = await context.seen(DoorSeen, lambda seen: seen.state is Door.OPEN)
        assert not seen.commanded

    hub_virtual(main)


def test_a_board_without_inputs_opens_and_proves_nothing(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit, LCTECH)
        await kit.start(driver)
        resolution = await opened(kit, driver, "1")
        assert (resolution.verdict, resolution.reason) == (Verdict.UNKNOWN, "no_sensor")
        assert driver.door_state("1") is Door.UNKNOWN
        assert bytes.fromhex("01 05 00 01 01 00 9D 9A") in context.bus.sent
        await asyncio.sleep(1)
        assert len(sim.acts("door_opened")) == 1

    hub_virtual(main)


def test_a_pulse_timed_by_the_hub_is_ended_even_when_the_first_attempts_are_lost(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit, LCTECH)
        await kit.start(driver)
        await driver.open(make_intent("locks", "1", {}), kit.clock.monotonic() + 5)
        context.bus.peer.cut()
        await asyncio.sleep(2)
        assert sim.model.doors[0].coil_on
        context.bus.peer.cut(False)
        await asyncio.sleep(3)
        assert not sim.model.doors[0].coil_on
        assert len(sim.acts("pulse")) == 1

    hub_virtual(main)


def test_stopping_in_mid_pulse_switches_off_what_the_hub_switched_on(hub_virtual):
    async def main(kit):
        _, sim, driver = build(kit, LCTECH)
        await driver.start()
        await driver.open(make_intent("locks", "1", {}), kit.clock.monotonic() + 5)
        assert sim.model.doors[0].coil_on
        await driver.stop()
        assert not sim.model.doors[0].coil_on

    hub_virtual(main)


def neighbours(kit, *, address, integration=modbus_locker, profile=WAVESHARE, bus):
    context = kit.context(name=f"unit{address}", config={"address": address}, profile=profile, bus=bus)
    return kit.simulator(integration, context), integration.create_driver(context)


def test_a_dead_board_does_not_break_the_watch_over_its_neighbour(hub_virtual):
    async def main(kit):
        context, _, driver = build(kit)
        sim, dead = neighbours(kit, address=2, bus=context.bus)
        await kit.start(driver)
        await kit.start(dead)
        sim.model.power(False)
        await asyncio.sleep(5)
        before = driver.baseline("1")
        await asyncio.sleep(30)
        assert driver.baseline("1")["run"] == before["run"]

    hub_virtual(main)


def test_a_dead_thermometer_does_not_break_the_watch_over_the_doors(hub_virtual):
    async def main(kit):
        context, _, driver = build(kit)
        sim, dead = neighbours(
            kit, address=9, integration=temperature, profile=load_profile(temperature, "xy_md02"),
            bus=context.bus,
        )
        await kit.start(driver)
        await kit.start(dead)
        await sim.do("unplug")
        before = driver.baseline("1")
        await asyncio.sleep(30)
        assert driver.baseline("1")["run"] == before["run"]

    hub_virtual(main)
