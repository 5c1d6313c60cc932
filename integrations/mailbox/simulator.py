"""The folder itself is the far side of a mailbox: its simulator only lets a twin count the device in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.api.sim import SimSetup, Simulator
from hub.model.effects import JsonMap


class Box:
    """Nothing physical, so nobody can act on it."""

    def actions(self) -> Mapping[str, Callable[..., Any]]:
        """None."""
        return {}

    def state(self) -> JsonMap:
        """Empty."""
        return {}

    def power(self, on: bool) -> None:
        """A folder needs none."""


def create(_: SimSetup) -> Simulator:
    """A model without wire."""
    return Simulator(Box())
