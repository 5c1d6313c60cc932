"""Code scanners: serial engines with or without keypad, and cameras."""

from __future__ import annotations

from typing import Any

from hub.api import ConfigError, DeviceContext, Driver, hookimpl
from hub.api.sim import SimSetup, Simulator
from integrations.scanner import config
from integrations.scanner.codec import FRAMER

__all__ = ["FRAMER"]


@hookimpl
def device_schema() -> dict[Any, Any]:
    """Keys of a scanner."""
    return config.device_schema()


@hookimpl
def profile_schema() -> Any:
    """Schema of `profiles/*.yaml`."""
    return config.profile_schema()


@hookimpl
def create_driver(ctx: DeviceContext) -> Driver:
    """With `line` a serial engine, with `endpoint` a camera."""
    if ctx.setup.config.get("line"):
        from integrations.scanner.driver import SerialScanner

        return SerialScanner(ctx)
    if ctx.setup.config.get("endpoint"):
        from integrations.scanner.camera import CameraScanner

        return CameraScanner(ctx)
    raise ConfigError("a scanner needs either `line` (serial engine) or `endpoint` (camera)")


@hookimpl
def create_simulator(setup: SimSetup) -> Simulator:
    """A serial terminal, or a camera's folder."""
    from integrations.scanner.simulator import create

    return create(setup)


@hookimpl
def framer() -> Any:
    """The default framing."""
    return FRAMER
