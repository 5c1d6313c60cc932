"""The simulated reader with a person in front of it and a technician behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.api.sim import SimSetup
from hub.model.effects import JsonMap
from hub.model.money import Money
from integrations.mdb.reader import ALWAYS_IDLE, SESSION_CANCEL, Place, Reader

#: Seconds that a person takes who acts by himself.
_HUMAN = 0.3


class CashlessModel(Reader):
    """What actors do to the reader, and what can be seen of it."""

    def __init__(self, setup: SimSetup) -> None:
        super().__init__(setup)
        how: Mapping[str, Any] = setup.config.get("simulate") or {}
        self._auto = str(how.get("auto", "off"))
        self.adapter_power: Callable[[bool], None] = lambda on: None

    def actions(self) -> Mapping[str, Callable[..., Any]]:
        """What a person, or a technician, can do."""
        return {
            "tap": self.tap, "pay": self.pay, "decline": self.decline, "cancel": self.cancel,
            "mute": lambda: self.set("silent", "on"), "set": self.set, "restart": self.restart,
            "malfunction": self.malfunction,
        }

    def state(self) -> JsonMap:
        """What can be seen."""
        return {
            "state": self.place.name.lower(), "silent": self.silent, "auto": self._auto,
            "refund": self._refund, "always_idle": bool(self._offers & ALWAYS_IDLE),
            "amount": self._minor(self.vend.price) if self.vend else None,
            "approved": self.vend is not None and self.vend.paid is not None,
        }

    def power(self, on: bool) -> None:
        """The adapter hangs on the hub's supply, the reader on the machine's: only the adapter resets."""
        self.adapter_power(on)

    def tap(self, funds: str = "") -> bool:
        """Present a medium; returns whether a session began. `funds` like "5.00", not told if empty."""
        if self.place is not Place.ENABLED:
            return False
        units = None
        if funds:
            units = Money.parse(funds, self._setup.currency).to_scaled(self._scale, self._decimals)
        self.place = Place.IDLE
        self._pending.append(self._begin_session(units))
        return True

    def pay(self) -> bool:
        """Pay what is asked, or be ready to; presents the medium if that is needed first."""
        return self._willing("pay")

    def decline(self) -> bool:
        """Present a medium that is refused."""
        return self._willing("decline")

    def cancel(self) -> bool:
        """Press cancel; returns whether there was anything to cancel."""
        if self.place is Place.IDLE or (self.vend is not None and self.vend.paid is None):
            self._pending.append(SESSION_CANCEL)
            self._intent = ""
            return True
        return False

    def malfunction(self, code: str) -> None:
        """Report 0A with `code` in hex, for example A0, at the next POLL."""
        self._pending.append(bytes([0x0A, int(code, 16)]))

    def restart(self) -> None:
        """The reader loses its power and comes back."""
        self.reset()

    def set(self, name: str, value: str) -> None:
        """approve AMOUNT|asked, refund ok|fail|silent, auto pay|decline|off, silent, late, always_idle
        on|off, noise COUNT."""
        on = value in ("on", "true", "yes")
        match name:
            case "approve":
                money = None if value == "asked" else Money.parse(value, self._setup.currency)
                self._approve = None if money is None else money.to_scaled(self._scale, self._decimals)
            case "refund":
                self._set_refund(value)
            case "auto":
                self._auto = value
                self._people()
            case "silent":
                self.silent = on
            case "late":
                self._late = on
            case "noise":
                self.noise = int(value)
            case "always_idle":
                self._offers = self._offers & ~ALWAYS_IDLE | (ALWAYS_IDLE if on else 0)
            case _:
                raise ValueError(f"a reader has no {name!r}")

    def _willing(self, wish: str) -> bool:
        """Answer the request that stands, or the next one."""
        if self.vend is not None:
            undecided = self.vend.paid is None
            self._answer(wish)
            return undecided
        if self.place is Place.ENABLED and not self._options & ALWAYS_IDLE:
            self.tap()
        self._intent = wish if self.place in (Place.ENABLED, Place.IDLE) else ""
        return bool(self._intent)

    def _people(self) -> None:
        """A person who acts by himself does so after a moment."""
        if self._auto != "off":
            self._setup.call_later(_HUMAN, self._automatic)

    def _automatic(self) -> None:
        if self._auto == "off":
            return
        if self.vend is not None:
            self._answer(self._auto)
        elif self.place is Place.ENABLED and not self._options & ALWAYS_IDLE:
            self.tap()

    def _set_refund(self, value: str) -> None:
        self._refund = value
        if value != "silent" and self._refunding is not None:
            self._refund_now()
