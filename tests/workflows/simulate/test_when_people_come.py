"""People come by the site's own clock: not at night, most in the evening, also over a clock change."""

from __future__ import annotations

from collections import Counter

from hub.core.clock import DAY, HOUR
from hub.workflows.simulate.calendar import Calendar
from hub.workflows.simulate.chance import Chance
from hub.workflows.simulate.run import START

CALENDAR = Calendar("Europe/Berlin")


def arrivals(per_day: float, days: int) -> list[int]:
    chance, at, found = Chance(1, "test"), START, []
    while at < START + days * DAY:
        at = CALENDAR.arrival(at, per_day, chance)
        found.append(at)
    return found


def test_as_many_come_in_a_week_as_was_asked_for() -> None:
    assert 0.9 < len(arrivals(50, 28)) / (50 * 28) < 1.1


def test_nobody_comes_at_night_and_most_come_after_work() -> None:
    by_hour = Counter(CALENDAR.local(at)[0] for at in arrivals(200, 14))
    assert not by_hour.keys() & {0, 1, 2, 3, 4}
    assert by_hour[17] > 2 * by_hour[6]


def test_the_clock_change_moves_the_busy_hours_with_the_clock() -> None:
    before, after = START + 6 * HOUR, START + 7 * DAY + 6 * HOUR  # 06:00 UTC, a week apart
    assert (CALENDAR.local(before)[0], CALENDAR.local(after)[0]) == (7, 8)


def test_staff_work_by_day_and_not_on_sundays() -> None:
    chance = Chance(1, "staff")
    for hour in range(24 * 7):
        local_hour, weekday = CALENDAR.local(CALENDAR.working(START + hour * HOUR, chance))
        assert 7 <= local_hour < 20
        assert weekday < 6


def test_streams_of_chance_do_not_disturb_each_other() -> None:
    first, second = Chance(1, "a"), Chance(1, "b")
    drawn = [first.share() for _ in range(3)]
    again = Chance(1, "a")
    second.share()
    assert [again.share() for _ in range(3)] == drawn
