"""A serial scanner, with or without a keypad on the same line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from hub.api import DeviceContext, Driver, FramedLine, LineError
from hub.model.observations import CodeRead, KeysEntered
from hub.model.states import FaultKind, Method
from integrations.scanner.codec import Code, CodeFramer, Pressed, Reading, Unreadable
from integrations.scanner.config import SUFFIXES
from integrations.scanner.debounce import Debounce

_ENTER, _CLEAR = "#", "*"
_MOST_KEYS = 32
_WAIT_FOR_LINE = 2.0
_SEND_WITHIN = 1.0
_TRIGGER_EVERY = 5.0


class SerialScanner(Driver):
    """Emits CodeRead and KeysEntered. `unreadable` counts what was dropped."""

    def __init__(self, ctx: DeviceContext) -> None:
        super().__init__(ctx)
        settings, profile = ctx.setup.config, ctx.setup.profile
        ends = SUFFIXES[settings["suffix"]]
        replies = profile.get("replies") == "gm65"
        self._framer = partial(
            CodeFramer, ends, settings["idle_ms"] / 1000, settings["longest"], replies
        )
        self._reading = Reading(
            settings["longest"], profile.get("keys", "none"), profile.get("key_prefix", "K:"),
            Method(settings["reads"]), replies, ends,
        )
        self._debounce = Debounce(settings["same_code_ms"] / 1000)
        self._keys = Keys(ctx, settings["key_timeout_ms"] / 1000, settings["keys_end_by"] == "pause")
        self._commands = {
            name: bytes.fromhex(text)
            for name, text in profile.get("commands", {}).items() if name != "at_start"
        }
        self._at_start = [bytes.fromhex(text) for text in profile.get("commands", {}).get("at_start", ())]
        self._hub_triggers = settings["trigger"] == "hub"
        self._read = asyncio.Event()
        self._ends: list[Callable[[], None]] = []
        self._line: FramedLine | None = None
        self._up = asyncio.Event()
        self.unreadable = 0

    @property
    def reads_codes(self) -> bool:
        """True."""
        return True

    @property
    def takes_keys(self) -> bool:
        """Whether the profile has a keypad."""
        return self._reading.keys != "none"

    async def start(self) -> None:
        """Listen; a line that is not there yet is a fault until it comes."""
        line = self._line = self.ctx.framed_line(self._framer)
        self._ends = [line.listen(self._frame), line.on_change(self._changed)]
        if line.up:
            self._up.set()
        try:
            async with asyncio.timeout(_WAIT_FOR_LINE):
                await self._up.wait()
        except TimeoutError:
            self.ctx.fault(FaultKind.OFFLINE, detail="the line is down")
        if self._at_start or self._hub_triggers:
            self.ctx.spawn("engine", self._drive())

    async def stop(self) -> None:
        """Stop listening; an engine that the hub triggered is told to stop."""
        for end in self._ends:
            end()
        self._ends = []
        self._keys.forget()
        if self._hub_triggers and self._line is not None and self._line.up and "stop" in self._commands:
            await self._send(self._commands["stop"])

    def _changed(self, up: bool) -> None:
        if up:
            self._up.set()
            self.ctx.clear(FaultKind.OFFLINE)
        else:
            self._up.clear()
            self._keys.forget()
            self.ctx.fault(FaultKind.OFFLINE, detail="the line is down")

    def _frame(self, frame: bytes) -> None:
        seen = self._reading.read(frame)
        if isinstance(seen, Unreadable):
            self.unreadable += 1
            self.ctx.fault(FaultKind.PROTOCOL_ERROR, detail=f"unreadable input: {seen.why}")
        elif isinstance(seen, Pressed):
            self.ctx.clear(FaultKind.PROTOCOL_ERROR)
            for key in seen.keys:
                self._keys.press(key)
        elif isinstance(seen, Code):
            self.ctx.clear(FaultKind.PROTOCOL_ERROR)
            self._read.set()
            if self._debounce.passes(seen.text, self.ctx.clock.monotonic()):
                self.ctx.emit(CodeRead(self.ctx.setup.name, seen.text, seen.method, seen.symbology))

    async def _drive(self) -> None:
        """Set the engine up whenever the line comes, and trigger it if that is the hub's part."""
        while True:
            await self._up.wait()
            for command in self._at_start:
                await self._send(command)
            while self._up.is_set():
                self._read.clear()
                if self._hub_triggers and "start" in self._commands:
                    await self._send(self._commands["start"])
                try:
                    async with asyncio.timeout(_TRIGGER_EVERY):
                        await self._read.wait()
                except TimeoutError:
                    continue

    async def _send(self, command: bytes) -> None:
        assert self._line is not None
        try:
            await self._line.send(command, deadline=self.ctx.clock.monotonic() + _SEND_WITHIN)
        except LineError as error:
            self.ctx.log.info("An engine command was not sent: %s", type(error).__name__)


class Keys:
    """Collects keys until ENTER; CLEAR and silence forget them, or silence confirms where no ENTER is."""

    def __init__(self, ctx: DeviceContext, timeout: float, pause_enters: bool) -> None:
        self._ctx = ctx
        self._timeout = timeout
        self._pause_enters = pause_enters
        self._pressed = ""
        self._timer: asyncio.TimerHandle | None = None

    def press(self, key: str) -> None:
        """One key."""
        if key == _ENTER:
            self._enter()
        elif key == _CLEAR or len(self._pressed) >= _MOST_KEYS:
            self.forget()
        else:
            self._pressed += key
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(
                self._timeout, self._enter if self._pause_enters else self.forget
            )

    def forget(self) -> None:
        """Nothing was keyed."""
        self._stop_timer()
        self._pressed = ""

    def _enter(self) -> None:
        keys = self._pressed
        self.forget()
        if keys:
            self._ctx.emit(KeysEntered(self._ctx.setup.name, keys))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
