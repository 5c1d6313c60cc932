"""What the effects layer sees of the site's devices."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol, cast

from hub.api import AgeVerifier, CashlessReader, Dispenser, Driver, LockBank, Notifier, Refunds
from hub.plugins.guard import DeviceGuard


class DeviceState(StrEnum):
    """Where a device stands in its life."""

    STARTING = "starting"
    RECOVERING = "recovering"
    SERVING = "serving"
    OFFLINE = "offline"
    FAILED = "failed"
    QUARANTINED = "quarantined"


#: What each class of drivers was found to offer. Asking a Protocol costs 20 us, and an act asks thrice.
_offered: dict[tuple[type, Any], bool] = {}


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


def lock_bank(driver: object) -> LockBank | None:
    """The driver as a bank of locks, or None if it has no doors."""
    return cast(LockBank, driver) if _offers(driver, LockBank) else None


def dispenser(driver: object) -> Dispenser | None:
    """The driver as a dispenser, or None if it dispenses nothing."""
    return cast(Dispenser, driver) if _offers(driver, Dispenser) else None


def cashless(driver: object) -> CashlessReader | None:
    """The driver as a reader of payment cards, or None if it takes no payment."""
    return cast(CashlessReader, driver) if _offers(driver, CashlessReader) else None


def refunder(driver: object) -> Refunds | None:
    """The driver as one that pays back after a capture, or None."""
    return cast(Refunds, driver) if _offers(driver, Refunds) else None


def age_verifier(driver: object) -> AgeVerifier | None:
    """The driver as one that looks at documents, or None."""
    return cast(AgeVerifier, driver) if _offers(driver, AgeVerifier) else None


def notifier(driver: object) -> Notifier | None:
    """The driver as one that delivers messages, or None."""
    return cast(Notifier, driver) if _offers(driver, Notifier) else None


def _offers(driver: object, capability: Any) -> bool:
    asked = (type(driver), capability)
    found = _offered.get(asked)
    if found is None:
        found = _offered[asked] = isinstance(driver, capability)
    return found
