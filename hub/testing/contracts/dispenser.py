"""The contract of `Dispenser` with a drop sensor (rules S10, S11), on virtual time.

Inherit and say how to build your device::

    class TestMyMachine(DispenserContract):
        async def build(self, kit: Kit) -> DispenserRig: ...

The simulator must know the actions `jam`, `free` and `empty`, each with a slot, and write `dropped` into the
ledger for every unit that falls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hub.api import DeviceContext, Dispenser, Driver, InDoubt, NotSent, Rejected
from hub.model.effects import Intent, Resolution
from hub.model.states import EffectKind, EvidenceLevel, FaultKind, Verdict
from hub.testing.context import RecordingContext
from hub.testing.contracts.bench import Bench, BenchContract
from hub.testing.kit import SimHandle, make_intent

#: What a motor that turned, or could not, is refuted with.
NOTHING_FELL = frozenset({"no_drop", "sold_out"})


@dataclass(slots=True)
class DispenserRig:
    """One machine on a memory line, not yet started.

    `frames` tells how many commands to turn a motor have left the hub. `within` is how long, in seconds, a
    drop may take to be proved.
    """

    context: RecordingContext
    sim: SimHandle
    create: Callable[[DeviceContext], Driver]
    frames: Callable[[], int]
    slot: str = "1"
    within: float = 20.0


class _Bench(Bench):
    """A started rig and what a test does with it."""

    def intent(self) -> Intent:
        """The next command, with the baseline of now."""
        self._sequence += 1
        return make_intent(
            self.rig.context.setup.name, self.rig.slot, self.driver.baseline(self.rig.slot),
            kind=EffectKind.DISPENSE, sequence=self._sequence, level=EvidenceLevel.DROP_SENSOR,
            deadline=self.kit.clock.now() + round(self.rig.within * 1_000_000),
        )

    async def dispense(self, intent: Intent) -> Resolution:
        """Act on it as the hub does: what the act alone decides, or else what the resolver says."""
        try:
            await self.driver.dispense(intent, self.deadline())
        except Rejected as error:
            return Resolution.refuted(error.reason)
        return await self.resolve(intent)

    def dropped(self) -> int:
        """How many units really fell."""
        return len(self.rig.sim.acts("dropped"))


class DispenserContract(BenchContract):
    """Inherit from it; every test begins with a filled slot."""

    bench_of = _Bench

    def test_the_driver_is_a_dispenser(self, bench: Callable[..., Any]) -> None:
        """By the Protocol's methods."""

        async def play(bench: _Bench) -> None:
            assert isinstance(bench.driver, Dispenser)

        bench(play)

    def test_a_unit_that_fell_is_confirmed(self, bench: Callable[..., Any]) -> None:
        """One command, one unit, proved by the drop sensor; and again for the next intent."""

        async def play(bench: _Bench) -> None:
            for number in (1, 2):
                resolution = await bench.dispense(bench.intent())
                assert resolution.verdict is Verdict.CONFIRMED
                assert (bench.dropped(), bench.rig.frames()) == (number, number)

        bench(play)

    def test_a_jam_is_refuted_and_told_as_a_fault_until_the_motor_turns(
        self, bench: Callable[..., Any]
    ) -> None:
        """REFUTED(jam), since the motor did not turn."""

        async def play(bench: _Bench) -> None:
            await bench.rig.sim.do("jam", bench.rig.slot)
            resolution = await bench.dispense(bench.intent())
            assert (resolution.verdict, resolution.reason) == (Verdict.REFUTED, "jam")
            assert (FaultKind.JAM, bench.rig.slot) in bench.rig.context.faults
            await bench.rig.sim.do("free", bench.rig.slot)
            assert (await bench.dispense(bench.intent())).verdict is Verdict.CONFIRMED
            assert (FaultKind.JAM, bench.rig.slot) not in bench.rig.context.faults
            assert bench.dropped() == 1

        bench(play)

    def test_an_empty_slot_is_refuted(self, bench: Callable[..., Any]) -> None:
        """The motor may have turned, and nothing fell: no_drop or sold_out."""

        async def play(bench: _Bench) -> None:
            await bench.rig.sim.do("empty", bench.rig.slot)
            resolution = await bench.dispense(bench.intent())
            assert resolution.verdict is Verdict.REFUTED
            assert resolution.reason in NOTHING_FELL
            assert bench.dropped() == 0

        bench(play)

    def test_a_command_without_answer_is_in_doubt_and_was_sent_exactly_once(
        self, bench: Callable[..., Any]
    ) -> None:
        """Silence is no proof, and no reason to send again."""

        async def play(bench: _Bench) -> None:
            intent = bench.intent()
            bench.rig.context.bus.peer.cut()
            with pytest.raises(InDoubt):
                await bench.driver.dispense(intent, bench.deadline())
            assert (await bench.resolve(intent)).verdict is Verdict.UNKNOWN
            bench.rig.context.bus.peer.cut(False)
            await asyncio.sleep(60.0)
            assert bench.rig.frames() == 1

        bench(play)

    def test_a_lost_machine_is_told_and_refuses_without_sending(self, bench: Callable[..., Any]) -> None:
        """OFFLINE once, NotSent meanwhile."""

        async def play(bench: _Bench) -> None:
            context = bench.rig.context
            context.bus.peer.unplug()
            await context.until(lambda: (FaultKind.OFFLINE, "") in context.faults, within=60.0)
            with pytest.raises(NotSent):
                await bench.driver.dispense(bench.intent(), bench.deadline())
            assert bench.rig.frames() == 0
            context.bus.peer.plug()
            await context.until(lambda: (FaultKind.OFFLINE, "") not in context.faults, within=60.0)
            assert (await bench.dispense(bench.intent())).verdict is Verdict.CONFIRMED

        bench(play)

    @pytest.mark.parametrize("falls", [True, False])
    def test_a_restart_in_mid_act_never_tells_the_opposite(
        self, bench: Callable[..., Any], falls: bool
    ) -> None:
        """The next life knows the stored baseline alone: a unit that fell is never refuted, nor one that
        did not fall confirmed; and nothing is sent again."""

        async def play(bench: _Bench) -> None:
            if not falls:
                await bench.rig.sim.do("jam", bench.rig.slot)
            intent = bench.intent()
            acting = asyncio.ensure_future(bench.driver.dispense(intent, bench.deadline()))
            await bench.rig.context.until(lambda: bench.rig.frames() == 1)
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)
            await bench.driver.stop()
            await bench.rig.context.tasks.close()
            await asyncio.sleep(bench.rig.within)
            next_life = await bench.kit.start(bench.rig.create(bench.rig.context))
            verdict = (await next_life.resolve(intent, bench.deadline())).verdict
            assert bench.dropped() == int(falls)
            assert verdict is not (Verdict.REFUTED if falls else Verdict.CONFIRMED)
            assert bench.rig.frames() == 1

        bench(play)
