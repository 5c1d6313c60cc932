"""Opening hours and other weekly schedules, as a blueprint pins them: plain data, local time, DST-safe (S3).

A schedule is `{"zone": IANA name, "week": [seven lists of [from, to]], "except": {DATE: [[from, to]]}}`.
DATE is "YYYY-MM-DD"; from and to are seconds of the local wall clock since midnight. Monday is first; `to`
beyond 86400 is on the next day. A day under `except` replaces the day of the week. Moments are UTC
microseconds.

A wall-clock time that DST skips counts as the moment of the jump; one that comes twice as its first coming
where something opens, and as its second where it closes: nobody is shut out early.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Schedule = Mapping[str, Any]

DAY_SECONDS = 86_400
_MICROS = 1_000_000
#: How far ahead an opening is looked for: a schedule that never opens again has none.
_HORIZON_DAYS = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_open(schedule: Schedule, at: int) -> bool:
    """Whether `at` lies in one of the schedule's spans; a span holds its beginning and not its end."""
    return any(begin <= at < end for begin, end in _spans(schedule, at, days=2))


def next_opening(schedule: Schedule, at: int) -> int | None:
    """The first moment after `at` at which a span begins, or None within the next 400 days."""
    return next((begin for begin, _ in _spans(schedule, at, _HORIZON_DAYS) if begin > at), None)


def next_closing(schedule: Schedule, at: int) -> int | None:
    """The end of the span that holds `at`, else of the next one; None when there is none in 400 days.

    Spans that touch or overlap are one: a place open around the clock does not close at midnight.
    """
    closing: int | None = None
    for begin, end in _spans(schedule, at, _HORIZON_DAYS):
        if end <= at:
            continue
        if closing is not None and begin > closing:
            return closing
        closing = end if closing is None else max(closing, end)
    never = closing is None or closing - at > (_HORIZON_DAYS - 2) * DAY_SECONDS * _MICROS
    return None if never else closing


def next_local(zone: str, time: str, at: int) -> int:
    """The first moment after `at` at which the wall clock in `zone` shows `time` ("HH:MM:SS")."""
    hours, minutes, seconds = (int(part) for part in time.split(":"))
    day = _local_day(zone, at)
    for offset in range(3):
        moment = moment_of(zone, day + timedelta(days=offset), hours * 3600 + minutes * 60 + seconds)
        if moment > at:
            return moment
    raise ValueError(f"{time} never comes in {zone}")


def moment_of(zone: str, day: date, seconds: int, *, late: bool = False) -> int:
    """The moment at which the wall clock in `zone` shows `seconds` since midnight of `day`.

    `late` takes the second of two comings. A time that is skipped gives the moment of the jump.
    """
    tz = _zone(zone)
    naive = datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)
    local = naive.replace(tzinfo=tz, fold=int(late))
    moment = _micros(local)
    if datetime.fromtimestamp(moment // _MICROS, tz).replace(tzinfo=None) == naive:
        return moment
    # Skipped: read with the offset from before the jump it lies behind it, with the one from after before it.
    before, after = (_micros(naive.replace(tzinfo=tz, fold=fold)) for fold in (1, 0))
    return _jump(tz, min(before, after), max(before, after))


def _jump(tz: ZoneInfo, low: int, high: int) -> int:
    """The moment between two others (microseconds, whole seconds) at which the zone's offset changes."""
    early, late = low // _MICROS, high // _MICROS
    offset = datetime.fromtimestamp(early, tz).utcoffset()
    while late - early > 1:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, tz).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late * _MICROS


def _spans(schedule: Schedule, at: int, days: int) -> Iterator[tuple[int, int]]:
    """The spans from the day before `at` on, in order of their beginning."""
    zone = str(schedule["zone"])
    first = _local_day(zone, at) - timedelta(days=1)
    for offset in range(days + 1):
        day = first + timedelta(days=offset)
        for begin, end in sorted(_of_day(schedule, day)):
            yield moment_of(zone, day, begin), moment_of(zone, day, end, late=True)


def _of_day(schedule: Schedule, day: date) -> list[list[int]]:
    special: Mapping[str, list[list[int]]] = schedule.get("except", {})
    found = special.get(day.isoformat())
    if found is None:
        week: list[list[list[int]]] = schedule["week"]
        found = week[day.weekday()]
    return found


def _local_day(zone: str, at: int) -> date:
    return datetime.fromtimestamp(at // _MICROS, _zone(zone)).date()


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
