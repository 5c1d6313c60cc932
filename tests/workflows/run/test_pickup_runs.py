"""The shipped pickup blueprint through the real runner: what people do, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.core.clock import DAY, MINUTE
from hub.core.commands import Accepted, Actor, Pending, Refused
from hub.model.states import Door, Hold, Occupancy, Service


@pytest.mark.req("WF-01", "AC-02", "ID-01", "RL-01", "RL-02", "RL-03")
def test_the_right_pin_opens_the_assigned_door_once_and_custody_moves(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        door = await site.door_of(handover)
        assert (await site.key(pin)).code == "accepted"
        assert site.lock.opened == [door, door]
        await site.use_door(door)
        assert await site.state(handover) == "collected"
        await site.settled(180)
        assert await site.state(handover) == "completed"
        place = await site.compartment(f"main/A{door}")
        assert (place.hold, place.occupancy) == (Hold.FREE, Occupancy.EMPTY)

    world(main)


@pytest.mark.req("AC-01")
def test_the_qr_text_of_the_message_opens_the_door(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, code = await site.waiting()
        assert (await site.scan(code)).code == "accepted"
        assert await site.state(handover) == "collecting"

    world(main)


def test_a_wrong_pin_opens_nothing_and_says_so(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        wrong = f"{(int(pin) + 1) % 1_000_000:06d}"
        assert (await site.key(wrong)).code == "refused.unknown"
        assert len(site.lock.sent) == 1
        assert await site.state(handover) == "waiting"

    world(main)


@pytest.mark.req("ID-06")
def test_who_comes_early_is_told_when_to_come(world: Any) -> None:
    async def main(site: Any) -> None:
        since = site.clock.now() + 60 * MINUTE
        handover, pin, _ = await site.waiting(window={"from": since, "until": since + DAY})
        told = await site.key(pin)
        assert (told.code, told.detail) == ("refused.early", str(since))
        await site.settled(3700)
        assert (await site.key(pin)).code == "accepted"
        assert await site.state(handover) == "collecting"

    world(main)


@pytest.mark.req("ES-01", "IN-05", "AS-02")
def test_after_the_hold_window_the_credential_is_dead_and_somebody_owns_the_clear_out(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.settled(48 * 3600 + 10)
        assert (await site.snapshot(handover)).status == "expired"
        assert (await site.key(pin)).code.startswith("refused.")
        place = await site.compartment(f"main/A{door}")
        assert (place.service, place.occupancy) == (Service.BARRED, Occupancy.OCCUPIED)
        assert await site.incidents() == ["clear_out"]

    world(main)


@pytest.mark.req("DB-02", "IN-03")
def test_extend_moves_the_deadline_and_the_credential_with_it(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        until = site.clock.now() + 5 * DAY
        assert isinstance(await site.ask(handover, "extend", until=until), Accepted)
        await site.settled(3 * 24 * 3600)
        assert await site.state(handover) == "waiting"
        assert (await site.key(pin)).code == "accepted"

    world(main)


@pytest.mark.req("MS-04")
def test_reissue_kills_the_old_credential_and_sends_a_new_one(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, old, _ = await site.waiting()
        assert isinstance(await site.ask(handover, "reissue"), Accepted)
        new, _ = await site.secrets()
        assert new != old
        assert (await site.key(old)).code.startswith("refused.")
        assert (await site.key(new)).code == "accepted"

    world(main)


def test_the_same_door_opens_once_more_within_two_minutes_and_not_a_third_time(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.key(pin)
        await site.use_door(door)
        assert (await site.key(pin)).code == "accepted"
        await site.use_door(door)
        assert (await site.key(pin)).code.startswith("refused.")
        assert await site.openings(handover) == ["confirmed"] * 3  # loading, collecting, once more

    world(main)


def test_a_stuck_door_is_tried_once_more_and_then_belongs_to_the_desk(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["stuck", "stuck"]
        await site.key(pin)
        await site.settled(30)
        assert await site.state(handover) == "stuck"
        assert await site.openings(handover) == ["confirmed", "refuted", "refuted"]
        assert "stuck" in await site.incidents()

    world(main)


def test_a_use_whose_door_provably_stayed_shut_is_given_back(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["stuck", "stuck"]
        await site.key(pin)
        await site.settled(30)
        await site.ask(handover, "resolve", verdict="refuted", why="the lock was frozen, works again")
        assert await site.state(handover) == "waiting"
        assert (await site.key(pin)).code == "accepted"
        assert await site.state(handover) == "collecting"

    world(main)


def test_an_opening_in_doubt_waits_for_a_person_and_is_never_repeated(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["unknown"]
        sent = len(site.lock.sent)
        await site.key(pin)
        await site.settled(3600)
        assert await site.state(handover) == "recovery"
        assert len(site.lock.sent) == sent + 1
        assert await site.incidents() == ["door_in_doubt"]
        answer = await site.ask(handover, "resolve", verdict="confirmed", why="seen on camera")
        assert isinstance(answer, Accepted)
        assert await site.state(handover) == "collected"
        assert await site.incidents() == []

    world(main)


@pytest.mark.req("AL-02", "IC-01")
def test_an_opening_without_command_bars_the_compartment_and_calls_the_desk(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.settled(120)
        await site.door(door, Door.OPEN, commanded=False)
        assert (await site.compartment(f"main/A{door}")).service is Service.BARRED
        assert await site.state(handover) == "breached"
        assert "breach" in await site.incidents()

    world(main)


def test_a_door_left_open_calls_staff_and_still_ends_when_it_is_closed(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        door = await site.door_of(handover)
        await site.key(pin)
        await site.door(door, Door.OPEN)
        await site.settled(150)
        assert await site.state(handover) == "ajar"
        assert await site.incidents() == ["ajar"]
        await site.door(door, Door.CLOSED)
        assert await site.state(handover) == "collected"

    world(main)


@pytest.mark.req("IN-04")
def test_cancel_before_loading_frees_the_compartment(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await site.order()
        door = await site.door_of(handover)
        await site.ask(handover, "cancel")
        assert (await site.snapshot(handover)).status == "cancelled"
        assert (await site.compartment(f"main/A{door}")).hold is Hold.FREE

    world(main)


@pytest.mark.req("RO-01", "OV-04", "RO-05")
def test_staff_may_not_open_without_a_supervisor_and_strangers_may_nothing(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        staff = await site.ask(handover, "open", Actor("person:1", frozenset({"staff"})))
        stranger = await site.ask(handover, "open", Actor("person:2", frozenset({"guest"})))
        assert isinstance(staff, Pending) and staff.role == "supervisor"
        assert isinstance(stranger, Refused) and stranger.code == "forbidden"
        assert len(site.lock.sent) == 1

    world(main)


def test_a_command_that_the_state_does_not_take_is_refused_with_those_it_takes(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await site.order()
        answer = await site.ask(handover, "open")
        assert isinstance(answer, Refused)
        assert answer.detail["takes"] == ["cancel", "load"]

    world(main)


def test_no_room_ends_the_handover_with_an_incident_and_holds_nothing(world: Any) -> None:
    async def main(site: Any) -> None:
        first, second, third = [await site.order() for _ in range(3)]
        assert await site.state(third) == "no_room"
        assert {await site.state(first), await site.state(second)} == {"loading"}
        assert await site.incidents() == ["no_room"]

    world(main)


@pytest.mark.req("AU-01", "AU-02", "OV-02")
def test_every_step_stands_in_the_journal(world: Any) -> None:
    async def main(site: Any) -> None:
        _, pin, _ = await site.waiting()
        await site.key("000000")
        await site.key(pin)
        kinds = set(await site.journal())
        assert {
            "handover.created", "handover.moved", "handover.commanded", "allocation.assigned",
            "effect.intended", "effect.settled", "custody.transferred", "grant.issued", "grant.used",
            "access.denied", "message.queued",
        } <= kinds

    world(main)


@pytest.mark.req("OF-01")
def test_who_comes_while_the_lock_is_away_is_told_so_and_may_come_again_later(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.devices.down.add("locks")
        told = await site.key(pin)
        assert (told.code, told.detail) == ("refused.out_of_order", "offline")
        assert await site.state(handover) == "waiting"
        site.devices.down.clear()
        await site.settled(600)
        assert (await site.key(pin)).code == "accepted"
        assert await site.state(handover) == "collecting"

    world(main)


def test_staff_whose_lock_board_is_away_may_load_later_into_the_same_compartment(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await site.order()
        door = await site.door_of(handover)
        site.devices.down.add("locks")
        refused = await site.ask(handover, "load")
        assert (refused.code, refused.reason) == ("offline", "locks does not answer")
        assert (await site.state(handover), await site.door_of(handover)) == ("loading", door)
        assert (await site.compartment(f"main/A{door}")).service is Service.IN_SERVICE
        site.devices.down.clear()
        assert isinstance(await site.ask(handover, "load"), Accepted)
        assert await site.state(handover) == "being_loaded"

    world(main)


def test_a_use_that_the_desk_found_not_to_have_opened_anything_is_given_back(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        site.lock.script = ["unknown"]
        await site.key(pin)
        await site.settled(600)
        await site.ask(handover, "resolve", verdict="refuted", why="looked: it is still inside")
        assert await site.state(handover) == "waiting"
        assert (await site.key(pin)).code == "accepted"
        assert await site.state(handover) == "collecting"

    world(main)


def test_a_door_that_the_desk_saw_open_and_that_is_shut_again_counts_as_loaded(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await site.order()
        door = await site.door_of(handover)
        await site.door(door, Door.CLOSED)
        site.lock.script = ["unknown"]
        await site.ask(handover, "load")
        assert await site.state(handover) == "recovery"
        await site.ask(handover, "resolve", verdict="confirmed", why="it was open")
        assert await site.state(handover) == "waiting"

    world(main)
