"""When people come: by the hour of the site's own clock and the day of the week (S3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.core.clock import HOUR, SECOND
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.profiles import DAYS, HOURS

_MOST = float(max(HOURS))
_MEAN = sum(HOURS) / 24 * (sum(DAYS) / 7) / (_MOST * max(DAYS))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAFF = range(7, 20)


class Calendar:
    """The local clock of a site, and how busy each of its hours is. Moments are UTC microseconds."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._known: dict[int, tuple[int, int]] = {}

    def local(self, at: int) -> tuple[int, int]:
        """Hour of the day and day of the week (Monday is 0); offsets change by whole quarters of an hour."""
        quarter = at // (HOUR // 4)
        found = self._known.get(quarter)
        if found is None:
            moment = (_EPOCH + timedelta(microseconds=at)).astimezone(self._zone)
            found = self._known[quarter] = (moment.hour, moment.weekday())
        return found

    def busy(self, at: int) -> float:
        """How likely somebody is about now, 1 at the busiest hour of the week."""
        hour, weekday = self.local(at)
        return HOURS[hour] * DAYS[weekday] / (_MOST * max(DAYS))

    def arrival(self, after: int, per_day: float, chance: Chance) -> int:
        """The next of `per_day` arrivals a day after a moment: a Poisson process thinned by the hour."""
        peak = 24 * HOUR / (per_day / _MEAN)
        at = after
        while True:
            at += int(chance.about(peak)) + 1
            if chance.hits(self.busy(at)):
                return at

    def about(self, at: int, chance: Chance) -> int:
        """A moment at which somebody is about, at or soon after `at`."""
        while not chance.hits(0.1 + self.busy(at)) or self.busy(at) == 0:
            at += int(chance.between(0.2, 1.5) * HOUR)
        return at

    def working(self, at: int, chance: Chance) -> int:
        """When staff get to something that is due at `at`."""
        while True:
            hour, weekday = self.local(at)
            if hour in _STAFF and weekday < 6:
                return at
            at += HOUR - at % HOUR + int(chance.between(0, 600) * SECOND)
