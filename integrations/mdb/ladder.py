"""How long a reader may be silent, and what then (MDB/ICP 4.2, sections 2.4 and 7.2)."""

from __future__ import annotations

#: An offline device is sent RESET this often, in seconds, until it acknowledges.
RESET_EVERY = 10.0


class Ladder:
    """No answer: repeat, alternating with POLL, until the non-response time; then RESET every 10 s.

    The alternation is the session's; this counts the time. All times are monotonic seconds.
    """

    def __init__(self, patience: float, now: float) -> None:
        self.patience = patience
        self._heard = now
        self._next_reset = now

    def heard(self, now: float) -> None:
        """The reader answered, with whatever."""
        self._heard = now
        self._next_reset = now

    def restart(self, now: float) -> None:
        """The adapter is back: silence counts from here."""
        self.heard(now)

    def offline(self, now: float) -> bool:
        """Whether the non-response time has passed without a word."""
        return now - self._heard > self.patience

    def reset_due(self, now: float) -> bool:
        """Whether an offline reader is to be sent RESET now; counts as sent."""
        if now < self._next_reset:
            return False
        self._next_reset = now + RESET_EVERY
        return True
