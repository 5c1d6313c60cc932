"""What the twin answers to a request that it cannot serve."""

from __future__ import annotations

from collections.abc import Sequence


class TwinError(Exception):
    """Refused, and why. `code` is stable, `valid` lists what would have been right where that is known.

    Codes: not_running, bad_request, unknown_device, unknown_action, bad_arguments, refused, failed.
    """

    def __init__(self, code: str, message: str, valid: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.valid = tuple(valid)
