"""What the effects layer sees of the site's devices."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from hub.api import Driver
from hub.plugins.guard import DeviceGuard


class DeviceState(StrEnum):
    """Where a device stands in its life."""

    STARTING = "starting"
    RECOVERING = "recovering"
    SERVING = "serving"
    OFFLINE = "offline"
    FAILED = "failed"
    QUARANTINED = "quarantined"


class Devices(Protocol):
    """The drivers of the site by device name."""

    def driver(self, device: str) -> Driver | None:
        """The started driver, or None."""
        ...

    def guard(self, device: str) -> DeviceGuard:
        """What every call to that driver goes through."""
        ...

    def serving(self, device: str) -> bool:
        """True once its outputs are safe and its open intents have a verdict."""
        ...


class Unavailable(Exception):
    """A device that does not serve now; `reason` is a stable word for blueprints."""

    def __init__(self, device: str, reason: str = "offline") -> None:
        super().__init__(f"device {device!r} does not serve: {reason}")
        self.device = device
        self.reason = reason
