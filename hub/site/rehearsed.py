"""A checked site as a plan for rehearsals: places, goods and people; models stand for its devices (S16)."""

from __future__ import annotations

from hub import commerce
from hub.effects.supplies import Supply
from hub.site.specs import SiteConfig
from hub.workflows.rehearsal import Plan
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.words import Words


def plan_of(config: SiteConfig) -> Plan:
    """The plan of a site. A terminal without a reader gets one: somebody has to present something."""
    compartments = config.compartments
    dispensers = {name for name, spec in config.devices.items() if "Dispenser" in spec.capabilities}
    locks = {name for name, spec in config.devices.items() if "LockBank" in spec.capabilities}
    return Plan(
        compartments=compartments,
        places=_places(config),
        words=Words(config.site.name, config.site.time_zone),
        workflows={name: (spec.machine, str(spec.blueprint)) for name, spec in config.workflows.items()},
        products=tuple(
            commerce.ProductSpec(p.sku, p.name, p.price, p.size, p.thermal, p.selection)
            for p in config.products.values() if p.price is not None
        ),
        stock={f"{c.bank}/{c.name}": c.stock for c in compartments if c.product},
        people=tuple(config.people.values()), assets=tuple(config.assets.values()), policy=config.policy,
        supplies={s.name: Supply(s.name, s.simultaneous, s.gap) for s in config.supplies.values()},
        device_supply={d.name: d.supply for d in config.devices.values() if d.supply},
        motors=tuple(sorted(dispensers - locks)),
        verifiers=tuple(sorted({t.verifier for t in config.terminals.values() if t.verifier})),
    )


def _places(config: SiteConfig) -> Places:
    thermometers: dict[str, tuple[str, ...]] = {}
    for bank in config.banks.values():
        if bank.thermometer:
            thermometers[bank.thermometer] = (*thermometers.get(bank.thermometer, ()), bank.name)
    terminals = {
        t.name: TerminalPlace(
            t.name, t.readers or (f"{t.name} reader",), t.payment or "", t.banks, t.verifier or ""
        )
        for t in config.terminals.values()
    }
    climate = {bank.name: bank.limits for bank in config.banks.values() if bank.limits is not None}
    return Places(terminals, thermometers, config.site.currency, climate)
