"""Schedules as installers write them, and what they come to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import voluptuous as vol

from hub.config.schedules import schedule
from hub.model import schedules

read = schedule("Europe/Berlin")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_days_spans_and_exceptions_become_the_compiled_form() -> None:
    found = read({
        "mon-fri": ["08:00-12:00", "13:00-18:00"], "sat": ["09:00-14:00"], "except": {"2026-12-25": []},
    })
    assert found["zone"] == "Europe/Berlin"
    assert found["week"][0] == found["week"][4] == [[28_800, 43_200], [46_800, 64_800]]
    assert found["week"][5] == [[32_400, 50_400]]
    assert found["week"][6] == []
    assert found["except"] == {"2026-12-25": []}


def test_it_opens_and_closes_as_written() -> None:
    found = read({"mon-fri": ["08:00-18:00"], "except": {"2026-12-24": ["08:00-12:00"], "2026-12-25": []}})
    assert schedules.is_open(found, at("2026-12-24T10:59"))
    assert not schedules.is_open(found, at("2026-12-24T11:01"))
    assert not schedules.is_open(found, at("2026-12-25T10:00"))


def test_a_night_goes_past_midnight_and_a_week_past_sunday() -> None:
    found = read({"fri-mon": ["22:00-06:00"]})
    assert [bool(day) for day in found["week"]] == [True, False, False, False, True, True, True]
    assert schedules.is_open(found, at("2026-12-22T04:30"))  # Tuesday morning in Berlin, Monday's night


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ({"monday": ["08:00-18:00"]}, ["monday"], "is no day"),
        ({"mon": ["8-18"]}, ["mon"], "expected hours"),
        ({"mon": "08:00-18:00"}, ["mon"], "expected a list of hours"),
        ({"except": {"25.12.2026": []}}, ["except", "25.12.2026"], "is no date"),
        ({"mon": ["08:00-24:30"]}, ["mon"], "past midnight"),
        (["08:00-18:00"], [], "expected days with hours"),
    ],
)
def test_what_is_wrong_is_named_at_its_place(text: Any, path: list[str], message: str) -> None:
    with pytest.raises(vol.Invalid) as caught:
        read(text)
    error = caught.value.errors[0] if isinstance(caught.value, vol.MultipleInvalid) else caught.value
    assert error.path == path
    assert message in str(error)
