"""The dispenser's contract, held by a small machine on the partner kit, and broken by a worse one.

Its line: `T1` turns motor 1 and is answered `A1`; later `D1` (a unit fell), `N1` (nothing did) or `J1` (it
did not turn). `Q1` is answered `C1,7`: what slot 1 has dropped since it was built.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from hub.api import Driver, InDoubt, LineBusy, LineDown, LineTimeout, NotSent
from hub.api.sim import Simulator
from hub.model.effects import Intent, JsonMap, Receipt, Resolution
from hub.model.states import FaultKind
from hub.testing.contracts.dispenser import DispenserContract, DispenserRig


class Lines:
    """Frames that end with a line feed."""

    idle = None

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *frames, self._rest = (self._rest + data).split(b"\n")
        return frames

    def flush(self) -> list[bytes]:
        return []


class Machine:
    """Two motors, their spirals, and counters that survive everything."""

    def __init__(self, setup: Any) -> None:
        self._setup = setup
        self.jammed: set[str] = set()
        self.emptied: set[str] = set()
        self.count = {"1": 0, "2": 0}
        self.send: Any = None
        self._heard = Lines()

    def actions(self) -> dict[str, Any]:
        return {"jam": self.jammed.add, "free": self.jammed.discard, "empty": self.emptied.add}

    def connect(self, send: Any, baud: int) -> None:
        self.send = send

    def receive(self, data: bytes) -> None:
        for frame in self._heard.feed(data):
            slot = frame[1:].decode()
            if frame.startswith(b"Q"):
                self.send(f"C{slot},{self.count[slot]}\n".encode())
            elif frame.startswith(b"T"):
                self.send(f"A{slot}\n".encode())
                self._setup.call_later(2.0, lambda slot=slot: self._turned(slot))

    def _turned(self, slot: str) -> None:
        if slot in self.jammed:
            self.send(f"J{slot}\n".encode())
        elif slot in self.emptied:
            self.send(f"N{slot}\n".encode())
        else:
            self.count[slot] += 1
            self._setup.ledger("dropped", slot=slot)
            self.send(f"D{slot}\n".encode())


class ToyMachine(Driver):
    """What a partner would write: one command, then the sensor's word, or the counter's."""

    def __init__(self, ctx: Any) -> None:
        super().__init__(ctx)
        self._line = ctx.framed_line(Lines)
        self._counts: dict[str, int] = {}
        self._said: dict[str, str] = {}
        self._news = asyncio.Event()

    async def start(self) -> None:
        self._line.listen(self._heard)
        self._line.on_change(self._contact)
        await self._look()

    async def stop(self) -> None: ...

    def baseline(self, slot: str) -> JsonMap:
        return {"count": self._counts.get(slot)}

    async def dispense(self, intent: Intent, deadline: float) -> Receipt:
        slot = intent.target
        self._said.pop(slot, None)
        if not self._line.up:
            raise NotSent("the line is down")
        try:
            await self._line.transact(
                f"T{slot}\n".encode(), lambda frame: frame == b"A" + slot.encode(),
                deadline=min(deadline, self.ctx.clock.monotonic() + 3.0),
            )
        except (LineDown, LineBusy) as error:
            raise NotSent(str(error)) from error
        except LineTimeout as error:
            raise InDoubt(str(error)) from error
        return Receipt()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        slot = intent.target
        while slot not in self._said and self.ctx.clock.monotonic() < deadline:
            self._news.clear()
            try:
                async with asyncio.timeout_at(min(deadline, self.ctx.clock.monotonic() + 5.0)):
                    await self._news.wait()
            except TimeoutError:
                break
        said = self._said.pop(slot, "")
        if said == "J":
            return Resolution.refuted("jam")
        if said == "N":
            return Resolution.refuted("no_drop")
        return await self._by_count(intent)

    async def _by_count(self, intent: Intent) -> Resolution:
        """More than before: it fell. As before proves nothing: it may still be falling."""
        before = intent.baseline.get("count")
        await self._look()
        now = self._counts.get(intent.target)
        if isinstance(before, int) and now is not None and now > before:
            return Resolution.confirmed(count=now)
        return Resolution.unknown("no_answer")

    async def _look(self) -> None:
        for slot in ("1", "2"):
            try:
                answer = await self._line.transact(
                    f"Q{slot}\n".encode(), lambda frame: frame.startswith(b"C"),
                    deadline=self.ctx.clock.monotonic() + 1.0,
                )
            except (LineDown, LineBusy, LineTimeout):
                self._counts.pop(slot, None)
            else:
                self._counts[slot] = int(answer.partition(b",")[2])

    def _heard(self, frame: bytes) -> None:
        word, slot = frame[:1].decode(), frame[1:].decode()
        if word not in ("D", "N", "J"):
            return
        self._said[slot] = word
        if word == "D" and slot in self._counts:
            self._counts[slot] += 1
        if word == "J":
            self.ctx.fault(FaultKind.JAM, slot)
        else:
            self.ctx.clear(FaultKind.JAM, slot)
        self._news.set()

    def _contact(self, up: bool) -> None:
        if up:
            self.ctx.clear(FaultKind.OFFLINE)
            self.ctx.spawn("look", self._look())
        else:
            self.ctx.fault(FaultKind.OFFLINE)


def _simulator(setup: Any) -> Simulator:
    machine = Machine(setup)
    return Simulator(machine, machine)  # type: ignore[arg-type]  it has no power supply of its own


class TestToyMachine(DispenserContract):
    """The contract holds."""

    driver: Any = ToyMachine

    async def build(self, kit: Any) -> DispenserRig:
        context = kit.context(name="vend")
        sim = kit.simulator(SimpleNamespace(create_simulator=_simulator), context)
        return DispenserRig(context, sim, self.driver, lambda: context.bus.sent.count(b"T1\n"))


class Hasty(ToyMachine):
    """Sends once more when there is no answer: what no driver may do."""

    async def dispense(self, intent: Intent, deadline: float) -> Receipt:
        try:
            return await super().dispense(intent, deadline)
        except InDoubt:
            return await super().dispense(intent, deadline)


def test_a_driver_that_sends_twice_breaks_the_contract(hub_virtual: Any) -> None:
    class Broken(TestToyMachine):
        driver = Hasty

    def run(play: Any) -> None:
        bench = Broken.bench.__wrapped__(Broken(), hub_virtual)
        bench(play)

    with pytest.raises(AssertionError) as broken:
        Broken().test_a_command_without_answer_is_in_doubt_and_was_sent_exactly_once(run)
    assert "frames()" in str(broken.traceback[-1].statement)
