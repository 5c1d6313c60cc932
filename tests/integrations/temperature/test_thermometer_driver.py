"""The thermometer's driver on virtual time: readings, limits, silence."""

import asyncio

import pytest

from hub.api import ConfigError, NotReady, Thermometer
from hub.model.observations import DeviceOnline, FaultRaised, TemperatureRead
from hub.model.states import FaultKind
from hub.testing import load_profile
from integrations import temperature

LIMITS = {"low": "2", "high": "7", "hysteresis": "0.5", "for": "00:10:00"}


def build(kit, **config):
    context = kit.context(
        name="climate", config={"address": 9, **config}, profile=load_profile(temperature, "xy_md02")
    )
    return context, kit.simulator(temperature, context), temperature.create_driver(context)


def test_readings_are_told_every_few_seconds(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await sim.do("set", "temperature", "7.5")
        await kit.start(driver)
        assert isinstance(driver, Thermometer)
        assert driver.millicelsius == 7500
        await asyncio.sleep(60)
        readings = context.of(TemperatureRead)
        assert 11 <= len(readings) <= 13
        assert readings[-1] == TemperatureRead("climate", 7500, 546)

    hub_virtual(main)


def test_a_cold_room_is_read_below_zero(hub_virtual):
    async def main(kit):
        _, sim, driver = build(kit)
        await sim.do("set", "temperature", "-20.5")
        await kit.start(driver)
        assert driver.millicelsius == -20_500

    hub_virtual(main)


@pytest.mark.req("AL-01")
def test_a_room_that_warms_up_warns_first_and_breaches_only_when_it_stays_warm(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit, limits=LIMITS)
        await kit.start(driver)
        await sim.do("set", "target", "9")
        await context.until(lambda: (FaultKind.THERMAL_WARNING, "") in context.faults, within=600)
        warned = kit.clock.monotonic()
        await context.until(lambda: (FaultKind.THERMAL_BREACH, "") in context.faults, within=1200)
        assert kit.clock.monotonic() - warned == pytest.approx(600, abs=6)
        assert "above the limit of 7.0" in context.faults[FaultKind.THERMAL_BREACH, ""]
        await sim.do("set", "target", "4")
        await context.until(lambda: context.faults == {}, within=1200)

    hub_virtual(main)


def test_a_temperature_that_swings_around_the_limit_is_one_warning(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit, limits=LIMITS)
        await kit.start(driver)
        for degrees in ("7.2", "6.9", "7.1", "6.8"):
            await sim.do("set", "temperature", degrees)
            await asyncio.sleep(10)
        raised = [seen for seen in context.of(FaultRaised) if seen.kind is FaultKind.THERMAL_WARNING]
        assert len(raised) == 1

    hub_virtual(main)


@pytest.mark.req("AL-04")
def test_a_silent_thermometer_has_no_reading_and_is_offline_until_it_answers(hub_virtual, caplog):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("unplug")
        await asyncio.sleep(120)
        assert driver.millicelsius is None
        assert (FaultKind.OFFLINE, "") in context.faults
        await sim.do("plug")
        await context.seen(DeviceOnline)
        assert driver.millicelsius == 4000
        assert context.faults == {}

    hub_virtual(main)
    assert len([entry for entry in caplog.records if "is offline" in entry.message]) == 1


def test_one_missed_reading_keeps_the_last_one(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("set", "drop", "2")
        await asyncio.sleep(12)
        assert driver.millicelsius == 4000
        assert context.faults == {}

    hub_virtual(main)


@pytest.mark.req("AL-01")
def test_silence_does_not_end_a_thermal_fault(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit, limits=LIMITS)
        await sim.do("set", "temperature", "12")
        await kit.start(driver)
        await sim.do("unplug")
        await asyncio.sleep(300)
        assert (FaultKind.THERMAL_WARNING, "") in context.faults
        assert (FaultKind.OFFLINE, "") in context.faults

    hub_virtual(main)


def test_nonsense_from_a_broken_sensor_never_becomes_a_temperature(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("set", "broken", "yes")
        await asyncio.sleep(120)
        assert driver.millicelsius is None
        assert (FaultKind.SENSOR_DISAGREE, "") in context.faults
        assert {seen.millicelsius for seen in context.of(TemperatureRead)} == {4000}

    hub_virtual(main)


def test_a_wrong_checksum_never_becomes_a_temperature(hub_virtual):
    async def main(kit):
        context, sim, driver = build(kit)
        await kit.start(driver)
        await sim.do("set", "corrupt", "3")
        await asyncio.sleep(30)
        assert {seen.millicelsius for seen in context.of(TemperatureRead)} == {4000}

    hub_virtual(main)


def test_a_thermometer_that_does_not_answer_is_not_ready(hub_virtual):
    async def main(kit):
        _, sim, driver = build(kit)
        await sim.do("unplug")
        with pytest.raises(NotReady):
            await driver.start()

    hub_virtual(main)


def test_a_device_without_those_registers_is_a_configuration_error(hub_virtual):
    async def main(kit):
        context, _, _ = build(kit)
        profile = load_profile(temperature, "xy_md02")
        wrong = kit.context(
            name="climate", config={"address": 9}, bus=context.bus,
            profile={**profile, "registers": {**profile["registers"], "first": 40}},
        )
        with pytest.raises(ConfigError, match="is no XY-MD02"):
            await temperature.create_driver(wrong).start()

    hub_virtual(main)


@pytest.mark.parametrize("arguments", [("colour", "red"), ("broken", "perhaps"), ("temperature", "warm")])
def test_an_actor_who_asks_for_the_impossible_is_told(hub_virtual, arguments):
    async def main(kit):
        _, sim, _ = build(kit)
        with pytest.raises(ValueError, match=r"unknown|yes|degrees"):
            await sim.do("set", *arguments)

    hub_virtual(main)
