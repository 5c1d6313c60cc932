"""Opening hours as people mean them: local time, days that differ, and the two odd nights of the year."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.schedules import is_open, next_closing, next_local, next_opening

BERLIN = "Europe/Berlin"
HOUR = 3600
SHOP = {
    "zone": BERLIN,
    "week": [[[8 * HOUR, 20 * HOUR]]] * 5 + [[[9 * HOUR, 14 * HOUR]], []],
    "except": {"2026-12-25": [], "2026-12-24": [[8 * HOUR, 12 * HOUR]]},
}
NIGHT = {"zone": BERLIN, "week": [[[22 * HOUR, 30 * HOUR]]] * 7, "except": {}}
ALWAYS = {"zone": BERLIN, "week": [[[0, 24 * HOUR]]] * 7, "except": {}}
NEVER: dict[str, Any] = {"zone": BERLIN, "week": [[]] * 7, "except": {}}


def at(text: str) -> int:
    """Local time in Berlin as UTC microseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T08:00", True), ("2026-11-20T07:59:59", False), ("2026-11-20T20:00", False),
        ("2026-11-21T13:59", True), ("2026-11-21T15:00", False), ("2026-11-22T12:00", False),
        ("2026-12-24T11:00", True), ("2026-12-24T13:00", False), ("2026-12-25T10:00", False),
    ],
)
def test_a_shop_is_open_in_its_hours_and_not_on_days_off(moment: str, expected: bool) -> None:
    assert is_open(SHOP, at(moment)) is expected


def test_the_next_opening_leaves_out_days_off() -> None:
    assert next_opening(SHOP, at("2026-12-24T12:30")) == at("2026-12-26T09:00")


def test_closing_is_the_end_of_the_span_we_are_in() -> None:
    assert next_closing(SHOP, at("2026-11-20T09:00")) == at("2026-11-20T20:00")


def test_closing_while_shut_is_the_end_of_the_next_span() -> None:
    assert next_closing(SHOP, at("2026-11-20T21:00")) == at("2026-11-21T14:00")


def test_a_span_past_midnight_belongs_to_the_day_it_began() -> None:
    assert is_open(NIGHT, at("2026-11-20T05:59"))
    assert not is_open(NIGHT, at("2026-11-20T06:00"))
    assert next_closing(NIGHT, at("2026-11-20T23:00")) == at("2026-11-21T06:00")


def test_what_is_open_around_the_clock_does_not_close() -> None:
    assert next_closing(ALWAYS, at("2026-11-20T12:00")) is None


def test_what_never_opens_has_neither_opening_nor_closing() -> None:
    assert next_opening(NEVER, at("2026-11-20T12:00")) is None
    assert next_closing(NEVER, at("2026-11-20T12:00")) is None


def test_a_wall_clock_time_that_dst_skips_is_the_moment_of_the_jump() -> None:
    assert next_local(BERLIN, "02:30:00", at("2026-03-28T12:00")) == at("2026-03-29T03:00")


def test_a_wall_clock_time_that_comes_twice_is_its_first_coming() -> None:
    first = int(datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo(BERLIN)).timestamp()) * 1_000_000
    assert next_local(BERLIN, "02:30:00", at("2026-10-24T12:00")) == first


def test_a_place_that_closes_in_the_hour_that_comes_twice_closes_the_second_time() -> None:
    bar = {"zone": BERLIN, "week": [[[20 * HOUR, 26 * HOUR + 1800]]] * 7, "except": {}}
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo(BERLIN))
    assert next_closing(bar, at("2026-10-24T21:00")) == int(second.timestamp()) * 1_000_000


@given(st.integers(at("2026-01-01T00:00"), at("2027-12-31T00:00")))
def test_a_moment_lies_before_its_closing_exactly_while_open(moment: int) -> None:
    closing, opening = next_closing(SHOP, moment), next_opening(SHOP, moment)
    assert closing is not None and opening is not None
    assert closing > moment and opening > moment
    assert is_open(SHOP, moment) is (closing <= opening)
    assert is_open(SHOP, opening) and not is_open(SHOP, closing)
