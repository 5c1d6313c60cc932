"""What the web needs of a running hub, handed over by whoever puts the hub together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hub.access import Policy
from hub.config import Problem
from hub.core.bus import EventBus
from hub.core.clock import Clock
from hub.core.commands import CommandPort
from hub.model.observations import TemperatureRead
from hub.site.specs import SiteConfig
from hub.site.versions import Status
from hub.store import Store
from hub.workflows.run.service import Handovers


class DescribesDevices(Protocol):
    """The devices of the site, for people."""

    def describe(self) -> list[dict[str, Any]]:
        """name, integration, state, reason, faults of each device."""
        ...


class ShowsVersions(Protocol):
    """The versions of the site's workflows."""

    async def status(self) -> tuple[list[Status], tuple[Problem, ...]]:
        """Each workflow as it runs and as the files have it, and what is wrong with the whole site."""
        ...


class TwinRefused(Exception):
    """The twin did not do it. `code` as the twin gives it, `valid` what would have been right."""

    def __init__(self, code: str, message: str, valid: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.valid = tuple(valid)


class Twin(Protocol):
    """The way to the simulators of a simulated site. Both methods raise TwinRefused."""

    async def act(self, device: str, action: str, *args: str) -> Any:
        """Do `action` to a device or line; what its model answers, or None."""
        ...

    async def actions(self) -> Mapping[str, Sequence[str]]:
        """Device or line -> the usage of each of its actions."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """A hub as the web sees it. `twin` and `messages` exist on simulated sites only.

    `messages()` gives what was sent to people, newest first: id, at, to, subject, text, pin, code and
    `picture`, the path of a QR picture.
    """

    store: Store
    handovers: Handovers
    commands: CommandPort
    devices: DescribesDevices
    bus: EventBus
    policy: Policy
    config: SiteConfig
    clock: Clock
    temperatures: Mapping[str, TemperatureRead]
    versions: ShowsVersions
    version: str
    twin: Twin | None = None
    messages: Callable[[], Sequence[Mapping[str, Any]]] | None = None

    @property
    def simulated(self) -> bool:
        """Whether the devices are simulated."""
        return self.twin is not None
