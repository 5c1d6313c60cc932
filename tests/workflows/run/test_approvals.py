"""Four eyes: a command that needs an approval waits for it; a step asks for one before it goes on."""

from __future__ import annotations

from typing import Any

import pytest

from hub import access, desk
from hub.core.clock import MINUTE
from hub.core.commands import Accepted, Actor, Pending, Refused
from hub.workflows.compile import compile_blueprint
from hub.workflows.run.service import Order

STAFF = Actor("person-7", frozenset({"staff"}))
OTHER = Actor("person-8", frozenset({"staff"}))
BOSS = Actor("person-9", frozenset({"supervisor"}))
SECOND_BOSS = Actor("person-10", frozenset({"supervisor"}))

SECURE = """
blueprint:
  name: Release after approval
  domain: handover
  version: 1.0.0
  lang: 1
  hub_version: 0.1.0
  description: Two people agree before the door opens.
  input:
    bank: {name: Locker bank, selector: {bank: {}}}
start: [{on: api}]
initial: preparing
states:
  preparing:
    enter:
      - assign: {bank: !input bank, size: M}
    on: {assign.failed: refused, entered: asking}
  asking:
    status: reserved
    enter:
      - request_approval: {from: supervisor, count: COUNT, of: "{{ 'the release of ' ~ item.sku }}"}
    on:
      approval.given: agreed
      approval.denied: refused
      command.cancel: refused
  agreed:
    status: completed
    enter: [release]
    final: true
  refused:
    status: cancelled
    final: true
"""


async def _secure(site: Any, count: int = 1, **more: Any) -> str:
    found = compile_blueprint(SECURE.replace("COUNT", str(count)), "secure", {"bank": "main"})
    assert found.machine is not None, found.problems.render()
    await site.handovers.offer({"secure": (found.machine, "")})
    item = {"sku": "parcel", "quantity": 1, "size": "M", "thermal": "ambient"}
    return str(await site.handovers.create(Order("secure", (item,), {"name": "Ada"}, **more)))


@pytest.mark.req("RO-02", "OV-03", "AU-02")
def test_a_command_waits_for_its_approval_and_is_then_done_with_both_names(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        asked = await site.ask(handover, "open", STAFF, why="lost the phone")
        assert isinstance(asked, Pending)
        assert (asked.role, await site.state(handover), len(site.lock.sent)) == ("supervisor", "waiting", 1)
        answer = await site.approve(asked.approval, BOSS)
        assert isinstance(answer, Accepted)
        assert answer.result["state"] == "given"
        assert (await site.state(handover), len(site.lock.sent)) == ("collecting", 2)
        commanded = (await site.noted(f"handover/{handover}", "handover.commanded"))[-1]
        assert commanded == {
            "verb": "open", "who": "person-7", "why": "lost the phone", "approved_by": "person-9",
        }

    world(main)


@pytest.mark.req("OV-04")
def test_who_asked_never_approves_whatever_their_roles(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        both = Actor("person-7", frozenset({"staff", "supervisor"}))
        asked = await site.ask(handover, "open", STAFF, why="x")
        refused = await site.approve(asked.approval, both)
        assert (refused.code, len(site.lock.sent)) == ("own-request", 1)
        assert [waiting.id for waiting in await site.requests()] == [asked.approval]

    world(main)


@pytest.mark.req("RO-05", "ID-04")
def test_only_the_role_that_is_asked_may_approve(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        asked = await site.ask(handover, "open", STAFF, why="x")
        for actor in (OTHER, Actor("token:shop", frozenset({"api.write"})), Actor("p", frozenset())):
            assert (await site.approve(asked.approval, actor)).code == "forbidden"
        assert len(site.lock.sent) == 1

    world(main)


@pytest.mark.req("AU-02")
def test_a_denial_ends_the_request_and_is_recorded_with_its_reason(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        asked = await site.ask(handover, "open", STAFF, why="x")
        assert (await site.deny(asked.approval, BOSS)).code == "not-possible"
        answer = await site.deny(asked.approval, BOSS, why="the person is not known")
        assert answer.result["state"] == "denied"
        assert (await site.state(handover), len(site.lock.sent), await site.requests()) == ("waiting", 1, [])
        [answered] = await site.noted(f"handover/{handover}", "approval.answered")
        assert (answered["who"], answered["given"], answered["why"]) == (
            "person-9", False, "the person is not known",
        )
        assert (await site.approve(asked.approval, SECOND_BOSS)).code == "approval-over"

    world(main)


def test_what_cannot_be_done_is_refused_at_once_and_nobody_is_asked(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await site.order()
        refused = await site.ask(handover, "open", STAFF, why="x")
        assert (refused.code, await site.requests()) == ("not-now", [])
        assert await site.noted(f"handover/{handover}", "approval.asked") == []

    world(main)


def test_those_who_are_asked_are_told_once(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        for _ in range(2):
            await site.ask(handover, "open", STAFF, why="lost the phone")
            await site.settled(5)
        queued = await site.store.read(lambda r: desk.due_messages(r, site.clock.now()))
        told = [message for message in queued if message.role == "supervisor"]
        assert [(message.subject, "lost the phone" in message.text) for message in told] == [
            ("The hub: your approval is asked for", True),
        ]

    world(main)


def test_asking_again_for_the_same_is_the_request_that_stands(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        first = await site.ask(handover, "open", STAFF, why="x")
        assert (await site.ask(handover, "open", STAFF, why="x")).approval == first.approval
        other = await site.ask(handover, "open", OTHER, why="x")
        assert other.approval != first.approval
        assert len(await site.requests()) == 2

    world(main)


def test_a_request_runs_out_and_cannot_be_approved_any_more(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        asked = await site.ask(handover, "open", STAFF, why="x")
        await site.settled(access.APPROVE_WITHIN / 1_000_000 + 1)
        late = await site.approve(asked.approval, BOSS)
        assert (late.code, len(site.lock.sent)) == ("approval-over", 1)
        [settled] = await site.noted(f"handover/{handover}", "approval.settled")
        assert settled["state"] == "expired"

    world(main)


def test_requests_that_run_out_are_ended_without_anybody_asking(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _, _ = await site.waiting()
        site.tasks.spawn("approvals", site.people.approving.run())
        await site.ask(handover, "open", STAFF, why="x")
        await site.settled(access.APPROVE_WITHIN / 1_000_000 + 30)
        assert await site.requests() == []
        [settled] = await site.noted(f"handover/{handover}", "approval.settled")
        assert settled["state"] == "expired"

    world(main)


def test_what_is_approved_too_late_for_the_handover_leaves_nothing_behind(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin, _ = await site.waiting()
        asked = await site.ask(handover, "open", STAFF, why="x")
        await site.key(pin)
        assert await site.state(handover) == "collecting"
        refused = await site.approve(asked.approval, BOSS)
        assert isinstance(refused, Refused) and refused.code == "not-now"
        assert len(site.lock.sent) == 2
        assert (await site.store.read(lambda r: access.approval(r, asked.approval))).answers == ()

    world(main)


def test_a_command_on_a_compartment_waits_as_well(world: Any) -> None:
    async def main(site: Any) -> None:
        await site.desk("compartment.bar", "main/A1", STAFF, why="cleaning")
        asked = await site.desk("compartment.unbar", "main/A1", STAFF, why="clean")
        assert isinstance(asked, Pending)
        await site.approve(asked.approval, BOSS)
        assert (await site.compartment("main/A1")).reasons == ()
        restored = (await site.noted("compartment/main/A1", "compartment.commanded"))[-1]
        assert (restored["who"], restored["approved_by"]) == ("person-7", "person-9")

    world(main)


@pytest.mark.req("RO-02", "WF-10")
def test_a_step_asks_and_the_handover_goes_on_when_it_is_given(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _secure(site)
        [asked] = await site.requests()
        assert (asked.role, asked.about, asked.verb, asked.expires) == (
            "supervisor", "the release of parcel", "", None,
        )
        await site.settled(60 * MINUTE / 1_000_000)
        await site.approve(asked.id, BOSS)
        assert await site.state(handover) == "agreed"
        moved = [body for body in await site.noted(f"handover/{handover}", "handover.moved")
                 if body["event"] == "approval.given"]
        assert moved[0]["data"] == {"by": "person-9"}

    world(main)


def test_a_step_that_asks_two_people_needs_two_different_ones(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _secure(site, 2)
        [asked] = await site.requests()
        assert (await site.approve(asked.id, BOSS)).result["state"] == "open"
        assert (await site.approve(asked.id, BOSS)).code == "own-request"
        assert await site.state(handover) == "asking"
        await site.approve(asked.id, SECOND_BOSS)
        assert await site.state(handover) == "agreed"

    world(main)


@pytest.mark.req("OV-04")
def test_who_ordered_the_handover_does_not_approve_its_release(world: Any) -> None:
    async def main(site: Any) -> None:
        await _secure(site, vars={"created_by": "person-9"})
        [asked] = await site.requests()
        assert (await site.approve(asked.id, BOSS)).code == "own-request"
        assert isinstance(await site.approve(asked.id, SECOND_BOSS), Accepted)

    world(main)


def test_a_denied_step_tells_the_handover_who_and_why(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _secure(site, 2)
        [asked] = await site.requests()
        await site.deny(asked.id, BOSS, why="no identity card")
        assert await site.state(handover) == "refused"
        moved = [body for body in await site.noted(f"handover/{handover}", "handover.moved")
                 if body["event"] == "approval.denied"]
        assert moved[0]["data"] == {"by": "person-9", "why": "no identity card"}

    world(main)


def test_nobody_is_asked_any_more_once_the_handover_has_left(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _secure(site)
        [asked] = await site.requests()
        await site.ask(handover, "cancel")
        assert await site.requests() == []
        assert (await site.approve(asked.id, BOSS)).code == "approval-over"

    world(main)


def test_a_step_is_answered_at_its_handover_too(world: Any) -> None:
    async def main(site: Any) -> None:
        handover = await _secure(site)
        assert (await site.ask(handover, "approve", OTHER)).code == "forbidden"
        answer = await site.ask(handover, "approve", BOSS)
        assert answer.result["state"] == "agreed"
        assert (await site.ask(handover, "approve", BOSS)).code == "not-now"

    world(main)
