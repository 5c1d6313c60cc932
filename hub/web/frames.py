"""What a WebSocket client receives: one JSON object per message, told apart by `kind`."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.web import answers, place_answers


class _Frame(msgspec.Struct, tag_field="kind"):
    pass


class EventFrame(answers.EventView, tag_field="kind", tag="event"):
    """One journal event. `seq` is what `after` resumes behind."""


class WorkflowView(msgspec.Struct):
    """A workflow that the site offers, and what begins it."""

    name: str
    blueprint: str
    starts: list[str]


class TerminalView(msgspec.Struct):
    """Where a person stands."""

    name: str
    readers: list[str]
    payment: str | None
    banks: list[str]


class CatalogueView(msgspec.Struct):
    """A product that the site knows; `price` in minor units, null when it is not sold."""

    sku: str
    name: str
    size: str
    thermal: str
    selection: str | None
    price: int | None


class Snapshot(_Frame, tag="snapshot"):
    """Always first: everything as of the event `seq`. What follows changes it."""

    seq: int
    site: answers.SiteName
    simulated: bool
    version: str
    banks: list[place_answers.BankView]
    devices: list[answers.DeviceView]
    handovers: list[answers.HandoverSummary]
    workflows: list[WorkflowView]
    terminals: list[TerminalView]
    products: list[CatalogueView]


class Compartments(_Frame, tag="compartments"):
    """Compartments as they are now."""

    compartments: list[place_answers.CompartmentView]


class HandoversChanged(_Frame, tag="handovers"):
    """Handovers as they are now."""

    handovers: list[answers.HandoverSummary]


class DevicesChanged(_Frame, tag="devices"):
    """All devices as they are now."""

    devices: list[answers.DeviceView]


class Temperature(_Frame, tag="temperature"):
    """A thermometer was read."""

    temperature: place_answers.TemperatureView


class ToldFrame(_Frame, tag="told"):
    """What the person at a terminal is told; no personal data."""

    terminal: str
    code: str
    handover: str
    detail: str


class ProblemFrame(_Frame, tag="problem"):
    """Why the connection ends."""

    problem: dict[str, Any]


FRAMES = (
    Snapshot, EventFrame, Compartments, HandoversChanged, DevicesChanged, Temperature, ToldFrame,
    ProblemFrame,
)
