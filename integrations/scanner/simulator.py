"""A simulated scanner terminal, and a simulated camera.

The terminal's wire follows the protocol reference section 4: text with a suffix, keys as frames of their
own, and the GM65 commands with their replies.
"""

from __future__ import annotations

import shutil
from binascii import crc_hqx
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hub.api.sim import Pacer, SimSetup, Simulator
from hub.model.effects import JsonMap

_SUFFIXES = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t", "none": b""}
_AIM = {"qr": "]Q1", "barcode": "]C0", "code128": "]C0", "ean13": "]E0", "datamatrix": "]d1"}
_KEPT_VIEWS = 10
#: GM65 zones that answer a read: baud rate 9600 as 0x0139.
_ZONES = {0x002A: 0x39, 0x002B: 0x01}
_TRIGGER_ZONE = 0x0002


class Terminal:
    """What is physically there: a lens, a keypad, an engine with its settings."""

    def __init__(self, setup: SimSetup) -> None:
        self._setup = setup
        self._powered = True
        self.suffix = "cr"
        self.aim = bool(setup.profile.get("aim"))
        self.glue = False
        self.triggered = False
        self._keys = str(setup.profile.get("keys", "none"))
        self._prefix = str(setup.profile.get("key_prefix", "K:"))
        self.put: Callable[[bytes], None] = lambda _: None

    def actions(self) -> Mapping[str, Callable[..., Any]]:
        """`scan TEXT [SYMBOLOGY]`, `key KEYS`, `set WHAT VALUE`."""
        return {"scan": self._scan, "key": self._key, "set": self._set}

    def state(self) -> JsonMap:
        """Settings; nothing of what was presented."""
        return {
            "powered": self._powered, "suffix": self.suffix, "aim": self.aim, "triggered": self.triggered,
        }

    def power(self, on: bool) -> None:
        """Settings survive in the engine's flash, the trigger does not."""
        self._powered = on
        self.triggered = False

    def _scan(self, text: str, symbology: str = "qr") -> None:
        identifier = _AIM[symbology] if self.aim else ""
        self._setup.ledger("scanned", symbology=symbology, length=len(text))
        self._send((identifier + text).encode() + _SUFFIXES[self.suffix])

    def _key(self, keys: str) -> None:
        if self._keys == "none":
            raise ValueError("this terminal has no keypad (see its profile)")
        self._setup.ledger("keyed", length=len(keys))
        for key in keys:
            self._send(((self._prefix if self._keys == "prefix" else "") + key).encode() + b"\r")

    def _set(self, what: str, value: str = "") -> None:
        """`suffix cr|lf|crlf|tab|none`, `aim on|off`, `glue on|off`, `garbage COUNT`, `half TEXT`."""
        if what == "suffix":
            if value not in _SUFFIXES:
                raise ValueError(f"suffix is one of {', '.join(_SUFFIXES)}")
            self.suffix = value
        elif what in ("aim", "glue"):
            setattr(self, what, value == "on")
        elif what == "garbage":
            self._send(self._setup.entropy.bytes(int(value or "32")))
        elif what == "half":
            self._send(value[: max(1, len(value) // 2)].encode())
        else:
            raise ValueError(f"cannot set {what!r}; there is suffix, aim, glue, garbage, half")

    def _send(self, data: bytes) -> None:
        if self._powered:
            self.put(data)


class EngineWire:
    """The serial side. Commands of the GM65 are answered; everything else heard is ignored."""

    def __init__(self, setup: SimSetup, terminal: Terminal) -> None:
        self._setup = setup
        self._terminal = terminal
        self._pacer: Pacer | None = None
        self._heard = b""
        self._held = b""
        self._answers = setup.profile.get("replies") == "gm65"
        terminal.put = self._put

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        """Pace what is sent."""
        self._pacer = Pacer(self._setup.call_later, self._setup.clock, send, baud)

    def receive(self, data: bytes) -> None:
        """Cut commands out of what is heard: 7E 00, type, count, address, data, checksum."""
        if not self._answers:
            return
        self._heard = (self._heard + data)[-512:]
        while (start := self._heard.find(b"\x7e\x00")) >= 0 and len(self._heard) >= start + 9:
            kind, count = self._heard[start + 2], self._heard[start + 3]
            size = 9 if kind == 7 else 8 + count
            command = self._heard[start : start + size]
            if len(command) < size:
                return
            self._heard = self._heard[start + size :]
            check = int.from_bytes(command[-2:], "big")
            if check in (0xABCD, crc_hqx(command[2:-2], 0)):
                self._answer(kind, command)

    def _answer(self, kind: int, command: bytes) -> None:
        zone = int.from_bytes(command[4:6], "big")
        if kind == 7:
            data = bytes(_ZONES.get(zone + n, 0) for n in range(command[6]))
        else:
            data = b"\x00"
            if kind == 8 and zone == _TRIGGER_ZONE:
                self._terminal.triggered = bool(command[6] & 1)
        body = bytes([0, len(data)]) + data
        reply = b"\x02\x00" + body + crc_hqx(body, 0).to_bytes(2, "big")
        if self._terminal.glue:
            self._held += reply
        elif self._pacer is not None:
            self._pacer.put(reply)

    def _put(self, data: bytes) -> None:
        held, self._held = self._held, b""
        if self._pacer is not None:
            self._pacer.put(held + data)


class Camera:
    """A lens above a folder: showing it a picture puts a copy there."""

    def __init__(self, setup: SimSetup) -> None:
        self._setup = setup
        self._folder = Path(setup.endpoint.partition(":")[2])
        self._powered = True
        self._shown = 0

    def actions(self) -> Mapping[str, Callable[..., Any]]:
        """`show FILE`, `set half FILE`."""
        return {"show": self._show, "set": self._set}

    def state(self) -> JsonMap:
        """How many pictures were shown."""
        return {"powered": self._powered, "shown": self._shown}

    def power(self, on: bool) -> None:
        """Without power it sees nothing."""
        self._powered = on

    def _show(self, file: str) -> JsonMap:
        source = Path(file)
        if not source.is_file():
            raise ValueError(f"there is no picture {file}")
        target = self._next(source)
        if target is None:
            return {"shown": False}
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(source, part)
        part.replace(target)
        self._setup.ledger("shown", picture=source.name)
        return {"shown": True}

    def _set(self, what: str, value: str = "") -> None:
        """`half FILE`: a picture whose writing stops in the middle."""
        if what != "half":
            raise ValueError(f"cannot set {what!r}; there is half")
        data = Path(value).read_bytes()
        target = self._next(Path(value))
        if target is not None:
            target.write_bytes(data[: len(data) // 2])

    def _next(self, source: Path) -> Path | None:
        if not self._powered:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        self._shown += 1
        # The wall time keeps names apart when the simulator is started again over an old folder.
        name = f"view-{self._setup.clock.now()}-{self._shown:04d}{source.suffix.lower()}"
        for old in sorted(self._folder.glob("view-*"))[: -(_KEPT_VIEWS - 1)]:
            old.unlink(missing_ok=True)
        return self._folder / name


def create(setup: SimSetup) -> Simulator:
    """A camera for an endpoint, a terminal for a line."""
    if setup.endpoint:
        return Simulator(Camera(setup))
    terminal = Terminal(setup)
    return Simulator(terminal, EngineWire(setup, terminal))
