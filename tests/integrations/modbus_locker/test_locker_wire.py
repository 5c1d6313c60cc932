"""The driver against the simulated board over real lines, with what can go wrong on them."""

import asyncio

import pytest

from hub.api import InDoubt, NotSent, Rejected
from hub.model.observations import DeviceOnline, DoorSeen, TemperatureRead
from hub.model.states import Door, FaultKind, Verdict
from hub.testing import load_profile, make_intent
from integrations import modbus_locker, temperature

ANY_LINE = pytest.mark.parametrize("kind", ["pty", "rtu_over_tcp", "modbus_tcp"])
FLASH_DOOR_2 = {
    "pty": bytes.fromhex("01 05 02 01 00 08 9C 74"),
    "rtu_over_tcp": bytes.fromhex("01 05 02 01 00 08 9C 74"),
    "modbus_tcp": bytes.fromhex("00 06 01 05 02 01 00 08"),
}
WAVESHARE = load_profile(modbus_locker, "waveshare_relay_8_d")


@pytest.fixture
def started(wired, hub_kit):
    """A board whose driver serves, pulsing for 800 ms."""

    async def build(kind):
        board = await wired(kind, config={"pulse_ms": 800})
        driver = await hub_kit.start(modbus_locker.create_driver(board.context))
        return board, driver

    return build


def intent_for(driver, door="2", sequence=1):
    return make_intent("locks", door, driver.baseline(door), sequence=sequence)


@ANY_LINE
@pytest.mark.req("RL-01")
async def test_one_documented_frame_opens_the_one_door_and_its_sensor_proves_it(started, deadline, kind):
    board, driver = await started(kind)
    intent = intent_for(driver)
    receipt = await driver.open(intent, deadline())
    resolution = await driver.resolve(intent, deadline())
    assert receipt.detail["pulse_ms"] == 800
    assert resolution.verdict is Verdict.CONFIRMED
    assert board.context.bus.sent.count(FLASH_DOOR_2[kind]) == 1
    assert [act["door"] for act in board.sim.acts("door_opened")] == ["2"]


@ANY_LINE
@pytest.mark.parametrize("code", [1, 2, 3])
async def test_a_refusing_exception_is_a_rejection(started, deadline, kind, code):
    board, driver = await started(kind)
    await board.sim.do("set", "exception", str(code))
    intent = intent_for(driver)
    with pytest.raises(Rejected):
        await driver.open(intent, deadline())
    assert (await driver.resolve(intent, deadline())).reason == "rejected"


@ANY_LINE
async def test_a_device_failure_is_in_doubt_and_never_refuted(started, deadline, kind):
    board, driver = await started(kind)
    await board.sim.do("set", "exception", "4")
    intent = intent_for(driver)
    with pytest.raises(InDoubt):
        await driver.open(intent, deadline())
    assert (await driver.resolve(intent, deadline(0.3))).verdict is Verdict.UNKNOWN


@ANY_LINE
async def test_a_silent_board_is_in_doubt_until_the_door_itself_answers(started, deadline, kind):
    board, driver = await started(kind)
    intent = intent_for(driver)
    send = driver.open(intent, deadline())
    await board.sim.do("set", "drop", "2")
    with pytest.raises(InDoubt):
        await send
    assert (await driver.resolve(intent, deadline())).verdict is Verdict.CONFIRMED
    assert board.context.bus.sent.count(FLASH_DOOR_2[kind]) == 1
    assert board.context.faults == {}


async def test_a_wrong_checksum_is_in_doubt_and_the_command_is_not_repeated(started, deadline):
    board, driver = await started("pty")
    intent = intent_for(driver)
    await board.sim.do("stick", "2")
    await board.sim.do("set", "corrupt", "3")
    with pytest.raises(InDoubt):
        await driver.open(intent, deadline())
    assert (await driver.resolve(intent, deadline(1.0))).verdict is Verdict.UNKNOWN
    assert board.context.bus.sent.count(FLASH_DOOR_2["pty"]) == 1


@pytest.mark.parametrize("kind", ["pty", "modbus_tcp"])
async def test_a_late_answer_is_not_taken_for_the_answer_to_a_later_command(started, deadline, kind):
    board, driver = await started(kind)
    await board.sim.do("set", "latency", "1.2")
    late = intent_for(driver, "2", 1)
    with pytest.raises(InDoubt):
        await driver.open(late, deadline())
    await board.sim.do("set", "latency", "0")
    await board.context.until(lambda: driver.door_state("3") is Door.CLOSED)
    intent = intent_for(driver, "3", 2)
    await driver.open(intent, deadline())
    assert (await driver.resolve(intent, deadline())).verdict is Verdict.CONFIRMED
    assert [act["door"] for act in board.sim.acts("pulse")] == ["2", "3"]


@pytest.mark.req("AL-02")
async def test_a_power_cut_in_mid_pulse_is_unknown_and_the_board_returns_with_outputs_off(started, deadline):
    board, driver = await started("pty")
    await board.sim.do("stick", "2")
    intent = intent_for(driver)
    await driver.open(intent, deadline())
    board.sim.model.power(False)
    await board.context.until(lambda: (FaultKind.OFFLINE, "") in board.context.faults)
    with pytest.raises(NotSent):
        await driver.open(intent_for(driver, "3", 2), deadline())
    board.sim.model.power(True)
    board.sim.model.switch(6, True)
    await board.context.seen(DeviceOnline)
    assert not any(door.coil_on for door in board.sim.model.doors)
    assert (await driver.resolve(intent, deadline(0.2))).verdict is Verdict.UNKNOWN


async def test_a_vanished_port_is_reported_once_and_found_again(started, caplog):
    board, driver = await started("pty")
    board.peer.unplug()
    await board.context.until(lambda: (FaultKind.OFFLINE, "") in board.context.faults)
    await asyncio.sleep(0.5)
    board.peer.plug()
    await board.context.seen(DeviceOnline)
    await board.context.until(lambda: driver.door_state("1") is Door.CLOSED)
    assert len([entry for entry in caplog.records if "is offline" in entry.message]) == 1


async def test_garbage_on_the_line_costs_no_command(started, deadline):
    board, driver = await started("pty")

    class Noise:
        def connect(self, send, baud):
            self.send = send

        def receive(self, data):
            self.send(b"\x00\xff\x55")

    noise = Noise()
    board.peer.attach(noise)
    await asyncio.sleep(0.3)
    board.peer.mute(noise)
    await board.context.until(lambda: driver.door_state("2") is Door.CLOSED)
    intent = intent_for(driver)
    await driver.open(intent, deadline())
    assert (await driver.resolve(intent, deadline())).verdict is Verdict.CONFIRMED


@pytest.fixture
def bus(wired, hub_kit):
    """A locker at 1 and a thermometer at 9 on one pseudo-terminal."""

    async def build():
        board = await wired("pty")
        climate = hub_kit.context(
            name="climate", config={"address": 9, "every": {"seconds": 1}}, bus=board.context.bus,
            profile=load_profile(temperature, "xy_md02"),
        )
        sensor = hub_kit.simulator(temperature, climate, attach=False)
        board.peer.attach(sensor.wire)
        locks = await hub_kit.start(modbus_locker.create_driver(board.context))
        thermometer = await hub_kit.start(temperature.create_driver(climate))
        return board, locks, climate, sensor, thermometer

    return build


async def test_a_locker_and_a_thermometer_share_one_bus(bus, deadline):
    board, locks, climate, _, thermometer = await bus()
    intent = intent_for(locks)
    await climate.until(lambda: len(climate.of(TemperatureRead)) >= 2)
    await locks.open(intent, deadline())
    assert (await locks.resolve(intent, deadline())).verdict is Verdict.CONFIRMED
    assert thermometer.millicelsius == 4000
    assert board.context.faults == climate.faults == {}


async def test_a_silent_thermometer_delays_no_door_into_doubt(bus, deadline):
    board, locks, _, sensor, _ = await bus()
    await sensor.do("unplug")
    await asyncio.sleep(1.2)
    intent = intent_for(locks)
    await locks.open(intent, deadline())
    assert (await locks.resolve(intent, deadline())).verdict is Verdict.CONFIRMED
    assert (FaultKind.OFFLINE, "") not in board.context.faults


async def test_doors_seen_over_the_wire_are_told_as_they_change(started):
    board, _ = await started("modbus_tcp")

    def states_of(door):
        return [seen.state for seen in board.context.of(DoorSeen) if seen.door == door]

    await board.sim.do("pull", "5")
    await board.context.seen(DoorSeen, lambda seen: (seen.door, seen.state) == ("5", Door.OPEN))
    await board.sim.do("close", "5")
    await board.context.until(lambda: states_of("5")[-1] is Door.CLOSED)
    assert states_of("5") == [Door.CLOSED, Door.OPEN, Door.CLOSED]
