"""One presentation is one reading, however often the reader sees it."""

from __future__ import annotations


class Debounce:
    """Lets a value pass once until it has not been seen for `quiet` seconds."""

    def __init__(self, quiet: float) -> None:
        self._quiet = quiet
        self._seen: dict[str, float] = {}

    def passes(self, value: str, now: float) -> bool:
        """Whether this sighting at `now` (monotonic seconds) is a new presentation."""
        self._seen = {v: at for v, at in self._seen.items() if now - at < self._quiet}
        fresh = value not in self._seen
        self._seen[value] = now
        return fresh
