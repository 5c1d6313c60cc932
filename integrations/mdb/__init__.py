"""MDB cashless readers behind a Qibixx adapter: the hub is the vending machine controller."""

from __future__ import annotations

from typing import Any

from hub.api import DeviceContext, Driver, hookimpl
from hub.api.sim import SimSetup, Simulator
from integrations.mdb.codec import FRAMER
from integrations.mdb.config import schema
from integrations.mdb.driver import MdbDriver
from integrations.mdb.simulator import build


@hookimpl
def device_schema() -> Any:
    """The keys of `config.py`."""
    return schema()


@hookimpl
def create_driver(ctx: DeviceContext) -> Driver:
    """One reader."""
    return MdbDriver(ctx)


@hookimpl
def create_simulator(setup: SimSetup) -> Simulator:
    """A reader with a person in front of it, behind an adapter."""
    return build(setup)


@hookimpl
def framer() -> Any:
    """The adapter's lines."""
    return FRAMER
