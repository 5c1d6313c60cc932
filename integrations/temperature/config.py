"""What a thermometer profile and a device entry may say, and the typed forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import voluptuous as vol

from hub.api import ConfigError

_UNITS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
_CLOCK = re.compile(r"^(\d+):([0-5]\d):([0-5]\d)$")


def degrees(value: Any) -> int:
    """Degrees Celsius with at most three decimals, as milli-degrees."""
    try:
        exact = Decimal(str(value)) * 1000
    except InvalidOperation as error:
        raise vol.Invalid("expected degrees Celsius, such as 7 or 7.5") from error
    if isinstance(value, bool) or not exact.is_finite() or exact != exact.to_integral_value():
        raise vol.Invalid("expected degrees Celsius with at most three decimals, such as 7.5")
    return int(exact)


def seconds(value: Any) -> int:
    """A duration, `HH:MM:SS` or `{minutes: 10}`, in whole seconds."""
    if isinstance(value, str) and (match := _CLOCK.match(value)):
        hours, minutes, rest = (int(part) for part in match.groups())
        return hours * 3600 + minutes * 60 + rest
    if isinstance(value, Mapping) and value and set(value) <= set(_UNITS):
        amounts = {unit: amount for unit, amount in value.items() if type(amount) is int and amount >= 0}
        if len(amounts) == len(value):
            return sum(_UNITS[unit] * amount for unit, amount in amounts.items())
    raise vol.Invalid("expected a duration, such as 00:10:00 or {minutes: 10}")


PROFILE_SCHEMA: dict[Any, Any] = {
    vol.Required("title"): str,
    vol.Required("registers"): {
        vol.Required("function"): vol.In([3, 4]),
        vol.Required("first"): vol.All(int, vol.Range(min=0, max=0xFFFE)),
        vol.Required("humidity"): bool,
    },
    vol.Required("scale"): vol.All(int, vol.Range(min=1, max=1000)),
    vol.Required("lowest"): int,
    vol.Required("highest"): int,
}


def _like(convert: Callable[[Any], int]) -> Callable[[Any], Any]:
    """Check by `convert` and keep the text, so that `settings` reads an entry whether checked or not."""

    def check(value: Any) -> Any:
        convert(value)
        return value

    return check


DEVICE_SCHEMA: dict[Any, Any] = {
    vol.Optional("every"): _like(seconds),
    vol.Optional("stale_after"): _like(seconds),
    vol.Optional("limits"): {
        vol.Optional("low"): _like(degrees),
        vol.Optional("high"): _like(degrees),
        vol.Optional("hysteresis"): _like(degrees),
        vol.Optional("for"): _like(seconds),
    },
}


@dataclass(frozen=True, slots=True)
class Sensor:
    """One kind of thermometer. Temperatures in milli-degrees Celsius."""

    title: str
    function: int
    first: int
    humidity: bool
    scale: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Limits:
    """When a temperature is too low or too high, in milli-degrees; `hold` in seconds until a breach."""

    low: int | None
    high: int | None
    hysteresis: int
    hold: int


@dataclass(frozen=True, slots=True)
class Settings:
    """One device entry. Times in seconds."""

    every: int
    stale_after: int
    limits: Limits | None


def sensor(profile: Mapping[str, Any]) -> Sensor:
    """The typed profile. Raises ConfigError."""
    try:
        data = vol.Schema(PROFILE_SCHEMA)(dict(profile))
    except vol.Invalid as error:
        raise ConfigError(f"the thermometer profile is wrong: {error}") from error
    return Sensor(data["title"], **data["registers"], scale=data["scale"], lowest=data["lowest"],
                  highest=data["highest"])


def settings(device: Mapping[str, Any]) -> Settings:
    """The typed device entry; by default a reading every 5 seconds, stale after 30 without one.

    Raises ConfigError for limits that cross or are closer together than their hysteresis.
    """
    every = seconds(device["every"]) if "every" in device else 5
    stale_after = seconds(device["stale_after"]) if "stale_after" in device else 30
    if not 1 <= every <= stale_after:
        raise ConfigError("every must be at least a second and at most stale_after")
    raw = device.get("limits")
    if raw is None:
        return Settings(every, stale_after, None)
    low = degrees(raw["low"]) if "low" in raw else None
    high = degrees(raw["high"]) if "high" in raw else None
    limits = Limits(low, high, degrees(raw.get("hysteresis", "0.5")), seconds(raw.get("for", "00:10:00")))
    crossed = low is not None and high is not None and high - low <= 2 * limits.hysteresis
    if limits.hysteresis < 0 or crossed:
        raise ConfigError("limits: high must lie above low by more than twice the hysteresis")
    return Settings(every, stale_after, limits)
