"""The desk over compartments, stock and incidents: done with who and why, or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from hub.core.commands import Accepted, Actor, Refused
from hub.model.observations import FaultRaised, KeysEntered
from hub.model.states import Door, FaultKind, Occupancy, Service

STAFF = Actor("person-7", frozenset({"staff"}))
READER = Actor("token:reader", frozenset({"api.read"}))


async def _stuck_sale(site: Any) -> str:
    """A sale whose first door stays shut: compartment A3 is barred, the customer got A4's."""
    site.lock.script = ["stuck", "stuck"]
    handover = (await site.key("11")).handover_id
    await site.settled(60)
    await site.use_door("4")
    assert await site.state(handover) == "completed"
    return str(handover)


@pytest.mark.req("WF-15")
def test_a_compartment_that_a_sale_found_stuck_sells_again_once_it_is_put_back(world: Any) -> None:
    async def main(site: Any) -> None:
        await _stuck_sale(site)
        assert (await site.compartment("main/A3")).reasons == ("stuck",)
        answer = await site.desk("compartment.unbar", "main/A3", why="oiled the latch")
        assert isinstance(answer, Accepted)
        assert (answer.result["service"], answer.result["stock"]) == (Service.IN_SERVICE, 1)
        await site.key("11")
        await site.settled(20)
        assert site.lock.opened == ["4", "3"]

    world(main)


def test_a_compartment_taken_out_of_service_is_not_assigned_until_it_is_back(world: Any) -> None:
    async def main(site: Any) -> None:
        for name in ("main/A1", "main/A2"):
            await site.desk("compartment.bar", name, STAFF, why="cleaning")
        assert await site.state(await site.order()) == "no_room"
        await site.desk("compartment.unbar", "main/A2", why="clean")
        handover = await site.order()
        assert await site.door_of(handover) == "2"

    world(main)


def test_a_bar_and_its_end_are_recorded_with_who_and_why(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.desk("compartment.bar", "main/A1", STAFF, why="cleaning")
        await site.desk("compartment.unbar", "main/A1", why="clean")
        assert await site.noted("compartment/main/A1", "compartment.commanded") == [
            {"verb": "bar", "who": "person-7", "why": "cleaning"},
            {"verb": "unbar", "who": "token:desk", "why": "clean"},
        ]

    world(main)


def test_a_compartment_is_not_put_back_while_its_opening_has_no_verdict(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["unknown"]
        await site.key(pin)
        await site.settled(600)
        place = f"main/A{await site.door_of(handover)}"
        refused = await site.desk("compartment.unbar", place, why="looks fine")
        assert isinstance(refused, Refused)
        assert refused.code == "in-doubt"
        assert (await site.compartment(place)).reasons == ("in_doubt",)
        doubt = await site.incident("door_in_doubt")
        await site.desk("incident.resolve", doubt.id, verdict="refuted", why="still inside")
        assert (await site.compartment(place)).service is Service.IN_SERVICE
        assert await site.state(handover) == "waiting"

    world(main)


def test_a_forced_compartment_is_not_put_back_before_somebody_looked_for_the_item(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.settled(60)
        await site.door(door, Door.OPEN, commanded=False)
        refused = await site.desk("compartment.unbar", f"main/A{door}", why="looks fine")
        breach = await site.incident("breach")
        assert (refused.code, refused.detail) == ("in-doubt", {"incidents": [breach.id]})
        await site.desk("incident.resolve", breach.id, verdict="refuted", why="it is still there")
        assert await site.state(handover) == "waiting"
        assert (await site.compartment(f"main/A{door}")).service is Service.IN_SERVICE

    world(main)


def test_a_free_compartment_that_was_forced_serves_again_as_empty(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.desk("compartment.bar", "main/A2", why="not in this story")
        await site.door("1", Door.CLOSED)
        await site.door("1", Door.OPEN, commanded=False)
        await site.door("1", Door.CLOSED)
        breach = await site.incident("breach")
        answer = await site.desk("incident.resolve", breach.id, verdict="closed", why="nothing was in it")
        assert answer.result["open"] is False
        assert await site.incidents() == []
        await site.desk("compartment.unbar", "main/A1", why="looked: empty")
        place = await site.compartment("main/A1")
        assert (place.service, place.occupancy, place.occupancy_by) == (
            Service.IN_SERVICE, Occupancy.EMPTY, "person",
        )
        assert await site.door_of(await site.order()) == "1"

    world(main)


def test_what_is_in_service_cannot_be_put_back_and_what_was_taken_out_not_twice(world: Any) -> None:
    async def main(site: Any) -> None:
        assert (await site.desk("compartment.unbar", "main/A1", why="x")).code == "not-now"
        await site.desk("compartment.bar", "main/A1", why="x")
        assert (await site.desk("compartment.bar", "main/A1", why="x")).code == "not-now"

    world(main)


@pytest.mark.req("IV-01")
def test_counted_stock_is_what_is_sold_from_then_on(world: Any) -> None:
    async def main(site: Any) -> None:
        answer = await site.desk("stock.count", "main/A3", STAFF, quantity=4, why="refilled")
        assert answer.result["stock"] == 4
        [_, counted] = await site.noted("compartment/main/A3", "stock.counted")
        assert counted == {"quantity": 4, "was": 1, "who": "person-7"}
        assert (await site.desk("stock.count", "main/A1", quantity=1)).detail == {"reason": "no_product"}

    world(main)


def test_nothing_is_counted_while_a_customer_is_served_from_it(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = (await site.key("11")).handover_id
        await site.settled(20)
        place = f"main/A{await site.door_of(handover)}"
        assert (await site.desk("stock.count", place, quantity=4)).code == "not-now"

    world(main)


def test_an_incident_of_a_device_is_resolved_with_who_and_why(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.handovers.observe(FaultRaised("locks", FaultKind.OFFLINE, "", "no answer"))
        offline = await site.incident("offline")
        answer = await site.desk(
            "incident.resolve", offline.id, STAFF, verdict="closed", why="plugged it in"
        )
        assert answer.result == {
            "id": offline.id, "kind": "offline", "owner": "role:staff", "open": False, "verdict": "closed",
        }
        [body] = await site.noted(f"incident/{offline.id}", "incident.resolved")
        assert (body["who"], body["why"], body["verdict"]) == ("person-7", "plugged it in", "closed")
        again = await site.desk("incident.resolve", offline.id, STAFF, verdict="closed", why="again")
        assert again.code == "no-incident"

    world(main)


def test_an_incident_of_a_handover_moves_it_on_and_stands_in_its_record(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["stuck", "stuck"]
        await site.key(pin)
        await site.settled(60)
        stuck = await site.incident("stuck")
        await site.desk("incident.resolve", stuck.id, STAFF, verdict="refuted", why="the latch is free")
        assert await site.state(handover) == "waiting"
        commanded = (await site.noted(f"handover/{handover}", "handover.commanded"))[-1]
        assert commanded == {"verb": "resolve", "who": "person-7", "why": "the latch is free"}

    world(main)


def test_the_incident_of_a_handover_that_cannot_be_read_can_be_ended(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["stuck"]
        await site.handovers.observe(KeysEntered("scanner", pin))
        await site.store.write(
            lambda tx: tx.execute("UPDATE handover SET snapshot = x'00' WHERE id = ?", (handover,))
        )
        await site.settled(30)
        failed = await site.incident("workflow_failed")
        answer = await site.desk("incident.resolve", failed.id, verdict="closed", why="finished by hand")
        assert isinstance(answer, Accepted)

    world(main)


@pytest.mark.parametrize(("verdict", "why", "code"), [
    ("left", "x", "bad-verdict"), ("perhaps", "x", "bad-verdict"), ("closed", "", "not-possible"),
])
def test_a_verdict_is_one_of_three_and_has_a_reason(world: Any, verdict: str, why: str, code: str) -> None:
    async def main(site: Any) -> None:
        await site.handovers.observe(FaultRaised("locks", FaultKind.OFFLINE, "", ""))
        offline = await site.incident("offline")
        refused = await site.desk("incident.resolve", offline.id, verdict=verdict, why=why)
        assert refused.code == code
        assert await site.incidents() == ["offline"]

    world(main)


def test_an_incident_is_handed_to_a_role_of_the_site_and_to_nobody_else(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.handovers.observe(FaultRaised("locks", FaultKind.OFFLINE, "", ""))
        offline = await site.incident("offline")
        answer = await site.desk(
            "incident.assign", offline.id, STAFF, owner="role:technician", why="needs tools"
        )
        assert answer.result["owner"] == (await site.incident("offline")).owner == "role:technician"
        [noted] = await site.noted(f"incident/{offline.id}", "incident.commanded")
        assert noted == {"verb": "assign", "who": "person-7", "why": "needs tools"}
        for owner in ("role:plumber", "role:api.read", "person:nobody", "staff"):
            assert (await site.desk("incident.assign", offline.id, owner=owner)).code == "bad-owner"

    world(main)


def test_who_may_not_is_refused_and_nothing_changes(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.handovers.observe(FaultRaised("locks", FaultKind.OFFLINE, "", ""))
        offline = await site.incident("offline")
        body = {"why": "x", "verdict": "closed", "owner": "role:staff", "quantity": 9}
        for verb, target in [
            ("compartment.bar", "main/A3"), ("stock.count", "main/A3"), ("incident.resolve", offline.id),
            ("incident.assign", offline.id), ("compartment.bar", "main/A99"), ("incident.resolve", "none"),
        ]:
            assert (await site.desk(verb, target, READER, **body)).code == "forbidden", verb
        assert await site.incidents() == ["offline"]

    world(main)


def test_what_does_not_exist_is_said_to_be_unknown(world: Any) -> None:
    async def main(site: Any) -> None:
        assert (await site.desk("compartment.bar", "main/A99", why="x")).code == "unknown-compartment"
        answer = await site.desk("incident.resolve", "none", verdict="closed", why="x")
        assert answer.code == "unknown-incident"

    world(main)


def test_a_compartment_of_a_case_that_was_closed_in_doubt_serves_again_once_somebody_looked(
    world: Any,
) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        name = f"main/A{await site.door_of(handover)}"
        site.lock.script = ["unknown"]
        await site.key(pin)
        await site.settled(600)
        doubt = await site.incident("door_in_doubt")
        await site.desk("incident.resolve", doubt.id, verdict="closed", why="nobody knows")
        assert (await site.compartment(name)).reasons == ("in_doubt",)
        await site.desk("compartment.unbar", name, why="looked: empty")
        place = await site.compartment(name)
        assert (place.service, place.occupancy) == (Service.IN_SERVICE, Occupancy.EMPTY)

    world(main)
