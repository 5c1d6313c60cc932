"""Plots as inline SVG: bars, stacked bars, lines. Sizes in user units; the page scales them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 10, 12, 34
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Series:
    """Values under one name; `tone` is a class of the page's style, c0 to c7."""

    name: str
    values: Sequence[float]
    tone: str


def stacked(labels: Sequence[str], series: Sequence[Series], title: str) -> str:
    """One bar for each label, made of the series' values."""
    most = max((sum(one.values[i] for one in series) for i in range(len(labels))), default=0.0)
    frame = _Frame(most or 1.0, max(len(labels), 1))
    parts = frame.axes(labels)
    for index, label in enumerate(labels):
        bottom = 0.0
        for one in series:
            value = one.values[index]
            if value:
                parts.append(frame.bar(index, bottom, value, one.tone, f"{label}: {one.name} {_say(value)}"))
            bottom += value
    return _svg(parts, title)


def lines(labels: Sequence[str], series: Sequence[Series], title: str, most: float | None = None) -> str:
    """One line for each series over the labels."""
    top = most or max((max(one.values, default=0.0) for one in series), default=0.0) or 1.0
    frame = _Frame(top, max(len(labels), 1))
    parts = frame.axes(labels)
    for one in series:
        places = ((frame.x(i + 0.5), frame.y(value)) for i, value in enumerate(one.values))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        title_of = f"<title>{escape(one.name)}</title>"
        parts.append(f'<polyline class="line {one.tone}" points="{points}">{title_of}</polyline>')
    return _svg(parts, title)


def ranked(rows: Sequence[tuple[str, float, str]], title: str) -> str:
    """Bars from left to right, one row each: name, value, and what is said at its end."""
    step, parts = 26, []
    most = max((value for _, value, _ in rows), default=0.0) or 1.0
    room = WIDTH - 440
    for index, (name, value, said) in enumerate(rows):
        y = index * step + 4
        width = max(room * value / most, 1.0)
        parts.append(f'<text class="label" x="222" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="c0" x="230" y="{y}" width="{width:.1f}" height="18" rx="2"/>')
        parts.append(f'<text class="label" x="{236 + width:.1f}" y="{y + 14}">{escape(said)}</text>')
    return _svg(parts, title, max(len(rows) * step + 8, step))


class _Frame:
    """Where values of 0 to `most` and `count` places are on the paper."""

    def __init__(self, most: float, count: int) -> None:
        self.most = _round_up(most)
        self.count = count

    def x(self, place: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * place / self.count

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / self.most

    def axes(self, labels: Sequence[str]) -> list[str]:
        parts = []
        for tick in range(_TICKS + 1):
            value = self.most * tick / _TICKS
            y = self.y(value)
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            place = f'x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end"'
            parts.append(f'<text class="label" {place}>{_say(value)}</text>')
        every = max(1, -(-len(labels) // 8))
        for index in range(0, len(labels), every):
            x = self.x(index + 0.5)
            parts.append(
                f'<text class="label" x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="middle">'
                f"{escape(labels[index])}</text>"
            )
        return parts

    def bar(self, index: int, bottom: float, value: float, tone: str, said: str) -> str:
        left, width = self.x(index + 0.12), (self.x(1) - self.x(0)) * 0.76
        top = self.y(bottom + value)
        return (
            f'<rect class="{tone}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{max(self.y(bottom) - top, 0.5):.1f}"><title>{escape(said)}</title></rect>'
        )


def _svg(parts: Sequence[str], title: str, height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}">'
        + "".join(parts) + "</svg>"
    )


def _round_up(value: float) -> float:
    """The next number whose quarters are whole: what is counted has no fractions."""
    power = 1
    while power * 10 < value:
        power *= 10
    steps = (4, 8, 12) if power == 1 else (1.2, 2, 4, 6, 8, 10)
    return next(power * step for step in steps if power * step >= value)


def _say(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"
