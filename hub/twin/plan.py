"""What the twin has to build, taken from a checked site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hub.api.sim import SimSetup, Simulator
from hub.model.ids import compartment_id
from hub.site.specs import SiteConfig


class Simulators(Protocol):
    """Who makes simulators: the plugin loader."""

    def has_simulator(self, domain: str) -> bool:
        """Whether the plugin ships one."""
        ...

    def create_simulator(self, domain: str, setup: SimSetup) -> Simulator:
        """One for one device."""
        ...


@dataclass(frozen=True, slots=True)
class TwinLine:
    """A line of the site. On a shared one pulling a device's plug leaves the port where it is."""

    id: str
    url: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class TwinDevice:
    """A device of the site. `places` maps its doors to the compartments behind them."""

    name: str
    integration: str
    config: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    line: str | None = None
    endpoint: str | None = None
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TwinPlan:
    """The lines and devices of one site."""

    currency: str
    lines: tuple[TwinLine, ...]
    devices: tuple[TwinDevice, ...]


def plan_of(site: SiteConfig) -> TwinPlan:
    """The plan for a checked site."""
    places: dict[str, dict[str, str]] = {}
    for spec in site.compartments:
        places.setdefault(spec.door_device, {})[spec.door] = compartment_id(spec.bank, spec.name)
    users = [device.line for device in site.devices.values()]
    return TwinPlan(
        site.site.currency,
        tuple(
            TwinLine(line.id, line.url, line.kind == "rs485" or users.count(line.id) > 1)
            for line in site.lines.values()
        ),
        tuple(
            TwinDevice(
                device.name, device.integration, device.config, device.profile or {}, device.line,
                device.endpoint, places.get(device.name, {}),
            )
            for device in site.devices.values()
        ),
    )
