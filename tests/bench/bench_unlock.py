"""From a credential's last byte on the scanner's wire to the unlock command's first byte, intent durable.

The hub is the real one, from transports to store; the wires end in another process, which holds the
stopwatch. On RS-485 two boards and a thermometer share the wire at 9600 baud, so that a command waits for the
exchange under way.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import defaultdict
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

from environments import FOLDER
from results import Result, quantile, spread

from hub import custody, desk
from hub.app import Hub, Surroundings
from hub.core.clock import SystemClock
from hub.core.commands import Accepted, Actor, Command
from hub.core.entropy import SystemEntropy
from hub.core.tuning import settle_memory
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.twin.client import TwinClient
from hub.workflows.run.service import Changed, Order

_P99 = 0.005
_DOORS = 16
#: A board takes its next pulse when the last has ended and its gap is over.
_BOARD_PAUSE = 0.8
_PULSE = 0.5
_STAFF = Actor("token:bench", frozenset({"api.admin"}))
_ITEM = {"sku": "book", "quantity": 1, "size": "M", "thermal": "ambient"}
_MESSAGE = "SELECT id FROM message WHERE handover_id = ? AND state = 'queued'"
_SITE = """\
site: {{id: bench-01, name: Bench, time_zone: Europe/Berlin, currency: EUR}}
lines:
  scan1: {{url: "serial:///dev/bench-scanner?baud=9600", kind: usb}}
{lines}
devices:
  scanner: {{integration: scanner, line: scan1, profile: generic}}
{devices}
banks:
  main:
    thermal: ambient
    compartments:
{compartments}
terminals:
  front: {{readers: [scanner], banks: [main]}}
workflows:
  parcels:
    use_blueprint: {{path: pickup.yaml, input: {{bank: main, access: [qr], reopen_within: {{seconds: 10}}}}}}
"""


def tcp_site(boards: int) -> str:
    """A line for each board."""
    return _site(
        boards,
        [f'  net{n}: {{url: "tcp://127.0.0.1:{5100 + n}", kind: tcp}}' for n in range(boards)],
        [f"net{n}, address: 1" for n in range(boards)],
    )


def rs485_site(boards: int) -> str:
    """All boards and a thermometer on one pair of wires."""
    thermometer = "  climate: {integration: temperature, line: bus1, address: 99, profile: xy_md02}"
    return _site(
        boards, ['  bus1: {url: "serial:///dev/bench-bus?baud=9600", kind: rs485}'],
        [f"bus1, address: {n + 1}" for n in range(boards)], thermometer,
    )


def _site(boards: int, lines: list[str], places: list[str], *more: str) -> str:
    devices = [
        f"  locks{n}: {{integration: modbus_locker, line: {places[n]}, profile: waveshare_relay_16_d}}"
        for n in range(boards)
    ]
    compartments = [
        f"      C{n}-{door}: {{door: locks{n}/{door}, size: M}}"
        for n in range(boards) for door in range(1, _DOORS + 1)
    ]
    return _SITE.format(
        lines="\n".join(lines), devices="\n".join([*devices, *more]), compartments="\n".join(compartments)
    )


class Wires:
    """The other process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, site: Path) -> tuple[Wires, dict[str, Any]]:
        """Start it; what it says when it is ready."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).with_name("wire_ends.py")), str(site), str(site / "twin"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
        )
        wires = cls(process)
        return wires, await wires._answer()

    async def ask(self, line: str) -> Any:
        """Send a line, read the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        return await self._answer()

    async def stop(self) -> None:
        """End of input ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await self._process.stdout.readline())


class Site:
    """A running hub and what the bench does to it."""

    def __init__(self, hub: Hub, twin: TwinClient, wires: Wires) -> None:
        self._hub = hub
        self._twin = twin
        self._wires = wires
        self._state: dict[str, str] = {}
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        hub.bus.listen(Changed, self._note)

    async def ready_handovers(self, count: int) -> list[tuple[str, str, str]]:
        """Handovers that wait for their recipients, dealt out over the boards: board, door, credential."""
        by_board: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for _ in range(count):
            handover = await self._hub.handovers.create(
                Order("parcels", items=(_ITEM,), recipient={"name": "Ada"})
            )
            held = await self._hub.store.read(lambda r, h=handover: custody.allocations_of(r, h)[0])
            place = await self._hub.store.read(lambda r, h=held: custody.compartment(r, h.compartment))
            by_board[place.door_device].append((handover, place.door_name))
        loaded = await asyncio.gather(*(self._load(board, some) for board, some in by_board.items()))
        rounds = zip_longest(*loaded)
        return [row for rows in rounds for row in rows if row is not None]

    async def scan(self, board: str, door: str, code: str) -> float | None:
        """Show a credential; seconds until the unlock command."""
        taken: float | None = await self._wires.ask(code)
        task = asyncio.create_task(self._close(board, door))
        self._tasks.add(task)
        return taken

    async def settle(self) -> None:
        """Wait until every door is closed and every compartment free again."""
        await asyncio.gather(*self._tasks)
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: set(self._state.values()) <= {"completed"})

    async def _load(self, board: str, some: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
        ready = []
        for handover, door in some:
            answer = await self._hub.commands.call(Command("handover.load", _STAFF, handover))
            assert isinstance(answer, Accepted), answer
            await self._until(handover, "being_loaded")
            await self._close(board, door)
            await self._until(handover, "waiting")
            ready.append((board, door, await self._credential(handover)))
        return ready

    async def _credential(self, handover: str) -> str:
        def read(reader: Any) -> str:
            message = reader.execute(_MESSAGE, (handover,)).fetchone()[0]
            return desk.outgoing(reader, message).code or ""

        return await self._hub.store.read(read)

    async def _close(self, board: str, door: str) -> None:
        await asyncio.sleep(_PULSE)
        await self._twin.act(board, "close", door)

    async def _until(self, handover: str, state: str) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: self._state.get(handover) == state)

    def _note(self, change: Changed) -> None:
        self._state[change.handover_id] = change.state
        task = asyncio.create_task(self._wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _measure(text: str, boards: int, each: int, rounds: int) -> tuple[list[float], list[float]]:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        folder = Path(name)
        (folder / "site.yaml").write_text(text, encoding="utf-8")
        wires, said = await Wires.start(folder)
        config, problems = load_site(folder, integrations := Integrations.load())
        assert config is not None, problems.render()
        hub = await Hub.start(config, Surroundings(
            SystemClock(), SystemEntropy(), folder / "var", integrations, said["replacements"]
        ))
        try:
            site = Site(hub, TwinClient(said["control"]), wires)
            await _serving(hub, boards)
            settle_memory()
            taken = []
            for _ in range(rounds):
                rows = await site.ready_handovers(boards * each)
                await asyncio.sleep(_BOARD_PAUSE)
                for board, door, code in rows:
                    taken.append(await site.scan(board, door, code))
                    await asyncio.sleep(_BOARD_PAUSE / boards)
                await site.settle()
            exchanges = await wires.ask("")
        finally:
            await hub.stop()
            with suppress(ProcessLookupError):
                await wires.stop()
    assert None not in taken, "a credential opened nothing"
    return [one for one in taken if one is not None], exchanges


async def _serving(hub: Hub, boards: int) -> None:
    async with asyncio.timeout(30):
        for board in range(boards):
            while not hub.devices.serving(f"locks{board}"):  # noqa: ASYNC110  only a bench waits like this
                await asyncio.sleep(0.05)


def run(*, quick: bool, anchors: bool) -> list[Result]:
    """The 99th percentiles on TCP and on RS-485."""
    tcp_boards, rs485_boards = (1, 1) if quick else (8, 2)
    each, rounds = (3, 1) if quick else (_DOORS, 4)
    print(f"  {tcp_boards * each} credentials, TCP boards ...", flush=True)
    tcp, _ = asyncio.run(_measure(tcp_site(tcp_boards), tcp_boards, each, 1))
    print(f"  {rs485_boards * each * rounds} credentials, RS-485 ...", flush=True)
    bus, exchanges = asyncio.run(_measure(rs485_site(rs485_boards), rs485_boards, each, rounds))
    p99, bus_p99, one = quantile(tcp, 0.99), quantile(bus, 0.99), quantile(exchanges, 0.99)
    return [
        Result(
            "credential's last byte -> unlock, TCP board, p99", p99 * 1e3, "ms", f"<= {_P99 * 1e3:.0f} ms",
            p99 <= _P99, detail=spread(tcp),
        ),
        Result(
            "credential's last byte -> unlock, RS-485, p99", bus_p99 * 1e3, "ms",
            f"<= one exchange ({one * 1e3:.1f} ms) + {_P99 * 1e3:.0f} ms", bus_p99 <= one + _P99,
            detail={"unlock": spread(bus), "exchanges": spread(exchanges)},
        ),
    ]
