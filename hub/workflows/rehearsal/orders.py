"""Orders of a rehearsal: everything that an order may bring along, put where the hub takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from hub.workflows.run.service import Order

_FIELDS = frozenset(one.name for one in fields(Order))


def order_of(
    workflow: str, items: Sequence[Mapping[str, Any]], recipient: Mapping[str, Any], reference: str, *,
    window: Mapping[str, int] | None = None, terminal: str = "", **more: Any,
) -> Order:
    """An order; what it has no field for goes into the handover's variables. None is left out."""
    given = {key: value for key, value in more.items() if value is not None}
    known = {key: value for key, value in given.items() if key in _FIELDS}
    rest = {key: value for key, value in given.items() if key not in _FIELDS}
    return Order(
        workflow, tuple(items), recipient, reference, dict(window or {}), terminal=terminal, vars=rest,
        **known,
    )
