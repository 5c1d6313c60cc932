"""The simulated cashless reader, as MDB/ICP 4.2 section 7 describes one.

Speaks in blocks without checksum: `hear` takes a command's bytes and returns the reader's answer (None
for silence, empty for ACK). Data counts as told only when `acknowledged`; until then it is repeated.
The ledger gets the truth about money: approved, denied, charged, refunded, refund_failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from hub.api.sim import SimSetup
from hub.model.money import NUMERIC, exponent

_ADDRESSES = {1: 0x10, 2: 0x60}
_JUST_RESET = b"\x00"
SESSION_CANCEL = b"\x04"
_DENIED = b"\x06"
_END_SESSION = b"\x07"
_REFUND_ERROR = b"\x0a\xc0"
_WIDE, _MULTI, ALWAYS_IDLE = 2, 4, 32


class Place(IntEnum):
    """The reader's states, numbered as 0B reports them."""

    INACTIVE = 1
    DISABLED = 2
    ENABLED = 3
    IDLE = 4
    VEND = 5


@dataclass(slots=True)
class Vend:
    """The vend under way. `paid` in the reader's units once approved."""

    number: int
    price: int
    item: int
    paid: int | None = None
    told: bool = False


class Reader:
    """The physical reader. Its state survives everything but its own power and a bus reset."""

    def __init__(self, setup: SimSetup) -> None:
        self._setup = setup
        how: Mapping[str, Any] = setup.config.get("simulate") or {}
        self.address = _ADDRESSES[int(setup.config.get("reader", 1))]
        self._level = int(how.get("level", 3))
        self._scale = int(how.get("scale", 1))
        self._decimals = int(how.get("decimals", 2))
        self._max_response = int(how.get("max_response_seconds", 30))
        self._offers = (ALWAYS_IDLE if how.get("always_idle", True) else 0) | (
            _WIDE | _MULTI if how.get("wide_money", False) else 0
        )
        self.silent = False
        #: The next so many exchanges are garbled on the bus.
        self.noise = 0
        #: Answers that could come at once are acknowledged first and told at the next POLL.
        self._late = False
        self._approve: int | None = None
        self._refund = "ok"
        self._refunding: Vend | None = None
        self._intent = ""
        self._vends = 0
        self._stop_timer: Callable[[], None] = lambda: None
        self.place = Place.INACTIVE
        self.vend: Vend | None = None
        self._pending: list[bytes] = []
        self._telling: list[bytes] = []
        self._clear()

    def hear(self, block: bytes) -> bytes | None:
        """A command for this reader."""
        if self.silent or (self._refunding is not None and self._refund == "silent"):
            return None
        command, data = block[0] - self.address, block[1:]
        match command:
            case 0:
                self.reset()
                return b""
            case 1:
                return self._setup_command(data)
            case 2:
                return self._poll()
            case 3:
                return self._vend_command(data)
            case 4:
                return self._reader_command(data)
            case 7:
                return self._expansion(data)
            case _:
                return None

    def acknowledged(self) -> None:
        """The data of the last POLL was acknowledged: it is not repeated."""
        for message in self._telling:
            if message in self._pending:
                self._pending.remove(message)
                if message[0] == 0x05 and self.vend is not None:
                    self.vend.told = True
        self._telling = []

    def reset(self) -> None:
        """RESET, bus break or power loss: after VEND APPROVED it counts as VEND SUCCESS (7.4.7)."""
        vend = self.vend
        if vend is not None and vend.paid is not None:
            self._book("charged" if vend.told else "refunded", vend, by="reset")
        elif vend is not None:
            self._book("denied", vend, by="reset")
        if self._refunding is not None:
            self._refund_now()
        self._clear()
        self._pending.append(_JUST_RESET)

    def _clear(self) -> None:
        self.place = Place.INACTIVE
        self.vend = None
        self._vmc_level = 1
        self._options = 0
        self._configured: set[int] = set()
        self._enabled = False
        self._pending = []
        self._telling = []
        self._stop_timer()

    @property
    def _spoken(self) -> int:
        return min(self._level, self._vmc_level)

    @property
    def _width(self) -> int:
        return 4 if self._options & (_WIDE | _MULTI) else 2

    def _poll(self) -> bytes:
        self._telling = []
        room = 35
        for message in self._pending:
            if len(message) > room:
                break
            room -= len(message)
            self._telling.append(message)
        return b"".join(self._telling)

    def _setup_command(self, data: bytes) -> bytes | None:
        if self.place in (Place.IDLE, Place.VEND):
            return self._refuse()
        self._configured.add(data[0])
        if data[0] == 1:
            if self._configured >= {0, 1} and self.place is Place.INACTIVE:
                self.place = Place.DISABLED
            return b""
        self._vmc_level = data[1]
        return self._tell(
            bytes([0x01, self._level]) + self._currency_field()
            + bytes([self._scale, self._decimals, self._max_response, 0x0B])
        )

    def _reader_command(self, data: bytes) -> bytes | None:
        if data[0] == 2:
            return self._tell(b"\x08") if self.place is Place.ENABLED else self._refuse()
        if self.place is Place.INACTIVE:
            return self._refuse()
        self._enabled = data[0] == 1
        if self.place in (Place.DISABLED, Place.ENABLED):
            self.place = Place.ENABLED if self._enabled else Place.DISABLED
            self._people()
        return b""

    def _expansion(self, data: bytes) -> bytes | None:
        if self._level < 2:
            return None
        if data[0] == 4:
            self._options = int.from_bytes(data[1:5], "big") & self._offers
            return b""
        if data[0] != 0:
            return b""
        identity = b"\x09SIM" + b"000000000001" + b"READER".ljust(12) + b"\x01\x00"
        return self._tell(identity + (self._offers.to_bytes(4, "big") if self._spoken >= 3 else b""))

    def _vend_command(self, data: bytes) -> bytes | None:
        vend = self.vend
        decided = vend is not None and vend.paid is not None
        match data[0]:
            case 0:
                return self._requested(data[1:])
            case 1 if vend is not None and not decided:
                self._deny(vend, "cancelled", tell=False)
                return self._tell(_DENIED)
            case 2 if vend is not None and decided:
                self._finish()
                self._book("charged", vend, by="success")
                return b""
            case 3 if vend is not None and decided:
                self._finish()
                self._refunding = vend
                if self._refund != "silent":
                    self._refund_now()
                return b""
            case 4 if self.place is Place.IDLE:
                self.place = Place.ENABLED if self._enabled else Place.DISABLED
                self._intent = ""
                self._pending = [message for message in self._pending if message != SESSION_CANCEL]
                self._people()
                return self._tell(_END_SESSION)
            case _:
                return self._refuse()

    def _requested(self, data: bytes) -> bytes:
        direct = self.place is Place.ENABLED and self._options & ALWAYS_IDLE
        if self.place is not Place.IDLE and not direct:
            return self._refuse()
        price = int.from_bytes(data[: self._width], "big")
        item = int.from_bytes(data[self._width : self._width + 2], "big")
        self._vends += 1
        self.vend = Vend(self._vends, price, item)
        self.place = Place.VEND
        wish, self._intent = self._intent, ""
        if wish:
            self._answer(wish)
        else:
            self._stop_timer = self._setup.call_later(self._max_response, self._timed_out)
            self._people()
        return b""

    def _answer(self, wish: str) -> None:
        vend = self.vend
        if vend is None or vend.paid is not None:
            return
        self._stop_timer()
        if wish == "decline":
            self._deny(vend, "declined")
            return
        vend.paid = vend.price if self._approve is None else self._approve
        self._book("approved", vend)
        self._pending.append(b"\x05" + vend.paid.to_bytes(self._width, "big"))

    def _deny(self, vend: Vend, why: str, tell: bool = True) -> None:
        self._stop_timer()
        self._finish()
        self._book("denied", vend, by=why)
        if tell:
            self._pending.append(_DENIED)

    def _timed_out(self) -> None:
        if self.vend is not None and self.vend.paid is None:
            self._deny(self.vend, "timeout")

    def _finish(self) -> None:
        """The vend is decided; back to the session."""
        self.vend = None
        self.place = Place.IDLE
        self._pending = [message for message in self._pending if message[0] not in (0x05, 0x06)]

    def _refund_now(self) -> None:
        vend, self._refunding = self._refunding, None
        if vend is None:
            return
        if self._refund == "fail":
            self._book("refund_failed", vend)
            self._pending.append(_REFUND_ERROR)
        else:
            self._book("refunded", vend, by="failure")

    def _people(self) -> None:
        """Somebody in front of the reader may want to act now."""

    def _tell(self, data: bytes) -> bytes:
        """Answer with data at once, or acknowledge and tell it at the next POLL."""
        if self._late:
            self._pending.append(data)
            return b""
        return data

    def _refuse(self) -> bytes:
        """Acknowledge, do nothing, report 0B (7.3.1)."""
        self._pending.append(bytes([0x0B, self.place]) if self._spoken >= 2 else b"\x0b")
        return b""

    def _begin_session(self, units: int | None) -> bytes:
        wide = self._width == 4
        funds = (1 << 8 * self._width) - 1 if units is None else units
        block = b"\x03" + funds.to_bytes(self._width, "big")
        if self._spoken < 2:
            return block
        block += b"\xff" * 4 + bytes(3)
        return block + b"EN" + self._currency_field() + b"\x02" if wide else block

    def _currency_field(self) -> bytes:
        """Packed BCD, leading 1 for ISO 4217."""
        return bytes.fromhex(f"1{NUMERIC.get(self._setup.currency, 999):03d}")

    def _minor(self, units: int) -> int:
        """Minor units, rounded down: the ledger stays readable even where the reader counts finer."""
        places = exponent(self._setup.currency)
        return units * self._scale * int(10**places) // int(10**self._decimals)

    def _book(self, act: str, vend: Vend, by: str = "") -> None:
        amount = self._minor(vend.price if vend.paid is None else vend.paid)
        self._setup.ledger(act, vend=vend.number, amount=amount, item=vend.item, by=by)
