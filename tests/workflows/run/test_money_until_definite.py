"""A capture or void without an answer: somebody is told, and it goes on being repeated (DESIGN section 4)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.commerce import LegState
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.effects.records import doubtful
from hub.effects.runner import IDEMPOTENT
from hub.model.effects import Resolution
from hub.model.states import EffectKind
from hub.store import Store

START = 1_790_000_000_000_000
SILENCE = [Resolution.unknown("no_answer")]


async def _sale(site: Any, *, silent: EffectKind, stuck: bool = False) -> str:
    """A sale whose money report nobody answers for longer than the hub waits before it tells somebody."""
    site.terminal.answers[silent] = SILENCE * 10_000
    site.lock.script = ["stuck"] * 4 if stuck else []
    sale: str = (await site.key("11")).handover_id
    await site.settled(200)
    return sale


@pytest.mark.req("PY-03", "PY-07")
def test_a_late_answer_to_a_capture_settles_leg_incident_and_sale(world: Any) -> None:
    async def main(site: Any) -> None:
        sale = await _sale(site, silent=EffectKind.CAPTURE)
        assert (await site.incidents(), await site.state(sale)) == (["capture_unproved"], "recovery")
        assert (await site.legs(sale))[0].state is LegState.APPROVED
        found = await site.incident("capture_unproved")
        site.terminal.answers.clear()
        await site.settled(3600)
        assert (await site.legs(sale))[0].state is LegState.CAPTURED
        assert "capture_unproved" not in await site.incidents()
        [ended] = await site.noted(f"incident/{found.id}", "incident.resolved")
        assert (ended["who"], ended["verdict"]) == ("hub", "confirmed")
        assert await site.state(sale) in ("collecting", "ajar", "completed")

    world(main)


@pytest.mark.req("PY-03", "PY-07")
def test_a_void_proved_late_is_no_longer_owed(world: Any) -> None:
    async def main(site: Any) -> None:
        sale = await _sale(site, silent=EffectKind.VOID, stuck=True)
        assert (await site.legs(sale))[0].state is LegState.REFUND_OWED
        site.terminal.answers.clear()
        await site.settled(3600)
        assert (await site.legs(sale))[0].state is LegState.VOIDED
        assert "refund_owed" not in await site.incidents()
        assert await site.state(sale) == "refunded"

    world(main)


@pytest.mark.req("PY-07")
def test_a_void_refused_late_stays_owed_and_owned(world: Any) -> None:
    async def main(site: Any) -> None:
        sale = await _sale(site, silent=EffectKind.VOID, stuck=True)
        site.terminal.answers[EffectKind.VOID] = [Resolution.refuted("captured")]
        await site.settled(3600)
        assert (await site.legs(sale))[0].state is LegState.REFUND_OWED
        assert (await site.incidents()).count("refund_owed") == 1
        assert await site.state(sale) == "refund_owed"

    world(main)


def test_a_capture_refused_late_reaches_somebody(world: Any) -> None:
    async def main(site: Any) -> None:
        sale = await _sale(site, silent=EffectKind.CAPTURE)
        site.terminal.answers[EffectKind.CAPTURE] = [Resolution.refuted("rejected")]
        await site.settled(3600)
        assert "unpaid" in await site.incidents()
        assert "capture_unproved" not in await site.incidents()
        assert await site.state(sale) != "recovery"

    world(main)


def test_the_tries_grow_rarer(world: Any) -> None:
    async def main(site: Any) -> None:
        await _sale(site, silent=EffectKind.CAPTURE)
        site.terminal.calls.clear()
        await site.settled(24 * 3600)
        assert 80 <= site.terminal.calls.count("capture") <= 120

    world(main)


def test_a_verdict_of_the_desk_ends_the_repeating(world: Any) -> None:
    async def main(site: Any) -> None:
        sale = await _sale(site, silent=EffectKind.CAPTURE)
        found = await site.incident("capture_unproved")
        await site.desk("incident.resolve", found.id, verdict="confirmed", why="seen on the statement")
        assert (await site.legs(sale))[0].state is LegState.CAPTURED
        await site.settled(1000)
        site.terminal.calls.clear()
        await site.settled(24 * 3600)
        assert site.terminal.calls == []

    world(main)


def test_a_reader_that_says_it_cannot_refund_is_not_asked_again(world: Any) -> None:
    async def main(site: Any) -> None:
        site.terminal.answers[EffectKind.VOID] = [Resolution.unknown("refund_failed")]
        site.lock.script = ["stuck"] * 4
        sale = (await site.key("11")).handover_id
        await site.settled(24 * 3600)
        assert site.terminal.calls.count("void") == 1
        assert (await site.legs(sale))[0].state is LegState.REFUND_OWED

    world(main)


@pytest.mark.req("PY-07")
def test_the_repeating_goes_on_after_a_restart(make_world: Any, tmp_path: Path) -> None:
    async def again(clock: Any, seed: int) -> Any:
        store = await Store.open(tmp_path / "hub.db", clock, SeededEntropy(seed), inline=True)
        site = make_world(clock, store)
        await site.begin()
        return site

    async def main(clock: Any) -> None:
        site = await again(clock, 1)
        sale = await _sale(site, silent=EffectKind.CAPTURE)
        for task in list(site.tasks._tasks):
            task.cancel()
        await asyncio.sleep(0)
        await site.store.close()

        site = await again(clock, 2)
        for intent in await site.store.read(lambda r: doubtful(r, IDEMPOTENT)):
            site.effects.chase(intent)
        await site.settled(60)
        assert (await site.legs(sale))[0].state is LegState.CAPTURED
        assert await site.incidents() in ([], ["ajar"])
        await site.end()

    run_virtual(main, START)
