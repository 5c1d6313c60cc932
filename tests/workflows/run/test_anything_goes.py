"""People, devices, timeouts, the desk and restarts in any order: what must hold, holds after every step (S5).

The real runner, store, policy and shipped blueprints on the virtual clock, over devices that do as told.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import custody, desk
from hub.core.commands import Accepted, Refused
from hub.core.entropy import SeededEntropy
from hub.core.virtual import run_virtual
from hub.effects.records import open_intents
from hub.model.effects import Resolution
from hub.model.observations import DoorSeen, FaultRaised, KeysEntered
from hub.model.states import Door, FaultKind
from hub.store import Store
from hub.workflows.run import records
from hub.workflows.run.replay import replay

START = 1_790_000_000_000_000
_DENIED = Resolution.refuted("denied")
_OWED = Resolution.unknown("refund_owed")

_DOORS = st.sampled_from("1234")
_WHICH = st.sampled_from([0, 0, 0, 1, 2])
_PEOPLE = st.one_of(
    st.sampled_from([("order",), ("loaded",), ("loaded",), ("select",), ("select",)]),
    st.tuples(st.just("pin"), _WHICH),
    st.tuples(st.just("use"), _WHICH),
    st.tuples(st.just("door"), _DOORS, st.sampled_from([Door.OPEN, Door.CLOSED]), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 5, 40, 40, 130, 3600, 50 * 3600])),
)
_DESK = st.tuples(
    st.just("ask"), _WHICH,
    st.sampled_from([
        "load", "load", "cancel", "open", "open", "reissue", "extend", "confirmed", "refuted", "closed",
        "left",
    ]),
)
_TROUBLE = st.one_of(
    st.tuples(st.just("lock"), st.sampled_from(["stuck", "unknown", "rejected", "not_sent", "opens"])),
    st.tuples(st.just("pay"), st.sampled_from(["denied", "unknown", "less"])),
    st.tuples(st.just("settle"), st.sampled_from(["capture", "void"])),
    st.sampled_from([("down", "locks"), ("down", "card"), ("up",), ("up",), ("crash",)]),
    st.tuples(st.just("breach"), _DOORS),
    st.tuples(st.just("fault"), st.sampled_from([FaultKind.OFFLINE, FaultKind.THERMAL_BREACH])),
)
_ACTIONS = st.one_of(_PEOPLE, _PEOPLE, _DESK, _TROUBLE)


class Play:
    """One site over one database file, with what people hold in their hands."""

    def __init__(self, make_world: Any, clock: Any, path: Path) -> None:
        self.make_world, self.clock, self.path = make_world, clock, path
        self.handovers: list[str] = []
        self.pins: list[str] = []
        self.boots = 0
        self.site: Any = None

    async def boot(self) -> None:
        self.boots += 1
        store = await Store.open(self.path, self.clock, SeededEntropy(self.boots), inline=True)
        self.site = self.make_world(self.clock, store)
        await self.site.begin()

    async def crash(self) -> None:
        down = self.site.devices.down
        for task in list(self.site.tasks._tasks):
            task.cancel()
        await self.site.store.close()
        await self.boot()
        self.site.lock._last = "unknown"
        self.site.devices.down |= down
        for device in ("locks", "card"):
            for intent in await self.site.store.read(lambda r, d=device: open_intents(r, d)):
                verdict = await self.site.effects.recover(intent)
                if verdict is not None:
                    await self.site.effects.report(intent, verdict)

    async def act(self, action: tuple[Any, ...]) -> None:
        site = self.site
        match action:
            case ("order",):
                await self._make_room()
                self.handovers.append(await site.order())
            case ("loaded",):
                await self._make_room()
                self.handovers.append(await site.order())
                await site.ask(self.handovers[-1], "load")
                await self._use(self.handovers[-1])
            case ("use", which) if self.handovers:
                await self._use(self.handovers[-1 - which % len(self.handovers)])
            case ("select",):
                await site.handovers.observe(KeysEntered("scanner", "11"))
                if site.told[-1].handover_id:
                    self.handovers.append(site.told[-1].handover_id)
            case ("pin", which):
                await self._look_for_pins()
                if self.pins:
                    pin = self.pins[-1 - which % len(self.pins)]
                    await site.handovers.observe(KeysEntered("scanner", pin))
            case ("door", door, state, commanded):
                await site.handovers.observe(DoorSeen("locks", door, state, commanded))
            case ("breach", door):
                await site.handovers.observe(DoorSeen("locks", door, Door.OPEN, False))
            case ("lock", what):
                site.lock.script.append(what)
            case ("pay", "denied"):
                site.terminal.answers.setdefault("authorise", []).append(_DENIED)
            case ("pay", "unknown"):
                site.terminal.answers.setdefault("authorise", []).append(Resolution.unknown("no_answer"))
            case ("pay", _):
                site.terminal.answers.setdefault("authorise", []).append(Resolution.confirmed(amount=150))
            case ("settle", kind):
                site.terminal.answers.setdefault(kind, []).append(_OWED)
            case ("wait", seconds):
                await site.settled(seconds)
            case ("ask", which, verb) if self.handovers:
                await self._ask(self.handovers[-1 - which % len(self.handovers)], verb)
            case ("down", device):
                site.devices.down.add(device)
            case ("up",):
                site.devices.down.clear()
            case ("fault", kind):
                await site.handovers.observe(FaultRaised("locks", kind))
            case ("crash",):
                await self.crash()

    async def _ask(self, handover: str, verb: str) -> None:
        body: dict[str, Any] = {}
        if verb == "extend":
            body = {"until": self.clock.now() + 86_400_000_000}
        elif verb in ("confirmed", "refuted", "closed", "left"):
            body, verb = {"verdict": verb, "why": "looked"}, "resolve"
        answer = await self.site.ask(handover, verb, **body)
        if isinstance(answer, Refused) and answer.code == "which-incident":
            body["incident"] = answer.detail["incidents"][0]["id"]
            answer = await self.site.ask(handover, verb, **body)
        assert isinstance(answer, Accepted | Refused)

    async def _make_room(self) -> None:
        """Staff clear out what stands about, and fill up what is sold."""
        for handover in self.handovers[:-1]:
            if not (await self.site.snapshot(handover)).ended:
                for verb in ("cancel", "open", "closed", "closed"):
                    await self._ask(handover, verb)
                await self._use(handover)

        def restore(tx: Any) -> None:
            for name in ("main/A1", "main/A2", "main/A3", "main/A4"):
                custody.unbar(tx, name, self.clock.now())
            tx.execute("UPDATE stock SET quantity = 9, uncertain = 0")

        await self.site.store.write(restore)

    async def _use(self, handover: str) -> None:
        if (await self.site.snapshot(handover)).vars.get("allocation"):
            await self.site.use_door(await self.site.door_of(handover))

    async def _look_for_pins(self) -> None:
        waiting = await self.site.store.read(lambda r: desk.due_messages(r, self.clock.now()))
        self.pins += [m.pin for m in waiting if m.pin and m.pin not in self.pins]

    async def check(self) -> None:
        await self.site.store.read(self._invariants)

    def _invariants(self, reader: Any) -> None:
        def rows(sql: str) -> list[Any]:
            return list(reader.execute(sql).fetchall())

        leases = rows(
            "SELECT lease FROM effect WHERE state IN ('intent', 'in_doubt') "
            "GROUP BY lease HAVING count(*) > 1"
        )
        assert leases == [], "a lease is held twice"
        assert rows("SELECT id FROM effect WHERE kind = 'open' AND use_id IS NULL") == []
        assert rows(
            "SELECT e.id FROM effect e LEFT JOIN grant_use u ON u.id = e.use_id "
            "WHERE e.kind = 'open' AND u.id IS NULL"
        ) == [], "an opening without an accepted use"
        assert rows(
            "SELECT e.id FROM effect e JOIN grant_use u ON u.id = e.use_id "
            "WHERE e.state <> 'refuted' AND u.returned IS NOT NULL"
        ) == [], "a use was given back although its door may have opened"
        assert rows(
            "SELECT e.id FROM effect e LEFT JOIN incident i ON i.effect_id = e.id AND i.state = 'open' "
            "WHERE e.state = 'in_doubt' AND i.id IS NULL"
        ) == [], "a doubt that nobody owns"
        assert rows(
            "SELECT a.id FROM allocation a JOIN handover h ON h.id = a.handover_id "
            "WHERE h.ended = 1 AND a.live = 1"
        ) == [], "a compartment held by a handover that has ended"
        assert rows(
            "SELECT g.id FROM access_grant g JOIN handover h ON h.id = g.handover_id "
            "WHERE h.ended = 1 AND g.closed = 0"
        ) == [], "a credential that outlives its handover"
        assert rows(
            "SELECT l.id FROM leg l JOIN handover h ON h.id = l.handover_id "
            "LEFT JOIN money_decision d ON d.leg_id = l.id WHERE h.ended = 1 AND d.leg_id IS NULL "
            "AND l.state IN ('asked', 'approved', 'unknown')"
        ) == [], "money held by a handover that has ended"
        assert rows(
            "SELECT l.id FROM leg l WHERE l.state = 'refund_owed' AND NOT EXISTS "
            "(SELECT 1 FROM incident i WHERE i.handover_id = l.handover_id)"
        ) == [], "a refund that nobody owns"
        assert rows(
            "SELECT l.id FROM leg l JOIN money_decision d ON d.leg_id = l.id WHERE d.decision = 'capture' "
            "AND NOT EXISTS (SELECT 1 FROM effect e WHERE e.handover_id = l.handover_id "
            "AND e.kind = 'open' AND e.state = 'confirmed')"
        ) == [], "money taken for a door that nobody saw open"
        machines = records.Machines()
        for (handover,) in rows("SELECT id FROM handover"):
            assert replay(reader, machines, handover) == records.load(reader, handover)


@pytest.mark.req("OF-01", "AU-01", "PY-07")
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=st.lists(_ACTIONS, min_size=40, max_size=60))
def test_whatever_happens_nothing_is_lost_opened_twice_or_left_without_an_owner(
    make_world: Any, tmp_path_factory: Any, caplog: Any, actions: list[tuple[Any, ...]]
) -> None:
    caplog.clear()
    path = tmp_path_factory.mktemp("play") / "hub.db"

    async def main(clock: Any) -> None:
        play = Play(make_world, clock, path)
        await play.boot()
        for action in actions:
            await play.act(action)
            await play.check()
        await play.site.settled(3600)
        await play.check()
        await play.site.end()

    run_virtual(main, START)
    broken = [r for r in caplog.records if r.levelno >= logging.ERROR and r.exc_info]
    assert broken == [], [r.getMessage() for r in broken]
