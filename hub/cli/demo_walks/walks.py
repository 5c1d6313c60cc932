"""The table of walks, and how one is walked: steps first, then the twin's ledger against the hub's record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from hub.cli.demo_walks import accidents, pickups, sales
from hub.cli.demo_walks.api import AWAY, Api
from hub.cli.demo_walks.site import DemoSite
from hub.cli.demo_walks.story import Story, WalkFailed, WalkReport
from hub.cli.demo_walks.visit import Visit, money
from hub.cli.demo_walks.witness import Truth, disagreements
from hub.core.clock import Clock
from hub.twin.errors import TwinError
from hub.twin.ledger import FILE as LEDGER
from hub.twin.ledger import read_ledger


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk through the site."""

    title: str
    walk: Callable[[Visit], Awaitable[None]]


WALKS: Mapping[str, Walk] = {
    "pin": Walk("A pickup by PIN", pickups.by_pin),
    "qr": Walk("A pickup by QR code, shown to the camera", pickups.by_qr),
    "tag": Walk("A pickup by a tag at the badge reader", pickups.by_tag),
    "card": Walk("A sale by card", sales.by_card),
    "declined": Walk("A sale whose card is declined", sales.declined),
    "stuck": Walk("A stuck door: another compartment opens", sales.another_door),
    "refund": Walk("A stuck door and no other: the money goes back", sales.money_back),
    "killed": Walk("The hub is killed twice in mid-sale", accidents.killed),
}

_EFFECT = ("kind", "device", "target", "state", "reason", "evidence", "opened", "settled")


async def walk(
    name: str, site: DemoSite, api: Api, console: Console, clock: Clock, began: float
) -> WalkReport:
    """Walk one walk. What goes wrong is in the report; nothing is raised for it."""
    report = WalkReport(name, WALKS[name].title)
    visit = Visit(site, api, Story(report, console, clock, began), _last_line(site))
    start = clock.monotonic()
    try:
        await WALKS[name].walk(visit)
        await _compare(visit)
    except WalkFailed as failed:
        report.expected, report.seen = failed.expected, failed.seen
    except (TwinError, *AWAY) as error:
        report.expected = "hub and twin to answer"
        report.seen = f"{type(error).__name__} {error}; the hub's last words: {site.last_words()}"
    report.seconds = clock.monotonic() - start
    return report


async def _compare(visit: Visit) -> None:
    """The last step of every walk: each physical act is in the record, once."""
    with visit.story.step("The twin's ledger and the hub's record agree") as step:
        truth = Truth.of(visit.ledger())
        handovers = [await visit.handover(found) for found in visit.handovers]
        visit.story.report.witness = truth.facts()
        visit.story.report.record = [_record(handover) for handover in handovers]
        found = disagreements(truth, handovers)
        if found:
            raise WalkFailed("the ledger and the record to agree", "; ".join(found))
        step.note = f"{_counted(len(truth.openings), 'opening')}, {_counted(len(truth.charges), 'charge')}"


def _record(handover: Mapping[str, Any]) -> dict[str, Any]:
    """What the hub says of a handover: acts with their evidence, money, incidents."""
    return {
        "handover": handover["id"], "workflow": handover["workflow"], "state": handover["state"],
        "status": handover["status"],
        "effects": [
            {key: effect[key] for key in _EFFECT} for effect in handover["effects"]
        ],
        "legs": [
            {"asked": money(leg["amount"], leg["currency"]), "state": leg["state"], "decided": leg["decided"]}
            for leg in handover["legs"]
        ],
        "incidents": [
            {key: found[key] for key in ("kind", "owner", "urgency", "target", "open")}
            for found in handover["incidents"]
        ],
    }


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _last_line(site: DemoSite) -> int:
    return max((line["seq"] for line in read_ledger(site.twin_state / LEDGER)), default=0)
