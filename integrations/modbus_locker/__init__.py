"""Locker banks on Modbus relay boards with board-timed pulses and door inputs."""

from __future__ import annotations

from typing import Any

from hub.api import DeviceContext, Driver, hookimpl
from hub.api.sim import SimSetup, Simulator
from integrations.modbus_locker import config
from integrations.modbus_locker.codec import FRAMER
from integrations.modbus_locker.driver import ModbusLocker
from integrations.modbus_locker.simulator import build


@hookimpl
def device_schema() -> Any:
    """Keys of one board in `site.yaml`."""
    return config.DEVICE_SCHEMA


@hookimpl
def profile_schema() -> Any:
    """What a board profile may say."""
    return config.PROFILE_SCHEMA


@hookimpl
def create_driver(ctx: DeviceContext) -> Driver:
    """A driver for one board."""
    return ModbusLocker(ctx)


@hookimpl
def create_simulator(setup: SimSetup) -> Simulator:
    """A board with its doors."""
    return build(setup)


@hookimpl
def framer() -> Any:
    """Modbus RTU."""
    return FRAMER
