"""Brings old events to today's shape, one version at a time (S3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.model.effects import Json

Body = Mapping[str, Json]
Upcaster = Callable[[Body], Body]


class Upcasters:
    """Functions from the body of an event type's version `v` to that of `v + 1`."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, int], Upcaster] = {}

    def register(self, kind: str, v: int, step: Upcaster) -> None:
        """Use `step` for version `v` of `kind`; a second registration is a programming error."""
        if (kind, v) in self._steps:
            raise ValueError(f"version {v} of {kind!r} has an upcaster already")
        self._steps[kind, v] = step

    def current(self, kind: str, v: int, body: Body) -> tuple[int, Body]:
        """The newest version of a stored body, and its number."""
        while (step := self._steps.get((kind, v))) is not None:
            body = step(body)
            v += 1
        return v, body
