"""Steps that an integration adds (S35): a lamp, a label printer and a siren, written on the partner's API."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import voluptuous as vol

from hub.api import Driver, InDoubt, NotSent, Rejected, StepDefinition
from hub.effects.records import open_intents
from hub.model.effects import Receipt, Resolution
from hub.plugins.guard import DeviceGuard
from hub.workflows.compile import compile_blueprint
from hub.workflows.run.service import Order
from hub.workflows.steps import with_steps
from hub.workflows.steps.integrations import step_type

TEXT = """
blueprint: {name: Toy, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
initial: acting
states:
  acting:
    enter:
      - toy.STEP: {device: toy, within: {seconds: 5}, words: "{{ data.words }}"}
    on: {effect.confirmed: done, effect.refuted: refused, effect.in_doubt: recovery}
  done: {status: completed, final: true}
  refused:
    enter: [{set: {why: "{{ event.reason }}"}}]
    on: {entered: gone}
  gone: {status: cancelled, final: true}
"""


class Toy(Driver):
    """`script` holds what happens to the next acts: done, refused, not_sent, lost, slow."""

    def __init__(self) -> None:  # a scripted device needs no context
        self.script: list[str] = []
        self.acts: list[tuple[str, Any]] = []
        self.verdicts: list[Resolution] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def act(self, intent: Any, deadline: float) -> Receipt:
        now = self.script.pop(0) if self.script else "done"
        if now == "not_sent":
            raise NotSent("no paper tray")
        self.acts.append((intent.effect_id, intent.params["args"]))
        if now == "refused":
            raise Rejected("paper_out")
        if now == "lost":
            raise InDoubt("no answer")
        if now == "slow":
            await asyncio.sleep(3)
        return Receipt({"page": 1})

    async def look(self, intent: Any, deadline: float) -> Resolution:
        return self.verdicts.pop(0) if self.verdicts else Resolution.unknown("dark")


WORDS = {vol.Required("words"): str}
DEFINITIONS = (
    StepDefinition("toy.print", "Prints.", "idempotent", Toy.act, WORDS, refutes=("paper_out",)),
    StepDefinition("toy.shine", "Shines.", "observable", Toy.act, WORDS, Toy.look),
    StepDefinition("toy.howl", "Howls.", "blind", Toy.act, WORDS),
)


@pytest.fixture
def toy(world: Any) -> Any:
    """Run one handover with a step; `main(site, toy, handover)` sees what came of it."""

    def run(step: str, main: Any, *, script: tuple[str, ...] = (), words: Any = "hello",
            verdicts: tuple[Resolution, ...] = (), seconds: float = 10) -> None:
        async def inside(site: Any) -> None:
            driver = Toy()
            driver.script, driver.verdicts = list(script), list(verdicts)
            site.devices._drivers["toy"] = driver
            site.devices._guards["toy"] = DeviceGuard("toy", site.clock)
            known = {definition.name: definition for definition in DEFINITIONS}
            site.handovers.intents._steps = site.effects._steps = known
            steps = with_steps(step_type(definition, ["toy"]) for definition in DEFINITIONS)
            found = compile_blueprint(TEXT.replace("STEP", step), "toys", {}, steps=steps)
            assert found.machine, [str(problem) for problem in found.problems]
            await site.handovers.offer({"toys": (found.machine, "")})
            handover = await site.handovers.create(Order("toys", vars={"data": {"words": words}}))
            await site.settled(seconds)
            await main(site, driver, await site.snapshot(handover))

        world(inside)

    return run


@pytest.mark.parametrize("step", ["print", "howl"])
def test_a_receipt_confirms_what_nothing_observes(toy: Any, step: str) -> None:
    async def main(site: Any, driver: Toy, handover: Any) -> None:
        assert (handover.state, handover.status) == ("done", "completed")
        [(_, given)] = driver.acts
        assert given == {"words": "hello"}

    toy(step, main)


def test_an_observable_step_waits_for_its_evidence(toy: Any) -> None:
    async def main(site: Any, driver: Toy, handover: Any) -> None:
        assert (handover.state, handover.vars["why"], len(driver.acts)) == ("gone", "stayed_dark", 1)

    toy("shine", main, verdicts=(Resolution.refuted("stayed_dark"),))


@pytest.mark.parametrize(("script", "why"), [("refused", "paper_out"), ("not_sent", "not_sent")])
def test_a_refusal_is_refuted_with_its_reason(toy: Any, script: str, why: str) -> None:
    async def main(site: Any, driver: Toy, handover: Any) -> None:
        assert (handover.state, handover.vars["why"]) == ("gone", why)

    toy("howl", main, script=(script,))


def test_an_idempotent_step_is_repeated_under_one_key(toy: Any) -> None:
    async def main(site: Any, driver: Toy, handover: Any) -> None:
        assert handover.state == "done"
        assert len(driver.acts) == 3
        assert len({key for key, _ in driver.acts}) == 1

    toy("print", main, script=("lost", "lost"))


@pytest.mark.parametrize("step", ["shine", "howl"])
def test_what_may_have_happened_is_never_done_again(toy: Any, step: str) -> None:
    async def main(site: Any, driver: Toy, handover: Any) -> None:
        assert (handover.state, len(driver.acts)) == ("recovery", 1)
        assert await site.incidents() == ["step_in_doubt"]

    toy(step, main, script=("lost",), seconds=3600)


@pytest.mark.parametrize(("step", "verdict"), [("shine", "confirmed"), ("howl", "unknown")])
def test_after_a_restart_only_evidence_decides(toy: Any, step: str, verdict: str) -> None:
    async def main(site: Any, driver: Toy, handover: Any) -> None:
        [intent] = await site.store.read(lambda r: open_intents(r, "toy"))
        driver.verdicts = [Resolution.confirmed()]
        resolution = await site.effects.recover(intent)
        assert (resolution.verdict, len(driver.acts)) == (verdict, 1)

    toy(step, main, script=("slow",), seconds=1)


def test_arguments_that_only_the_order_knew_are_checked_before_the_act(toy: Any) -> None:
    async def main(site: Any, driver: Toy, handover: Any) -> None:
        assert (handover.state, handover.vars["why"], driver.acts) == ("gone", "invalid", [])

    toy("print", main, words=5)
