"""Air that is measured, warm, silent or unproved, and what of it counts for goods (TH-01, TH-03)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.clock import HOUR, MINUTE, SECOND
from hub.custody.thermal import DEFAULTS, Air, Known, Limits, Segment, Why, counted
from hub.model.states import Thermal

NOW = 1_795_000_000_000_000
PLAIN = Limits(Thermal.REFRIGERATED, 0, 5_000, 120 * MINUTE, 30 * MINUTE, filling=0, door=0)
GOOD, WARM = 4_000, 9_000


def follow(air: Air, *readings: tuple[int, int]) -> None:
    for after, value in readings:
        air.read(NOW + after, value)


def steady(air: Air, since: int, until: int, value: int, step: int = MINUTE) -> None:
    for moment in range(since, until + 1, step):
        air.read(NOW + moment, value)


def told(air: Air) -> list[tuple[int, int, str]]:
    return [((s.start - NOW) // SECOND, (s.end - NOW) // SECOND, s.why.value) for s in air.take()]


def test_a_stretch_is_as_bad_as_the_worse_of_its_readings() -> None:
    air = Air(PLAIN, NOW)
    follow(air, (60 * SECOND, GOOD), (90 * SECOND, WARM), (120 * SECOND, WARM), (150 * SECOND, GOOD),
           (180 * SECOND, GOOD))
    assert told(air) == [(0, 60, "good"), (60, 150, "warm"), (150, 180, "good")]


def test_too_cold_for_the_class_counts_like_too_warm() -> None:
    air = Air(PLAIN, NOW)
    follow(air, (60 * SECOND, -3_000))
    assert told(air) == [(0, 60, "warm")]


def test_a_gap_between_good_readings_proves_nothing() -> None:
    air = Air(PLAIN, NOW)
    follow(air, (0, GOOD), (10 * MINUTE, GOOD))
    assert told(air) == [(0, 600, "silent")]


def test_silence_counts_from_the_last_reading_as_it_goes_on() -> None:
    air = Air(PLAIN, NOW)
    follow(air, (60 * SECOND, GOOD))
    air.look(NOW + 2 * MINUTE)
    assert told(air) == [(0, 60, "good")]
    air.look(NOW + 5 * MINUTE)
    air.look(NOW + 6 * MINUTE)
    air.read(NOW + 7 * MINUTE, GOOD)
    air.read(NOW + 8 * MINUTE, GOOD)
    assert told(air) == [(60, 420, "silent"), (420, 480, "good")]


def test_a_thermometer_that_says_it_is_lost_is_silent_at_once() -> None:
    air = Air(PLAIN, NOW)
    follow(air, (30 * SECOND, GOOD))
    air.lost = True
    air.look(NOW + 60 * SECOND)
    assert told(air) == [(0, 30, "good"), (30, 60, "silent")]


def test_a_restart_that_takes_longer_than_a_silence_is_an_outage() -> None:
    air = Air.resume(PLAIN, Known(NOW, NOW))
    air.read(NOW + 3 * HOUR, GOOD)
    air.read(NOW + 3 * HOUR + MINUTE, GOOD)
    assert told(air) == [(0, 10_800, "outage"), (10_800, 10_860, "good")]


def test_a_short_restart_between_good_readings_is_none() -> None:
    air = Air.resume(PLAIN, Known(NOW, NOW))
    air.read(NOW + 20 * SECOND, GOOD)
    assert told(air) == [(0, 20, "good")]


def test_the_thermometers_own_limits_count_too() -> None:
    air = Air(PLAIN, NOW)
    air.read(NOW + 60 * SECOND, GOOD)
    air.fault(NOW + 60 * SECOND, True)
    air.read(NOW + 120 * SECOND, GOOD)
    air.fault(NOW + 120 * SECOND, False)
    air.read(NOW + 180 * SECOND, GOOD)
    air.read(NOW + 240 * SECOND, GOOD)
    assert told(air) == [(0, 60, "good"), (60, 180, "warm"), (180, 240, "good")]


def test_a_clock_that_goes_back_counts_nothing_twice() -> None:
    air = Air(PLAIN, NOW)
    follow(air, (60 * SECOND, WARM), (30 * SECOND, WARM), (90 * SECOND, WARM))
    assert told(air) == [(0, 90, "warm")]


def test_what_could_not_be_kept_comes_again() -> None:
    air = Air(PLAIN, NOW)
    follow(air, (60 * SECOND, WARM))
    air.put_back(air.take())
    follow(air, (120 * SECOND, WARM))
    assert sum(s.end - s.start for s in air.take()) == 2 * MINUTE


# Graces


def warm_for(limits: Limits, air: Air, deposited: int) -> int:
    return sum(counted(s, NOW + deposited, limits, air.graces) for s in air.take()) // SECOND


@pytest.mark.req("TH-03")
def test_warm_air_right_after_filling_does_not_count() -> None:
    limits = replace(PLAIN, filling=15 * MINUTE)
    air = Air(limits, NOW)
    steady(air, 0, 20 * MINUTE, WARM)
    assert warm_for(limits, air, 0) == 5 * 60


def test_a_later_lot_has_its_own_grace_and_an_earlier_one_none() -> None:
    limits = replace(PLAIN, filling=15 * MINUTE)
    segment = Segment(NOW + HOUR, NOW + HOUR + 20 * MINUTE, Why.WARM)
    assert counted(segment, NOW + HOUR, limits, ()) == 5 * MINUTE
    assert counted(segment, NOW, limits, ()) == 20 * MINUTE


def test_an_open_door_explains_warm_air_for_a_while() -> None:
    limits = replace(PLAIN, door=5 * MINUTE)
    air = Air(limits, NOW)
    steady(air, 0, 2 * MINUTE, GOOD)
    air.opened(NOW + 2 * MINUTE)
    steady(air, 3 * MINUTE, 9 * MINUTE, WARM)
    assert warm_for(limits, air, 0) == 2 * 60


def test_a_door_that_opens_while_it_is_warm_explains_nothing() -> None:
    limits = replace(PLAIN, door=5 * MINUTE)
    air = Air(limits, NOW)
    steady(air, 0, 2 * MINUTE, WARM)
    air.opened(NOW + 2 * MINUTE)
    steady(air, 3 * MINUTE, 9 * MINUTE, WARM)
    assert warm_for(limits, air, 0) == 9 * 60


def test_a_defrost_is_excused_once_in_its_interval() -> None:
    limits = replace(PLAIN, defrost=20 * MINUTE, defrost_every=6 * HOUR)
    air = Air(limits, NOW)
    steady(air, 0, HOUR, GOOD)
    steady(air, HOUR + MINUTE, HOUR + 19 * MINUTE, WARM)
    steady(air, HOUR + 20 * MINUTE, 2 * HOUR, GOOD)
    assert warm_for(limits, air, 0) == 0
    steady(air, 2 * HOUR + MINUTE, 2 * HOUR + 10 * MINUTE, WARM)
    steady(air, 2 * HOUR + 11 * MINUTE, 7 * HOUR + 10 * MINUTE, GOOD)
    assert warm_for(limits, air, 0) == 11 * 60
    steady(air, 7 * HOUR + 11 * MINUTE, 7 * HOUR + 29 * MINUTE, WARM)
    assert warm_for(limits, air, 0) == 0


def test_a_defrost_that_does_not_end_is_none() -> None:
    limits = replace(PLAIN, defrost=20 * MINUTE)
    air = Air(limits, NOW)
    steady(air, 0, HOUR, GOOD)
    steady(air, HOUR + MINUTE, 2 * HOUR, WARM)
    assert warm_for(limits, air, 0) == 40 * 60


@pytest.mark.parametrize("why", [Why.SILENT, Why.OUTAGE])
def test_no_grace_excuses_silence(why: Why) -> None:
    limits = replace(PLAIN, filling=15 * MINUTE)
    segment = Segment(NOW, NOW + 10 * MINUTE, why)
    assert counted(segment, NOW, limits, [(NOW, NOW + HOUR)]) == 10 * MINUTE


@given(
    st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 30),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 30)), max_size=4),
)
def test_what_counts_is_the_minutes_that_nothing_excuses(
    start: int, length: int, deposited: int, filling: int, graces: list[tuple[int, int]],
) -> None:
    limits = replace(PLAIN, filling=filling)
    windows = [(since, since + long) for since, long in graces]
    bare = [
        minute for minute in range(max(start, deposited), start + length)
        if not any(since <= minute < until for since, until in [*windows, (deposited, deposited + filling)])
    ]
    assert counted(Segment(start, start + length, Why.WARM), deposited, limits, windows) == len(bare)


# When to look again


@given(st.lists(st.tuples(st.integers(1, 300), st.booleans()), max_size=30), st.integers(1, 3000))
def test_a_limit_is_never_reached_before_the_moment_to_look(
    readings: list[tuple[int, bool]], left: int,
) -> None:
    air = Air(PLAIN, NOW)
    at = NOW
    for after, good in readings:
        at += after * SECOND
        air.read(at, GOOD if good else WARM)
    air.take()
    due = air.due(at, left * SECOND)
    assert due > at
    air.look(due - 1)
    assert sum(counted(s, NOW, PLAIN, air.graces) for s in air.take()) < left * SECOND


@pytest.mark.req("TH-01", "TH-02")
def test_ambient_has_no_clock_and_every_other_class_has_one() -> None:
    assert set(DEFAULTS) == set(Thermal) - {Thermal.AMBIENT}
    assert all(limits.warn_after < limits.allowed for limits in DEFAULTS.values())
