"""A small valid site that tests break in one place, and stand-ins for the plugin loader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import voluptuous as vol

from hub.api import StepDefinition
from hub.config import Problems
from hub.model.effects import Rail
from hub.site.load import load_site
from hub.site.specs import SiteConfig

SITE = """\
site: {id: t-1, name: Test, time_zone: Europe/Berlin, currency: EUR}
lines:
  bus1: {url: "serial:///dev/ttyUSB0?baud=9600", kind: rs485}
  scan1: {url: "serial:///dev/ttyUSB1"}
devices:
  locks: {integration: locker, line: bus1, address: 1, profile: board_8, supply: psu}
  climate: {integration: thermo, line: bus1, address: 9}
  scanner: {integration: reader, line: scan1}
  mail: {integration: mailer, endpoint: "var/mail"}
supplies:
  psu: {simultaneous: 1, gap: {milliseconds: 300}}
banks:
  main:
    thermal: refrigerated
    thermometer: climate
    compartments:
      A1: {door: locks/1, size: S}
      A2: {door: locks/2, size: M, low: true, product: cola}
terminals:
  front: {readers: [scanner], banks: [main]}
products: !include products.yaml
people:
  anna: {name: Anna, roles: [staff], tags: ["04a1b2c3"], pin: !secret pin}
workflows:
  parcels: {use_blueprint: {path: parcel.yaml, input: {bank: main}}}
web:
  tokens:
    app: {token: !secret api_token, scopes: [admin]}
notifier: mail
"""
PRODUCTS = """\
cola: {name: Cola, price: "2.50", size: S, thermal: refrigerated, selection: 11}
water: {name: Water, price: "1.80", size: S, thermal: refrigerated, selection: "12"}
"""
SECRETS = """\
pin: "4711"
api_token: 0f0f0f0f0f0f0f0f0f0f
"""
BLUEPRINT = """\
blueprint:
  name: Parcel
  domain: handover
  version: 1.0.0
  lang: 1
  input:
    bank: {name: Bank, selector: {bank: {}}}
    hold: {name: Hold, default: {hours: 48}, selector: {duration: {max: {days: 30}}}}
start: [{on: api}]
initial: waiting
states:
  waiting:
    on: {command.cancel: done}
    after: {for: !input hold, to: done}
  done: {status: cancelled, final: true}
"""


@dataclass
class FakeManifest:
    capabilities: tuple[str, ...]
    rail: Rail


class FakeIntegrations:
    """What the plugin loader answers, without plugins."""

    ABLE: ClassVar = {
        "locker": ("LockBank",), "thermo": ("Thermometer",), "reader": ("CodeReader", "Keypad"),
        "mailer": ("Notifier",), "card": ("CashlessReader",), "vend": ("Dispenser",), "ids": ("AgeVerifier",),
        "credit": ("CashlessReader",),
    }

    def __init__(self) -> None:
        self.own_steps: list[StepDefinition] = []

    def domains(self) -> list[str]:
        return sorted(self.ABLE)

    def quarantined(self) -> dict[str, str]:
        return {"broken": "import: ValueError: boom"}

    def manifest(self, domain: str) -> FakeManifest:
        holds = domain == "credit"
        return FakeManifest(self.ABLE[domain], Rail(holds, holds, holds, holds))

    def steps(self, domain: str) -> list[StepDefinition]:
        return list(self.own_steps) if domain == "mailer" else []

    def device_schema(self, domain: str) -> dict[Any, Any]:
        return {vol.Optional("pulse_ms"): vol.All(int, vol.Range(10, 3000))} if domain == "locker" else {}

    def profile_names(self, domain: str) -> list[str]:
        return ["board_16", "board_8"] if domain == "locker" else []

    def profile(self, domain: str, name: str) -> dict[str, Any]:
        return {"doors": int(name.rpartition("_")[2])}


class SiteFolder:
    """A site folder whose files a test may change before loading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.original = SITE
        self.integrations = FakeIntegrations()
        self.texts = {"site": SITE, "products": PRODUCTS, "secrets": SECRETS, "blueprints/parcel": BLUEPRINT}

    def change(self, old: str, new: str, file: str = "site") -> SiteFolder:
        assert old in self.texts[file]
        self.texts[file] = self.texts[file].replace(old, new, 1)
        return self

    def write(self) -> Path:
        (self.path / "blueprints").mkdir(exist_ok=True)
        for name, text in self.texts.items():
            (self.path / f"{name}.yaml").write_text(text)
        return self.path

    def load(self) -> tuple[SiteConfig | None, Problems]:
        return load_site(self.write(), self.integrations)

    def problems(self) -> list[tuple[str, str, str]]:
        site, problems = self.load()
        assert (site is None) == bool(len(problems))
        return [
            (f"{Path(p.file).name}:{p.line}:{p.column}", p.message, p.mend) for p in problems
        ]


@pytest.fixture
def site_folder(tmp_path: Path) -> SiteFolder:
    return SiteFolder(tmp_path)
