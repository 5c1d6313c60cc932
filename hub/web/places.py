"""What there is at the site now: banks with their compartments, devices, health."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from hub import commerce, custody
from hub.effects.devices import DeviceState
from hub.model.observations import TemperatureRead
from hub.site.specs import SiteConfig
from hub.store import Reader
from hub.web import answers, asset_answers, bodies, place_answers
from hub.web.ports import Ports


def bank_views(
    reader: Reader, config: SiteConfig, temperatures: Mapping[str, TemperatureRead]
) -> list[place_answers.BankView]:
    """All banks; compartments keep the order of site.yaml, so that each has its place."""
    found = {c.id: c for c in custody.compartments(reader)}
    stocks = commerce.stocks(reader)
    assets: dict[str, list[custody.Asset]] = defaultdict(list)
    items: dict[str, list[custody.Found]] = defaultdict(list)
    for asset in custody.assets(reader):
        if asset.compartment is not None:
            assets[asset.compartment].append(asset)
    for item in custody.found_items(reader):
        items[item.compartment].append(item)
    return [
        place_answers.BankView(
            bank.name, bank.thermal, _temperature(bank.thermometer, temperatures),
            [
                _compartment(found[key], stocks.get(key), config, assets[key], items[key])
                for spec in bank.compartments if (key := f"{spec.bank}/{spec.name}") in found
            ],
        )
        for bank in config.banks.values()
    ]


def compartment_views(
    reader: Reader, config: SiteConfig, ids: Sequence[str]
) -> list[place_answers.CompartmentView]:
    """Some compartments as in `bank_views`."""
    return [
        _compartment(
            custody.compartment(reader, key), commerce.stock_of(reader, key), config,
            custody.assets_in(reader, key), custody.found_in(reader, key),
        )
        for key in ids
    ]


def asset_views(reader: Reader, query: bodies.AssetsQuery, at: int) -> list[asset_answers.AssetView]:
    """The assets that the query asks for, as they are at `at`."""
    found = custody.overdue_assets(reader, at) if query.overdue else custody.assets(reader)
    return [
        _asset(asset, at) for asset in found
        if query.kind in (None, asset.kind) and query.state in (None, asset.state.value)
    ]


def temperature_view(seen: TemperatureRead) -> place_answers.TemperatureView:
    """A measured temperature."""
    return place_answers.TemperatureView(seen.device, seen.millicelsius, seen.permille)


def device_views(ports: Ports, actions: Mapping[str, Sequence[str]]) -> list[answers.DeviceView]:
    """All devices; `actions` are the usages of what one can do to the simulated ones."""
    specs = ports.config.devices
    return [
        answers.DeviceView(
            found["name"], found["integration"], list(specs[found["name"]].capabilities), found["state"],
            found["reason"], [answers.FaultView(**fault) for fault in found["faults"]],
            list(actions.get(found["name"], ())),
        )
        for found in ports.devices.describe()
    ]


def health(ports: Ports, uptime: float) -> answers.Health:
    """How the hub is; `uptime` in seconds."""
    states = [found["state"] for found in ports.devices.describe()]
    serving = states.count(DeviceState.SERVING.value)
    healthy, trouble = ports.store.healthy, ports.store.trouble
    site = ports.config.site
    return answers.Health(
        status="ok" if healthy and serving == len(states) else "degraded",
        site=answers.SiteName(site.id, site.name, site.time_zone, site.currency), simulated=ports.simulated,
        store=answers.StoreHealth(healthy, str(trouble) if trouble else ""),
        devices=answers.Count(serving, len(states)), version=ports.version, uptime=round(uptime, 1),
    )


def _temperature(
    thermometer: str | None, temperatures: Mapping[str, TemperatureRead]
) -> place_answers.TemperatureView | None:
    seen = temperatures.get(thermometer) if thermometer else None
    return None if seen is None else temperature_view(seen)


def _asset(found: custody.Asset, at: int) -> asset_answers.AssetView:
    holder = found.holder
    return asset_answers.AssetView(
        found.id, found.kind, found.name, found.size, found.thermal, found.code, found.state.value,
        found.compartment,
        None if holder is None
        else asset_answers.AssetHolder(custody.party(holder), custody.person_of(holder)),
        found.condition, None if found.due is None else answers.iso(found.due), found.overdue(at),
        answers.iso(found.since), found.issued,
    )


def _compartment(
    found: custody.Compartment, stock: commerce.Stock | None, config: SiteConfig,
    assets: Sequence[custody.Asset], items: Sequence[custody.Found],
) -> place_answers.CompartmentView:
    return place_answers.CompartmentView(
        found.id, found.name, found.size, found.low,
        place_answers.DoorView(
            found.door, answers.iso(found.door_at) if found.door_at else None, found.door_device,
            found.door_name,
        ),
        place_answers.ServiceView(found.service, list(found.reasons)),
        place_answers.HoldView(found.hold, found.handover_id),
        place_answers.OccupancyView(found.occupancy, found.occupancy_by),
        _product(found, stock, config),
        [place_answers.AssetInside(asset.id, asset.kind, asset.name) for asset in assets],
        [
            place_answers.FoundView(item.id, item.what, item.finder, answers.iso(item.at), item.handover_id)
            for item in items
        ],
        found.apart,
    )


def _product(
    found: custody.Compartment, stock: commerce.Stock | None, config: SiteConfig
) -> place_answers.ProductView | None:
    if found.product is None:
        return None
    spec = config.products.get(found.product)
    sure = stock is not None and not stock.uncertain
    return place_answers.ProductView(
        found.product, spec.name if spec else found.product, spec.selection if spec else None,
        stock.quantity if stock is not None and sure else None,
    )
