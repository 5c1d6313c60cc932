"""The shipped contract of thermometers, run on the XY-MD02; and both integrations as the hub loads them."""

import pytest

from hub.plugins import Integrations
from hub.testing import load_profile
from hub.testing.contracts.thermometer import ThermometerContract, ThermometerRig
from integrations import temperature


class TestXyMd02(ThermometerContract):
    async def build(self, kit):
        context = kit.context(
            name="climate", config={"address": 9}, profile=load_profile(temperature, "xy_md02")
        )
        sim = kit.simulator(temperature, context)
        return ThermometerRig(
            context=context,
            create=temperature.create_driver,
            warm=lambda millicelsius: sim.do("set", "temperature", f"{millicelsius / 1000:.3f}"),
            silence=lambda silent: sim.do("unplug" if silent else "plug"),
        )


@pytest.mark.parametrize(
    ("domain", "profiles"),
    [
        ("modbus_locker", ["lctech_relay_8", "waveshare_relay_16_d", "waveshare_relay_8_d"]),
        ("temperature", ["xy_md02"]),
    ],
)
def test_the_hub_loads_the_integration_with_its_profiles_and_its_simulator(domain, profiles):
    integrations = Integrations.load(only=[domain])
    assert integrations.domains() == [domain]
    assert integrations.profile_names(domain) == profiles
    assert all(integrations.profile(domain, name)["title"] for name in profiles)
    assert integrations.has_simulator(domain)
    assert integrations.framer(domain)().feed(b"") == []
    assert integrations.manifest(domain).essential
