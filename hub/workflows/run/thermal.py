"""Watches the air of banks and the clock of every lot in them; tells people before a lot is lost.

A lot's timer stands at the earliest moment at which its limit could be reached if nothing were proved any
more: readings that arrive only move it away. So silence and a stop of the hub need no event of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from hub import custody, desk
from hub.core.clock import HOUR, MINUTE, SECOND, Clock
from hub.custody import thermal
from hub.custody.thermal import Air, Known, Limits, Lot
from hub.model.observations import DoorSeen, FaultCleared, FaultRaised, Observation, TemperatureRead
from hub.model.states import Door, FaultKind, Thermal
from hub.store import Reader, Store, StoreBlocked, Tx
from hub.workflows.engine import Event, EventClass, handles
from hub.workflows.run import records
from hub.workflows.run.advance import Engine, Executor, Run
from hub.workflows.run.places import Places

_LOG = logging.getLogger(__name__)
#: When a handover whose state does not take a breach is told again, at first.
_AGAIN = MINUTE
_THERMAL = (FaultKind.THERMAL_WARNING, FaultKind.THERMAL_BREACH)
_TIMER = "thermal"


class Climate:
    """Joins thermometers, lots and handovers. `load` comes before anything else."""

    def __init__(self, store: Store, clock: Clock, engine: Engine, places: Places) -> None:
        self._store = store
        self._clock = clock
        self._engine = engine
        self._places = places
        self._airs: dict[str, Air] = {}
        self._doors: dict[tuple[str, str], str] = {}
        #: Good air is written so often, in microseconds: as much may count as an outage after a kill.
        self.kept_every = 30 * SECOND

    async def load(self) -> None:
        """Go on where the last start ended: what passed since then has to be proved."""
        at = self._clock.now()
        self._airs, self._doors = await self._store.read(lambda reader: self._known(reader, at))
        for bank, air in self._airs.items():  # before anybody can collect
            air.look(at)
            await self._keep(bank, air)

    def _known(self, reader: Reader, at: int) -> tuple[dict[str, Air], dict[tuple[str, str], str]]:
        airs = {}
        # A bank whose thermometer was taken out of the site is silent for what still lies in it.
        lost = {
            bank: thermal.DEFAULTS[found] for bank, found in thermal.banks_with_lots(reader).items()
            if bank not in self._places.climate
        }
        for bank, limits in {**self._places.climate, **lost}.items():
            known = thermal.known_air(reader, bank)
            if known is None:
                lots = thermal.live_lots(reader, bank)
                known = Known(lots[0].deposited if lots else at)
            airs[bank] = Air.resume(limits, known)
        doors = {
            (place.door_device, place.door_name): place.bank
            for place in custody.compartments(reader) if place.bank in airs
        }
        return airs, doors

    # What devices say

    async def observe(self, seen: Observation, at: int) -> None:
        """Take in a reading, a door or a fault. Raises StoreError."""
        if isinstance(seen, DoorSeen):
            air = self._airs.get(self._doors.get((seen.device, seen.door), ""))
            if air is not None and seen.state is Door.OPEN:
                air.opened(at)
            return
        for bank in self._places.banks_measured_by(seen.device) if self._airs else ():
            air = self._airs.get(bank)
            if air is not None and _heed(air, seen, at) and (air.turned or air.pending >= self.kept_every):
                await self._keep(bank, air)

    async def _keep(self, bank: str, air: Air) -> None:
        """Count what was learnt for every lot in the bank. What the disk does not take is counted later."""
        if not self._store.can_act:
            return
        segments, known, since = air.take(), air.known, air.since
        if not segments:
            return
        try:
            await self._store.write(
                lambda tx: thermal.expose(tx, bank, segments, known, air.limits, since)
            )
        except StoreBlocked as error:
            air.put_back(segments)
            _LOG.error("The temperature of %s waits for the disk: %s", bank, error)

    # Deposits

    def watching(self, transfer: Executor) -> Executor:
        """The step `transfer_custody`, with the clock of what the hub takes over."""

        def step(run: Run, args: Mapping[str, Any]) -> None:
            if args.get("to") != "hub" or not self._places.climate:
                transfer(run, args)
                return
            before = _held(run)
            transfer(run, args)
            self._deposit(run, [one for key, one in _held(run).items() if key not in before])

        return step

    def _deposit(self, run: Run, allocations: Iterable[custody.Allocation]) -> None:
        for allocation in allocations:
            bank = allocation.compartment.partition("/")[0]
            limits = self._places.climate.get(bank)
            # What is said to be ambient does not mind.
            minds = not allocation.items or any(
                item.get("thermal") != Thermal.AMBIENT for item in allocation.items
            )
            if limits is None or not minds:
                continue
            lot = thermal.deposit(run.tx, allocation.id, bank, limits, run.at)
            self._set_timer(run.tx, lot, run.at if lot.breached else run.at + _left(lot, limits))

    # Timers

    def concerns(self, name: str) -> bool:
        """Whether a timer is one of ours."""
        return name.startswith(f"{_TIMER}/")

    async def fire(self, handover_id: str, name: str, at: int) -> None:
        """A lot's timer is due: count what is known by now, then judge the lot. Raises StoreError."""
        _, bank, allocation = name.split("/", 2)
        air = self._airs.get(bank)
        if air is not None:
            air.look(at)
            await self._keep(bank, air)
            air = replace(air)  # as it is now: the transaction runs beside the loop

        def write(tx: Tx) -> None:
            if records.take_timer(tx, handover_id, name, at):
                lot = thermal.lot(tx, allocation, inside=True)
                if lot is not None and air is not None:
                    self._judge(tx, lot, air, at)

        await self._store.write(write)

    def _judge(self, tx: Tx, lot: Lot, air: Air, at: int) -> None:
        limits = air.limits
        if lot.breached is None and lot.used >= limits.allowed:
            thermal.breach(tx, lot, at)
            self._tell_breach(tx, replace(lot, breached=at), at)
        elif lot.breached is not None:
            if not lot.told:
                self._tell_breach(tx, lot, at)
        else:
            if lot.warned is None and lot.used >= limits.warn_after:
                self._warn(tx, lot, limits, at)
                lot = replace(lot, warned=at)
            self._set_timer(tx, lot, air.due(at, _left(lot, limits)))

    def _warn(self, tx: Tx, lot: Lot, limits: Limits, at: int) -> None:
        """Somebody hears of it while there is time to move the goods or hand them over (AL-01)."""
        left = limits.allowed - lot.used
        thermal.warn(tx, lot, left, at)
        detail = f"{_WORDS[lot.why]}; lost in {left // MINUTE} min unless that ends"
        self._open_incident(tx, lot, "thermal_warning", "normal", at, detail, due=at + left)
        self._deliver(tx, lot, "thermal.warning", at, {"left": left, "why": lot.why})

    def _tell_breach(self, tx: Tx, lot: Lot, at: int) -> None:
        assert lot.breached is not None
        first = lot.breached == at
        if first:  # once: who has seen to it is not called again, though the handover may not know yet
            used = lot.used // MINUTE
            detail = f"{_WORDS[lot.why]}; {lot.thermal.value} goods were out of class for {used} min"
            self._open_incident(tx, lot, "thermal_breach", "high", at, detail)
        snapshot = records.load(tx, lot.handover_id)
        takes = handles(self._engine.machines.get(tx, snapshot.machine), snapshot, "thermal.breach")
        if (first or takes) and self._deliver(
            tx, lot, "thermal.breach", at, {"since": lot.since, "why": lot.why}
        ):
            thermal.told(tx, lot)
        else:  # its state takes no such fact now; the lot refuses to be collected meanwhile
            self._set_timer(tx, lot, at + min(max(_AGAIN, (at - lot.breached) // 2), HOUR))

    def _open_incident(
        self, tx: Tx, lot: Lot, kind: str, urgency: str, at: int, detail: str, due: int | None = None
    ) -> None:
        machine = self._engine.machines.get(tx, records.load(tx, lot.handover_id).machine)
        desk.open_incident(
            tx, kind, at, urgency=urgency, handover_id=lot.handover_id, target=lot.compartment,
            owner=desk.role(machine.first_paged), detail=detail, due=due or at + machine.promise_micros,
        )

    def _deliver(self, tx: Tx, lot: Lot, name: str, at: int, more: Mapping[str, Any]) -> bool:
        data = {
            "class": lot.thermal.value, "bank": lot.bank, "compartment": lot.compartment,
            "allocation": lot.allocation, **more,
        }
        return self._engine.deliver(tx, lot.handover_id, Event(name, EventClass.FACT, at, data)).moved

    def _set_timer(self, tx: Tx, lot: Lot, due: int) -> None:
        name = f"{_TIMER}/{lot.bank}/{lot.allocation}"
        records.set_timers(tx, lot.handover_id, [(name, due)])
        tx.after_commit(partial(self._engine.arm, lot.handover_id, name, due))


_WORDS = {
    "warm": "the air is out of its class", "silent": "the thermometer is silent",
    "outage": "the hub was down and nothing proves the temperature",
}


def _held(run: Run) -> dict[str, custody.Allocation]:
    """The allocations of a handover whose goods the hub is accountable for."""
    found = custody.allocations_of(run.tx, run.handover_id)
    return {one.id: one for one in found if one.live and one.custody == custody.HUB}


def _heed(air: Air, seen: Observation, at: int) -> bool:
    """Tell the air what its thermometer says; whether that means anything to it."""
    if isinstance(seen, TemperatureRead):
        air.read(at, seen.millicelsius)
    elif isinstance(seen, FaultRaised) and seen.kind in _THERMAL:
        air.fault(at, True)
    elif isinstance(seen, FaultCleared) and seen.kind in _THERMAL:
        air.fault(at, False)
    elif isinstance(seen, FaultRaised) and seen.kind is FaultKind.OFFLINE and not seen.target:
        air.lost = True
    else:
        return False
    return True


def _left(lot: Lot, limits: Limits) -> int:
    """How much more time out of class is needed until something has to be said."""
    return (limits.warn_after if lot.warned is None else limits.allowed) - lot.used
