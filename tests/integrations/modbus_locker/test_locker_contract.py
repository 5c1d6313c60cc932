"""The shipped contract of lock banks, run on the Waveshare profiles."""

import pytest

from hub.testing import load_profile
from hub.testing.contracts.lock_bank import LockBankContract, LockRig
from integrations import modbus_locker

pytestmark = [pytest.mark.req("RL-01", "AL-02")]
FLASH_DOOR_1 = bytes.fromhex("01 05 02 00 00 04")


class TestWaveshare8(LockBankContract):
    profile = "waveshare_relay_8_d"

    async def build(self, kit):
        context = kit.context(
            name="locks", config={"address": 1}, profile=load_profile(modbus_locker, self.profile)
        )
        sim = kit.simulator(modbus_locker, context)
        return LockRig(
            context=context,
            sim=sim,
            create=modbus_locker.create_driver,
            frames=lambda: context.bus.sent.count(FLASH_DOOR_1),
            reject=lambda: sim.do("set", "exception", "3"),
            energise=lambda: sim.model.switch(5, True),
            energised=lambda: any(door.coil_on for door in sim.model.doors),
        )


class TestWaveshare16(TestWaveshare8):
    profile = "waveshare_relay_16_d"
