"""A thousand requests for the same compartments at the same moment, over the real store and its writer."""

from __future__ import annotations

import asyncio
import collections
from typing import Any

import pytest

from hub import custody
from hub.core.entropy import SeededEntropy
from hub.custody import AssetSpec, CompartmentSpec, NothingFits
from hub.model.states import Size, Thermal
from hub.store import Store, Tx

REQUESTS = 1000
PLACES = 120


class StillClock:
    """Stands still, so that only the order of the writes tells requests apart."""

    def now(self) -> int:
        return 1_795_000_000_000_000

    def monotonic(self) -> float:
        return 0.0


NOW = StillClock().now()


def places() -> list[CompartmentSpec]:
    return [
        CompartmentSpec(
            "main", f"C{i:03}", "locks", str(i), list(Size)[i % 4], Thermal.AMBIENT, low=i % 5 == 0
        )
        for i in range(PLACES)
    ]


@pytest.fixture
async def store(tmp_path: Any) -> Any:
    opened = await Store.open(tmp_path / "hub.db", StillClock(), SeededEntropy(3), reserve=0)
    await opened.write(lambda tx: custody.sync_compartments(tx, places(), NOW))
    yield opened
    await opened.close()


async def asked(store: Store, number: int, **wish: Any) -> str | None:
    def write(tx: Tx) -> str:
        return custody.assign(
            tx, f"H{number}", f"L{number}", "main", wish.get("size"), None, wish.get("low", False), None, NOW,
            hold=wish.get("hold", "hard"), apart=wish.get("apart"), asset_kind=wish.get("asset_kind"),
            displaced=wish.get("displaced"),
        )

    try:
        return await store.write(write)
    except NothingFits:
        return None


async def owners(store: Store) -> dict[str, str]:
    """Compartment -> the handover of its live allocation, from both sides of the books."""
    found = await store.read(custody.compartments)
    rows = await store.read(lambda r: r.execute(
        "SELECT compartment, handover_id FROM allocation WHERE live = 1"
    ).fetchall())
    held = {place.id: place.handover_id for place in found if place.handover_id is not None}
    assert sorted(rows) == sorted(held.items())
    return held


@pytest.mark.req("AS-01")
async def test_a_thousand_requests_at_once_never_share_a_compartment(store):
    given = await asyncio.gather(*(asked(store, number) for number in range(REQUESTS)))
    taken = [place for place in given if place is not None]
    assert len(taken) == len(set(taken)) == PLACES
    assert len(await owners(store)) == PLACES


@pytest.mark.req("AS-01")
async def test_a_thousand_different_wishes_at_once_get_what_fits_or_nothing(store):
    wishes: list[dict[str, Any]] = [
        {"size": list(Size)[n % 4], "low": n % 7 == 0, "hold": ("soft", "hard")[n % 2],
         "apart": (None, "food", "chemicals")[n % 3], "displaced": (lambda moved: None)}
        for n in range(REQUESTS)
    ]
    given = await asyncio.gather(*(asked(store, n, **wish) for n, wish in enumerate(wishes)))
    assert sum(place is not None for place in given) == len(await owners(store))
    found = {place.id: place for place in await store.read(custody.compartments)}
    allocations = await store.read(lambda r: [
        custody.allocations_of(r, f"H{number}")[0] for number, place in enumerate(given) if place is not None
    ])
    for held in allocations:
        wish, place = wishes[int(held.handover_id[1:])], found[held.compartment]
        assert place.size.rank >= wish["size"].rank
        assert place.low or not wish["low"]
    words = {place.position: place.apart for place in found.values() if place.apart}
    assert not [at for at in words if words.get(at + 1, words[at]) != words[at]]


async def test_compartments_that_come_free_meanwhile_go_to_one_of_those_who_wait(store):
    count: collections.Counter[str] = collections.Counter()

    async def use(number: int) -> None:
        place = await asked(store, number)
        if place is not None:
            count[place] += 1
            assert count[place] == 1, f"{place} has two owners"
            await asyncio.sleep(0)
            count[place] -= 1
            await store.write(lambda tx: custody.free(tx, f"L{number}", NOW))

    await asyncio.gather(*(use(number) for number in range(REQUESTS)))
    assert await owners(store) == {}


async def test_a_thousand_requests_for_the_same_kind_get_each_asset_once(store):
    specs = [
        AssetSpec(f"drill-{n}", "drill", "Drill", Size.S, bank="main", place=f"C{n:03}") for n in range(40)
    ]
    await store.write(lambda tx: custody.sync_assets(tx, specs, NOW))
    given = await asyncio.gather(*(asked(store, n, asset_kind="drill") for n in range(REQUESTS)))
    taken = [place for place in given if place is not None]
    assert len(taken) == len(set(taken)) == 40
