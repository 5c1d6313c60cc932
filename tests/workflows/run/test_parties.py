"""Credentials and messages for the recipient, the depositor, the staff and groups of people."""

from __future__ import annotations

from typing import Any

import pytest

from hub import access, custody, desk
from hub.config.selectors import SiteNames
from hub.core.clock import DAY, HOUR
from hub.core.commands import Accepted
from hub.model.observations import CodeRead, TagRead
from hub.model.states import Method
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import records
from hub.workflows.run.replay import replay
from hub.workflows.run.service import Order

BLUEPRINT = """
blueprint:
  {name: Parties, domain: handover, version: 1.0.0, lang: 1, input: {quiet: {selector: {schedule: {}}}}}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
deadlines: {drop: {after: {hours: 12}}, hold: {at: until, after: {hours: 48}}}
initial: preparing
states:
  preparing:
    enter:
      - assign: {bank: main, size: M, hold: soft}
      - issue_credential: {to: depositor, methods: [pin], until: drop}
      - issue_credential: {to: recipient, methods: [pin, qr], until: hold}
      - issue_credential: {to: "group:couriers", methods: [tag, pin], until: drop, kind: session}
      - issue_credential: {to: staff, methods: [tag], until: hold}
      - notify: {to: depositor, template: reminder}
      - notify: {to: recipient, template: ready_for_pickup, quiet: !input quiet}
      - notify: {to: "group:couriers", template: reminder}
    on:
      assign.failed: nothing
      issue_credential.failed: nothing
      entered: open_to_all
  open_to_all:
    on:
      credential.accepted: noted
      command.cancel: without_depositor
      command.load: done
      deadline.drop: open_to_all
      deadline.hold: nothing
  noted:
    enter:
      - set: {who: "{{ event.party }}", person: "{{ event.person_ref }}"}
    on: {entered: open_to_all}
  without_depositor:
    enter: [{revoke_credential: {to: depositor}}, {revoke_credential: {to: "group:couriers"}}]
    on: {entered: open_to_all}
  nothing: {status: cancelled, final: true}
  done: {status: completed, enter: [{transfer_custody: {to: depositor, condition: fine}}], final: true}
"""
CORA, STAFF = "aabbccdd", "ddeeff00"
NIGHT = {"zone": "Europe/Berlin", "week": [[[22 * 3600, 30 * 3600]]] * 7, "except": {}}
#: From the start of the test's clock (16:13 in Berlin) to 23:00 of the same day.
UNTIL_ELEVEN = 7 * 3600 - 800


@pytest.fixture
def parties(world: Any) -> Any:
    """Run `main(site)` on a site with couriers and staff, and the workflow above."""
    names = SiteNames(schedules={"night": NIGHT}, zone="Europe/Berlin")
    compiled = compile_blueprint(BLUEPRINT, "parties", {"quiet": "night"}, names)
    assert compiled.machine is not None, compiled.problems.render()

    def run(main: Any) -> None:
        async def inside(site: Any) -> None:
            people = [
                access.PersonSpec("cora", (), (CORA,), "4711", {"name": "Cora"}, ("couriers",)),
                access.PersonSpec("stan", ("staff",), (STAFF,), None, {"name": "Stan"}),
            ]
            await site.store.write(lambda tx: access.sync_people(tx, people, site.clock.now()))
            await site.handovers.offer({"parties": (compiled.machine, "")})
            await main(site)

        world(inside)

    return run


async def begun(site: Any, **window: int) -> str:
    handover: str = await site.handovers.create(Order(
        "parties", recipient={"name": "Ada"}, depositor={"name": "Dora"},
        vars={"until": window.get("hold")},
    ))
    return handover


async def letters(site: Any) -> dict[str, Any]:
    """The latest waiting message of each addressee, by name."""
    rows = await site.store.read(lambda r: desk.messages(r))
    found: dict[str, Any] = {}
    for row in reversed(rows):
        if row.state == "queued":
            contact = await site.store.read(lambda r, p=row.person_ref: access.contact(r, p))
            sent = await site.store.read(lambda r, m=row.message_id: desk.outgoing(r, m))
            found[contact["name"]] = (row, sent)
    return found


async def accepted_as(site: Any, handover: str) -> Any:
    return (await site.snapshot(handover)).vars.get("who")


async def tap(site: Any, uid: str) -> Any:
    await site.handovers.observe(TagRead("scanner", uid))
    await site.settled(2)
    return site.told[-1]


async def same_again(site: Any, handover: str) -> None:
    again = await site.store.read(lambda r: replay(r, records.Machines(), handover))
    assert again == await site.snapshot(handover)


@pytest.mark.req("ID-03", "ID-05", "AC-03")
def test_each_party_opens_with_what_was_issued_to_it(parties: Any) -> None:
    async def main(site: Any) -> None:
        handover = await begun(site)
        sent = await letters(site)
        assert sent["Dora"][1].pin != sent["Ada"][1].pin
        assert sent["Cora"][1].pin is None  # her own PIN and tag will do
        for present, party in (
            (lambda: site.key(sent["Dora"][1].pin), "depositor"),
            (lambda: site.key(sent["Ada"][1].pin), "recipient"),
            (lambda: site.key("4711"), "group:couriers"),
            (lambda: tap(site, CORA), "group:couriers"),
            (lambda: tap(site, STAFF), "staff"),
        ):
            assert (await present()).code == "accepted", party
            assert await accepted_as(site, handover) == party
        cora = await site.store.read(lambda r: access.person_by_tag(r, CORA))
        await tap(site, CORA)
        assert (await site.snapshot(handover)).vars["person"] == cora.ref
        await same_again(site, handover)

    parties(main)


def test_taking_one_partys_credential_back_leaves_the_others(parties: Any) -> None:
    async def main(site: Any) -> None:
        handover = await begun(site)
        sent = await letters(site)
        await site.ask(handover, "cancel")
        assert (await site.key(sent["Dora"][1].pin)).code == "refused.revoked"
        assert (await site.key("4711")).code.startswith("refused.")
        assert set(await letters(site)) == {"Ada"}
        assert (await site.key(sent["Ada"][1].pin)).code == "accepted"
        assert set((await site.snapshot(handover)).vars["credentials"]) == {"recipient", "staff"}
        await same_again(site, handover)

    parties(main)


def test_a_message_waits_for_the_end_of_the_quiet_hours(parties: Any) -> None:
    async def main(site: Any) -> None:
        await begun(site)
        assert (await letters(site))["Ada"][0].next_at <= site.clock.now()
        await site.settled(UNTIL_ELEVEN)
        late = site.clock.now()
        await begun(site)
        row = (await letters(site))["Ada"][0]
        assert 6 * HOUR < row.next_at - late < 8 * HOUR  # six in the morning
        due = await site.store.read(lambda r: desk.due_messages(r, late + 5 * HOUR, 100))
        assert row.message_id not in [one.message_id for one in due]
        due = await site.store.read(lambda r: desk.due_messages(r, row.next_at, 100))
        assert row.message_id in [one.message_id for one in due]

    parties(main)


def test_a_message_does_not_wait_until_its_credential_is_over(parties: Any) -> None:
    async def main(site: Any) -> None:
        await site.settled(UNTIL_ELEVEN)
        late = site.clock.now()
        await begun(site, hold=late + 2 * HOUR)
        assert (await letters(site))["Ada"][0].next_at == late

    parties(main)


def test_moving_a_deadline_moves_the_credentials_that_hang_on_it_and_no_others(parties: Any) -> None:
    async def main(site: Any) -> None:
        handover = await begun(site)
        sent = await letters(site)
        until = site.clock.now() + 5 * DAY
        assert isinstance(await site.ask(handover, "extend", deadline="hold", until=until), Accepted)
        grants = await site.store.read(lambda r: access.grants_of(r, handover))
        assert {one.party for one in grants if one.valid_until == until} == {"recipient", "staff"}
        await site.settled(13 * 3600)
        assert (await site.key(sent["Dora"][1].pin)).code == "refused.late"
        assert (await site.key(sent["Ada"][1].pin)).code == "accepted"
        await same_again(site, handover)

    parties(main)


def test_a_fresh_credential_for_the_recipient_replaces_only_theirs(parties: Any) -> None:
    async def main(site: Any) -> None:
        handover = await begun(site)
        before = await letters(site)
        assert isinstance(await site.ask(handover, "reissue"), Accepted)
        after = await letters(site)
        assert after["Ada"][1].pin != before["Ada"][1].pin
        assert (await site.key(before["Ada"][1].pin)).code == "refused.revoked"
        assert (await site.key(after["Ada"][1].pin)).code == "accepted"
        assert (await site.key(before["Dora"][1].pin)).code == "accepted"
        await same_again(site, handover)

    parties(main)


@pytest.mark.parametrize("known", ["recipient", "depositor"])
def test_who_is_not_known_gets_no_credential(parties: Any, known: str) -> None:
    async def main(site: Any) -> None:
        handover = await site.handovers.create(Order("parties", **{known: {"name": "Ada"}}))
        assert await site.state(handover) == "nothing"
        failed = [one for one in await site.noted(f"handover/{handover}", "handover.moved")
                  if one["event"] == "issue_credential.failed"]
        assert [one["data"]["reason"] for one in failed] == ["no_person"]

    parties(main)


def test_custody_goes_to_the_depositor_with_the_condition(parties: Any) -> None:
    async def main(site: Any) -> None:
        handover = await begun(site)
        await site.ask(handover, "load")
        [allocation] = await site.store.read(lambda r: custody.allocations_of(r, handover))
        dora = (await site.snapshot(handover)).vars["depositor_ref"]
        assert allocation.custody == f"depositor:{dora}"
        [*_, last] = await site.store.read(lambda r: custody.chain_of(r, allocation.id))
        assert last.condition == "fine"

    parties(main)


def test_a_code_read_as_a_barcode_or_as_a_picture_is_one_code(parties: Any) -> None:
    async def main(site: Any) -> None:
        handover = await begun(site)
        code = (await letters(site))["Ada"][1].code
        await site.handovers.observe(CodeRead("scanner", code, Method.BARCODE))
        await site.settled(2)
        assert await accepted_as(site, handover) == "recipient"

    parties(main)
