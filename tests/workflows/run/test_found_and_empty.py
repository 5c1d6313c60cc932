"""What staff find in a compartment, and who may say that it is empty."""

from __future__ import annotations

from typing import Any

import pytest

from hub import custody, desk
from hub.core.commands import Accepted, Actor, Refused
from hub.custody import AssetSpec
from hub.model.states import Occupancy, Service, Size

STAFF = Actor("person-7", frozenset({"staff"}))


def test_a_found_item_bars_and_makes_a_task_that_ends_with_the_word_empty(world: Any) -> None:
    async def main(site: Any) -> None:
        answer = await site.desk("compartment.found", "main/A1", STAFF, what="an umbrella")
        assert isinstance(answer, Accepted)
        assert (answer.result["service"], answer.result["occupancy"]) == ("barred", "occupied")
        assert (await site.incident("found_item")).owner == "role:staff"
        unbarred = await site.desk("compartment.unbar", "main/A1", why="fine")
        assert isinstance(unbarred, Refused)
        answer = await site.desk(
            "compartment.empty", "main/A1", STAFF, why="took it out", taken_to="lost property"
        )
        assert (answer.result["service"], answer.result["occupancy"]) == ("in_service", "empty")
        assert await site.store.read(lambda r: desk.incidents(r, only_open=True)) == []
        assert [noted["verb"] for noted in await site.noted("compartment/main/A1", "compartment.commanded")
                ] == ["found", "empty"]

    world(main)


def test_goods_that_wait_for_their_recipient_are_not_declared_away(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        place = f"main/A{await site.door_of(handover)}"
        refused = await site.desk("compartment.empty", place, STAFF, why="looked inside")
        assert isinstance(refused, Refused)
        assert (refused.code, (await site.compartment(place)).occupancy) == (
            "not-possible", Occupancy.OCCUPIED
        )

    world(main)


@pytest.mark.req("AS-02")
def test_an_expired_item_stays_inside_behind_a_barred_door_with_a_task_that_somebody_owns(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        place = f"main/A{await site.door_of(handover)}"
        await site.settled(49 * 3600)
        assert await site.state(handover) == "uncollected"
        found = await site.compartment(place)
        assert (found.occupancy, found.service) == (Occupancy.OCCUPIED, Service.BARRED)
        assert "clear_out" in found.reasons
        task = await site.incident("clear_out")
        assert (task.open, task.owner, task.target) == (True, "role:staff", place)
        refused = await site.desk("compartment.empty", place, STAFF, why="looks empty")
        assert isinstance(refused, Refused)

    world(main)


def test_a_compartment_with_an_asset_is_put_back_with_the_asset_inside(world: Any) -> None:
    async def main(site: Any) -> None:
        spec = AssetSpec("drill-1", "drill", "Drill", Size.S, bank="main", place="A1")
        await site.store.write(lambda tx: custody.sync_assets(tx, [spec], site.clock.now()))
        await site.desk("compartment.bar", "main/A1", STAFF, why="cleaning")
        answer = await site.desk("compartment.unbar", "main/A1", why="clean")
        assert (answer.result["service"], answer.result["occupancy"]) == ("in_service", "occupied")
        answer = await site.desk("compartment.empty", "main/A1", STAFF, why="nothing there")
        assert answer.result["occupancy"] == "empty"
        assert (await site.incident("asset_missing")).target == "drill-1"

    world(main)
