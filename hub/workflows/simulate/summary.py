"""What a simulation comes to, in a few numbers."""

from __future__ import annotations

from hub.core.clock import HOUR, MINUTE, SECOND
from hub.model.money import Money
from hub.workflows.simulate.measures import Measures, quantile


def facts(measures: Measures) -> list[tuple[str, str]]:
    """(what, value) for the head of a report."""
    waits = [wait for found in measures.waits.values() for wait in found]
    usage = [share for _, share, _ in measures.usage]
    found = [
        ("handovers", f"{measures.begun:,}"),
        ("completed, of those that ended", _share(measures.success)),
        ("expired", _share(measures.of_status("expired") / measures.begun if measures.begun else 0)),
        ("in use on average", _share(sum(usage) / len(usage) if usage else 0)),
        ("in use at most", _share(max(usage, default=0))),
        ("half are collected within", say(quantile(waits, 0.5))),
        ("nine of ten within", say(quantile(waits, 0.9))),
        ("a door opens within (99 %)", say(quantile(measures.at_door, 0.99))),
        ("incidents", f"{sum(count for _, count, _, _ in measures.incidents):,}"),
        ("incidents still open", f"{sum(still for _, _, still, _ in measures.incidents):,}"),
        ("turned away", f"{sum(measures.turned_away.values()):,}"),
    ]
    if measures.money:
        found += [
            ("captured", _money(measures.money_in("captured"), measures.currency)),
            ("given back", _money(measures.money_in("voided", "refunded"), measures.currency)),
            ("owed back", _money(measures.money_in("refund_owed"), measures.currency)),
        ]
    return found


def say(micros: int) -> str:
    """A duration as people say it."""
    for unit, word in ((HOUR, "h"), (MINUTE, "min"), (SECOND, "s")):
        if micros >= unit:
            return f"{micros / unit:.1f} {word}"
    return f"{micros / 1000:.0f} ms"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _money(minor: int, currency: str) -> str:
    return str(Money(minor, currency))
