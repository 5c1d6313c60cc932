"""What a rehearsed site consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub import access, commerce, custody
from hub.effects.supplies import Supply
from hub.workflows.machine import Machine
from hub.workflows.run.places import Places
from hub.workflows.run.words import Words

#: The device that delivers messages.
LETTERS = "letters"


@dataclass(frozen=True, slots=True)
class Plan:
    """A site as the rehearsal needs it. `workflows` maps names to a machine and its source.

    `motors` are devices that drop things instead of opening doors. `stock` counts what compartments hold at
    first.
    """

    compartments: tuple[custody.CompartmentSpec, ...]
    places: Places
    words: Words
    workflows: Mapping[str, tuple[Machine, str]]
    products: tuple[commerce.ProductSpec, ...] = ()
    stock: Mapping[str, int] = field(default_factory=dict)
    people: tuple[access.PersonSpec, ...] = ()
    assets: tuple[custody.AssetSpec, ...] = ()
    policy: access.Policy = field(default_factory=access.Policy.default)
    supplies: Mapping[str, Supply] = field(default_factory=dict)
    device_supply: Mapping[str, str] = field(default_factory=dict)
    motors: tuple[str, ...] = ()
    verifiers: tuple[str, ...] = ()

    @property
    def boards(self) -> dict[str, tuple[str, ...]]:
        """The doors of each board of locks."""
        found: dict[str, list[str]] = {}
        for place in self.compartments:
            if place.door_device not in self.motors:
                found.setdefault(place.door_device, []).append(place.door)
        return {device: tuple(doors) for device, doors in found.items()}

    @property
    def readers(self) -> tuple[str, ...]:
        """One reader of each terminal."""
        return tuple(t.readers[0] for t in self.places.terminals.values() if t.readers)
