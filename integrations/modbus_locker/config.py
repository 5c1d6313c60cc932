"""What a board profile and a device entry may say, and the typed form the driver and simulator use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import voluptuous as vol

from hub.api import ConfigError


def word(value: Any) -> int:
    """A 16-bit number, decimal or as text such as `0x0200`."""
    if isinstance(value, bool):
        raise vol.Invalid("expected a number from 0 to 0xFFFF")
    try:
        number = int(value, 0) if isinstance(value, str) else int(value)
    except (TypeError, ValueError) as error:
        raise vol.Invalid("expected a number from 0 to 0xFFFF, such as 512 or 0x0200") from error
    if not 0 <= number <= 0xFFFF or (number != value and not isinstance(value, str)):
        raise vol.Invalid("expected a whole number from 0 to 0xFFFF")
    return number


def _milliseconds(low: int, high: int) -> Any:
    return vol.All(int, vol.Range(min=low, max=high))


PROFILE_SCHEMA: dict[Any, Any] = {
    vol.Required("title"): str,
    vol.Required("doors"): vol.All(int, vol.Range(min=1, max=32)),
    vol.Optional("first_coil", default=0): word,
    vol.Required("pulse"): {
        vol.Required("timed_by"): vol.In(["board", "host"]),
        vol.Optional("flash", default=0x0200): word,
        vol.Optional("step_ms", default=100): _milliseconds(1, 1000),
        vol.Optional("on", default=0xFF00): word,
        vol.Optional("off", default=0x0000): word,
        vol.Required("ms"): _milliseconds(10, 10_000),
        vol.Required("max_ms"): _milliseconds(10, 10_000),
        vol.Optional("gap_ms", default=300): _milliseconds(0, 10_000),
        vol.Optional("duty_percent", default=20): vol.All(int, vol.Range(min=1, max=100)),
    },
    vol.Optional("all_off"): word,
    vol.Optional("inputs"): {
        vol.Optional("first", default=0): word,
        vol.Required("closed"): vol.In([0, 1]),
        vol.Optional("poll_ms", default=50): _milliseconds(10, 5000),
        vol.Optional("shortest_cycle_ms", default=300): _milliseconds(20, 10_000),
        vol.Optional("opens_within_ms", default=5000): _milliseconds(100, 60_000),
    },
}

DEVICE_SCHEMA: dict[Any, Any] = {
    vol.Optional("pulse_ms"): _milliseconds(10, 10_000),
    vol.Optional("poll_ms"): _milliseconds(10, 5000),
}


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a coil is driven. Times in milliseconds, the rest raw Modbus words."""

    by_board: bool
    flash: int
    step_ms: int
    on: int
    off: int
    ms: int
    max_ms: int
    gap_ms: int
    duty_percent: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """How doors are seen. `closed` is the bit value of a closed door; times in milliseconds."""

    first: int
    closed: int
    poll_ms: int
    shortest_cycle_ms: int
    opens_within_ms: int


@dataclass(frozen=True, slots=True)
class Board:
    """One relay board as its profile describes it."""

    title: str
    doors: int
    first_coil: int
    pulse: Pulse
    all_off: int | None
    inputs: Inputs | None

    @property
    def names(self) -> tuple[str, ...]:
        """The doors' names, "1" to "N"."""
        return tuple(str(number) for number in range(1, self.doors + 1))


def board(profile: Mapping[str, Any], device: Mapping[str, Any]) -> Board:
    """The typed profile with the device entry's own values over it.

    Raises ConfigError when a pulse is longer than the profile allows, or polling is too slow to notice
    the shortest door cycle.
    """
    try:
        data = vol.Schema(PROFILE_SCHEMA)(dict(profile))
    except vol.Invalid as error:
        raise ConfigError(f"the board profile is wrong: {error}") from error
    pulse = {**data["pulse"], "ms": device.get("pulse_ms", data["pulse"]["ms"])}
    if pulse["ms"] > pulse["max_ms"]:
        raise ConfigError(f"a pulse of {pulse['ms']} ms is longer than the profile's {pulse['max_ms']} ms")
    inputs = data.get("inputs")
    if inputs is not None:
        inputs = {**inputs, "poll_ms": device.get("poll_ms", inputs["poll_ms"])}
        if inputs["poll_ms"] * 2 > inputs["shortest_cycle_ms"]:
            cycle = inputs["shortest_cycle_ms"]
            raise ConfigError(f"polling every {inputs['poll_ms']} ms can miss a door cycle of {cycle} ms")
    by_board = pulse.pop("timed_by") == "board"
    return Board(
        data["title"], data["doors"], data["first_coil"], Pulse(by_board=by_board, **pulse),
        data.get("all_off"), Inputs(**inputs) if inputs is not None else None,
    )
