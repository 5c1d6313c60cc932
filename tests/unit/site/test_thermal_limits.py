"""What a site may say of its thermal classes, and what it may not (TH-01, TH-02)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.core.clock import MINUTE
from hub.custody.thermal import DEFAULTS
from hub.model.states import Thermal

FOOD = """\
blueprint:
  name: Food
  domain: handover
  version: 1.0.0
  lang: 1
  input:
    bank: {name: Bank, selector: {bank: {}}}
start: [{on: api}]
initial: waiting
states:
  waiting:
    on: {command.cancel: done, thermal.breach: done}
  done: {status: cancelled, final: true}
"""


def limits(folder: Any) -> Any:
    site, problems = folder.load()
    assert problems.render() == ""
    return site.banks["main"].limits


@pytest.mark.req("TH-02")
def test_a_bank_with_a_thermometer_has_the_limits_of_its_class(site_folder: Any) -> None:
    assert limits(site_folder) == DEFAULTS[Thermal.REFRIGERATED]


@pytest.mark.req("TH-02")
def test_a_site_states_its_own_limits(site_folder: Any) -> None:
    site_folder.change(
        "    thermometer: climate\n",
        "    thermometer: climate\n"
        '    thermal_limits: {low: "-1", high: 7, limit: {minutes: 90}, warn_after: {minutes: 20},'
        " silent_after: {minutes: 5}, filling: {minutes: 10}, door: {minutes: 2},"
        " defrost: {minutes: 25}, defrost_every: {hours: 8}}\n",
    )
    found = limits(site_folder)
    assert (found.low, found.high) == (-1_000, 7_000)
    assert (found.allowed, found.warn_after) == (90 * MINUTE, 20 * MINUTE)
    assert (found.silent_after, found.filling, found.door) == (5 * MINUTE, 10 * MINUTE, 2 * MINUTE)
    assert (found.defrost, found.defrost_every) == (25 * MINUTE, 480 * MINUTE)


def test_a_shorter_limit_warns_in_time_too(site_folder: Any) -> None:
    site_folder.change(
        "    thermometer: climate\n",
        "    thermometer: climate\n    thermal_limits: {limit: {minutes: 40}}\n",
    )
    assert limits(site_folder).warn_after == 20 * MINUTE


def test_nothing_is_watched_without_a_thermometer_or_where_nothing_minds(site_folder: Any) -> None:
    site_folder.change("    thermometer: climate\n", "")
    assert limits(site_folder) is None


CASES = {
    "limits of ambient goods": (
        "thermal: refrigerated\n    thermometer: climate\n",
        'thermal: ambient\n    thermometer: climate\n    thermal_limits: {high: "7"}\n',
        "site.yaml:16:5", "ambient goods have no limits", "remove it",
    ),
    "nothing to measure": (
        "    thermometer: climate\n", '    thermal_limits: {high: "7"}\n',
        "site.yaml:15:5", "limits, but nothing to measure them", "add: thermometer",
    ),
    "unknown key": (
        "    thermometer: climate\n", "    thermometer: climate\n    thermal_limits: {hihg: 7}\n",
        "site.yaml:16:22", "unknown key 'hihg'", "did you mean 'high'?",
    ),
    "no temperature": (
        "    thermometer: climate\n", "    thermometer: climate\n    thermal_limits: {high: warm}\n",
        "site.yaml:16:28", "'warm' is no temperature", "for example",
    ),
    "absurd": (
        "    thermometer: climate\n", "    thermometer: climate\n    thermal_limits: {high: 700}\n",
        "site.yaml:16:28", "700 degrees is out of reason", "from -90 to 150",
    ),
    "a warning that is too late": (
        "    thermometer: climate\n",
        "    thermometer: climate\n    thermal_limits: {limit: {minutes: 20}, warn_after: {minutes: 30}}\n",
        "site.yaml:16:56", "the warning comes after the goods are lost",
        "write less than limit: {minutes: 20}",
    ),
    "crossed": (
        "    thermometer: climate\n",
        "    thermometer: climate\n    thermal_limits: {low: 9, high: 8}\n",
        "site.yaml:16:36", "low is not below high", "write a lower low",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_limit_is_shown_where_it_stands(site_folder: Any, name: str) -> None:
    old, new, place, message, mend = CASES[name]
    site_folder.texts["products"] = site_folder.texts["products"].replace("refrigerated", "ambient") \
        if "ambient" in new else site_folder.texts["products"]
    _, problems = site_folder.change(old, new).load()
    [problem] = list(problems)
    assert (str(problem.place).rpartition("/")[2], problem.message) == (place, message)
    assert mend in problem.mend


@pytest.mark.req("TH-03")
def test_food_needs_a_bank_that_can_tell_when_it_spoils(site_folder: Any) -> None:
    site_folder.texts["blueprints/parcel"] = FOOD
    site_folder.change("    thermometer: climate\n", "")
    _, problems = site_folder.load()
    [problem] = list(problems)
    assert problem.message == "bank 'main' cannot tell when food spoils"
    assert str(problem.place).rpartition("/")[2] == "site.yaml:24:62"
    assert "thermometer" in problem.mend
