"""The hooks of an integration. Synchronous, called per plugin at load, returning data or factories."""

from __future__ import annotations

from typing import Any

import pluggy

from hub.api.driver import DeviceContext, Driver
from hub.api.sim import SimSetup, Simulator

PROJECT = "handoverhub"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """What a plugin may implement. `device_schema` and `create_driver` are required."""

    @hookspec(firstresult=True)
    def device_schema(self) -> Any:
        """A voluptuous mapping schema (dict of markers) for the integration's own keys of a device.

        The common keys (integration, line, endpoint, address, profile, supply) are the hub's: they are
        checked before and reach the driver in the same mapping.
        """

    @hookspec(firstresult=True)
    def profile_schema(self) -> Any:
        """A voluptuous schema for one `profiles/NAME.yaml`, or None when there are no profiles."""

    @hookspec(firstresult=True)
    def create_driver(self, ctx: DeviceContext) -> Driver:
        """A driver for one device, not yet started."""
        raise NotImplementedError

    @hookspec(firstresult=True)
    def create_simulator(self, setup: SimSetup) -> Simulator:
        """A simulator for one device."""
        raise NotImplementedError

    @hookspec(firstresult=True)
    def framer(self) -> Any:
        """The integration's FRAMER, for taps and proxies."""

    @hookspec(firstresult=True)
    def steps(self) -> Any:
        """Workflow steps that the integration adds, a list of `StepDefinition`, or None."""
