"""`schedules:`, opening and quiet hours by name, in the site's time zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.config.schedules import schedule
from hub.site.sections.reading import Reading


def read_schedules(reading: Reading, zone: str) -> dict[str, Mapping[str, Any]]:
    """Every schedule as hub.model.schedules reads it; one that is wrong is reported, and known as closed."""
    found: dict[str, Mapping[str, Any]] = {}
    for key, path in reading.entries("schedules"):
        good = reading.check(schedule(zone), path)
        found[key] = {"zone": zone, "week": [[]] * 7, "except": {}} if good is None else good
    return found
