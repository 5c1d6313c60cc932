"""`thermal_limits:` of a bank: what its class means here. What is not said is as in the class's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import voluptuous as vol

from hub.config import Wrong, YamlPath, duration, mapping
from hub.config.durations import say_duration
from hub.config.forms import either, form
from hub.core.clock import DAY, MINUTE, SECOND
from hub.custody.thermal import DEFAULTS, Limits
from hub.model.states import Thermal
from hub.site.sections.reading import Reading
from hub.workflows.machine import Machine

_COLDEST, _HOTTEST = -90_000, 150_000


@form(either({"type": "number"}, {"type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?$"}))
def _degrees(value: Any) -> int:
    """Degrees Celsius as milli-degrees."""
    try:
        exact = Decimal(str(value)) * 1000
    except InvalidOperation as error:
        raise Wrong(f"'{value}' is no temperature", 'write degrees Celsius, for example: "7.5"') from error
    if isinstance(value, bool) or not exact.is_finite() or exact != exact.to_integral_value():
        raise Wrong(f"'{value}' is no temperature", 'write degrees Celsius, for example: "7.5"')
    if not _COLDEST <= exact <= _HOTTEST:
        raise Wrong(f"{value} degrees is out of reason", "write degrees Celsius from -90 to 150")
    return int(exact)


#: How each key of the YAML is called in `Limits`.
_FIELDS = {"limit": "allowed"}
LIMITS = mapping({
    vol.Optional("low"): _degrees,
    vol.Optional("high"): _degrees,
    vol.Optional("limit"): duration(MINUTE, 30 * DAY),
    vol.Optional("warn_after"): duration(0, 30 * DAY),
    vol.Optional("silent_after"): duration(10 * SECOND, DAY),
    vol.Optional("filling"): duration(0, DAY),
    vol.Optional("door"): duration(0, DAY),
    vol.Optional("defrost"): duration(0, DAY),
    vol.Optional("defrost_every"): duration(MINUTE, 30 * DAY),
})


def read_limits(reading: Reading, path: YamlPath, thermal: Thermal, thermometer: str | None) -> Limits | None:
    """The limits of the bank at `path`, None where nothing is watched: ambient, or no thermometer."""
    where = (*path, "thermal_limits")
    stated = where in reading.document.marks
    given = reading.check(LIMITS, where) if stated else {}
    if thermal not in DEFAULTS:
        if stated:
            classes = ", ".join(DEFAULTS)
            reading.bad(where, f"{thermal} goods have no limits", f"remove it, or thermal: {classes}", True)
        return None
    if thermometer is None:
        if stated:
            reading.bad(where, "limits, but nothing to measure them", "add: thermometer: DEVICE", True)
        return None
    return None if given is None else _sound(reading, where, given, thermal)


def _sound(reading: Reading, where: YamlPath, given: Mapping[str, Any], thermal: Thermal) -> Limits | None:
    limits = replace(DEFAULTS[thermal], **{_FIELDS.get(key, key): value for key, value in given.items()})
    if "limit" in given and "warn_after" not in given:
        limits = replace(limits, warn_after=min(limits.warn_after, limits.allowed // 2))
    if limits.warn_after >= limits.allowed:
        mend = f"write less than limit: {say_duration(limits.allowed)}"
        reading.bad((*where, "warn_after"), "the warning comes after the goods are lost", mend)
        return None
    if limits.low is not None and limits.high is not None and limits.low >= limits.high:
        key = "high" if "high" in given else "low"
        reading.bad((*where, key), "low is not below high", "write a lower low, or a higher high")
        return None
    return limits


def check_watched(reading: Reading, machine: Machine, path: YamlPath) -> None:
    """A workflow that counts on `thermal.breach` needs a bank that can tell one."""
    if not any("thermal.breach" in state.on for state in machine.states.values()):
        return
    for key, value in machine.inputs.items():
        if isinstance(value, str) and not reading.watched.get(value, True):
            place = (*path, "use_blueprint", "input", key)
            reading.bad(
                place if place in reading.document.marks else path,
                f"bank '{value}' cannot tell when food spoils",
                "give the bank thermal: refrigerated, frozen or heated, and a thermometer",
            )
