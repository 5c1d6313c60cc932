"""The eye on every promise: each kind of breach is found, and told with the handover's story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.core.clock import HOUR
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.store import StoreError
from hub.workflows.rehearsal import Ground, Plan, Rehearsal, Script
from hub.workflows.rehearsal.orders import order_of
from hub.workflows.run import records
from hub.workflows.simulate.checks import Checks, Violation
from hub.workflows.simulate.run import START

Breach = Callable[[Any, str], None]


@pytest.fixture
def after(make_plan: Callable[..., Plan]) -> Callable[[Breach], Violation | None]:
    """What the watch says after something was done to the tables behind the hub's back."""

    def watch(breach: Breach) -> Violation | None:
        async def main(clock: Any) -> Violation | None:
            site = Rehearsal(make_plan(), Ground(Script(), clock.now), clock, SeededEntropy(1))
            await site.begin()
            try:
                item = {"sku": "parcel", "quantity": 1, "size": "S", "thermal": "ambient"}
                handover = await site.create(order_of("pickup", [item], {"name": "Ada"}, "r1"))
                await site.create(order_of("pickup", [item], {"name": "Ben"}, "r2"))
                await site.store.write(lambda tx: breach(tx, handover))
                await site.until(START + 3 * HOUR)
                checks = Checks(records.Machines())
                try:
                    await site.read(lambda r: checks.look(r, clock.now()))
                except Violation as found:
                    return found
                return None
            finally:
                await site.end()

        return run_virtual(main, START)

    return watch


def test_a_sound_site_is_left_alone(after: Callable[[Breach], Violation | None]) -> None:
    assert after(lambda tx, handover: None) is None


def ended_but_holding(tx: Any, handover: str) -> None:
    tx.execute("UPDATE handover SET ended = 1 WHERE id = ?", (handover,))


def two_owners(tx: Any, handover: str) -> None:
    """The schema does not allow it, so the schema goes first."""
    unique = "SELECT name FROM sqlite_master WHERE tbl_name = 'allocation' AND sql LIKE 'CREATE UNIQUE%'"
    for (name,) in tx.execute(unique).fetchall():
        tx.execute(f"DROP INDEX {name}")
    tx.execute("UPDATE allocation SET compartment = 'main/A12'")


@pytest.mark.parametrize(
    ("breach", "rule"), [(ended_but_holding, "still holds a compartment"), (two_owners, "two owners")]
)
def test_a_breach_is_told_with_the_story(
    after: Callable[[Breach], Violation | None], breach: Breach, rule: str
) -> None:
    found = after(breach)
    assert found is not None
    assert rule in found.rule
    assert any("start.api -> preparing" in line for line in found.story)


def test_a_changed_event_breaks_the_chain(make_plan: Callable[..., Plan]) -> None:
    async def main(clock: Any) -> None:
        site = Rehearsal(make_plan(), Ground(Script(), clock.now), clock, SeededEntropy(1))
        await site.begin()
        await site.store.write(lambda tx: tx.execute("UPDATE journal SET type = 'other' WHERE seq = 3"))
        with pytest.raises(StoreError, match="journal row 3"):
            site.memory.verify()
        await site.end()

    run_virtual(main, START)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_killed_hub_finds_everything_again(make_plan: Callable[..., Plan], grouped: bool) -> None:
    async def main(clock: Any) -> None:
        site = Rehearsal(make_plan(), Ground(Script(), clock.now), clock, SeededEntropy(1), grouped=grouped)
        await site.begin()
        item = {"sku": "parcel", "quantity": 1, "size": "S", "thermal": "ambient"}
        handover = await site.create(order_of("pickup", [item], {"name": "Ada"}, "r1"))
        before = await site.snapshot(handover)
        await site.kill()
        await site.begin()
        assert await site.snapshot(handover) == before
        await site.end()

    run_virtual(main, START)
