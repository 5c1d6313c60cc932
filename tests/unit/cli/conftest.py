"""The `hub` command in this process, and a small site with a blueprint of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli.main import hub

SITE = """\
site: {id: t-1, name: Test, time_zone: Europe/Berlin, currency: EUR}
lines:
  bus1: {url: "serial:///dev/ttyUSB0?baud=9600", kind: rs485}
  scan1: {url: "serial:///dev/ttyUSB1"}
devices:
  locks: {integration: modbus_locker, line: bus1, address: 1, profile: waveshare_relay_8_d, supply: psu}
  climate: {integration: temperature, line: bus1, address: 9, profile: xy_md02}
  scanner: {integration: scanner, line: scan1, profile: generic}
supplies:
  psu: {simultaneous: 1, gap: {milliseconds: 300}}
banks:
  main:
    thermal: refrigerated
    thermometer: climate
    compartments:
      A1: {door: locks/1, size: S}
      A2: {door: locks/2, size: M}
terminals:
  front: {readers: [scanner], banks: [main]}
people: !include people.yaml
workflows:
  parcels:
    use_blueprint:
      path: parcel.yaml
      input:
        bank: main
        hold: {days: 2}
web:
  tokens:
    app: {token: !secret api_token, scopes: [read]}
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
initial: placing
states:
  placing:
    enter:
      - assign: {bank: !input bank, size: S, thermal: refrigerated}
    on: {assign.failed: refused, entered: opening}
  opening:
    enter:
      - open: {evidence: door_sensor, within: {seconds: 5}}
    on:
      effect.confirmed: done
      effect.refuted: [{when: "{{ attempts < 2 }}", to: opening}, {to: refused}]
      effect.in_doubt: recovery
  refused: {status: cancelled, final: true}
  done: {status: completed, final: true}
"""


class Workplace:
    """A folder with a right site that a test may break, and the command to run on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts = {
            "site": SITE, "people": "anna: {name: Anna, roles: [staff]}\n",
            "secrets": "api_token: 0f0f0f0f0f0f0f0f0f0f\n", "blueprints/parcel": BLUEPRINT,
        }

    def change(self, old: str, new: str, file: str = "site") -> Workplace:
        assert old in self.texts[file]
        self.texts[file] = self.texts[file].replace(old, new, 1)
        return self

    def check(self, *options: str) -> Result:
        (self.path / "blueprints").mkdir(exist_ok=True)
        for name, text in self.texts.items():
            (self.path / f"{name}.yaml").write_text(text)
        return hub_command("check", str(self.path), *options)


def hub_command(*words: str) -> Result:
    return CliRunner().invoke(hub, list(words), catch_exceptions=False)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def run_hub():
    return hub_command
