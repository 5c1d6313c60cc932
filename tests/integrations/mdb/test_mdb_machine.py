"""Any interleaving of customers, cables, adapters, readers and hub restarts: the money always adds up."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.api import ActError, InDoubt
from hub.core.virtual import VirtualLoop
from hub.model.effects import Intent
from hub.model.states import EffectKind, Verdict
from hub.testing import Kit

CONFIG = {"non_response_seconds": 2, "adapter_milliseconds": 300}
SIMULATED = {"max_response_seconds": 3}


@dataclass
class Sale:
    """What the hub has recorded of one leg; `open` is the intent without an outcome."""

    leg: str
    item: int
    authorise: Intent
    open: Intent | None
    approved: bool = False
    authorised: Any = None
    decided: Any = None


class InlineLoop(VirtualLoop):
    """Does thread work at once, so that the same steps always give the same story."""

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = self.create_future()
        future.set_result(func(*args))
        return future


class Counter(RuleBasedStateMachine):
    """One terminal, one customer after the other."""

    till_class: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=InlineLoop)
        self.folder = tempfile.TemporaryDirectory()
        self.sales: list[Sale] = []
        self.always_idle = True
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.kit = Kit()
        config = {**CONFIG, "simulate": {**SIMULATED, "always_idle": self.always_idle}}
        self.till = self.till_class(self.kit, Path(self.folder.name), config, "EUR")
        await self.till.boot()
        await self.till.online()

    def teardown(self) -> None:
        async def close() -> None:
            await self.till.driver.stop()
            await self.kit.close()

        self.runner.run(close())
        self.runner.close()
        self.folder.cleanup()

    @property
    def sale(self) -> Sale | None:
        """The leg that is not finished."""
        last = self.sales[-1] if self.sales else None
        return last if last is not None and (last.open is not None or last.approved) else None

    async def _calm(self) -> None:
        """All is well again, and the reader is ready or in a vend."""
        self.till.peer.plug()
        self.till.sim.model.power(True)
        for name, value in (("silent", "off"), ("noise", "0"), ("refund", "ok")):
            await self.till.sim.do("set", name, value)
        await asyncio.sleep(12)

    @precondition(lambda self: self.sale is None)
    @rule(seconds=st.sampled_from([2, 5, 20]), calm=st.sampled_from([True, True, True, False]))
    def ask(self, seconds, calm):
        """A customer wants something."""
        item = len(self.sales) + 1

        async def play() -> None:
            if calm:
                await self._calm()
            intent = self.till.intent(EffectKind.AUTHORISE, f"leg{item}", item=item, seconds=seconds)
            sale = Sale(f"leg{item}", item, intent, intent)
            self.sales.append(sale)
            try:
                await self.till.driver.authorise(intent, self.till.in_seconds(1))
            except InDoubt:
                return
            except ActError:
                sale.open = None

        self.runner.run(play())

    @precondition(lambda self: self.sale is None)
    @rule()
    def sell(self):
        """A customer is asked and pays."""
        self.ask(seconds=20, calm=True)
        self.customer(action="pay")
        if self.sale is not None:
            self.resolve(within=8, recorded=True)

    @precondition(lambda self: self.sale is not None and self.sale.open is not None)
    @rule()
    def settle(self):
        """The hub has all the time it needs."""
        self.resolve(within=20, recorded=True)

    @precondition(lambda self: self.sale is not None and self.sale.open is not None)
    @rule(within=st.sampled_from([0.5, 3, 8]), recorded=st.booleans())
    def resolve(self, within, recorded):
        """The hub asks what became of its open intent; the process may die before it is recorded."""
        sale = self.sale

        async def play() -> None:
            answer = await self.till.resolve(sale.open, within)
            if not recorded:
                await self.till.kill()
                await self._boot()
                return
            if sale.open.kind is EffectKind.AUTHORISE:
                sale.authorised = answer
                sale.approved = answer.verdict is Verdict.CONFIRMED
            else:
                sale.decided = (sale.open.kind, answer)
                sale.approved = False
            sale.open = None

        self.runner.run(play())

    @precondition(lambda self: self.sale is not None and self.sale.approved and self.sale.open is None)
    @rule(kind=st.sampled_from([EffectKind.CAPTURE, EffectKind.VOID]), within=st.sampled_from([0.1, 2.0]))
    def decide(self, kind, within):
        """Released, or not."""
        sale = self.sale

        async def play() -> None:
            sale.open = self.till.intent(kind, sale.leg, item=sale.item, seconds=5)
            act = self.till.driver.capture if kind is EffectKind.CAPTURE else self.till.driver.void
            try:
                await act(sale.open, self.till.in_seconds(within))
            except InDoubt:
                return

        self.runner.run(play())

    @precondition(lambda self: self.sale is not None)
    @rule()
    def withdraw(self):
        """The desk cancels."""
        self.runner.run(self.till.driver.cancel(self.sale.leg))

    @rule(action=st.sampled_from(["pay", "pay", "decline", "cancel", "tap"]))
    def customer(self, action):
        self.runner.run(self.till.sim.do(action))

    @rule(seconds=st.sampled_from([0.001, 0.003, 0.01, 0.12, 1.0, 6.0]))
    def wait(self, seconds):
        self.runner.run(asyncio.sleep(seconds))

    @rule(refund=st.sampled_from(["ok", "fail", "silent"]))
    def refunds(self, refund):
        self.runner.run(self.till.sim.do("set", "refund", refund))

    @rule(name=st.sampled_from(["late", "silent"]), value=st.sampled_from(["on", "off", "off"]))
    def habit(self, name, value):
        self.runner.run(self.till.sim.do("set", name, value))

    @rule(count=st.integers(0, 4))
    def noise(self, count):
        self.runner.run(self.till.sim.do("set", "noise", str(count)))

    @rule(plugged=st.booleans())
    def cable(self, plugged):
        async def play() -> None:
            (self.till.peer.plug if plugged else self.till.peer.unplug)()

        self.runner.run(play())

    @rule(down=st.booleans())
    def adapter_power(self, down):
        async def play() -> None:
            self.till.sim.model.power(not down)

        self.runner.run(play())

    @rule()
    def reader_restarts(self):
        self.runner.run(self.till.sim.do("restart"))

    @rule(pause=st.sampled_from([0.0, 0.5]))
    def hub_restarts(self, pause):
        async def play() -> None:
            await self.till.kill()
            await asyncio.sleep(pause)
            await self._boot()

        self.runner.run(play())

    async def _boot(self) -> None:
        sale = self.sale
        intents = []
        if sale is not None and sale.approved:
            intents.append(replace(sale.authorise, params={**sale.authorise.params, "approved": True}))
        if sale is not None and sale.open is not None:
            intents.append(sale.open)
        await self.till.boot(*intents)

    def _acts(self, sale: Sale, act: str) -> int:
        return sum(entry["item"] == sale.item for entry in self.till.sim.acts(act))

    @invariant()
    def one_vend_and_one_end_for_a_leg(self):
        for sale in self.sales:
            assert self._acts(sale, "approved") <= 1
            ends = [self._acts(sale, act) for act in ("charged", "refunded", "refund_failed")]
            assert sum(ends) <= 1, (sale, self.till.sim.ledger)

    @invariant()
    def a_verdict_is_never_belied(self):
        for sale in self.sales:
            taken = self._acts(sale, "charged") + self._acts(sale, "refund_failed")
            if sale.authorised is not None and sale.authorised.verdict is Verdict.REFUTED:
                assert not taken, (sale, self.till.sim.ledger)
            if sale.decided is None or sale.decided[1].verdict is not Verdict.CONFIRMED:
                continue
            kind = sale.decided[0]
            assert taken == (kind is EffectKind.CAPTURE), (sale, self.till.sim.ledger)


class MediumFirst(Counter):
    """The same with a reader that wants the medium first."""

    async def _open(self) -> None:
        self.always_idle = False
        await super()._open()


@pytest.mark.req("PY-04", "PY-07")
@pytest.mark.parametrize("machine", [Counter, MediumFirst])
def test_the_money_adds_up(machine, till_class):
    machine.till_class = till_class
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=100, stateful_step_count=30, deadline=None, derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
