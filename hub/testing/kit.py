"""Builds contexts and simulators for a test and takes them down again."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import voluptuous as vol

from hub.api.sim import SimSetup, Simulator
from hub.core.clock import SECOND, VirtualClock
from hub.core.entropy import SeededEntropy
from hub.model.effects import Intent, JsonMap
from hub.model.ids import make_id
from hub.model.states import EffectKind, EvidenceLevel
from hub.plugins.manifest import read_yaml
from hub.testing.context import RecordingContext

#: 2026-03-02 08:00:00 UTC: the wall time at which every test's clock begins.
START = 1_772_438_400 * SECOND


def load_profile(module: ModuleType, name: str) -> dict[str, Any]:
    """`profiles/NAME.yaml` of an integration, checked by its own schema."""
    path = Path(str(module.__file__)).parent / "profiles" / f"{name}.yaml"
    return dict(vol.Schema(module.profile_schema())(read_yaml(path)))


def make_intent(
    device: str, target: str, baseline: JsonMap, *, kind: EffectKind = EffectKind.OPEN, sequence: int = 1,
    epoch: str = "epoch", deadline: int = START + 60 * SECOND, params: JsonMap | None = None,
    level: EvidenceLevel = EvidenceLevel.DOOR_SENSOR, leg_id: str | None = None,
) -> Intent:
    """An intent as the effects layer would have committed it."""
    effect_id = make_id(START, sequence.to_bytes(10, "big"))
    return Intent(
        effect_id, kind, device, target, sequence, epoch, deadline, level, baseline, params or {},
        leg_id=leg_id,
    )


class SimHandle:
    """A running simulator: its model, its wire and the ground truth that it wrote."""

    def __init__(self, simulator: Simulator, ledger: list[dict[str, Any]]) -> None:
        self.model = simulator.model
        self.wire = simulator.wire
        self.ledger = ledger

    async def do(self, action: str, *args: str) -> Any:
        """Play an actor: what `hub twin ACTION DEVICE ARGS` would do."""
        answer = self.model.actions()[action](*args)
        return await answer if inspect.isawaitable(answer) else answer

    def acts(self, act: str) -> list[dict[str, Any]]:
        """The ledger's entries of one kind."""
        return [entry for entry in self.ledger if entry["act"] == act]


class Kit:
    """Everything that one test builds. Must be made inside the running loop, real or virtual."""

    def __init__(self, seed: int | str = 0) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = VirtualClock(self.loop, START)
        self.entropy = SeededEntropy(seed)
        self._contexts: list[RecordingContext] = []
        self._drivers: list[Any] = []

    def context(self, **parts: Any) -> RecordingContext:
        """A context on a line of its own; takes the keywords of `RecordingContext`.

        Two devices share a line by `bus=other.bus`.
        """
        context = RecordingContext(self.clock, self.entropy, **parts)
        self._contexts.append(context)
        return context

    def simulator(
        self, module: ModuleType, context: RecordingContext, *, places: Mapping[str, str] | None = None,
        endpoint: str = "", attach: bool = True,
    ) -> SimHandle:
        """The integration's simulator for the context's device, its wire on the context's memory line.

        With `attach=False` the test connects the wire itself, to a pseudo-terminal or a socket.
        """
        ledger: list[dict[str, Any]] = []
        setup = context.setup

        def write(act: str, **facts: Any) -> None:
            ledger.append({"device": setup.name, "at": self.clock.now(), "act": act, **facts})

        simulator = module.create_simulator(
            SimSetup(setup.name, setup.config, setup.profile, setup.currency, self.clock, self.entropy, write,
                     self.call_later, places or {}, endpoint)
        )
        if simulator.wire is not None and attach:
            context.bus.peer.attach(simulator.wire)
        return SimHandle(simulator, ledger)

    async def start(self, driver: Any) -> Any:
        """Start a driver that is stopped with the kit; returns it."""
        await driver.start()
        self._drivers.append(driver)
        return driver

    def call_later(self, seconds: float, fn: Callable[[], None]) -> Callable[[], None]:
        """As `SimSetup.call_later`."""
        return self.loop.call_later(seconds, fn).cancel

    async def close(self) -> None:
        """Stop drivers, end tasks; a background task that failed fails the test."""
        for driver in reversed(self._drivers):
            await driver.stop()
        for context in reversed(self._contexts):
            await context.close()
        failures = [failure for context in self._contexts for failure in context.failures]
        if failures:
            raise AssertionError(f"background tasks failed: {failures}") from failures[0][1]
