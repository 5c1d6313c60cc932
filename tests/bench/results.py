"""What a bench found, and the table that all of them make."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One row. `met` is None where the goal cannot be judged; `ratio` is against `anchor` in the same run."""

    name: str
    value: float
    unit: str
    goal: str
    met: bool | None
    ratio: float | None = None
    anchor: str = ""
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Count, p50, p99 and maximum in milliseconds."""
    return {
        "n": len(seconds),
        "p50_ms": round(quantile(seconds, 0.5) * 1e3, 3),
        "p99_ms": round(quantile(seconds, 0.99) * 1e3, 3),
        "max_ms": round(max(seconds) * 1e3, 3),
    }


def table(results: Iterable[Result]) -> str:
    """The rows as aligned text."""
    rows = [("what", "measured", "goal", "ratio", "met")]
    for result in results:
        ratio = "" if result.ratio is None else f"{result.ratio:.1f}x {result.anchor}"
        met = {True: "yes", False: "NO", None: "-"}[result.met]
        rows.append((result.name, f"{_number(result.value)} {result.unit}", result.goal, ratio, met))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{result.name}: {result.note}" for result in results if result.note]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def store(results: Iterable[Result], surroundings: dict[str, Any], path: Path) -> None:
    """Keep everything that was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    everything = {"surroundings": surroundings, "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
