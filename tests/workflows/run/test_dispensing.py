"""One unit per effect from a slot, and ages proved at the terminal, over scripted devices."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub import commerce, custody
from hub.api import Driver, InDoubt, NotSent, Rejected
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.effects.records import open_intents
from hub.model.effects import Intent, JsonMap, Receipt, Resolution
from hub.model.states import AllocationOutcome, Service, Size, Thermal
from hub.plugins.guard import DeviceGuard
from hub.store import Store
from hub.workflows.compile import compile_blueprint
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.service import Order

START = 1_790_000_000_000_000
VENDING = """
blueprint: {name: Vending, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
initial: selecting
states:
  selecting:
    enter: [{assign: {bank: snacks, product: "{{ item.sku }}"}}]
    on: {assign.failed: sold_out, entered: paying}
  sold_out: {status: cancelled, final: true}
  paying:
    status: reserved
    enter: [{authorise: {amount: 180, within: {seconds: 60}}}]
    on: {effect.confirmed: dispensing, effect.refuted: unpaid, effect.in_doubt: recovery}
  unpaid: {status: cancelled, final: true}
  dispensing:
    enter: [{dispense: {evidence: drop_sensor, within: {seconds: 20}}}]
    on: {effect.confirmed: taking, effect.refuted: blocked, effect.in_doubt: recovery}
  blocked:
    enter: [{set: {why: "{{ event.reason }}"}}, {void: {}}]
    on: {effect.confirmed: voided, effect.refuted: voided, effect.in_doubt: recovery}
  voided: {status: refunded, final: true}
  taking:
    enter: [{transfer_custody: {to: recipient}}, {capture: {}}]
    on: {effect.confirmed: done, effect.refuted: done, effect.in_doubt: recovery}
  done:
    status: completed
    on: {command.open: again, command.cancel: closed}
  again:
    enter: [{dispense: {evidence: drop_sensor, within: {seconds: 20}}}]
    on: {effect.confirmed: done, effect.refuted: refused, effect.in_doubt: recovery}
  refused:
    enter: [{set: {why: "{{ event.reason }}"}}]
    on: {command.cancel: closed}
  closed: {status: completed, final: true}
"""
GROWN_UPS = """
blueprint: {name: Grown-ups, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
initial: checking
states:
  checking:
    enter: [{check_age: {minimum: 18, within: {seconds: 30}}}]
    on: {effect.confirmed: old_enough, effect.refuted: refused, effect.in_doubt: recovery}
  old_enough: {status: completed, final: true}
  refused:
    enter: [{set: {why: "{{ event.reason }}"}}]
    on: {entered: gone}
  gone: {status: cancelled, final: true}
"""


BASKET = """
blueprint: {name: Basket, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
initial: selecting
states:
  selecting:
    enter: [{assign: {bank: snacks, product: "{{ item.sku }}", per: item}}]
    on: {assign.failed: gone, entered: paying}
  gone: {status: cancelled, final: true}
  paying:
    status: reserved
    enter: [{authorise: {amount: 400, within: {seconds: 60}}}]
    on: {effect.confirmed: giving, effect.refuted: gone, effect.in_doubt: recovery}
  giving:
    each: allocation
    initial: dispensing
    on:
      each.done:
        - {when: "{{ event.released > 0 }}", to: taking}
        - {to: voiding}
  dispensing:
    parent: giving
    enter: [{dispense: {evidence: drop_sensor, within: {seconds: 20}}}]
    on: {effect.confirmed: next, effect.refuted: next, effect.in_doubt: recovery}
  taking:
    enter: [{capture: {}}]
    on: {effect.confirmed: done, effect.refuted: done, effect.in_doubt: recovery}
  voiding:
    enter: [{void: {}}]
    on: {effect.confirmed: gone, effect.refuted: gone, effect.in_doubt: recovery}
  done: {status: completed, final: true}
"""


class ScriptedMachine(Driver):
    """Slots 1 and 2. `script` holds what the next motors do: drops, jam, unknown, not_sent, slow."""

    def __init__(self) -> None:  # a scripted device needs no context
        self.script: list[str] = []
        self.turned: list[str] = []
        self._last = ""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def baseline(self, slot: str) -> JsonMap:
        return {"turns": len(self.turned)}

    async def dispense(self, intent: Intent, deadline: float) -> Receipt:
        last = self._last = self.script.pop(0) if self.script else "drops"
        if last == "not_sent":
            raise NotSent("line down")
        if last == "jam":
            raise Rejected("jam")
        self.turned.append(intent.target)
        if last == "unknown":
            raise InDoubt("no answer")
        if last == "slow":
            await asyncio.sleep(15)
        return Receipt()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        if self._last in ("drops", "slow"):
            return Resolution.confirmed(level="drop_sensor")
        return Resolution.unknown("gap")


class ScriptedVerifier(Driver):
    """Looks at a document and answers as told; says nothing at all without an answer."""

    def __init__(self) -> None:  # a scripted device needs no context
        self.answer: Resolution | None = None
        self.asked: list[int] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def verify(self, minimum: int, deadline: float) -> Resolution:
        self.asked.append(minimum)
        if self.answer is None:
            await asyncio.sleep(3600)
        assert self.answer is not None
        return self.answer


def _plug(site: Any, name: str, driver: Driver) -> None:
    site.devices._drivers[name] = driver
    site.devices._guards[name] = DeviceGuard(name, site.clock)


async def _vending(site: Any) -> ScriptedMachine:
    machine = ScriptedMachine()
    _plug(site, "vend", machine)
    slots = [
        custody.CompartmentSpec("snacks", f"S{n}", "vend", str(n), Size.S, Thermal.AMBIENT, product=sku)
        for n, sku in ((1, "cola"), (2, "chips"))
    ]

    def sync(tx: Any) -> None:
        custody.sync_compartments(tx, slots, site.clock.now())
        commerce.ensure_stock(tx, {"snacks/S1": 3, "snacks/S2": 1}, site.clock.now())

    await site.store.write(sync)
    await _offer(site, "vending", VENDING)
    return machine


async def _offer(site: Any, name: str, text: str) -> None:
    found = compile_blueprint(text, name, {})
    assert found.machine, [str(problem) for problem in found.problems]
    await site.handovers.offer({name: (found.machine, text)})


async def _buy(site: Any, sku: str = "cola", seconds: float = 3) -> str:
    order = Order("vending", items=({"sku": sku, "quantity": 1},), terminal="front")
    handover: str = await site.handovers.create(order)
    await site.settled(seconds)
    return handover


async def _stock(site: Any, slot: str = "snacks/S1") -> tuple[int, bool]:
    found = await site.store.read(lambda r: commerce.stock_of(r, slot))
    return found.quantity, found.uncertain


async def _outcomes(site: Any, handover: str) -> list[AllocationOutcome]:
    found = await site.store.read(lambda r: custody.allocations_of(r, handover))
    return [allocation.outcome for allocation in found]


@pytest.mark.req("PY-03")
def test_a_unit_that_fell_is_counted_and_paid_for(world: Any) -> None:
    async def main(site: Any) -> None:
        machine = await _vending(site)
        sale = await _buy(site)
        assert (await site.state(sale), machine.turned) == ("done", ["1"])
        assert await _stock(site) == (2, False)
        assert [leg.state for leg in await site.legs(sale)] == ["captured"]
        assert await _outcomes(site, sale) == [AllocationOutcome.COLLECTED]

    world(main)


def test_a_second_unit_for_one_allocation_is_refused(world: Any) -> None:
    async def main(site: Any) -> None:
        machine = await _vending(site)
        sale = await _buy(site)
        await site.ask(sale, "open")
        assert await site.state(sale) == "refused"
        assert machine.turned == ["1"]

    world(main)


def test_a_jam_gives_the_money_back_and_counts_nothing(world: Any) -> None:
    async def main(site: Any) -> None:
        machine = await _vending(site)
        machine.script = ["jam"]
        sale = await _buy(site)
        snapshot = await site.snapshot(sale)
        assert (snapshot.state, snapshot.vars["why"], machine.turned) == ("voided", "jam", [])
        assert await _stock(site) == (3, False)
        assert [leg.state for leg in await site.legs(sale)] == ["voided"]

    world(main)


@pytest.mark.req("PY-07")
def test_a_dispense_that_nobody_saw_bars_the_slot_and_is_owned(world: Any) -> None:
    async def main(site: Any) -> None:
        machine = await _vending(site)
        machine.script = ["unknown"]
        sale = await _buy(site, seconds=30)
        assert (await site.state(sale), await site.incidents()) == ("recovery", ["dispense_in_doubt"])
        assert (await site.compartment("snacks/S1")).service is Service.BARRED
        assert await _stock(site) == (3, True)
        assert await site.state(await _buy(site)) == "sold_out"
        assert machine.turned == ["1"]

    world(main)


@pytest.mark.req("PY-07")
def test_the_desk_says_that_it_fell(world: Any) -> None:
    async def main(site: Any) -> None:
        machine = await _vending(site)
        machine.script = ["unknown"]
        sale = await _buy(site, seconds=30)
        found = await site.incident("dispense_in_doubt")
        await site.desk("incident.resolve", found.id, verdict="confirmed", why="the customer has it")
        assert await site.state(sale) == "done"
        assert [leg.state for leg in await site.legs(sale)] == ["captured"]
        assert (await _stock(site))[1]  # until somebody counts

    world(main)


def test_a_machine_turns_one_motor_at_a_time(world: Any) -> None:
    async def main(site: Any) -> None:
        machine = await _vending(site)
        machine.script = ["slow"]
        first = await _buy(site, "cola", seconds=1)
        second = await _buy(site, "chips", seconds=2)
        assert await site.state(first) == "dispensing"
        assert (await site.snapshot(second)).vars["why"] == "busy"
        await site.settled(60)
        assert (await site.state(first), machine.turned) == ("done", ["1"])

    world(main)


@pytest.mark.parametrize(("script", "turned", "state"), [
    ([], ["1", "2"], "done"), (["jam"], ["2"], "done"), (["jam", "jam"], [], "gone"),
])
def test_a_basket_is_dispensed_one_by_one_on_one_payment(
    world: Any, script: list[str], turned: list[str], state: str
) -> None:
    async def main(site: Any) -> None:
        machine = await _vending(site)
        machine.script = list(script)
        await _offer(site, "basket", BASKET)
        items = ({"sku": "cola", "quantity": 1}, {"sku": "chips", "quantity": 1})
        sale = await site.handovers.create(Order("basket", items=items, terminal="front"))
        await site.settled(10)
        assert (await site.state(sale), machine.turned) == (state, turned)
        counts = [(await _stock(site, slot))[0] for slot in ("snacks/S1", "snacks/S2")]
        assert counts == [3 - turned.count("1"), 1 - turned.count("2")]

    world(main)


@pytest.mark.req("PY-07")
def test_a_dispense_cut_off_in_mid_act_is_resolved_and_never_repeated(
    make_world: Any, tmp_path: Path
) -> None:
    async def again(clock: Any, seed: int) -> tuple[Any, ScriptedMachine]:
        store = await Store.open(tmp_path / "hub.db", clock, SeededEntropy(seed), inline=True)
        site = make_world(clock, store)
        await site.begin()
        return site, await _vending(site)

    async def main(clock: Any) -> None:
        site, machine = await again(clock, 1)
        machine.script = ["slow"]
        sale = await _buy(site)
        assert machine.turned == ["1"]
        for task in list(site.tasks._tasks):
            task.cancel()
        await asyncio.sleep(0)
        await site.store.close()

        site, machine = await again(clock, 2)
        [intent] = await site.store.read(lambda r: open_intents(r, "vend"))
        machine._last = "drops"
        resolution = await site.effects.recover(intent)
        await site.effects.report(intent, resolution)
        await site.settled(10)
        assert (await site.state(sale), machine.turned) == ("done", [])
        assert (await _stock(site)) == (2, False)
        await site.end()

    run_virtual(main, START)


@pytest.fixture
def grown_ups(world: Any) -> Any:
    """Ask a verifier that answers with `answer`; returns how the handover ended and why."""

    def ask(answer: Resolution | None, *, verifier: str = "ids") -> tuple[str, str | None]:
        ended: list[tuple[str, str | None]] = []

        async def main(site: Any) -> None:
            driver = ScriptedVerifier()
            driver.answer = answer
            _plug(site, "ids", driver)
            place = TerminalPlace("front", ("scanner",), "card", ("main",), verifier)
            site.handovers.intents._places = Places({"front": place}, {}, "EUR")
            await _offer(site, "bar", GROWN_UPS)
            handover = await site.handovers.create(Order("bar", terminal="front"))
            await site.settled(60)
            assert driver.asked in ([18], [])
            snapshot = await site.snapshot(handover)
            ended.append((snapshot.state, snapshot.vars.get("why")))
            assert await site.incidents() == []

        world(main)
        return ended[0]

    return ask


@pytest.mark.parametrize(("answer", "expected"), [
    (Resolution.confirmed(), ("old_enough", None)),
    (Resolution.refuted("under_age"), ("gone", "under_age")),
    (Resolution.unknown(), ("gone", "no_document")),
    (None, ("gone", "no_document")),
])
def test_an_age_is_proved_or_refuted(grown_ups: Any, answer: Resolution | None, expected: Any) -> None:
    assert grown_ups(answer) == expected


@pytest.mark.parametrize("verifier", ["", "card"])
def test_a_terminal_without_verifier_refutes(grown_ups: Any, verifier: str) -> None:
    assert grown_ups(Resolution.confirmed(), verifier=verifier) == ("gone", "no_verifier")
