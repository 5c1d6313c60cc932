"""The order in which a reader is set up after any reset (MDB/ICP 4.2, section 7.3.2)."""

from __future__ import annotations

from enum import StrEnum

from hub.model.money import NUMERIC
from integrations.mdb import codec
from integrations.mdb.codec import Command, Name
from integrations.mdb.config import Settings
from integrations.mdb.replies import EXPANDED, Option, PeripheralId, ReaderConfig, Sizes

#: EXPANSION is not answered by every old reader; after so many attempts it is set up without options.
_ID_ATTEMPTS = 5


class Step(StrEnum):
    """Where the set-up stands. A step named `await_` has been acknowledged and waits for its data."""

    RESET = "reset"
    AWAIT_RESET = "await_reset"
    CONFIG = "config"
    AWAIT_CONFIG = "await_config"
    LIMITS = "limits"
    IDENTITY = "identity"
    AWAIT_IDENTITY = "await_identity"
    OPTIONS = "options"
    WIDE_LIMITS = "wide_limits"
    ENABLE = "enable"
    DONE = "done"
    REFUSED = "refused"


_AFTER_ACK = {
    (Step.RESET, Name.RESET): Step.AWAIT_RESET,
    (Step.CONFIG, Name.SETUP_CONFIG): Step.AWAIT_CONFIG,
    (Step.IDENTITY, Name.REQUEST_ID): Step.AWAIT_IDENTITY,
    (Step.WIDE_LIMITS, Name.SETUP_LIMITS): Step.ENABLE,
    (Step.ENABLE, Name.READER_ENABLE): Step.DONE,
}
_AWAITING = (Step.AWAIT_RESET, Step.AWAIT_CONFIG, Step.AWAIT_IDENTITY)


class Startup:
    """RESET, JUST RESET, SETUP, limits, identity, options, limits again in the long form, ENABLE."""

    def __init__(self, settings: Settings, currency: str) -> None:
        self._settings = settings
        self._currency = currency
        self._since = 0.0
        self._attempts = 0
        self.step = Step.RESET
        self.config: ReaderConfig | None = None
        self.options = Option(0)

    @property
    def done(self) -> bool:
        """Whether the reader is enabled."""
        return self.step is Step.DONE

    @property
    def sizes(self) -> Sizes:
        """How long the reader's messages are now."""
        level = min(self.config.level, self._settings.level) if self.config else self._settings.level
        return Sizes(level, bool(self.options & EXPANDED))

    def begin(self) -> None:
        """From the top, with a RESET."""
        self._to(Step.RESET, 0.0)

    def just_reset(self, now: float) -> None:
        """The reader said that it was reset: everything set before is gone."""
        self.options = Option(0)
        self._to(Step.CONFIG, now)

    def restore(self, config: ReaderConfig, options: Option) -> None:
        """Take over a reader that an earlier process has set up."""
        self.config, self.options, self.step = config, options, Step.DONE

    def next(self, now: float, patience: float) -> Command | None:
        """What to send; None to poll."""
        if self.step in _AWAITING:
            if now - self._since <= patience:
                return None
            self.begin()
        if self.step is Step.IDENTITY:
            self._attempts += 1
            if self._attempts > _ID_ATTEMPTS:
                self._to(Step.ENABLE, now)
        return self._command()

    def acked(self, name: Name, now: float) -> None:
        """The reader took the command `name`."""
        if name is Name.RESET:
            self.options = Option(0)
        if self.step is Step.LIMITS and name is Name.SETUP_LIMITS:
            self._to(Step.IDENTITY if self.sizes.level >= 2 else Step.ENABLE, now)
        elif self.step is Step.OPTIONS and name is Name.ENABLE_OPTIONS:
            self._to(Step.WIDE_LIMITS if self.options & EXPANDED else Step.ENABLE, now)
        elif (self.step, name) in _AFTER_ACK:
            self._to(_AFTER_ACK[self.step, name], now)

    def configured(self, config: ReaderConfig, now: float) -> str:
        """Take the reader's configuration; returns why it cannot be used, or nothing."""
        if self.step not in (Step.CONFIG, Step.AWAIT_CONFIG):
            return ""
        self.config = config
        wrong = self._objection(config)
        self._to(Step.REFUSED if wrong else Step.LIMITS, now)
        return wrong

    def identified(self, identity: PeripheralId, now: float) -> None:
        """Take the reader's identity; choose the options to enable."""
        if self.step not in (Step.IDENTITY, Step.AWAIT_IDENTITY):
            return
        self.options = self._wanted() & Option(identity.options & 0x3F)
        self._to(Step.OPTIONS if self.options else Step.ENABLE, now)

    def _wanted(self) -> Option:
        wanted = Option.ALWAYS_IDLE if self._settings.always_idle else Option(0)
        return wanted | EXPANDED if self._settings.wide_money else wanted

    def _objection(self, config: ReaderConfig) -> str:
        if config.scale == 0 or config.level == 0:
            return f"the reader reports level {config.level} and scale {config.scale}"
        number = NUMERIC.get(self._currency)
        expected = None if number is None else int(codec.currency_field(number).hex(), 16)
        if self._settings.currency_check and config.currency != expected:
            return (
                f"the reader counts in currency {config.currency:04x}, the site in {self._currency}; "
                "if that is right, set currency_check: false"
            )
        return ""

    def _command(self) -> Command | None:
        match self.step:
            case Step.RESET:
                return codec.RESET
            case Step.CONFIG:
                return codec.setup_config(self._settings.level)
            case Step.LIMITS:
                return codec.setup_limits()
            case Step.IDENTITY:
                return codec.request_id("HHB", "1", "HANDOVERHUB", 1)
            case Step.OPTIONS:
                return codec.enable_options(int(self.options))
            case Step.WIDE_LIMITS:
                return codec.setup_limits(wide=True, currency=NUMERIC.get(self._currency, 0))
            case Step.ENABLE:
                return codec.READER_ENABLE
            case _:
                return None

    def _to(self, step: Step, now: float) -> None:
        self.step, self._since = step, now
        self._attempts = 0
