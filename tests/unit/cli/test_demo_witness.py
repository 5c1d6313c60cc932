"""What the demo's witness notices: every difference between what happened and what was recorded."""

from __future__ import annotations

from typing import Any

import pytest

from hub.cli.demo_walks.witness import Truth, disagreements

OPENED = {"seq": 1, "at": 0, "device": "locks", "act": "door_opened",
          "facts": {"door": "3", "compartment": "main/A3", "cause": "pulse"}}
PULSE = {"seq": 2, "at": 0, "device": "locks", "act": "pulse", "facts": {"door": "3"}}
CHARGED = {"seq": 3, "at": 0, "device": "card", "act": "charged", "facts": {"amount": 250}}
REFUNDED = {"seq": 4, "at": 0, "device": "card", "act": "refunded", "facts": {"amount": 250}}
LONG = {"seq": 5, "at": 0, "device": "locks", "act": "coil_on_too_long", "facts": {"door": "3"}}
SALE: dict[str, Any] = {
    "effects": [{"id": "e", "kind": "open", "device": "locks", "target": "3", "state": "confirmed"}],
    "legs": [{"state": "captured", "decided": {"amount": 250}}],
}


def test_what_happened_once_and_is_recorded_once_agrees() -> None:
    assert disagreements(Truth.of([PULSE, OPENED, CHARGED]), [SALE]) == []


@pytest.mark.req("PY-04", "PY-05")
@pytest.mark.parametrize(("acts", "complaint"), [
    ([PULSE, OPENED, OPENED, CHARGED], "openings"),
    ([PULSE, CHARGED], "openings"),
    ([PULSE, PULSE, OPENED, CHARGED], "pulses"),
    ([PULSE, OPENED, CHARGED, CHARGED], "charges"),
    ([PULSE, OPENED], "charges"),
    ([PULSE, OPENED, CHARGED, REFUNDED], "money given back"),
    ([PULSE, OPENED, CHARGED, LONG], "coils"),
])
def test_one_act_too_many_or_too_few_is_named(acts: list[Any], complaint: str) -> None:
    found = disagreements(Truth.of(acts), [SALE])
    assert len(found) == 1
    assert complaint in found[0]


def test_a_door_that_somebody_pulled_open_is_not_the_hubs_doing() -> None:
    pulled = {**OPENED, "facts": {**OPENED["facts"], "cause": "pull"}}
    assert disagreements(Truth.of([pulled]), []) == []


def test_an_act_without_a_verdict_is_named() -> None:
    waiting = {"effects": [{**SALE["effects"][0], "state": "intent"}], "legs": []}
    assert disagreements(Truth.of([PULSE]), [waiting]) == ["acts without a verdict: e"]
