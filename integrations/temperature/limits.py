"""Limits with hysteresis and time: a warning at once, a breach when it lasts. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.temperature.config import Limits


@dataclass(slots=True)
class LimitWatch:
    """Follows the readings of one thermometer. Times in seconds on any steady scale.

    Outside a limit the warning begins at once; it ends only when the temperature is back inside by the
    hysteresis. A warning that lasts for `hold` seconds is a breach, which ends together with it.
    """

    limits: Limits
    outside: str = ""
    since: float = 0.0
    worst: int = 0
    breached: bool = False

    def feed(self, millicelsius: int, now: float) -> None:
        """Take one reading."""
        side = self._side(millicelsius)
        if side != self.outside:
            self.outside, self.since, self.worst, self.breached = side, now, millicelsius, False
        if side:
            pick = min if side == "low" else max
            self.worst = pick(self.worst, millicelsius)
            self.breached = self.breached or now - self.since >= self.limits.hold

    @property
    def detail(self) -> str:
        """What staff reads."""
        limit = self.limits.low if self.outside == "low" else self.limits.high
        if not self.outside or limit is None:
            return ""
        word = "below" if self.outside == "low" else "above"
        return f"{self.worst / 1000:.1f} °C, {word} the limit of {limit / 1000:.1f} °C"

    def _side(self, value: int) -> str:
        low, high, slack = self.limits.low, self.limits.high, self.limits.hysteresis
        if low is not None and value < low + (slack if self.outside == "low" else 0):
            return "low"
        if high is not None and value > high - (slack if self.outside == "high" else 0):
            return "high"
        return ""
