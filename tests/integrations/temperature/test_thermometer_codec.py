"""Registers, limits and configuration of thermometers: golden values and laws."""

import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

from hub.api import ConfigError
from hub.testing import load_profile
from integrations import temperature
from integrations.temperature import codec
from integrations.temperature.config import DEVICE_SCHEMA, Limits, degrees, seconds, sensor, settings
from integrations.temperature.limits import LimitWatch

XY_MD02 = sensor(load_profile(temperature, "xy_md02"))


@pytest.mark.parametrize(
    ("words", "millicelsius", "permille"),
    [((0x0131, 0x0222), 30_500, 546), ((0xFF33, 0x0222), -20_500, 546), ((0, 0), 0, 0)],
)
def test_registers_are_signed_tenths_of_degrees_and_tenths_of_per_cent(words, millicelsius, permille):
    assert codec.decode(XY_MD02, words) == codec.Reading(millicelsius, permille)


@pytest.mark.parametrize("words", [(0x8000, 0x0222), (0x7FFF, 0x0222), (0x0131, 0x7FFF), (0x0131,), ()])
def test_what_a_broken_sensor_reports_is_no_reading(words):
    with pytest.raises(codec.NoReading):
        codec.decode(XY_MD02, words)


@given(st.integers(-400, 1250), st.integers(0, 1000))
def test_every_measurable_value_comes_through_exactly(tenths, permille):
    assert codec.decode(XY_MD02, (tenths & 0xFFFF, permille)) == codec.Reading(tenths * 100, permille)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_any_two_words_are_a_reading_inside_the_range_or_none(first, second):
    try:
        reading = codec.decode(XY_MD02, (first, second))
    except codec.NoReading:
        return
    assert -40_000 <= reading.millicelsius <= 125_000
    assert 0 <= reading.permille <= 1000


def followed(limits, *readings):
    """(millicelsius, at) -> the state after each."""
    watch = LimitWatch(limits)
    states = []
    for millicelsius, at in readings:
        watch.feed(millicelsius, at)
        states.append((watch.outside, watch.breached))
    return states


FRIDGE = Limits(low=2000, high=7000, hysteresis=500, hold=600)


def test_a_warning_begins_outside_the_limit_and_becomes_a_breach_when_it_lasts():
    assert followed(FRIDGE, (6900, 0), (7100, 10), (7200, 609), (7200, 610)) == [
        ("", False), ("high", False), ("high", False), ("high", True),
    ]


def test_a_warning_ends_only_when_the_temperature_is_back_by_the_hysteresis():
    assert followed(FRIDGE, (7100, 0), (6900, 10), (6600, 20), (6500, 30)) == [
        ("high", False), ("high", False), ("high", False), ("", False),
    ]


def test_a_temperature_that_falls_back_in_time_is_no_breach():
    assert followed(FRIDGE, (7100, 0), (5000, 500), (7100, 700), (7100, 1200))[-1] == ("high", False)


def test_too_cold_is_watched_like_too_warm():
    assert followed(FRIDGE, (1900, 0), (2400, 10), (1800, 700)) == [
        ("low", False), ("low", False), ("low", True),
    ]


def test_the_detail_names_the_worst_reading_and_the_limit():
    watch = LimitWatch(FRIDGE)
    watch.feed(7600, 0)
    watch.feed(7100, 1)
    assert watch.detail == "7.6 °C, above the limit of 7.0 °C"


@given(st.lists(st.tuples(st.integers(-10_000, 20_000), st.integers(0, 400)), max_size=30))
def test_a_breach_needs_the_whole_time_outside_without_interruption(steps):
    watch, now, outside_since = LimitWatch(FRIDGE), 0, None
    for millicelsius, pause in steps:
        now += pause
        before = watch.outside
        watch.feed(millicelsius, now)
        if watch.outside != before:
            outside_since = now if watch.outside else None
        assert watch.breached == (outside_since is not None and now - outside_since >= 600)


@pytest.mark.parametrize(("text", "value"), [("7.5", 7500), (7, 7000), (-18.5, -18_500), ("0.001", 1)])
def test_degrees_are_exact(text, value):
    assert degrees(text) == value


@pytest.mark.parametrize("text", ["warm", "7.5C", "0.0001", True, None, "inf", "nan"])
def test_what_is_no_temperature_is_refused(text):
    with pytest.raises(vol.Invalid):
        degrees(text)


@pytest.mark.parametrize(
    ("text", "value"), [("00:10:00", 600), ({"minutes": 10}, 600), ("48:00:00", 172_800)]
)
def test_durations_are_read_in_both_forms(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["10", 10, {}, {"minutes": -1}, {"weeks": 1}, "00:61:00", {"minutes": True}])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(vol.Invalid):
        seconds(text)


def test_limits_that_cross_are_a_configuration_error():
    with pytest.raises(ConfigError, match="high must lie above low"):
        settings({"limits": {"low": "7", "high": "6"}})


def test_an_entry_reads_the_same_before_and_after_its_check():
    entry = {"every": {"seconds": 2}, "limits": {"low": "2", "high": "7.5", "for": "00:05:00"}}
    assert settings(vol.Schema(DEVICE_SCHEMA)(entry)) == settings(entry)


def test_an_unknown_key_of_the_limits_is_refused():
    with pytest.raises(vol.Invalid):
        vol.Schema(DEVICE_SCHEMA)({"limits": {"hi": "7"}})
