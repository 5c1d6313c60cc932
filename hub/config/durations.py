"""Elapsed time as installers write it: `HH:MM:SS` text or a mapping such as `{days: 30}` (rule S38)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import voluptuous as vol

from hub.config.forms import form
from hub.config.problems import suggest
from hub.config.schema import Wrong, kind_of
from hub.core.clock import DAY, HOUR, MINUTE, SECOND

_CLOCK = re.compile(r"([0-9]{1,6}):([0-5][0-9]):([0-5][0-9])\Z")
UNITS = {"days": DAY, "hours": HOUR, "minutes": MINUTE, "seconds": SECOND, "milliseconds": SECOND // 1000}
#: A hundred years: anything longer is a slip.
LONGEST = 36_525 * DAY
_MEND = 'write "HH:MM:SS" or a mapping, for example {minutes: 30}'


def parse_duration(value: Any) -> int:
    """Microseconds of a duration. Raises `Wrong`, its path naming the unit to blame."""
    if isinstance(value, str):
        return _clock(value)
    if not isinstance(value, Mapping):
        bare = isinstance(value, int | float) and not isinstance(value, bool)
        mend = f"say the unit: {{seconds: {value}}}" if bare else _MEND
        raise Wrong(f"expected a duration, found {kind_of(value)}", mend)
    if not value:
        raise Wrong("expected a duration, found an empty mapping", _MEND)
    errors: list[vol.Invalid] = []
    total = 0
    for unit, count in value.items():
        if unit not in UNITS:
            errors.append(Wrong(f"'{unit}' is no unit of time", suggest(unit, UNITS), [unit], True))
        elif not isinstance(count, int) or isinstance(count, bool) or count < 0:
            mend = f"for example: {unit}: 2 (mix units for parts)"
            errors.append(Wrong(f"expected a whole number of {unit}, found {kind_of(count)}", mend, [unit]))
        else:
            total += count * UNITS[unit]
    if errors:
        raise vol.MultipleInvalid(errors)
    return _sane(total)


def _clock(value: str) -> int:
    match = _CLOCK.match(value)
    if match is None:
        raise Wrong(f"'{value}' is no duration", _MEND)
    hours, minutes, seconds = (int(part) for part in match.groups())
    return _sane(hours * HOUR + minutes * MINUTE + seconds * SECOND)


def _sane(micros: int) -> int:
    if micros > LONGEST:
        raise Wrong("longer than a hundred years", _MEND)
    return micros


def say_duration(micros: int) -> str:
    """A duration as a mapping an installer could paste: `{days: 3, hours: 4}`."""
    parts: list[str] = []
    for unit, size in UNITS.items():
        count, micros = divmod(micros, size)
        if count:
            parts.append(f"{unit}: {count}")
    return "{" + (", ".join(parts) or "seconds: 0") + "}"


#: How a duration is written; documents refer to it as `#/$defs/duration`.
DURATION_FORM: dict[str, Any] = {
    "description": 'Elapsed time: "HH:MM:SS" or a mapping such as {minutes: 30}',
    "anyOf": [
        {"type": "string", "pattern": "^[0-9]{1,6}:[0-5][0-9]:[0-5][0-9]$"},
        {
            "type": "object", "minProperties": 1, "additionalProperties": False,
            "properties": {unit: {"type": "integer", "minimum": 0} for unit in UNITS},
        },
    ],
}


def duration(least: int | None = None, most: int | None = None) -> Callable[[Any], int]:
    """A duration within limits, all in microseconds."""

    @form({"$ref": "#/$defs/duration"})
    def validate(value: Any) -> int:
        micros = parse_duration(value)
        if least is not None and micros < least:
            raise Wrong(f"{say_duration(micros)} is too short", f"write at least {say_duration(least)}")
        if most is not None and micros > most:
            raise Wrong(f"{say_duration(micros)} is too long", f"write at most {say_duration(most)}")
        return micros

    return validate
