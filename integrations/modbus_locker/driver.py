"""The driver: one pulse per command, doors watched without a break, outputs off before anything else."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from hub.api import (
    BadFrame,
    ConfigError,
    DeviceContext,
    Driver,
    InDoubt,
    LineBusy,
    LineDown,
    LineError,
    LineTimeout,
    ModbusRefusal,
    NotReady,
    NotSent,
    Priority,
    Rejected,
)
from hub.model.effects import Intent, JsonMap, Receipt, Resolution
from hub.model.observations import DeviceOnline, DoorSeen
from hub.model.states import Door, FaultKind
from integrations.modbus_locker import codec
from integrations.modbus_locker.acts import Acts
from integrations.modbus_locker.config import Board, board
from integrations.modbus_locker.watch import Change, DoorWatch

#: Longest wait for the echo of a command, its turn on the bus included, in seconds.
COMMAND_WAIT = 1.0
#: Longest wait for a poll, its turn included: a later answer would be a gap anyway.
POLL_WAIT = 0.25
#: An offline board is asked every so many seconds and given four times its fastest exchange, at least
#: this long. Its silence holds up the whole bus: together with the line's settling time it must stay
#: below the shortest door cycle of the boards that do answer.
RETRY_PAUSE, PROBE_WAIT = 1.0, 0.1
#: Unanswered polls in a row before the board counts as offline, and the seconds without any contact
#: after which it does so even if the line was only busy with others.
MISSES, OUT_OF_CONTACT = 3, 5.0
#: So many impossible door cycles within so many seconds are a sensor that disagrees with itself.
FLICKERS, FLICKER_SPAN = 3, 10.0
#: Exceptions that say the board did not execute (illegal function, address, value).
_REFUSED = frozenset({1, 2, 3})


class ModbusLocker(Driver):
    """Implements `LockBank`."""

    def __init__(self, ctx: DeviceContext) -> None:
        super().__init__(ctx)
        self._board: Board = board(ctx.setup.profile, ctx.setup.config)
        self._unit = ctx.modbus_unit()
        self._acts = Acts(self._board)
        cycle = self._board.inputs.shortest_cycle_ms / 1000 if self._board.inputs is not None else 0.0
        self._watch = DoorWatch(ctx.entropy.bytes(8).hex(), cycle)
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._safe = False
        self._misses = 0
        self._contact_at = 0.0
        self._fastest = POLL_WAIT
        self._energised: set[int] = set()
        self._flickers: dict[int, deque[float]] = {}
        self._stop_listening: Callable[[], None] = lambda: None

    @property
    def doors(self) -> tuple[str, ...]:
        """ "1" to "N"."""
        return self._board.names

    async def start(self) -> None:
        """Force the outputs off, read the doors, begin to watch.

        Raises NotReady while the board is silent, ConfigError when it refuses what the profile says.
        """
        try:
            await self.outputs_off()
            if self._board.inputs is not None:
                await self._sample()
        except ModbusRefusal as error:
            if error.code in _REFUSED:
                raise ConfigError(f"the board does not fit profile {self._board.title!r}: {error}") from error
            raise NotReady(str(error)) from error
        except LineError as error:
            raise NotReady(str(error)) from error
        self._safe = True
        self._contact_at = self.ctx.clock.monotonic()
        self._stop_listening = self._unit.on_change(self._line_changed)
        self.ctx.spawn(f"{self.ctx.setup.name} doors", self._observe())

    async def stop(self) -> None:
        """Switch off what the hub itself switched on; a pulse timed by the board ends by itself."""
        self._stop_listening()
        self._safe = False
        for index in sorted(self._energised):
            await self._switch_off(index)

    def door_state(self, door: str) -> Door:
        """By the sensor; UNKNOWN without one or without contact."""
        return self._watch.state(codec.channel(self._board, door)) if self._board.inputs else Door.UNKNOWN

    def baseline(self, door: str) -> JsonMap:
        """State, run of samples, and count of openings now."""
        return self._watch.baseline(codec.channel(self._board, door))

    async def open(self, intent: Intent, deadline: float) -> Receipt:
        """Pulse once. Waits for the gap after another pulse and for the coil's rest, else NotSent."""
        try:
            index = codec.channel(self._board, intent.target)
        except KeyError:
            self._acts.refuted(intent.effect_id, "no_such_door")
            raise Rejected("no_such_door") from None
        try:
            async with asyncio.timeout_at(deadline):
                await self._turn.acquire()
        except TimeoutError:
            raise self._not_sent(intent, "another pulse held the board") from None
        try:
            await self._rest(intent, index, deadline)
            return await self._pulse(intent.effect_id, index, deadline)
        finally:
            self._turn.release()

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """Await the opening until `deadline`, then decide by the table of S11."""
        act = self._acts.of(intent.effect_id)
        if self._board.inputs is None:
            if act is not None and act.state == "refuted":
                return Resolution.refuted(act.reason)
            return Resolution.unknown("no_sensor")
        index = codec.channel(self._board, intent.target)
        while True:
            now = self.ctx.clock.monotonic()
            verdict = self._watch.judge(index, intent.baseline, act, now, final=now >= deadline)
            if verdict is not None:
                if verdict.reason == "no_motion":
                    self.ctx.fault(FaultKind.STUCK, intent.target, "pulsed, and the door did not move")
                return verdict
            self._news.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def outputs_off(self) -> None:
        """Read the outputs, force them off, and see that they are. Raises line errors and ModbusRefusal."""
        before = await self._coils()
        if any(before):
            on = ", ".join(self.doors[index] for index, is_on in enumerate(before) if is_on)
            self.ctx.log.warning("%s: outputs were on: %s", self.ctx.setup.name, on)
        for write in codec.all_off(self._board):
            await self._unit.write_coil(write.address, write.value, deadline=self._until(COMMAND_WAIT))
        if any(await self._coils()):
            raise BadFrame("outputs stay on after they were switched off")
        for index in self._energised:
            self.ctx.clear(FaultKind.PROTOCOL_ERROR, self.doors[index])
        self._energised.clear()

    async def release_now(self, door: str) -> None:
        """Pulse without waiting for gap, rest or evidence (S12)."""
        index = codec.channel(self._board, door)
        label = f"emergency {self.ctx.entropy.bytes(8).hex()}"
        await self._pulse(label, index, self._until(COMMAND_WAIT))

    async def _rest(self, intent: Intent, index: int, deadline: float) -> None:
        """Hold back until the coil may be driven; refuse when contact is lost or time runs out."""
        ready = self._acts.ready_at(index)
        if ready >= deadline:
            raise self._not_sent(intent, "the coil rests until after the deadline")
        await asyncio.sleep(max(ready - self.ctx.clock.monotonic(), 0.0))
        if not self._safe or self.ctx.clock.monotonic() >= deadline:
            raise self._not_sent(intent, "the board is not in contact, or the time is over")

    async def _pulse(self, effect_id: str, index: int, deadline: float) -> Receipt:
        write = codec.pulse(self._board, index)
        on_for = write.milliseconds or self._board.pulse.ms
        act = self._acts.sending(effect_id, index, self.ctx.clock.monotonic(), on_for)
        if write.milliseconds is None:
            self._energised.add(index)
        acknowledged = False
        try:
            await self._unit.write_coil(
                write.address, write.value, deadline=min(deadline, self._until(COMMAND_WAIT))
            )
            acknowledged = True
        except (LineDown, LineBusy) as error:
            self._acts.refuted(effect_id, "not_sent")
            raise NotSent(str(error)) from error
        except ModbusRefusal as error:
            if error.code in _REFUSED:
                self._acts.refuted(effect_id, "rejected")
                raise Rejected("rejected") from error
            raise InDoubt(str(error)) from error
        except (LineTimeout, BadFrame) as error:
            raise InDoubt(str(error)) from error
        finally:
            if act.state != "refuted":
                self._acts.ended(act, index, self.ctx.clock.monotonic(), on_for, acknowledged)
            if write.milliseconds is None:
                self.ctx.spawn(f"{self.ctx.setup.name} coil {index} off", self._time_pulse(index, on_for))
        timer = "host" if write.milliseconds is None else "board"
        return Receipt({"coil": write.address, "pulse_ms": on_for, "timed_by": timer})

    async def _time_pulse(self, index: int, milliseconds: int) -> None:
        await asyncio.sleep(milliseconds / 1000)
        await self._switch_off(index)

    async def _switch_off(self, index: int) -> None:
        """Switching off is safe at any time, so this one command is repeated until the board has it."""
        write = codec.off(self._board, index)
        for attempt in range(20):
            try:
                await self._unit.write_coil(write.address, write.value, deadline=self._until(COMMAND_WAIT))
            except (LineError, ModbusRefusal) as error:
                level = logging.DEBUG if attempt else logging.WARNING
                self.ctx.log.log(level, "%s: coil %d may be on: %s", self.ctx.setup.name, index, error)
                await asyncio.sleep(0.1)
            else:
                self._energised.discard(index)
                self.ctx.clear(FaultKind.PROTOCOL_ERROR, self.doors[index])
                return
        self.ctx.fault(FaultKind.PROTOCOL_ERROR, self.doors[index], "the coil may still be on")

    async def _coils(self, wait: float = COMMAND_WAIT) -> list[bool]:
        return await self._unit.read_coils(
            self._board.first_coil, self._board.doors, deadline=self._until(wait)
        )

    async def _sample(self) -> None:
        inputs = self._board.inputs
        assert inputs is not None
        asked = self.ctx.clock.monotonic()
        bits = await self._unit.read_inputs(
            inputs.first, self._board.doors, deadline=asked + POLL_WAIT, priority=Priority.POLL
        )
        heard = self.ctx.clock.monotonic()
        self._fastest = min(self._fastest, heard - asked)
        for change in self._watch.sample(asked, heard, codec.closed_doors(inputs, bits)):
            self._tell(change, heard)
        self._settle_flickers(heard)
        self._news.set()

    async def _observe(self) -> None:
        """Watch contact and doors for ever; make the outputs safe whenever contact returns."""
        inputs = self._board.inputs
        interval = inputs.poll_ms / 1000 if inputs is not None else RETRY_PAUSE
        while True:
            began = self.ctx.clock.monotonic()
            try:
                if not self._safe:
                    await self._coils(min(max(4 * self._fastest, PROBE_WAIT), POLL_WAIT))
                    await self.outputs_off()
                if inputs is not None:
                    await self._sample()
                else:
                    await self._coils()
            except (LineError, ModbusRefusal) as error:
                self._missed(error)
            else:
                self._in_contact()
            pause = interval if self._safe else RETRY_PAUSE
            await asyncio.sleep(max(began + pause - self.ctx.clock.monotonic(), 0.0))

    def _in_contact(self) -> None:
        self._misses = 0
        self._contact_at = self.ctx.clock.monotonic()
        self.ctx.clear(FaultKind.PROTOCOL_ERROR)
        if not self._safe:
            self._safe = True
            self.ctx.log.info("%s is back, outputs are off", self.ctx.setup.name)
            self.ctx.clear(FaultKind.OFFLINE)
            self.ctx.emit(DeviceOnline(self.ctx.setup.name))

    def _missed(self, error: Exception) -> None:
        self._watch.break_run()
        self._news.set()
        if not isinstance(error, LineBusy):  # a busy line says nothing of this board
            self._misses += 1
        if self._misses >= MISSES and isinstance(error, BadFrame | ModbusRefusal):
            self.ctx.fault(FaultKind.PROTOCOL_ERROR, detail=str(error))
        silence = self.ctx.clock.monotonic() - self._contact_at
        if isinstance(error, LineDown) or self._misses >= MISSES or silence > OUT_OF_CONTACT:
            self._lost(str(error))

    def _line_changed(self, up: bool) -> None:
        if not up:
            self._watch.break_run()
            self._news.set()
            self._lost("the line is down")

    def _lost(self, why: str) -> None:
        if self._safe:
            self._safe = False
            self.ctx.log.warning("%s is offline: %s", self.ctx.setup.name, why)
            self.ctx.fault(FaultKind.OFFLINE, detail=why)

    def _tell(self, change: Change, at: float) -> None:
        name = self.doors[change.index]
        explained = change.closed or self._acts.explains(change.index, at) or self._watch.sequence == 1
        state = Door.CLOSED if change.closed else Door.OPEN
        self.ctx.emit(DoorSeen(self.ctx.setup.name, name, state, commanded=explained))
        if not change.closed:
            self.ctx.clear(FaultKind.STUCK, name)
        if change.flicker:
            times = self._flickers.setdefault(change.index, deque(maxlen=FLICKERS))
            times.append(at)
            if len(times) == FLICKERS and at - times[0] < FLICKER_SPAN:
                self.ctx.fault(FaultKind.SENSOR_DISAGREE, name, "changes faster than a door can move")

    def _settle_flickers(self, now: float) -> None:
        for index, times in list(self._flickers.items()):
            if now - times[-1] > FLICKER_SPAN:
                del self._flickers[index]
                self.ctx.clear(FaultKind.SENSOR_DISAGREE, self.doors[index])

    def _not_sent(self, intent: Intent, why: str) -> NotSent:
        self._acts.refuted(intent.effect_id, "not_sent")
        return NotSent(why)

    def _until(self, seconds: float) -> float:
        return self.ctx.clock.monotonic() + seconds
