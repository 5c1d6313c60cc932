"""NFC and RFID readers through nfcpy, which is imported only when a reader is started."""

from __future__ import annotations

from typing import Any

from hub.api import DeviceContext, Driver, hookimpl
from hub.api.sim import SimSetup, Simulator
from integrations.nfc import config
from integrations.nfc.driver import NfcReader
from integrations.nfc.simulator import create


@hookimpl
def device_schema() -> dict[Any, Any]:
    """Keys of a reader."""
    return config.device_schema()


@hookimpl
def create_driver(ctx: DeviceContext) -> Driver:
    """A reader at the device's endpoint."""
    return NfcReader(ctx)


@hookimpl
def create_simulator(setup: SimSetup) -> Simulator:
    """The field above a reader."""
    return create(setup)
