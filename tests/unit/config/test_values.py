"""Durations, money, schemas and selectors, with what they answer to wrong values."""

from __future__ import annotations

import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

from hub.config import (
    SELECTORS,
    SiteNames,
    Wrong,
    check,
    mapping,
    one_of,
    parse_duration,
    selector_validator,
    text,
    whole,
)
from hub.config.durations import LONGEST, say_duration

NAMES = SiteNames(
    currency="EUR", banks=["main", "cold"], compartments=["main/A1"], products=["cola"], terminals=["front"],
    roles=["staff"], devices={"locks": ["LockBank"], "climate": ["Thermometer"]},
)


def refusal(spec, value):
    with pytest.raises(vol.Invalid) as caught:
        selector_validator(spec, NAMES)(value)
    error = caught.value.errors[0] if isinstance(caught.value, vol.MultipleInvalid) else caught.value
    return f"{error.msg} | {error.mend}"


@given(st.integers(0, 999_999), st.integers(0, 59), st.integers(0, 59))
def test_clock_text_and_mapping_mean_the_same(hours, minutes, seconds):
    spelt = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    parts = {"hours": hours, "minutes": minutes, "seconds": seconds}
    total = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000
    if total > LONGEST:
        with pytest.raises(Wrong):
            parse_duration(spelt)
    else:
        assert parse_duration(spelt) == parse_duration(parts) == total


@given(st.integers(0, LONGEST // 1000).map(lambda millis: millis * 1000))
def test_a_duration_is_said_as_it_is_read(micros):
    import yaml

    assert parse_duration(yaml.safe_load(say_duration(micros))) == micros


@pytest.mark.parametrize(("value", "message", "mend"), [
    (30, "expected a duration, found 30", "{seconds: 30}"),
    ("30", "'30' is no duration", "HH:MM:SS"),
    ("00:60:00", "'00:60:00' is no duration", "HH:MM:SS"),
    ("-1:00:00", "'-1:00:00' is no duration", "HH:MM:SS"),
    (True, "expected a duration, found true", "HH:MM:SS"),
    (None, "expected a duration, found nothing", "HH:MM:SS"),
    ({}, "found an empty mapping", "HH:MM:SS"),
    ({"day": 3}, "'day' is no unit of time", "did you mean 'days'?"),
    ({"hours": 1.5}, "expected a whole number of hours, found 1.5", "for example"),
    ({"hours": -1}, "expected a whole number of hours, found -1", "for example"),
    ({"days": 999999}, "longer than a hundred years", "HH:MM:SS"),
])
def test_a_wrong_duration_says_what_to_write(value, message, mend):
    got = refusal({"duration": {}}, value) if value is not None else None
    if got is None:
        with pytest.raises(Wrong) as caught:
            parse_duration(value)
        got = f"{caught.value.msg} | {caught.value.mend}"
    assert message in got
    assert mend in got


@pytest.mark.parametrize(("spec", "value", "result"), [
    ({"boolean": {}}, True, True),
    ({"number": {"min": 1, "max": 5}}, 5, 5),
    ({"number": {"fractions": True}}, 2.5, 2.5),
    ({"duration": {"min": {"minutes": 5}, "max": {"days": 30}}}, "48:00:00", 172_800_000_000),
    ({"time": {}}, "18:30", "18:30:00"),
    ({"money": {"max": "9.99"}}, "2.50", {"amount": 250, "currency": "EUR"}),
    ({"text": {}}, "hello", "hello"),
    ({"select": {"options": ["pin", "qr"]}}, "pin", "pin"),
    ({"select": {"options": ["pin", "qr"], "multiple": True}}, ["qr", "pin"], ["qr", "pin"]),
    ({"bank": {}}, "main", "main"),
    ({"bank": None}, "main", "main"),
    ("bank", "main", "main"),
    ({"bank": {"multiple": True}}, ["main", "cold"], ["main", "cold"]),
    ({"compartment": {}}, "main/A1", "main/A1"),
    ({"device": {"capability": "LockBank"}}, "locks", "locks"),
    ({"product": {}}, "cola", "cola"),
    ({"role": {}}, "staff", "staff"),
    ({"terminal": {}}, "front", "front"),
])
def test_a_selector_takes_what_it_names(spec, value, result):
    assert selector_validator(spec, NAMES)(value) == result


@pytest.mark.parametrize(("spec", "value", "answer"), [
    ({"boolean": {}}, "yes", 'expected true or false, found "yes"'),
    ({"number": {}}, True, "expected a whole number, found true"),
    ({"number": {"max": 5, "unit": "min"}}, 6, "write at most 5 min"),
    ({"duration": {"min": {"minutes": 5}}}, {"minutes": 4}, "write at least {minutes: 5}"),
    ({"duration": {"max": {"days": 1}}}, {"days": 2}, "write at most {days: 1}"),
    ({"time": {}}, "24:00", "expected a time of day"),
    ({"money": {}}, 2.5, 'put it in quotes: "2.50"'),
    ({"money": {}}, "2.505", "EUR has 2"),
    ({"text": {"max": 3}}, "long", "write at most 3"),
    ({"text": {}}, 5, 'put it in quotes: "5"'),
    ({"select": {"options": ["pin", "qr"]}}, "pinn", "did you mean 'pin'?"),
    ({"select": {"options": ["pin"], "multiple": True}}, "pin", "write it in brackets"),
    ({"select": {"options": ["pin"], "multiple": True}}, ["pin", "pin"], "listed twice"),
    ({"select": {"options": ["pin"], "multiple": True}}, [], "found an empty list"),
    ({"bank": {}}, "mian", "did you mean 'main'?"),
    ({"bank": {}}, None, "this input has no value"),
    ({"device": {"capability": "Thermometer"}}, "locks", "device 'locks' is no Thermometer"),
    ({"machine": {}}, 5, 'expected text, found 5'),
])
def test_a_selector_refuses_the_rest_with_a_mend(spec, value, answer):
    assert answer in refusal(spec, value)


@pytest.mark.parametrize(("spec", "path", "answer"), [
    ({"banc": {}}, ["banc"], "did you mean 'bank'?"),
    ({"number": {"minimum": 1}}, ["number", "minimum"], "did you mean 'min'?"),
    ({"duration": {"min": {"hour": 1}}}, ["duration", "min", "hour"], "did you mean 'hours'?"),
    ({}, [], "for example"),
])
def test_a_badly_written_selector_is_refused_itself(spec, path, answer):
    with pytest.raises(vol.Invalid) as caught:
        selector_validator(spec, NAMES)
    error = caught.value.errors[0] if isinstance(caught.value, vol.MultipleInvalid) else caught.value
    assert [str(step) for step in error.path] == path
    assert answer in error.mend


def test_every_word_of_the_language_is_a_known_selector():
    assert set(SELECTORS) == {
        "boolean", "number", "duration", "time", "money", "text", "select", "bank", "compartment", "device",
        "machine", "slot", "product", "role", "person_group", "template", "schedule", "terminal",
    }


SCHEMA = mapping({
    vol.Required("name", description='add: name: "..."'): text,
    vol.Optional("compartments"): mapping({vol.Optional("size"): one_of(["S", "M"], "size")}),
    vol.Optional("count"): whole(1, 9),
    vol.Optional("plain"): int,
    vol.Optional("word"): vol.In(["red", "green"]),
})


def test_one_run_reports_every_error_with_its_place_and_mend(folder):
    document = folder.read(
        "bank:\n  compartmnts: {}\n  compartments: {size: Q}\n  count: 12\n  plain: x\n  word: gren\n"
    )
    assert check(SCHEMA, document, ("bank",), folder.problems) is None
    assert [(p.line, p.column, p.message, p.mend) for p in folder.problems] == [
        (1, 1, "'name' is missing", 'add: name: "..."'),
        (2, 3, "unknown key 'compartmnts'", "did you mean 'compartments'?"),
        (3, 24, "'Q' is no size", "known here: M, S"),
        (4, 10, "12 is out of range", "write a number from 1 to 9"),
        (5, 10, 'expected a whole number, found "x"', "for example: 9"),
        (6, 9, '"gren" is not allowed here', "did you mean 'green'?"),
    ]


def test_nothing_is_said_twice_about_a_value_that_could_not_be_filled_in(folder):
    document = folder.read("bank:\n  name: !secret none\n")
    check(SCHEMA, document, ("bank",), folder.problems)
    assert len(folder.problems) == 1
