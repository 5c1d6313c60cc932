"""The contract of `LockBank` with door sensors (rules S10 to S13), on virtual time.

Inherit and say how to build your device::

    class TestMyLocks(LockBankContract):
        async def build(self, kit: Kit) -> LockRig: ...

The simulator must know the actions `close`, `stick`, `free` and `pull`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hub.api import DeviceContext, Driver, InDoubt, LockBank, NotSent, Rejected
from hub.model.effects import Intent, Receipt
from hub.model.observations import DeviceOnline, DoorSeen
from hub.model.states import Door, FaultKind, Verdict
from hub.testing.context import RecordingContext
from hub.testing.contracts.bench import Bench, BenchContract
from hub.testing.kit import SimHandle, make_intent


@dataclass(slots=True)
class LockRig:
    """One bank of locks on a memory line, not yet started.

    `frames` tells how many unlock commands have left the hub, whether executed or not. `reject` makes the
    device refuse unlock commands from now on, `energise` leaves an output on, `energised` says whether
    one is. `within` is how long, in seconds, an opening may take to be proved.
    """

    context: RecordingContext
    sim: SimHandle
    create: Callable[[DeviceContext], Driver]
    frames: Callable[[], int]
    reject: Callable[[], Any]
    energise: Callable[[], Any]
    energised: Callable[[], bool]
    door: str = "1"
    within: float = 5.0


class _Bench(Bench):
    """A started rig and what a test does with it."""

    def intent(self) -> Intent:
        """The next command, with the baseline of now."""
        self._sequence += 1
        baseline = self.driver.baseline(self.rig.door)
        return make_intent(
            self.rig.context.setup.name, self.rig.door, baseline, sequence=self._sequence,
            deadline=self.kit.clock.now() + round(self.rig.within * 1_000_000),
        )

    async def open(self, intent: Intent) -> Receipt:
        """Act on it."""
        receipt: Receipt = await self.driver.open(intent, self.deadline())
        return receipt

    def pulses(self) -> int:
        """How often a lock was really driven."""
        return len(self.rig.sim.acts("pulse"))


class LockBankContract(BenchContract):
    """Inherit from it; every test begins with closed doors."""

    bench_of = _Bench

    def test_the_driver_is_a_lock_bank(self, bench: Callable[..., Any]) -> None:
        """By the Protocol's methods, and with the doors it names."""

        async def play(bench: _Bench) -> None:
            assert isinstance(bench.driver, LockBank)
            assert bench.rig.door in bench.driver.doors

        bench(play)

    def test_an_opening_is_confirmed_by_the_door_sensor(self, bench: Callable[..., Any]) -> None:
        """One pulse, and CONFIRMED before the deadline."""

        async def play(bench: _Bench) -> None:
            intent = bench.intent()
            await bench.open(intent)
            resolution = await bench.resolve(intent)
            assert resolution.verdict is Verdict.CONFIRMED
            assert bench.pulses() == 1
            seen = await bench.rig.context.seen(DoorSeen, lambda seen: seen.state is Door.OPEN)
            assert seen.commanded

        bench(play)

    def test_a_stuck_door_is_refuted_and_told_as_a_fault_until_it_opens(
        self, bench: Callable[..., Any]
    ) -> None:
        """REFUTED(no_motion), since the door was seen closed all the time."""

        async def play(bench: _Bench) -> None:
            await bench.rig.sim.do("stick", bench.rig.door)
            intent = bench.intent()
            await bench.open(intent)
            resolution = await bench.resolve(intent)
            assert (resolution.verdict, resolution.reason) == (Verdict.REFUTED, "no_motion")
            assert (FaultKind.STUCK, bench.rig.door) in bench.rig.context.faults
            await bench.rig.sim.do("free", bench.rig.door)
            again = bench.intent()
            await bench.open(again)
            assert (await bench.resolve(again)).verdict is Verdict.CONFIRMED
            assert (FaultKind.STUCK, bench.rig.door) not in bench.rig.context.faults

        bench(play)

    def test_an_opening_that_was_closed_again_meanwhile_is_confirmed(
        self, bench: Callable[..., Any]
    ) -> None:
        """Seen between is as good as seen now."""

        async def play(bench: _Bench) -> None:
            intent = bench.intent()
            await bench.open(intent)
            await bench.rig.context.seen(DoorSeen, lambda seen: seen.state is Door.OPEN)
            await asyncio.sleep(1.0)
            await bench.rig.sim.do("close", bench.rig.door)
            await bench.rig.context.until(lambda: bench.driver.door_state(bench.rig.door) is Door.CLOSED)
            assert (await bench.resolve(intent)).verdict is Verdict.CONFIRMED

        bench(play)

    def test_a_closed_door_after_a_gap_in_observation_is_unknown(self, bench: Callable[..., Any]) -> None:
        """Closed now proves nothing about the time nobody looked."""

        async def play(bench: _Bench) -> None:
            await bench.rig.sim.do("stick", bench.rig.door)
            intent = bench.intent()
            await bench.open(intent)
            bench.rig.context.bus.peer.cut()
            await asyncio.sleep(1.0)
            bench.rig.context.bus.peer.cut(False)
            assert (await bench.resolve(intent)).verdict is Verdict.UNKNOWN

        bench(play)

    def test_a_refused_command_is_refuted_without_a_pulse(self, bench: Callable[..., Any]) -> None:
        """Rejected, and the resolver says the same."""

        async def play(bench: _Bench) -> None:
            await _ran(bench.rig.reject())
            intent = bench.intent()
            with pytest.raises(Rejected):
                await bench.open(intent)
            assert (await bench.resolve(intent)).verdict is Verdict.REFUTED
            assert bench.pulses() == 0

        bench(play)

    def test_a_command_without_answer_is_in_doubt_and_was_sent_exactly_once(
        self, bench: Callable[..., Any]
    ) -> None:
        """Silence is no proof, and no reason to send again."""

        async def play(bench: _Bench) -> None:
            intent = bench.intent()
            bench.rig.context.bus.peer.cut()
            with pytest.raises(InDoubt):
                await bench.open(intent)
            assert (await bench.resolve(intent)).verdict is Verdict.UNKNOWN
            bench.rig.context.bus.peer.cut(False)
            await asyncio.sleep(10.0)
            assert bench.rig.frames() == 1

        bench(play)

    def test_an_output_that_was_left_on_is_off_before_the_driver_serves(
        self, hub_virtual: Callable[..., Any]
    ) -> None:
        """At start (S13)."""

        async def main(kit: Any) -> None:
            rig = await self.build(kit)
            await _ran(rig.energise())
            assert rig.energised()
            await kit.start(rig.create(rig.context))
            assert not rig.energised()

        hub_virtual(main)

    def test_a_lost_device_refuses_commands_and_comes_back_with_its_outputs_off(
        self, bench: Callable[..., Any]
    ) -> None:
        """OFFLINE once, NotSent meanwhile, DeviceOnline after the outputs were forced off (S13)."""

        async def play(bench: _Bench) -> None:
            context = bench.rig.context
            context.bus.peer.unplug()
            await context.until(lambda: (FaultKind.OFFLINE, "") in context.faults, within=30.0)
            assert bench.driver.door_state(bench.rig.door) is Door.UNKNOWN
            with pytest.raises(NotSent):
                await bench.open(bench.intent())
            assert bench.rig.frames() == 0
            await _ran(bench.rig.energise())
            context.bus.peer.plug()
            await context.seen(DeviceOnline, within=60.0)
            assert not bench.rig.energised()
            assert (FaultKind.OFFLINE, "") not in context.faults

        bench(play)

    def test_after_a_restart_an_open_door_confirms_and_a_closed_one_proves_nothing(
        self, bench: Callable[..., Any]
    ) -> None:
        """The next life of the driver knows only the stored baseline."""

        async def play(bench: _Bench) -> None:
            intent = bench.intent()
            await bench.driver.stop()
            await bench.rig.context.tasks.close()
            next_life = await bench.kit.start(bench.rig.create(bench.rig.context))
            assert (await next_life.resolve(intent, bench.deadline())).verdict is Verdict.UNKNOWN
            await bench.rig.sim.do("pull", bench.rig.door)
            await bench.rig.context.until(lambda: next_life.door_state(bench.rig.door) is Door.OPEN)
            assert (await next_life.resolve(intent, bench.deadline())).verdict is Verdict.CONFIRMED

        bench(play)

    def test_an_opening_that_nobody_commanded_is_told_as_such(self, bench: Callable[..., Any]) -> None:
        """The hub makes a breach of it."""

        async def play(bench: _Bench) -> None:
            await bench.rig.sim.do("pull", bench.rig.door)
            seen = await bench.rig.context.seen(DoorSeen, lambda seen: seen.state is Door.OPEN)
            assert not seen.commanded

        bench(play)

    def test_an_emergency_release_opens_the_door_at_once(self, bench: Callable[..., Any]) -> None:
        """Without intent, lease or wait (S12)."""

        async def play(bench: _Bench) -> None:
            await bench.driver.release_now(bench.rig.door)
            seen = await bench.rig.context.seen(DoorSeen, lambda seen: seen.state is Door.OPEN)
            assert seen.commanded

        bench(play)


async def _ran(answer: Any) -> None:
    if asyncio.iscoroutine(answer):
        await answer
