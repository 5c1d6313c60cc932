"""Why something could not be done: the typed refusals of steps and domain functions."""

from __future__ import annotations


class StepFailed(Exception):
    """A database step that cannot succeed (S23). `reason` is a stable word, `detail` is for people.

    The runner rolls back the entry's steps and hands the state `<step>.failed` with the reason.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
