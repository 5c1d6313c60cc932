"""The desk's commands on a handover: by the blueprint's arrow where there is one, else by the hub."""

from __future__ import annotations

from typing import Any

import pytest

from hub import access, commerce, custody
from hub.core.commands import Accepted, Actor, Refused
from hub.model.states import AllocationOutcome, Hold, Occupancy
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import records
from hub.workflows.run.commanding import visitor
from hub.workflows.run.possible import VERBS, possible
from hub.workflows.run.service import Order

STAFF = Actor("person-7", frozenset({"staff"}))
BOSS = Actor("person-9", frozenset({"supervisor"}))
ITEM = {"sku": "parcel", "quantity": 1, "size": "M", "thermal": "ambient"}
BODIES: dict[str, dict[str, Any]] = {
    "extend": {"until": 1_890_000_000_000_000}, "resolve": {"verdict": "closed", "why": "x"},
    "declare": {"what": "x"}, "provide": {"values": {}}, "inspect": {"verdict": "accept"},
}

ASKS_FOR_DATA = """
blueprint:
  name: Asks for data
  domain: handover
  version: 1.0.0
  lang: 1
  hub_version: 0.1.0
  description: Waits for data, and takes notes of its own.
start: [{on: api}]
initial: waiting
states:
  waiting:
    on:
      command.provide:
        - {when: "{{ event.table == 7 }}", to: served}
        - {to: waiting}
      command.declare: noted
      command.refund: noted
      command.end: served
      command.not_empty: noted
  noted:
    on: {command.end: served}
  served:
    status: completed
    final: true
"""

PLACED = """states:
  placed:
    enter:
      - assign: {bank: !input bank, size: M}
    on: {assign.failed: served, entered: waiting}
  closing:
    on: {entered: opening}
  opening:
    enter:
      - open: {evidence: door_sensor, within: {seconds: 5}}
    on: {effect.confirmed: served, effect.refuted: waiting, effect.in_doubt: recovery}
"""
OPENS = "      command.end: closing\n"


async def _asking(site: Any) -> str:
    found = compile_blueprint(ASKS_FOR_DATA, "asking", {})
    assert found.machine is not None, found.problems.render()
    await site.handovers.offer({"asking": (found.machine, "")})
    return str(await site.handovers.create(Order("asking", (ITEM,), {"name": "Ada"})))


async def _chain(site: Any, handover: str) -> list[tuple[str, str, str]]:
    """Compartment, giver and holder of every leg of the item's custody."""

    def read(reader: Any) -> list[tuple[str, str, str]]:
        return [
            (found.compartment, step.giver.partition(":")[0], step.holder.partition(":")[0])
            for found in custody.allocations_of(reader, handover)
            for step in custody.chain_of(reader, found.id)
        ]

    return list(await site.store.read(read))


@pytest.mark.req("OV-01", "AU-03", "OV-02")
def test_a_loaded_item_goes_to_another_compartment_by_way_of_staffs_hands(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, old_pin, _ = await site.waiting()
        first = await site.door_of(handover)
        answer = await site.ask(handover, "reassign", STAFF, why="the hinge squeaks")
        assert isinstance(answer, Accepted)
        await site.use_door(first)
        assert await site.state(handover) == "in_hand"
        assert (await _chain(site, handover))[-1] == (f"main/A{first}", "hub", "staff")
        await site.ask(handover, "load", STAFF)
        second = await site.door_of(handover)
        await site.use_door(second)
        assert await site.state(handover) == "waiting"
        assert second != first
        assert (await _chain(site, handover))[-1][1:] == ("staff", "hub")
        assert site.lock.opened == [first, first, second]
        assert await site.openings(handover) == ["confirmed"] * 3
        commanded = await site.noted(f"handover/{handover}", "handover.commanded")
        assert [(body["verb"], body["who"], body["why"]) for body in commanded[1:]] == [
            ("reassign", "person-7", "the hinge squeaks"), ("load", "person-7", ""),
        ]
        assert (await site.key(old_pin)).code == "refused.revoked"
        pin, _ = await site.secrets()
        await site.key(pin)
        assert site.lock.opened[-1] == second

    world(main)


def test_a_larger_size_is_what_the_other_compartment_has_to_fit(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        await site.ask(handover, "reassign", STAFF, why="a larger box", size="XL")
        await site.use_door(await site.door_of(handover))
        await site.ask(handover, "load", STAFF)
        assert await site.state(handover) == "no_place"
        assert "no_room" in await site.incidents()

    world(main)


@pytest.mark.req("OV-03")
def test_what_was_handed_over_the_counter_is_completed_by_hand(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        place = f"main/A{await site.door_of(handover)}"
        answer = await site.ask(handover, "complete", BOSS, why="gave it over the counter")
        assert answer.result["status"] == "completed"
        assert (await _chain(site, handover))[-1][1:] == ("hub", "recipient")
        found = await site.compartment(place)
        assert (found.hold, found.occupancy) == (Hold.FREE, Occupancy.EMPTY)
        assert (await site.key(pin)).code == "refused.revoked"
        [allocation] = await site.store.read(lambda r: custody.allocations_of(r, handover))
        assert allocation.outcome is AllocationOutcome.COLLECTED

    world(main)


def test_what_is_in_doubt_is_not_completed_by_hand_before_its_verdict(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["unknown"]
        await site.key(pin)
        await site.settled(600)
        refused = await site.ask(handover, "complete", BOSS, why="x")
        assert isinstance(refused, Refused)
        assert (refused.code, await site.state(handover)) == ("not-now", "recovery")

    world(main)


@pytest.mark.req("OV-02")
def test_captured_money_is_given_back_in_any_state_even_after_the_end(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = (await site.key("11")).handover_id
        await site.settled(60)
        await site.use_door(await site.door_of(handover))
        assert await site.state(handover) == "completed"
        answer = await site.ask(handover, "refund", BOSS, why="it was warm", amount=80)
        assert isinstance(answer, Accepted)
        [leg] = await site.legs(handover)
        [refund] = await site.store.read(lambda r: commerce.refunds_of(r, leg.id))
        assert (refund.amount, refund.state) == (80, commerce.RefundState.OWED)
        assert (await site.incident("refund_owed")).handover_id == handover
        assert await site.state(handover) == "completed"
        too_much = await site.ask(handover, "refund", BOSS, why="x", amount=1000)
        assert (too_much.code, too_much.detail["reason"]) == ("not-possible", "too_much")

    world(main)


def test_a_blueprints_own_arrow_comes_before_what_the_hub_would_do(world: Any) -> None:
    async def main(site: Any) -> None:
        for verb, more in (("declare", {"what": "it rained"}), ("refund", {"why": "x"})):
            handover = await _asking(site)
            await site.ask(handover, verb, BOSS, **more)
            assert await site.state(handover) == "noted", verb

    world(main)


def test_data_that_was_asked_for_is_there_for_the_blueprint(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _asking(site)
        await site.ask(handover, "provide", BOSS, values={"table": 3, "name": "x"})
        assert await site.state(handover) == "waiting"
        await site.ask(handover, "provide", BOSS, values={"table": 7})
        assert (await site.state(handover), (await site.snapshot(handover)).vars["data"]) == (
            "served", {"table": 7, "name": "x"},
        )

    world(main)


def test_a_command_that_leads_to_a_door_entitles_who_gives_it_at_the_desk(world: Any) -> None:
    text = ASKS_FOR_DATA.replace("      command.end: served\n", OPENS, 1)
    text = text.replace("start:", "  input: {bank: {name: Bank, selector: {bank: {}}}}\nstart:")
    text = text.replace("initial: waiting", "initial: placed").replace("states:\n", PLACED, 1)

    async def main(site: Any) -> None:
        found = compile_blueprint(text, "asking", {"bank": "main"})
        assert found.machine is not None, found.problems.render()
        await site.handovers.offer({"asking": (found.machine, "")})
        handover = await site.handovers.create(Order("asking", (ITEM,), {"name": "Ada"}))
        await site.ask(handover, "end", BOSS)
        await site.settled(10)
        assert (await site.state(handover), len(site.lock.opened)) == ("served", 1)

    world(main)


def test_an_address_is_kept_sealed_and_stands_in_no_record(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _asking(site)
        await site.ask(handover, "provide", BOSS, contact={"address": "12 Elm Street", "phone": "0170"})
        person = (await site.snapshot(handover)).vars["recipient_ref"]
        known = await site.store.read(lambda r: access.contact(r, person))
        assert known == {"name": "Ada", "address": "12 Elm Street", "phone": "0170"}
        bodies = await site.store.read(
            lambda r: [bytes(row[0]) for row in r.execute("SELECT body FROM journal_body").fetchall()]
        )
        assert not any(b"Elm Street" in body or b"0170" in body for body in bodies)

    world(main)


@pytest.mark.req("ID-03", "ID-04")
def test_the_recipient_speaks_for_their_own_handover_only(world: Any) -> None:
    async def main(site: Any) -> None:
        mine, others = await _asking(site), await _asking(site)
        snapshot = await site.snapshot(mine)
        me = visitor(snapshot, snapshot.vars["recipient_ref"])
        assert me.roles == {"recipient"}
        assert (await site.ask(others, "not_empty", me)).code == "forbidden"
        assert isinstance(await site.ask(mine, "not_empty", me), Accepted)
        assert (await site.ask(mine, "refund", me, why="x")).code == "forbidden"

    world(main)


@pytest.mark.req("RO-03")
@pytest.mark.parametrize("verb", VERBS)
def test_what_is_said_to_be_possible_is_accepted_and_nothing_else(world: Any, verb: str) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        why_not = (await _said(site, handover))[verb]
        answer = await site.ask(handover, verb, BOSS, **BODIES.get(verb, {"why": "x"}))
        assert isinstance(answer, Accepted) == (why_not == ""), (why_not, answer)

    world(main)


async def _said(site: Any, handover: str) -> dict[str, str]:
    def read(reader: Any) -> dict[str, str]:
        snapshot = records.load(reader, handover)
        machine = site.handovers.engine.machines.get(reader, snapshot.machine)
        return possible(reader, machine, snapshot, site.clock.now())

    return dict(await site.store.read(read))
