"""The event bus: one event, one listener, as fast as it goes; Home Assistant core beside it."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass

from environments import NoAnchor, anchor
from results import Result

from hub.core.bus import EventBus

_HOME_ASSISTANT = ("homeassistant==2024.3.3",)
_GOAL = 2.0


@dataclass(frozen=True, slots=True)
class _Event:
    index: int


def _ours(count: int, repeats: int) -> float:
    bus = EventBus()
    seen = 0

    def listener(event: _Event) -> None:
        nonlocal seen
        seen += 1

    bus.listen(_Event, listener)
    rates = []
    for _ in range(repeats):
        seen = 0
        gc.collect()
        began = time.perf_counter()
        for index in range(count):
            bus.fire(_Event(index))
        assert seen == count
        rates.append(count / (time.perf_counter() - began))
    return statistics.median(rates)


def run(*, quick: bool, anchors: bool) -> list[Result]:
    """Events per second, making each event included."""
    count, repeats = (10_000, 3) if quick else (50_000, 7)
    value = _ours(count, repeats)
    name, goal = "event bus, fire to one listener", f">= {_GOAL:.0f}x Home Assistant core 2024.3.3"
    if not anchors:
        return [Result(name, value, "events/s", goal, None, note="no anchor was asked for")]
    try:
        other = anchor(
            "home-assistant", _HOME_ASSISTANT, "home_assistant.py", str(count), str(repeats), within=120
        )
    except NoAnchor as error:
        return [Result(name, value, "events/s", goal, None, note=f"no anchor: {error}")]
    ratio = value / other["events_per_s"]
    return [Result(
        name, value, "events/s", goal, ratio >= _GOAL, ratio, f"Home Assistant {other['version']}",
        detail={"home_assistant": other},
    )]
