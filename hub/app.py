"""The composition root: builds a running hub from a checked site, and takes it down again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hub import access, commerce, custody
from hub.api import Clock, DeviceSetup, Entropy, Tap
from hub.core.bus import EventBus
from hub.core.commands import CommandPort
from hub.core.supervisor import Supervisor
from hub.effects.emergency import EmergencyRelease
from hub.effects.records import authorisation_of, doubtful, in_doubt, open_intents
from hub.effects.runner import IDEMPOTENT, REPEATED, EffectRunner
from hub.effects.supplies import Supply, SupplyGates
from hub.model.effects import Intent, Resolution
from hub.model.observations import DeviceOnline, Observation, TemperatureRead
from hub.plugins.integrations import Integrations
from hub.site.devices import DeviceEntry, DeviceManager, Hooks
from hub.site.load import load_site
from hub.site.specs import SiteConfig
from hub.site.versions import WORKFLOW_VERBS, Versions, drafts_of, waiting
from hub.site.wiring import SiteWiring
from hub.store import Reader, Store, StoreError, Tx
from hub.transports import Lines
from hub.workflows.run.desk import Desk
from hub.workflows.run.messages import MessageDelivery
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.retention import let_go
from hub.workflows.run.service import Changed, Handovers
from hub.workflows.run.words import Words

_LOG = logging.getLogger(__name__)
_DISK_LOOK = 5.0
#: Seconds that a stop waits for the verdicts of doors that were just commanded.
_LAST_DOOR = 6.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a hub runs in.

    `lines` replaces line URLs and endpoints by id; `twin` is the control socket of the simulators,
    empty on a real site.
    """

    clock: Clock
    entropy: Entropy
    state: Path
    integrations: Integrations
    lines: Mapping[str, str]
    tap: Tap | None = None
    inline: bool = False
    twin: str = ""


class Hub:
    """A running site. `start` builds it bottom up; `stop` takes it down in the opposite order."""

    def __init__(self, config: SiteConfig, around: Surroundings, store: Store) -> None:
        self.config = config
        self.around = around
        self.store = store
        self.policy = config.policy
        self.bus = EventBus()
        self.commands = CommandPort()
        self._tasks = Supervisor()
        clock = around.clock
        self.lines = Lines(
            {spec.id: spec.url for spec in config.lines.values()}, clock, around.tap, replace=around.lines
        )
        self.devices = DeviceManager(
            _entries(config, self.lines, around.state), around.integrations, clock, around.entropy,
            self._tasks, Hooks(self._observed, self._open_intents, self._recover, self._report),
        )
        words = Words(config.site.name, config.site.time_zone)
        self.handovers = Handovers(
            store, clock, self.bus, self.devices, _places(config), words, config.steps
        )
        supplies = {s.name: Supply(s.name, s.simultaneous, s.gap) for s in config.supplies.values()}
        device_supply = {d.name: d.supply for d in config.devices.values() if d.supply}
        self.effects = EffectRunner(
            clock, self.devices, SupplyGates(supplies, device_supply), self._tasks, store.epoch,
            self.handovers.settle, in_doubt=self._in_doubt, steps=config.steps,
        )
        self.handovers.attach(self.effects)
        self.emergency = EmergencyRelease(
            clock, store, self.devices, supplies, device_supply, self.handovers.facts.released
        )
        self.versions = Versions(
            store, clock, self.handovers, config.policy, config,
            lambda: load_site(config.folder, around.integrations, tolerant=True),
        )
        self.messages = MessageDelivery(store, clock, self.devices, config.notifier)
        self.temperatures: dict[str, TemperatureRead] = {}

    @classmethod
    async def start(cls, config: SiteConfig, around: Surroundings) -> Hub:
        """Open the store, bring the site into it, let the devices come up.

        Raises StoreError.
        """
        store = await Store.open(
            around.state / "hub.db", around.clock, around.entropy, inline=around.inline
        )
        hub = cls(config, around, store)
        await hub._sync()
        for name, problems in config.broken.items():
            _LOG.error("Workflow %s is not right, its new version is not used: %s", name, problems[0])
        drafts = drafts_of(config)
        await hub.handovers.restore(drafts)
        for name in waiting(drafts, hub.handovers.offered):
            _LOG.warning("Workflow %s goes on as it was applied; its file holds another version", name)
        running = await hub.handovers.load()
        if running:
            _LOG.info("%d handovers go on where they stood", running)
        people = Desk(store, around.clock, hub.handovers, config.policy, config.site.name)
        people.register(hub.commands)
        for verb in WORKFLOW_VERBS:
            hub.commands.register(verb, hub.versions)
        hub.bus.listen(Changed, lambda _: hub.messages.nudge())
        hub.bus.listen(DeviceOnline, lambda _: hub.messages.nudge())
        hub.devices.start()
        for intent in await store.read(lambda reader: doubtful(reader, REPEATED)):
            hub.effects.chase(intent)
        hub._tasks.spawn("timers", hub.handovers.timers.run())
        hub._tasks.spawn("messages", hub.messages.run())
        hub._tasks.spawn("disk", hub._watch_disk())
        if config.site.keep_traces is not None:
            hub._tasks.spawn("traces", let_go(store, around.clock, config.site.keep_traces))
        hub._tasks.spawn("approvals", people.approving.run())
        return hub

    async def stop(self) -> None:
        """Let doors under way be seen, then stop the devices, the tasks, the lines and the store."""
        await self.effects.drain(_LAST_DOOR)
        await self.devices.stop()
        await self._tasks.close()
        await self.lines.close()
        await self.store.close()

    async def _sync(self) -> None:
        at = self.around.clock.now()
        config = self.config
        products = [
            commerce.ProductSpec(p.sku, p.name, p.price, p.size, p.thermal, p.selection)
            for p in config.products.values() if p.price is not None
        ]

        stock = {f"{c.bank}/{c.name}": c.stock for c in config.compartments if c.product}

        def write(tx: Tx) -> tuple[list[str], list[str]]:
            custody.sync_compartments(tx, config.compartments, at)
            commerce.sync_products(tx, products, at)
            commerce.ensure_stock(tx, stock, at)
            astray = custody.sync_assets(tx, config.assets.values(), at)
            return access.sync_people(tx, config.people.values(), at), astray

        unused, astray = await self.store.write(write)
        for key in unused:
            _LOG.warning("A PIN or tag of %s is not unique and is not used", key)
        for key in astray:
            _LOG.warning("The place of asset %s was in use: the staff has it until it is put somewhere", key)

    def _observed(self, seen: Observation) -> None:
        """Everything a device says: to listeners at once, to the journal in order."""
        if isinstance(seen, TemperatureRead):
            self.temperatures[seen.device] = seen
        self.bus.fire(seen)
        self._tasks.spawn(f"observe {type(seen).__name__}", self._keep(seen))

    async def _keep(self, seen: Observation) -> None:
        try:
            await self.handovers.observe(seen)
        except StoreError as error:
            _LOG.error("%s of %s could not be recorded: %s", type(seen).__name__, seen.device, error)

    async def _watch_disk(self) -> None:
        """While nothing can be made durable, see from time to time whether the disk has recovered."""
        while True:
            await asyncio.sleep(_DISK_LOOK)
            if not self.store.can_act and await self.store.probe():
                _LOG.info("The disk takes writes again")
            if self.store.can_act:
                await self.handovers.backlog.catch_up()

    async def _open_intents(self, device: str) -> Sequence[Intent]:
        """What a device must not be reset over: intents without outcome, and money that is not decided."""
        return await self.store.read(lambda reader: _unsettled(reader, device))

    async def _in_doubt(self, effect_id: str) -> bool:
        return await self.store.read(lambda reader: in_doubt(reader, effect_id))

    async def _recover(self, intent: Intent) -> Resolution | None:
        return await self.effects.recover(intent)

    async def _report(self, intent: Intent, resolution: Resolution) -> None:
        await self.effects.report(intent, resolution)


def _unsettled(reader: Reader, device: str) -> list[Intent]:
    """Open intents of a device; what is decided and repeated, though somebody was told; and for each payment
    that it approved and nobody decided its authorisation."""
    legs = [leg for leg in commerce.undecided_legs(reader, device) if leg.approved is not None]
    held = [(leg, authorisation_of(reader, leg.id)) for leg in legs]
    decided = [intent for intent in doubtful(reader, IDEMPOTENT) if intent.device == device]
    return open_intents(reader, device) + [
        replace(intent, params={**intent.params, "approved": True}) for intent in decided
    ] + [
        replace(intent, params={**intent.params, "amount": leg.approved, "approved": True})
        for leg, intent in held if intent is not None
    ]


def _entries(config: SiteConfig, lines: Lines, state: Path) -> dict[str, DeviceEntry]:
    return {
        name: DeviceEntry(
            DeviceSetup(name, spec.config, spec.profile or {}, config.site.currency, str(state)),
            spec.integration, SiteWiring(lines, spec),
        )
        for name, spec in config.devices.items()
    }


def _places(config: SiteConfig) -> Places:
    thermometers: dict[str, tuple[str, ...]] = {}
    for bank in config.banks.values():
        if bank.thermometer:
            thermometers[bank.thermometer] = (*thermometers.get(bank.thermometer, ()), bank.name)
    terminals = {
        t.name: TerminalPlace(t.name, t.readers, t.payment or "", t.banks, t.verifier or "")
        for t in config.terminals.values()
    }
    climate = {bank.name: bank.limits for bank in config.banks.values() if bank.limits is not None}
    return Places(terminals, thermometers, config.site.currency, climate)


