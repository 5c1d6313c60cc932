"""A use that was accepted and led to no opening is not left lying about (S10, S29)."""

from __future__ import annotations

from typing import Any

from hub.core.clock import MINUTE
from hub.core.commands import Actor
from hub.workflows.compile import compile_blueprint
from hub.workflows.run.service import Order

BOSS = Actor("person-9", frozenset({"supervisor"}))

ASKS_FIRST = """
blueprint: {name: Asks first, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
deadlines: {hold: {after: {hours: 48}, from: announcing}}
initial: preparing
states:
  preparing:
    enter: [{assign: {bank: main, size: M}}]
    on: {assign.failed: nothing, entered: announcing}
  announcing:
    enter:
      - issue_credential: {methods: [pin, qr], until: hold}
      - notify: {to: recipient, template: ready_for_pickup}
    on: {issue_credential.failed: over, entered: waiting}
  waiting:
    status: reserved
    on: {credential.accepted: asking, command.open: asking, deadline.hold: over}
  asking:
    enter: [{request_approval: {from: supervisor}}]
    on: {approval.given: releasing, approval.denied: waiting}
    after: {for: {minutes: 5}, to: waiting}
  releasing:
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}}}]
    on: {effect.confirmed: collecting, effect.refuted: waiting, effect.in_doubt: recovery}
  collecting:
    on: {door.closed: over}
  nothing: {status: cancelled, final: true}
  over: {status: completed, enter: [release], final: true}
"""


async def _announced(site: Any) -> tuple[str, str]:
    found = compile_blueprint(ASKS_FIRST, "asks_first", {})
    assert found.machine is not None, found.problems.render()
    await site.handovers.offer({"asks_first": (found.machine, "")})
    item = {"sku": "parcel", "quantity": 1, "size": "M", "thermal": "ambient"}
    handover = str(await site.handovers.create(Order("asks_first", (item,), {"name": "Ada"})))
    pin, _ = await site.secrets()
    return handover, pin


def test_who_waited_in_vain_for_an_approval_may_come_again(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, pin = await _announced(site)
        await site.key(pin)
        await site.settled(6 * MINUTE / 1_000_000)
        assert await site.state(handover) == "waiting"
        assert (await site.key(pin)).code == "accepted"
        [asked] = await site.requests()
        await site.approve(asked.id, BOSS)
        await site.settled(2)
        assert await site.state(handover) == "collecting"
        assert len(await site.openings(handover)) == 1

    world(main)


def test_a_command_that_came_to_nothing_leaves_no_right_behind(world: Any) -> None:
    async def main(site: Any) -> None:
        handover, _ = await _announced(site)
        await site.ask(handover, "open")
        assert (await site.snapshot(handover)).vars["use"]
        await site.settled(6 * MINUTE / 1_000_000)
        assert await site.state(handover) == "waiting"
        assert "use" not in (await site.snapshot(handover)).vars

    world(main)
