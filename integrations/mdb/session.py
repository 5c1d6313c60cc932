"""The controller's side of one reader: set-up, session, one leg at a time, silence, faults.

Pure towards the line: `next` says what to send, `answered`, `lost` and `unsent` say what became of it.
"""

from __future__ import annotations

from hub.api import DeviceContext
from hub.model.money import Money, MoneyError
from hub.model.observations import DeviceOnline, SessionBegun, SessionEnded
from hub.model.states import FaultKind
from integrations.mdb import codec
from integrations.mdb.codec import CodecError, Command, Name
from integrations.mdb.config import Settings
from integrations.mdb.ladder import Ladder
from integrations.mdb.legs import Leg, Stage
from integrations.mdb.replies import (
    Approved,
    BeginSession,
    CancelRequest,
    Denied,
    EndSession,
    JustReset,
    Malfunction,
    Option,
    OutOfSequence,
    PeripheralId,
    ReaderConfig,
    Reply,
    parse_block,
)
from integrations.mdb.startup import Startup, Step

#: Seconds after a start within which a missing port is no fault yet.
_OPENING = 2.0
#: Malfunction codes (0A): the one about money, and those with which the reader no longer works.
_REFUND_ERROR = 0xC
_JAM = 0xA
_BROKEN = range(0x8, 0xC)
_MALFUNCTIONS = {
    0x0: "media error", 0x1: "invalid media", 0x2: "tamper", 0x3: "manufacturer", 0x4: "communication",
    0x5: "service required", 0x7: "manufacturer", 0x8: "reader failure", 0x9: "communication",
    0xA: "jam", 0xB: "manufacturer", 0xC: "refund error",
}


class Session:
    """Everything that is known of the reader."""

    def __init__(self, ctx: DeviceContext, settings: Settings, now: float) -> None:
        self._ctx = ctx
        self._settings = settings
        self._currency = ctx.setup.currency
        self._began = now
        self.startup = Startup(settings, self._currency)
        self.ladder = Ladder(settings.non_response, now)
        self.leg: Leg | None = None
        self.legs: dict[str, Leg] = {}
        self._retired: list[Leg] = []
        self.in_session = False
        self._announced = False
        self._online = False
        self._closing = ""
        self._closing_since = 0.0
        self._reset_wanted = False
        self._poll_next = False
        self._malfunction: int | None = None
        self.stopping = False
        self.disabled = False
        #: The last complete set-up, for baselines: what is asked next is asked under it.
        self.known: tuple[ReaderConfig | None, Option] = (None, Option(0))

    @property
    def ready(self) -> bool:
        """Whether a vend may be asked for."""
        working = self._malfunction is None or self._malfunction not in _BROKEN
        return self._online and self.startup.done and working and not self.stopping

    @property
    def always_idle(self) -> bool:
        """Whether VEND REQUEST needs no session."""
        return Option.ALWAYS_IDLE in self.startup.options

    @property
    def max_response(self) -> float:
        """Seconds that the reader may take to decide about a vend."""
        config = self.startup.config
        reported = float(config.max_response) if config else 0.0
        return self._settings.max_response or reported or self._settings.non_response

    def guarded(self, now: float) -> bool:
        """Whether a vend is open that a reset would decide; not for longer than it is overdue."""
        return self.leg is not None and self.leg.open and now < self.leg.overdue

    def register(self, leg: Leg, now: float) -> str:
        """Take on a new leg. Returns why not, or nothing."""
        if self.leg is not None:
            if self.leg.stage is Stage.WAITING or self.guarded(now):
                return "busy"
            self._retired.append(self.leg)  # overdue: the reset that follows decides it
            self._reset_wanted = True
        self.leg = self.legs[leg.leg_id] = leg
        return ""

    def adopt(self, leg: Leg, config: ReaderConfig, options: Option) -> None:
        """Continue a vend of an earlier process: no reset, no set-up."""
        self.leg = self.legs[leg.leg_id] = leg
        self.startup.restore(config, options)
        self.known = (config, options)
        self.ladder.patience = max(self._settings.non_response, config.max_response)
        self.in_session = True

    def line_up(self, now: float) -> None:
        """The adapter is there (again): a reader without an open vend is set up anew."""
        self.ladder.restart(now)
        if not self.guarded(now):
            self._reset_wanted = True

    def line_down(self, now: float) -> None:
        """The adapter is gone, or not there yet: a port needs a moment after every start."""
        if self._online or now - self._began > _OPENING:
            self._offline("the adapter does not answer")

    def next(self, now: float) -> Command | None:
        """What to send now; None to stay silent (an offline reader between two RESETs)."""
        self._settle(now)
        guarded = self.guarded(now)
        if self.ladder.offline(now):
            self._offline("the reader does not answer")
            if not guarded:
                return self._reset() if self.ladder.reset_due(now) else None
        if self._reset_wanted and not guarded:
            return self._reset()
        if self._poll_next:
            self._poll_next = False
            return codec.POLL
        if not self.startup.done and not guarded:
            return self.startup.next(now, self.ladder.patience) or codec.POLL
        return self._vend() or self._close(now) or codec.POLL

    def sending(self, command: Command) -> None:
        """`command` is about to leave."""
        if self.leg is not None:
            self.leg.sent(command.name)

    def unsent(self, command: Command) -> None:
        """Provably, `command` did not leave."""
        if self.leg is not None:
            self.leg.unsent(command.name)

    def lost(self, command: Command, now: float) -> None:
        """`command` left, and its answer never came from the adapter."""
        if self.leg is not None:
            self.leg.lost(command.name, now)
        self._reset_wanted = True  # it may have hidden JUST RESET; obeyed only where no vend is open

    def answered(self, command: Command, answer: bytes | None, now: float) -> None:
        """The adapter's answer: None for silence, empty for ACK, else the block's data."""
        if answer is None:
            self._poll_next = command.name is not Name.POLL
            return
        self.ladder.heard(now)
        try:
            replies = parse_block(answer, self.startup.sizes)
        except CodecError as wrong:
            self._ctx.fault(FaultKind.PROTOCOL_ERROR, "", str(wrong))
            self.lost(command, now)
            return
        if not any(isinstance(reply, JustReset) for reply in replies):
            self._taken(command.name, now)
        if command.name is Name.POLL:
            if self.leg is not None:
                self.leg.heard = True
                if not replies:
                    self.leg.quiet()
            self._recovered(replies)
        for reply in replies:
            self._heard(reply, now)
        if self.startup.done:
            self._come_online()
        self._settle(now)

    def _settle(self, now: float) -> None:
        """Let time pass for the leg; let go of one that has ended."""
        leg = self.leg
        if leg is None:
            return
        leg.tick(now, self.ladder.patience, self.max_response)
        if leg.stage in (Stage.ENDED, Stage.COUNTED):
            self.leg = None
            if self.in_session:
                self._closing = "send"

    def _vend(self) -> Command | None:
        leg = self.leg
        name = leg.command() if leg is not None else None
        if leg is None or name is None:
            return None
        match name:
            case Name.VEND_REQUEST:
                may = self.ready and not self._closing and (self.in_session or self.always_idle)
                if leg.stage is Stage.WAITING and not may:
                    return None
                return codec.vend_request(leg.units, leg.item, self.startup.sizes.wide)
            case Name.VEND_SUCCESS:
                return codec.vend_success(leg.item)
            case Name.VEND_CANCEL:
                return codec.VEND_CANCEL
            case _:
                return codec.VEND_FAILURE

    def _close(self, now: float) -> Command | None:
        if self._closing == "wait" and now - self._closing_since > self.ladder.patience:
            self._reset_wanted = True
        if self._closing == "send":
            return codec.SESSION_COMPLETE
        if self.stopping and not self.disabled and not self.in_session and self.leg is None:
            return codec.READER_DISABLE
        return None

    def _reset(self) -> Command:
        self._reset_wanted = False
        self.startup.begin()
        self._session_over()
        return codec.RESET

    def _taken(self, name: Name, now: float) -> None:
        if name is Name.RESET:
            self._was_reset()
        self.startup.acked(name, now)
        if self.leg is not None:
            self.leg.taken(name, now)
        if name is Name.READER_DISABLE:
            self.disabled = True
        elif name is Name.VEND_REQUEST:
            self.in_session = True
        elif name is Name.SESSION_COMPLETE:
            self._closing, self._closing_since = "wait", now

    def _heard(self, reply: Reply, now: float) -> None:
        leg = self.leg
        match reply:
            case JustReset():
                self._was_reset()
                self._reset_wanted = False
                self.startup.just_reset(now)
            case ReaderConfig():
                self._configured(reply, now)
            case PeripheralId():
                self.startup.identified(reply, now)
            case BeginSession():
                self._begun(reply)
            case CancelRequest():
                self._cancel_requested()
            case EndSession():
                self._session_over()
            case Approved() if leg is not None:
                amount = leg.amount if reply.units is None else self._minor(reply.units)
                leg.approved(amount, reply.units is None)
            case Denied() if leg is not None:
                leg.denied()
            case Malfunction():
                self._malfunctioned(reply)
            case OutOfSequence():
                self._reset_wanted = True
                if leg is not None:
                    leg.out_of_sequence(reply.state, now)
            case _:
                pass

    def _was_reset(self) -> None:
        for leg in (*self._retired, self.leg):
            if leg is not None:
                leg.was_reset()
        self._retired.clear()
        self._session_over()

    def _session_over(self) -> None:
        self.in_session = False
        self._closing = ""
        if self._announced:
            self._announced = False
            self._ctx.emit(SessionEnded(self._ctx.setup.name))

    def _configured(self, config: ReaderConfig, now: float) -> None:
        wrong = self.startup.configured(config, now)
        self.ladder.patience = max(self._settings.non_response, config.max_response)
        if wrong:
            self._ctx.fault(FaultKind.PROTOCOL_ERROR, "currency", wrong)
        elif self.startup.step is not Step.REFUSED:
            self._ctx.clear(FaultKind.PROTOCOL_ERROR, "currency")

    def _begun(self, reply: BeginSession) -> None:
        if not self.startup.done:
            return
        self.in_session = self._announced = True
        funds = None if reply.funds is None else self._minor(reply.funds)
        self._ctx.emit(SessionBegun(self._ctx.setup.name, funds))

    def _cancel_requested(self) -> None:
        if self.leg is not None:
            self.leg.cancel_requested()
        else:
            self._closing = self._closing or "send"

    def _malfunctioned(self, reply: Malfunction) -> None:
        if reply.code == _REFUND_ERROR and self.leg is not None and self.leg.refund_failed():
            return
        self._malfunction = reply.code
        kind = FaultKind.JAM if reply.code == _JAM else FaultKind.PROTOCOL_ERROR
        word = _MALFUNCTIONS.get(reply.code, "unknown")
        self._ctx.fault(kind, "reader", f"malfunction {reply.code:X}{reply.detail:X}: {word}")

    def _recovered(self, replies: list[Reply]) -> None:
        """Lasting malfunctions are repeated at every poll, so one without it ends the fault (7.4.11)."""
        self._ctx.clear(FaultKind.PROTOCOL_ERROR, "")
        if self._malfunction is not None and not any(isinstance(reply, Malfunction) for reply in replies):
            self._malfunction = None
            self._ctx.clear(FaultKind.JAM, "reader")
            self._ctx.clear(FaultKind.PROTOCOL_ERROR, "reader")

    def _minor(self, units: int) -> int | None:
        config = self.startup.config
        if config is None:
            return None
        try:
            return Money.from_scaled(units, config.scale, config.decimals, self._currency).minor
        except MoneyError as inexact:
            self._ctx.log.warning("%s", inexact)
            return None

    def _come_online(self) -> None:
        self._ctx.clear(FaultKind.OFFLINE, "")
        self.known = (self.startup.config, self.startup.options)
        if not self._online:
            self._online = True
            self._ctx.emit(DeviceOnline(self._ctx.setup.name))

    def _offline(self, detail: str) -> None:
        self._online = False
        self._ctx.fault(FaultKind.OFFLINE, "", detail)


