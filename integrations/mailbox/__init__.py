"""Messages into a folder, with their QR pictures."""

from __future__ import annotations

from typing import Any

from hub.api import DeviceContext, Driver, hookimpl
from hub.api.sim import SimSetup, Simulator
from integrations.mailbox import config, simulator


@hookimpl
def device_schema() -> dict[Any, Any]:
    """Keys of a mailbox."""
    return config.device_schema()


@hookimpl
def create_driver(ctx: DeviceContext) -> Driver:
    """A mailbox under the hub's state folder."""
    from integrations.mailbox.driver import Mailbox

    return Mailbox(ctx)


@hookimpl
def create_simulator(setup: SimSetup) -> Simulator:
    """Nothing to act on."""
    return simulator.create(setup)
