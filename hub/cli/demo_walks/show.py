"""How the outcome of the walks is shown: evidence below each walk, one line for all at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from hub.cli.demo_walks.story import WalkReport, mark
from hub.cli.demo_walks.visit import money


def show_walk(console: Console, report: WalkReport, currency: str) -> None:
    """What the twin saw and what the hub recorded; why the walk failed, if it did."""
    for seen in _witnessed(report.witness, currency):
        console.print(Text(f"             twin  {seen}", style="dim"), soft_wrap=True)
    for line in _recorded(report.record):
        console.print(Text(f"             hub   {line}", style="dim"), soft_wrap=True)
    if not report.ok:
        console.print(Text(f"             expected: {report.expected}", style="bold red"), soft_wrap=True)
        console.print(Text(f"             seen:     {report.seen}", style="bold red"), soft_wrap=True)
    console.print()


def show_end(console: Console, reports: Sequence[WalkReport], chain: str, problems: Sequence[str]) -> None:
    """The last lines."""
    for problem in problems:
        console.print(Text(f"  {mark(console, False)} {problem}", style="bold red"), soft_wrap=True)
    if chain:
        console.print(Text(f"  {mark(console, True)} {chain}"), soft_wrap=True)
    good = sum(report.ok for report in reports)
    bad = [report.name for report in reports if not report.ok]
    summary = f"{good} of {len(reports)} walks went as they must"
    console.print(Text(f"\n  {summary}{'; not: ' + ', '.join(bad) if bad else ''}", style="bold"))


def _witnessed(witness: Mapping[str, Any], currency: str) -> Iterator[str]:
    for act in witness.get("openings", ()):
        yield f"{_clock_time(act['at'])}  {act['compartment']} opened ({act['device']}/{act['door']})"
    for act in witness.get("charges", ()):
        yield f"{_clock_time(act['at'])}  {act['device']} charged {money(act['amount'], currency)}"
    for act in witness.get("refunds", ()):
        yield f"{_clock_time(act['at'])}  {act['device']} {act['what']} {money(act['amount'], currency)}"
    if witness and not any(witness[kind] for kind in ("openings", "charges", "refunds")):
        yield "nothing opened, nothing charged"


def _recorded(record: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for handover in record:
        yield f"{handover['workflow']} {handover['handover']}: {handover['state']}, {handover['status']}"
        for effect in handover["effects"]:
            why = f" ({effect['reason']})" if effect["reason"] else ""
            proof = ", ".join(f"{key} {value}" for key, value in effect["evidence"].items())
            act = f"{effect['kind']} {effect['device']}/{effect['target']}"
            settled = (effect["settled"] or "")[11:23]
            yield f"{settled}  {act} {effect['state']}{why}{': ' + proof if proof else ''}"


def _clock_time(micros: int) -> str:
    """UTC, as the hub's record shows it."""
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%H:%M:%S.%f")[:12]
