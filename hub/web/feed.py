"""Follows the journal and gives every live client each event once, in order (S34).

One task reads what is new behind one cursor, encodes it once and puts it into each client's bounded queue. A
client that joins reads up to the feed's position by itself first, so none is skipped and none repeated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.core.supervisor import Supervisor
from hub.model.observations import DeviceOnline, FaultCleared, FaultRaised, TemperatureRead
from hub.store import Event, Reader, StoreError
from hub.store.cursors import read_after
from hub.web import frames
from hub.web.calls import Api, encode
from hub.web.handover_views import event_view, summary_view
from hub.web.places import bank_views, compartment_views, device_views, health, temperature_view
from hub.workflows.run import records
from hub.workflows.run.presentations import Told

_LOG = logging.getLogger(__name__)
BATCH = 500
#: Frames that may wait for one client before it counts as too slow.
QUEUE = 4096
_HEAD = "SELECT coalesce(max(seq), 0) FROM journal"
_SHOWN_HANDOVERS = 100
#: Devices change their state without saying so while they start; looked at this often, in seconds.
_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Events as frames, what they changed, and how far they reach."""

    events: list[tuple[int, bytes]]
    changes: list[bytes]
    last: int
    more: bool


@dataclass(eq=False, slots=True)
class Client:
    """One live connection: `position` is the last event put into its queue."""

    queue: asyncio.Queue[bytes]
    position: int
    too_slow: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, frame: bytes) -> None:
        """Put a frame into the queue; without room the client is too slow and gets no more."""
        if self.too_slow.is_set():
            return
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.too_slow.set()

    def deliver(self, batch: Batch) -> None:
        """Put what the client does not have yet into its queue."""
        for seq, frame in batch.events:
            if seq > self.position:
                self.offer(frame)
        for frame in batch.changes:
            self.offer(frame)
        self.position = max(self.position, batch.last)


class Feed:
    """The one reader of the journal for all live clients."""

    def __init__(self, api: Api, queue: int = QUEUE) -> None:
        self._api = api
        self._ports = api.ports
        self._queue = queue
        self._tasks = Supervisor()
        self._news = asyncio.Event()
        self._clients: set[Client] = set()
        self._position = 0
        self._devices = b""
        self._known = {f"{c.bank}/{c.name}" for c in api.ports.config.compartments}
        self._endings: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin to follow."""
        bus = self._ports.bus
        self._endings = [
            self._ports.store.listen(self._news.set),
            bus.listen(TemperatureRead, self._temperature),
            bus.listen(Told, self._told),
            *(bus.listen(kind, lambda _: self._look()) for kind in (DeviceOnline, FaultRaised, FaultCleared)),
        ]
        self._tasks.spawn("web feed", self._follow())
        self._tasks.spawn("web devices", self._watch_devices())

    async def stop(self) -> None:
        """End it."""
        while self._endings:
            self._endings.pop()()
        await self._tasks.close()

    async def snapshot(self) -> tuple[int, bytes]:
        """The journal's end and everything as of it. Raises StoreError."""
        actions = await self._api.actions()
        found = await self._ports.store.read(self._snapshot)
        found.devices = device_views(self._ports, actions)
        return found.seq, encode(found)

    async def batch(self, after: int, since: int) -> Batch:
        """What comes behind `after`, with the changes made behind `since`. Raises StoreError."""
        return await self._ports.store.read(lambda reader: self._batch(reader, after, since))

    def client(self, position: int) -> Client:
        """A client that has everything up to `position`; not joined yet."""
        return Client(asyncio.Queue(self._queue), position)

    def join(self, client: Client) -> bool:
        """Make it live; False while it lacks events that the others had, so that it must read on."""
        if self._clients and client.position < self._position:
            return False
        if not self._clients:
            self._position = client.position
        self._clients.add(client)
        self._news.set()
        client.offer(encode(frames.DevicesChanged(device_views(self._ports, self._api.known_actions))))
        return True

    def leave(self, client: Client) -> None:
        """It is gone."""
        self._clients.discard(client)

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._catch_up()
            except StoreError as error:
                _LOG.error("Live clients wait: %s", error)

    async def _catch_up(self) -> None:
        more = True
        while more and self._clients:
            batch = await self.batch(self._position, self._position)
            self._position = max(self._position, batch.last)
            for client in tuple(self._clients):
                client.deliver(batch)
            more = batch.more

    def _snapshot(self, reader: Reader) -> frames.Snapshot:
        ports = self._ports
        machines = ports.handovers.engine.machines
        rows = records.listed(reader, ended=False, limit=_SHOWN_HANDOVERS)
        rows += records.listed(reader, ended=True, limit=10)
        config = ports.config
        return frames.Snapshot(
            seq=_head(reader), site=health(ports, 0).site, simulated=ports.simulated, version=ports.version,
            banks=bank_views(reader, config, ports.temperatures), devices=[],
            handovers=[summary_view(reader, machines, row) for row in rows],
            workflows=[
                frames.WorkflowView(name, w.machine.blueprint, [start.on for start in w.machine.start])
                for name, w in ports.handovers.offered.items()
            ],
            terminals=[
                frames.TerminalView(t.name, list(t.readers), t.payment, list(t.banks))
                for t in config.terminals.values()
            ],
            products=[
                frames.CatalogueView(
                    p.sku, p.name, p.size, p.thermal, p.selection, p.price.minor if p.price else None
                )
                for p in config.products.values()
            ],
        )

    def _batch(self, reader: Reader, after: int, since: int) -> Batch:
        events = read_after(reader, after, BATCH)
        shown = [(event.seq, encode(_event_frame(event))) for event in events]
        fresh = [event for event in events if event.seq > since]
        changes = [encode(frame) for frame in self._changes(reader, fresh)]
        return Batch(shown, changes, events[-1].seq if events else after, len(events) == BATCH)

    def _changes(
        self, reader: Reader, events: list[Event]
    ) -> list[frames.Compartments | frames.HandoversChanged]:
        compartments: dict[str, None] = {}
        handovers: dict[str, None] = {}
        for event in events:
            noun, _, name = event.stream.partition("/")
            body = event.body or {}
            if noun == "compartment":
                compartments[name] = None
            elif noun == "handover":
                handovers[name] = None
            for key in ("compartment", "from", "to"):  # what moved was in one and is in another
                if isinstance(where := body.get(key), str):
                    compartments[where] = None
        machines = self._ports.handovers.engine.machines
        rows = [row for key in handovers if (row := records.summary(reader, key)) is not None]
        known = [key for key in compartments if key in self._known]
        changed: list[frames.Compartments | frames.HandoversChanged] = []
        if known:
            changed.append(frames.Compartments(compartment_views(reader, self._ports.config, known)))
        if rows:
            changed.append(frames.HandoversChanged([summary_view(reader, machines, row) for row in rows]))
        return changed

    def _offer(self, frame: object) -> None:
        if self._clients:
            encoded = encode(frame)
            for client in tuple(self._clients):
                client.offer(encoded)

    def _temperature(self, seen: TemperatureRead) -> None:
        self._offer(frames.Temperature(temperature_view(seen)))

    def _told(self, told: Told) -> None:
        self._offer(frames.ToldFrame(told.terminal, told.code, told.handover_id, told.detail))

    async def _watch_devices(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(_LOOK)

    def _look(self) -> None:
        if not self._clients:
            return
        frame = frames.DevicesChanged(device_views(self._ports, self._api.known_actions))
        encoded = encode(frame)
        if encoded != self._devices:
            self._devices = encoded
            self._offer(frame)


def _head(reader: Reader) -> int:
    return int(reader.execute(_HEAD).fetchone()[0])


def _event_frame(event: Event) -> frames.EventFrame:
    shown = event_view(event)
    return frames.EventFrame(shown.seq, shown.time, shown.stream, shown.type, shown.body)
