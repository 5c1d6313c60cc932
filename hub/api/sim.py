"""Simulators: a model (what is physically there) inside a wire (what its bytes look like), rule S16.

A simulator is written from the protocol reference and never imports its integration's codec or driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hub.core.clock import Clock
from hub.core.entropy import Entropy
from hub.model.effects import Json, JsonMap


class Ledger(Protocol):
    """The ground truth: physical acts as they happened, written by models, read by judges."""

    def __call__(self, act: str, **facts: Json) -> None:
        """Append one act. The device's name and the time are added."""
        ...


@dataclass(frozen=True, slots=True)
class SimSetup:
    """What a simulator is built from: the device's entry in `site.yaml`, and its surroundings."""

    name: str
    config: Mapping[str, Any]
    profile: Mapping[str, Any]
    currency: str
    clock: Clock
    entropy: Entropy
    ledger: Ledger
    #: Call a function later on the monotonic scale: `call_later(seconds, fn)` returns a cancel function.
    call_later: Callable[[float, Callable[[], None]], Callable[[], None]]
    #: Door name -> compartment names of the site that hang on it, for the ledger; may be empty.
    places: Mapping[str, str]
    #: Where the device's own endpoint is (`udp:127.0.0.1:54321`, `folder:/...`), empty for line devices.
    endpoint: str = ""


class Model(Protocol):
    """The physical device: doors, motors, sensors, faults."""

    def actions(self) -> Mapping[str, Callable[..., Any]]:
        """What an actor can do to it: name -> function taking text arguments, returning JSON or None.

        A function may be a coroutine function.
        """
        ...

    def state(self) -> JsonMap:
        """Everything that can be seen of it."""
        ...

    def power(self, on: bool) -> None:
        """Cut or restore its supply; the model knows what survives."""
        ...


class Wire(Protocol):
    """The device's side of a line. Several wires may hear the same bytes; only the addressed one answers."""

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        """The line is there; `send` puts bytes on it at once (pace them through `Pacer`)."""
        ...

    def receive(self, data: bytes) -> None:
        """Bytes heard on the line."""
        ...


@dataclass(frozen=True, slots=True)
class Simulator:
    """A model and, for a line device, its wire. Endpoint devices have no wire."""

    model: Model
    wire: Wire | None = None


class Pacer:
    """Sends bytes no faster than the line would carry them (10 bits a byte at `baud`; 0 = at once)."""

    def __init__(
        self, call_later: Callable[[float, Callable[[], None]], Callable[[], None]], clock: Clock,
        send: Callable[[bytes], None], baud: int,
    ) -> None:
        self._call_later = call_later
        self._clock = clock
        self._send = send
        self._baud = baud
        self._free_at = 0.0

    def put(self, data: bytes, after: float = 0.0) -> None:
        """Deliver `data` as one block when its last byte would have arrived, `after` seconds late."""
        start = max(self._clock.monotonic() + after, self._free_at)
        self._free_at = start + (len(data) * 10 / self._baud if self._baud else 0.0)
        delay = self._free_at - self._clock.monotonic()
        if delay <= 0:
            self._send(data)
        else:
            self._call_later(delay, lambda: self._send(data))
