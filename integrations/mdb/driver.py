"""The hub as vending machine controller: one reader behind one adapter, offered as `CashlessReader`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

from hub.api import (
    BadFrame,
    DeviceContext,
    Driver,
    InDoubt,
    LineBusy,
    LineDown,
    LineTimeout,
    NotSent,
    Priority,
    Rejected,
)
from hub.model.effects import Intent, JsonMap, Rail, Receipt, Resolution
from hub.model.money import Money, MoneyError
from hub.model.states import EffectKind, FaultKind, Verdict
from integrations.mdb import codec
from integrations.mdb.adoption import adopt, describe, leg_id_of, monotonic, new_leg, reader_of
from integrations.mdb.codec import CodecError, Command, Name
from integrations.mdb.config import Settings
from integrations.mdb.legs import Leg, Stage
from integrations.mdb.notebook import Mark, Notebook
from integrations.mdb.session import Session

#: Seconds between two attempts to reach a silent adapter, and at most for switching the reader off.
_RETRY = 1.0
_FAREWELL = 0.5
#: Seconds that the start waits for a reader; one that takes longer, or is not there, does not hold it up.
_FIRST_SET_UP = 1.0
#: Seconds that a request waits for a reader that is just being set up.
_SET_UP = 5.0
#: Seconds, at most, that `resolve` keeps for withdrawing what nobody has decided.
_WITHDRAWAL = 2.0
#: Legs whose verdict is remembered.
_KEEP = 64
_RAIL = Rail(query=False, hold=False, partial_capture=False, refund=False)
T = TypeVar("T")
_MARKS = {Name.VEND_REQUEST: Mark.ASKED, Name.VEND_FAILURE: Mark.FAILING}


class MdbDriver(Driver):
    """Runs one loop of exchanges; the acts only say what is wanted and await what comes of it."""

    def __init__(self, ctx: DeviceContext) -> None:
        super().__init__(ctx)
        self._settings = Settings.of(ctx.setup.config)
        self._line = ctx.framed_line(codec.FRAMER)
        self._notebook = Notebook(ctx.setup.state_dir, ctx.setup.name, ctx.entropy)
        self._session = Session(ctx, self._settings, ctx.clock.monotonic())
        self._synced = False
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._strays: list[bytes] = []
        self._undo: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def rail(self) -> Rail:
        """Nothing after success: no query, no hold, no partial capture, no refund (DESIGN section 4)."""
        return _RAIL

    async def start(self) -> None:
        """Take over open vends and begin to talk; gives the reader a moment to be set up, no more."""
        try:
            await self._notebook.begin()
        except OSError as error:
            self.ctx.log.error("The state directory cannot be written: %s", error)
        found = adopt(
            self.ctx.open_intents, self._notebook, self.ctx.clock, self._settings, self.ctx.setup.currency
        )
        for leg in found.others:
            self._session.legs[leg.leg_id] = leg
        if found.current is not None and found.config is not None:
            self._session.adopt(found.current, found.config, found.options)
        self._undo = [self._line.listen(self._strays.append), self._line.on_change(self._line_changed)]
        self._task = self.ctx.spawn("mdb", self._run())
        if found.current is None:
            # A payment asked for earlier would be refused: its intent could not name the reader's set-up.
            await self._until(lambda: self._session.ready or None, self.ctx.clock.monotonic() + _FIRST_SET_UP)

    async def stop(self) -> None:
        """Switch the reader off unless a vend is open, and stop talking."""
        if self._session.ready and self._line.up:
            self._session.stopping = True
            self._wake.set()
            until = self.ctx.clock.monotonic() + _FAREWELL
            await self._until(lambda: self._session.disabled or None, until)
        for undo in self._undo:
            undo()
        self._undo.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def baseline(self, leg_id: str) -> JsonMap:
        """The reader's set-up, so that a restart can go on without repeating it, and the leg's stage."""
        leg = self._session.legs.get(leg_id)
        return {
            **describe(*self._session.known, self._notebook),
            "session": self._session.in_session,
            "stage": str(leg.stage) if leg is not None else None,
        }

    async def authorise(self, intent: Intent, deadline: float) -> Receipt:
        """Take the request on. It is sent when a medium is presented, or at once to an always-idle reader.

        Rejected: offline (for five seconds), busy, reader_changed (the intent's baseline is of another
        set-up), currency, inexact_amount, amount_too_large. NotSent: the intent's deadline has passed.
        """
        leg_id = leg_id_of(intent)
        known = self._session.legs.get(leg_id)
        if known is not None and not _refuted(known):
            return Receipt({"stage": str(known.stage)})
        patience = min(deadline, self.ctx.clock.monotonic() + _SET_UP)
        await self._until(lambda: self._session.ready or None, patience)
        if monotonic(self.ctx.clock, intent.deadline) <= self.ctx.clock.monotonic():
            raise NotSent("the deadline of the request has passed")
        leg = new_leg(intent, self._units(intent), self.ctx.clock, self._session.max_response)
        refused = self._session.register(leg, self.ctx.clock.monotonic())
        if refused:
            raise Rejected(refused)
        self._forget()
        self._wake.set()
        return Receipt({"stage": str(leg.stage)})

    async def capture(self, intent: Intent, deadline: float) -> Receipt:
        """VEND SUCCESS until it is acknowledged. May be called again; InDoubt until then.

        Rejected: not_approved, voided.
        """
        leg = self._decide(intent, EffectKind.CAPTURE)
        answer = await self._until(lambda: leg.verdict(EffectKind.CAPTURE), deadline)
        if answer is None:
            raise InDoubt("VEND SUCCESS is not acknowledged yet")
        return Receipt(answer.evidence)

    async def void(self, intent: Intent, deadline: float) -> Receipt:
        """VEND FAILURE until it is acknowledged; `resolve` then awaits the refund. InDoubt until then.

        Rejected: captured.
        """
        leg = self._decide(intent, EffectKind.VOID)

        def taken() -> bool | None:
            return leg.stage is Stage.REFUNDING or leg.verdict(EffectKind.VOID) is not None or None

        if await self._until(taken, deadline) is None:
            raise InDoubt("VEND FAILURE is not acknowledged yet")
        return Receipt({"stage": str(leg.stage)})

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """The leg's verdict. A request that nobody has decided is withdrawn shortly before `deadline`."""
        leg = self._session.legs.get(leg_id_of(intent))
        if leg is None:
            return Resolution.unknown("unknown_leg")
        now = self.ctx.clock.monotonic()
        patience = deadline - min(_WITHDRAWAL, max(deadline - now, 0.0) / 2)
        answer = await self._until(lambda: leg.verdict(intent.kind), patience)
        if answer is None and intent.kind is EffectKind.AUTHORISE:
            self._withdraw(leg, "expired")
        if answer is None:
            answer = await self._until(lambda: leg.verdict(intent.kind), deadline)
        return answer or Resolution.unknown("no_answer", stage=str(leg.stage))

    async def cancel(self, leg_id: str) -> None:
        """Withdraw a request that is not decided yet; one that was approved meanwhile is voided."""
        leg = self._session.legs.get(leg_id)
        if leg is not None:
            self._withdraw(leg, "cancelled")

    def _withdraw(self, leg: Leg, reason: str) -> None:
        if leg.verdict(EffectKind.AUTHORISE) is None:
            leg.withdrawn = leg.withdrawn or reason
            self._wake.set()

    def _decide(self, intent: Intent, want: EffectKind) -> Leg:
        leg = self._session.legs.get(leg_id_of(intent))
        if leg is None:
            raise InDoubt("this process knows nothing of the leg")
        wrong = leg.decide(want)
        if wrong:
            raise Rejected(wrong)
        until = max(monotonic(self.ctx.clock, intent.deadline), self.ctx.clock.monotonic())
        leg.overdue = max(leg.overdue, until + self._session.max_response)
        self._wake.set()
        return leg

    def _units(self, intent: Intent) -> int:
        """The amount in the reader's units; raises Rejected."""
        config = self._session.startup.config
        if not self._session.ready or config is None:
            raise Rejected("offline")
        if reader_of(intent.baseline) != (config, self._session.startup.options):
            raise Rejected("reader_changed")
        currency = self.ctx.setup.currency
        if intent.params.get("currency", currency) != currency:
            raise Rejected("currency")
        try:
            money = Money(int(str(intent.params["amount"])), currency)
            units = money.to_scaled(config.scale, config.decimals)
        except MoneyError as inexact:
            self.ctx.log.warning("%s", inexact)
            raise Rejected("inexact_amount") from inexact
        if not 0 <= units < (1 << 8 * self._session.startup.sizes.amount) - 1:
            raise Rejected("amount_too_large")
        return units

    def _forget(self) -> None:
        legs = self._session.legs
        ended = [key for key, leg in legs.items() if leg.stage is Stage.ENDED]
        for key in ended[: max(len(legs) - _KEEP, 0)]:
            del legs[key]

    async def _run(self) -> None:
        while True:
            if not self._line.up:
                self._synced = False
                self._session.line_down(self.ctx.clock.monotonic())
                await self._pause(_RETRY)
            elif not self._synced:
                await self._sync()
            else:
                await self._turn()

    async def _turn(self) -> None:
        """One exchange and the pause after it; none after a command that the reader took."""
        self._take_strays()
        now = self.ctx.clock.monotonic()
        command = self._session.next(now)
        if command is not None and self._session.ladder.offline(now):
            await self._master_on()  # it may be the adapter that lost its mode over a power cut
        taken = await self._exchange(command) if command is not None else False
        self._tell()
        if not taken or command is codec.POLL:
            await self._pause(self._settings.poll)

    async def _sync(self) -> None:
        """Put the adapter into generic-master mode."""
        if await self._master_on():
            self._synced = True
            self._session.line_up(self.ctx.clock.monotonic())
        else:
            self._session.line_down(self.ctx.clock.monotonic())
            await self._pause(_RETRY)

    async def _master_on(self) -> bool:
        """`M,1`. Its answer also ends the wait for anything older, since the adapter works in order."""
        try:
            await self._line.transact(
                codec.MASTER_ON, codec.is_mode_answer, deadline=self._soon(), priority=Priority.COMMAND
            )
        except (LineDown, LineBusy, LineTimeout, BadFrame):
            return False
        return True

    async def _exchange(self, command: Command) -> bool:
        """Send once; returns whether the reader answered."""
        if not await self._recorded(command):
            return False
        self._session.sending(command)
        frame = codec.request_line(command, self._settings.reader)
        priority = Priority.POLL if command is codec.POLL else Priority.COMMAND
        try:
            line = await self._line.transact(
                frame, codec.is_answer, deadline=self._soon(), priority=priority
            )
        except (LineDown, LineBusy):
            self._session.unsent(command)
            self._synced = False
            return False
        except (LineTimeout, BadFrame):
            return await self._late(command)
        return self._deliver(command, line)

    def _take_strays(self) -> None:
        """Answers to nothing that we await: their data is real, but what they belong to is not known."""
        for line in filter(codec.is_answer, self._strays):
            self._session.lost(codec.POLL, self.ctx.clock.monotonic())
            if line not in (b"p,ACK", b"p,NACK"):
                self._deliver(codec.POLL, line)
        self._strays.clear()

    async def _late(self, command: Command) -> bool:
        """The adapter owes an answer: what it says before it acknowledges `M,1` is that answer."""
        self._synced = await self._master_on()
        answers = [line for line in self._strays if codec.is_answer(line)]
        self._strays.clear()
        if self._synced and len(answers) == 1:
            return self._deliver(command, answers[0])
        self._session.lost(command, self.ctx.clock.monotonic())
        return False

    def _deliver(self, command: Command, line: bytes) -> bool:
        now = self.ctx.clock.monotonic()
        try:
            answer = codec.parse_answer(line, self._settings.reply_checksum)
        except CodecError as wrong:
            self.ctx.fault(FaultKind.PROTOCOL_ERROR, "", str(wrong))
            self._session.lost(command, now)
            return False
        self._session.answered(command, answer, now)
        return answer is not None

    async def _recorded(self, command: Command) -> bool:
        """Mark what is about to be sent. A request that cannot be marked is not made."""
        leg, mark = self._session.leg, _MARKS.get(command.name)
        if leg is None or mark is None:
            return True
        try:
            await self._notebook.mark(leg.leg_id, mark)
        except OSError as error:
            self.ctx.log.error("The state directory cannot be written: %s", error)
            if leg.stage is Stage.WAITING:
                leg.withdrawn = "not_recorded"
                return False
        return True

    def _line_changed(self, up: bool) -> None:
        self._synced = False
        self._wake.set()

    def _soon(self) -> float:
        return self.ctx.clock.monotonic() + self._settings.answer

    def _tell(self) -> None:
        """Wake those who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _pause(self, seconds: float) -> None:
        self._tell()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    async def _until(self, known: Callable[[], T | None], deadline: float) -> T | None:
        """What `known` returns, as soon as that is something; None at the deadline."""
        while (answer := known()) is None:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                return known()
        return answer


def _refuted(leg: Leg) -> bool:
    answer = leg.verdict(EffectKind.AUTHORISE)
    return leg.stage is Stage.ENDED and answer is not None and answer.verdict is Verdict.REFUTED
