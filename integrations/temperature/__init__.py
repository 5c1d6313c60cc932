"""Thermometers on a Modbus line, with limits that know hysteresis and time."""

from __future__ import annotations

from typing import Any

from hub.api import DeviceContext, Driver, hookimpl
from hub.api.sim import SimSetup, Simulator
from integrations.temperature import config
from integrations.temperature.codec import FRAMER
from integrations.temperature.driver import ModbusThermometer
from integrations.temperature.simulator import build


@hookimpl
def device_schema() -> Any:
    """Keys of one thermometer in `site.yaml`."""
    return config.DEVICE_SCHEMA


@hookimpl
def profile_schema() -> Any:
    """What a thermometer profile may say."""
    return config.PROFILE_SCHEMA


@hookimpl
def create_driver(ctx: DeviceContext) -> Driver:
    """A driver for one thermometer."""
    return ModbusThermometer(ctx)


@hookimpl
def create_simulator(setup: SimSetup) -> Simulator:
    """A thermometer in a room whose temperature drifts."""
    return build(setup)


@hookimpl
def framer() -> Any:
    """Modbus RTU."""
    return FRAMER
