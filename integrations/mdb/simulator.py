"""The adapter in front of the simulated reader: ASCII lines at one side, the MDB bus's time at the other."""

from __future__ import annotations

from collections.abc import Callable

from hub.api.sim import Pacer, SimSetup, Simulator
from integrations.mdb.model import CashlessModel

#: MDB: 9600 baud, eleven bits a byte; the longest wait for an answer.
_BYTE = 11 / 9600
_SILENCE = 0.005
_VERSION = b"v,4.0.2.0,5350313250303530"


class AdapterWire:
    """A Qibixx adapter in generic-master mode. Without power it forgets the mode and what it was doing."""

    def __init__(self, setup: SimSetup, model: CashlessModel) -> None:
        self._setup = setup
        self._model = model
        self._pacer: Pacer | None = None
        self._line = bytearray()
        self._queue: list[str] = []
        self._busy = False
        self._master = False
        self._on = True
        self._life = 0
        model.adapter_power = self._power

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        """The host is there."""
        self._pacer = Pacer(self._setup.call_later, self._setup.clock, send, baud)

    def receive(self, data: bytes) -> None:
        """Bytes from the host; any line end will do."""
        if not self._on:
            return
        for byte in data:
            if byte in (0x0A, 0x0D):
                line, self._line = bytes(self._line), bytearray()
                if line:
                    self._queue.append(line.decode("ascii", "replace").strip())
            else:
                self._line.append(byte)
        self._work()

    def _work(self) -> None:
        """One line after the other: the next waits until the bus is free."""
        while self._queue and not self._busy:
            self._obey(self._queue.pop(0))

    def _obey(self, line: str) -> None:
        word, _, rest = line.partition(",")
        match word:
            case "V":
                self._say(_VERSION)
            case "F":
                self._say(b"f,ACK")
            case "M":
                self._master = rest == "1"
                self._say(b"m,ACK" if rest in ("0", "1") else b"m,NACK")
            case "R" if self._master and rest == "RESET":
                self._model.reset()
                self._say(b"p,ACK", 0.3)
            case "R" if self._master:
                self._request(rest.replace(",", ""))

    def _request(self, text: str) -> None:
        try:
            block = bytes.fromhex(text)
        except ValueError:
            self._say(b"p,NACK")
            return
        took = (len(block) + 1) * _BYTE
        poll = bool(block) and block[0] & 0x07 == 2
        garbled = self._model.noise > 0
        if garbled:
            self._model.noise -= 1
        mine = bool(block) and block[0] & 0xF8 == self._model.address & 0xF8
        answer = self._model.hear(block) if mine and (poll or not garbled) else None
        if answer is None or garbled:
            self._say(b"p,NACK", took + _SILENCE)
        elif not answer:
            self._say(b"p,ACK", took + _BYTE)
        else:
            self._conclude(answer, poll, took + (len(answer) + 1) * _BYTE)

    def _conclude(self, answer: bytes, poll: bool, after: float) -> None:
        """The adapter acknowledges a data block when it has come in, if it still has power then."""

        def come_in() -> None:
            if poll:
                self._model.acknowledged()
            self._put(b"p," + answer.hex().upper().encode())

        self._occupy(after, come_in)

    def _say(self, line: bytes, after: float = 0.0) -> None:
        if after:
            self._occupy(after, lambda: self._put(line))
        else:
            self._put(line)

    def _occupy(self, seconds: float, then: Callable[[], None]) -> None:
        """The bus is in use; a power cut meanwhile ends it without a result."""
        life = self._life
        self._busy = True

        def done() -> None:
            if life == self._life:
                self._busy = False
                then()
                self._work()

        self._setup.call_later(seconds, done)

    def _put(self, line: bytes) -> None:
        if self._pacer is not None:
            self._pacer.put(line + b"\r\n")

    def _power(self, on: bool) -> None:
        if on != self._on:
            self._on = on
            self._life += 1
            self._master = self._busy = False
            self._queue.clear()
            self._line.clear()


def build(setup: SimSetup) -> Simulator:
    """The reader behind its adapter."""
    model = CashlessModel(setup)
    return Simulator(model, AdapterWire(setup, model))
