"""Schedules as installers write them: `{mon-fri: ["08:00-20:00"], except: {"2026-12-25": []}}`.

The value is the compiled form of hub.model.schedules, which a handover pins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import voluptuous as vol

from hub.config.problems import suggest
from hub.config.schema import Wrong, kind_of
from hub.model.schedules import DAY_SECONDS

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)\Z")
_SPAN_MEND = 'for example: ["08:00-20:00"], or [] for closed'
_EXCEPT = "except"


def schedule(zone: str) -> Callable[[Any], dict[str, Any]]:
    """A validator for one schedule of a site in the time zone `zone`."""

    def validate(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            mend = 'for example: {mon-fri: ["08:00-18:00"]}'
            raise Wrong(f"expected days with hours, found {kind_of(value)}", mend)
        week: list[list[list[int]]] = [[] for _ in DAYS]
        errors: list[vol.Invalid] = []
        other: dict[str, list[list[int]]] = {}
        for key, spans in value.items():
            try:
                if key == _EXCEPT:
                    other = _exceptions(spans)
                else:
                    for day in _days(str(key)):
                        week[day] = sorted(week[day] + _spans(spans))
            except vol.Invalid as error:
                error.prepend([key])
                errors.extend(error.errors if isinstance(error, vol.MultipleInvalid) else [error])
        if errors:
            raise vol.MultipleInvalid(errors)
        return {"zone": zone, "week": week, "except": other}

    return validate


def _days(key: str) -> list[int]:
    first, dash, last = key.partition("-")
    known = [*DAYS, "mon-fri", _EXCEPT]
    for word in (first, last) if dash else (first,):
        if word not in DAYS:
            raise Wrong(f"'{key}' is no day", suggest(key, known), [], True)
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]


def _spans(value: Any) -> list[list[int]]:
    if not isinstance(value, list):
        raise Wrong(f"expected a list of hours, found {kind_of(value)}", _SPAN_MEND)
    return [_span(one) for one in value]


def _span(value: Any) -> list[int]:
    match = _SPAN.match(value) if isinstance(value, str) else None
    if match is None:
        raise Wrong(f"expected hours, found {kind_of(value)}", _SPAN_MEND)
    hours, minutes, to_hours, to_minutes = (int(part) for part in match.groups())
    begin, end = hours * 3600 + minutes * 60, to_hours * 3600 + to_minutes * 60
    if begin >= DAY_SECONDS or end > DAY_SECONDS:
        raise Wrong(f"'{value}' is past midnight", 'a night is written "22:00-06:00"')
    return [begin, end if end > begin else end + DAY_SECONDS]


def _exceptions(value: Any) -> dict[str, list[list[int]]]:
    if not isinstance(value, dict):
        raise Wrong(f"expected days with hours, found {kind_of(value)}", 'for example: {"2026-12-25": []}')
    out: dict[str, list[list[int]]] = {}
    errors: list[vol.Invalid] = []
    for key, spans in value.items():
        try:
            try:
                day = date.fromisoformat(str(key)).isoformat()
            except ValueError:
                raise Wrong(f"'{key}' is no date", 'for example: "2026-12-25"', [], True) from None
            out[day] = sorted(_spans(spans))
        except vol.Invalid as error:
            error.prepend([key])
            errors.append(error)
    if errors:
        raise vol.MultipleInvalid(errors)
    return out
