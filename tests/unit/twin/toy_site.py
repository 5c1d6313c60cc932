"""The toy site's plan and simulators; run as a program it serves them: toy_site.py STATE."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hub.api.sim import SimSetup, Simulator
from hub.twin.plan import TwinDevice, TwinLine, TwinPlan
from hub.twin.serve import serve

TOY_PLAN = TwinPlan(
    "EUR",
    (
        TwinLine("bus1", "serial:///dev/ttyUSB0?baud=9600", shared=True),
        TwinLine("scan1", "serial:///dev/ttyUSB1?baud=9600&parity=E"),
        TwinLine("net1", "tcp://10.0.0.7:4196?framing=rtu"),
    ),
    (
        TwinDevice("board_a", "toy", {"word": "a"}, line="bus1", places={"1": "main/A1"}),
        TwinDevice("board_b", "toy", {"word": "b"}, line="bus1"),
        TwinDevice("scanner", "toy", {"word": "s"}, line="scan1"),
        TwinDevice("net", "toy", {"word": "n"}, line="net1"),
        TwinDevice("badge", "toy", {"word": "-"}, endpoint="usb:072f:2200"),
        TwinDevice("camera", "toy", {"word": "-"}, endpoint="folder:/srv/pictures"),
        TwinDevice("mail", "unsimulated"),
    ),
)


class ToyModel:
    """Opens when its word is heard."""

    def __init__(self, setup: SimSetup) -> None:
        self.setup = setup
        self.on = True
        self.opened = 0

    def actions(self):
        return {"stick": self._stick, "tap": self._tap, "set": self._set, "break": self._break}

    def state(self):
        return {"on": self.on, "opened": self.opened, "where": self.setup.endpoint}

    def power(self, on):
        self.on = on

    def open(self):
        self.opened += 1
        self.setup.ledger("opened", door="1", place=self.setup.places.get("1", ""))

    def _stick(self, door, how="shut"):
        if door != "1":
            raise ValueError(f"there is no door {door}")
        return {"door": door, "how": how}

    async def _tap(self, *uids):
        await asyncio.sleep(0)
        return list(uids)

    def _set(self, what, value):
        return f"{what}={value}"

    def _break(self):
        raise ZeroDivisionError("broken")


class ToyWire:
    """Answers WORD! to WORD?."""

    def __init__(self, model):
        self._model = model
        self._word = model.setup.config["word"].encode()

    def connect(self, send, baud):
        self._send = send

    def receive(self, data):
        if self._model.on and data == self._word + b"?":
            self._model.open()
            self._send(self._word + b"!")


class Toys:
    """The plugin loader."""

    def has_simulator(self, domain):
        return domain == "toy"

    def create_simulator(self, domain, setup):
        model = ToyModel(setup)
        return Simulator(model, None if setup.endpoint else ToyWire(model))


if __name__ == "__main__":
    asyncio.run(serve(TOY_PLAN, Path(sys.argv[1]), Toys(), lambda info: print(info.pid, flush=True)))
