"""Handovers over several compartments in any order of events: no compartment ever has two owners."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import custody, desk
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.effects.records import open_intents
from hub.model.observations import DoorSeen, KeysEntered
from hub.model.states import Door, Size, Thermal
from hub.store import Store
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import records
from hub.workflows.run.replay import replay
from hub.workflows.run.service import Order

START = 1_790_000_000_000_000
BLUEPRINT = """
blueprint: {name: Many, domain: handover, version: 1.0.0, lang: 1}
source: {owner: hub}
promise: {urgency: normal, first_paged: staff, minutes: 30}
start: [{on: api}]
deadlines: {hold: {after: {hours: 48}, from: announcing}}
initial: preparing
states:
  preparing:
    enter: [{assign: {bank: main, per: item, hold: "{{ data.hold }}"}}]
    on: {assign.failed: nothing, entered: stocked}
  stocked: {status: reserved, on: {command.load: loading, command.cancel: released}}
  loading:
    each: allocation
    where: "{{ allocation.outcome == '' }}"
    initial: opening_to_load
    on: {each.done: announcing}
  opening_to_load:
    parent: loading
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}, for: staff}}]
    on: {effect.confirmed: being_loaded, effect.refuted: exchanging, effect.in_doubt: recovery}
  exchanging:
    parent: loading
    enter: [{bar: {reason: stuck}}, {assign: {bank: main, size: M}}]
    on: {assign.failed: next, entered: opening_to_load}
  being_loaded:
    parent: loading
    on: {door.closed: loaded, command.cancel: released}
  loaded: {parent: loading, enter: [{transfer_custody: {to: hub}}], on: {entered: next}}
  announcing:
    enter:
      - issue_credential: {methods: [pin, qr], until: hold}
      - notify: {to: recipient, template: ready_for_pickup}
    on: {issue_credential.failed: expired, entered: waiting}
  waiting:
    on: {credential.accepted: handing_over, deadline.hold: expired, command.cancel: expired}
  handing_over:
    each: allocation
    where: "{{ allocation.outcome == '' }}"
    initial: releasing
    on:
      each.done: [{when: "{{ event.released == event.of }}", to: done}, {to: waiting}]
      command.cancel: expired
      deadline.hold: expired
  releasing:
    parent: handing_over
    enter: [{open: {evidence: door_sensor, within: {seconds: 5}}}]
    on: {effect.confirmed: standing_open, effect.refuted: next, effect.in_doubt: recovery}
  standing_open: {parent: handing_over, on: {door.closed: collected}}
  collected:
    parent: handing_over
    enter: [{transfer_custody: {to: recipient}}, release]
    on: {entered: next}
  expired:
    status: expired
    enter: [revoke_credential, {raise_incident: {kind: clear_out}}]
    on: {entered: uncollected}
  uncollected: {on: {incident.resolved: nothing, command.load: nothing}}
  released: {status: cancelled, enter: [release], final: true}
  done: {status: completed, enter: [revoke_credential], final: true}
  nothing: {status: cancelled, final: true}
"""
_WHICH = st.sampled_from([0, 0, 1, 2])
_ACTIONS = st.one_of(
    st.tuples(st.just("order"), st.integers(1, 3), st.sampled_from(["hard", "soft"])),
    st.tuples(st.just("loaded"), st.integers(1, 3)), st.tuples(st.just("loaded"), st.integers(1, 3)),
    st.tuples(st.just("ask"), _WHICH, st.sampled_from(["load", "load", "cancel", "confirmed", "refuted"])),
    st.tuples(st.just("use"), _WHICH), st.tuples(st.just("use"), _WHICH), st.tuples(st.just("pin"), _WHICH),
    st.tuples(st.just("pin"), _WHICH),
    st.tuples(st.just("lock"), st.sampled_from(["stuck", "stuck", "unknown", "not_sent"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 40, 700, 50 * 3600])),
    st.tuples(st.just("door"), st.sampled_from("12345"), st.sampled_from(Door)),
    st.just(("crash",)),
)


class Play:
    """One site with five compartments over one database file."""

    def __init__(self, make_world: Any, clock: Any, path: Path) -> None:
        self.make_world, self.clock, self.path = make_world, clock, path
        self.handovers: list[str] = []
        self.pins: dict[str, None] = {}
        self.boots = 0
        self.site: Any = None

    async def boot(self) -> None:
        self.boots += 1
        store = await Store.open(self.path, self.clock, SeededEntropy(self.boots), inline=True)
        self.site = self.make_world(self.clock, store)
        await self.site.begin()
        specs = [
            custody.CompartmentSpec("main", f"A{n}", "locks", str(n), Size.M, Thermal.AMBIENT)
            for n in range(1, 6)
        ]
        await store.write(lambda tx: custody.sync_compartments(tx, specs, self.clock.now()))
        found = compile_blueprint(BLUEPRINT, "many", {})
        assert found.machine is not None, found.problems.render()
        await self.site.handovers.offer({"many": (found.machine, "")})

    async def crash(self) -> None:
        for task in list(self.site.tasks._tasks):
            task.cancel()
        await self.site.store.close()
        await self.boot()
        self.site.lock._last = "unknown"
        for intent in await self.site.store.read(lambda r: open_intents(r, "locks")):
            verdict = await self.site.effects.recover(intent)
            if verdict is not None:
                await self.site.effects.report(intent, verdict)

    async def act(self, action: tuple[Any, ...]) -> None:
        site = self.site
        match action:
            case ("order", count, hold):
                item = {"sku": "parcel", "quantity": count, "size": "M", "thermal": "ambient"}
                order = Order("many", (item,), {"name": "Ada"}, vars={"data": {"hold": hold}})
                self.handovers.append(await site.handovers.create(order))
            case ("loaded", count):
                await self.act(("order", count, "hard"))
                await self.act(("ask", 0, "load"))
                for _ in range(count):
                    await self.act(("use", 0))
            case ("ask", which, ("confirmed" | "refuted") as verdict) if self.handovers:
                await site.ask(self._one(which), "resolve", verdict=verdict, why="seen")
            case ("ask", which, verb) if self.handovers:
                await site.ask(self._one(which), verb)
            case ("use", which) if self.handovers:
                allocation = (await site.snapshot(self._one(which))).vars.get("allocation")
                if allocation:
                    await site.use_door(allocation["compartment"].removeprefix("main/A"))
            case ("pin", which):
                await self._look_for_pins()
                if self.pins:
                    pin = list(self.pins)[-1 - which % len(self.pins)]
                    await site.handovers.observe(KeysEntered("scanner", pin))
            case ("door", door, state):
                await site.handovers.observe(DoorSeen("locks", door, state, True))
            case ("lock", what):
                site.lock.script.append(what)
            case ("wait", seconds):
                await site.settled(seconds)
            case ("crash",):
                await self.crash()
        await self.site.settled(6)

    def _one(self, which: int) -> str:
        return self.handovers[-1 - which % len(self.handovers)]

    async def _look_for_pins(self) -> None:
        messages = await self.site.store.read(lambda r: desk.due_messages(r, self.clock.now(), 100))
        self.pins |= dict.fromkeys(message.pin for message in messages if message.pin)

    async def check(self) -> None:
        """Who owns what: the rows, the variables, and the doors that were opened."""
        await self.site.store.read(self._check)

    def _check(self, reader: Any) -> None:
        owners: dict[str, str] = {}
        for handover in self.handovers:
            snapshot = records.load(reader, handover)
            live = {one.id: one for one in custody.allocations_of(reader, handover) if one.live}
            for one in live.values():
                assert one.compartment not in owners, "two owners"
                owners[one.compartment] = one.id
            if not snapshot.ended:
                told = [one for one in snapshot.vars.get("allocations", ()) if not one.get("freed")]
                assert {one["id"]: one["compartment"] for one in told} == {
                    one.id: one.compartment for one in live.values()
                }
            else:
                assert not live
            assert replay(reader, records.Machines(), handover) == snapshot
        for place in custody.compartments(reader):
            if place.product is None and not place.removed:
                assert place.allocation_id == owners.get(place.id)
        for intent in self.site.lock.sent:
            assert custody.allocation(reader, intent.allocation_id).handover_id == intent.handover_id


@pytest.mark.req("AS-01")
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=st.lists(_ACTIONS, min_size=4, max_size=22))
def test_no_compartment_ever_has_two_owners(make_world: Any, tmp_path_factory: Any, actions: Any) -> None:
    logging.getLogger("hub").setLevel(logging.CRITICAL)
    path = tmp_path_factory.mktemp("site") / "hub.db"

    async def main(clock: Any) -> None:
        play = Play(make_world, clock, path)
        await play.boot()
        try:
            for action in actions:
                await play.act(action)
                await play.check()
        finally:
            await play.site.end()

    run_virtual(main, START)
