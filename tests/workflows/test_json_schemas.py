"""The JSON Schemas for editors accept every shipped file and flag what the check flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from hub.cli.schema import KINDS, schema_of
from hub.config.loader import SiteLoader
from hub.config.shipped import shipped

BLUEPRINTS = sorted(p for p in shipped("blueprints").glob("*.yaml") if not p.name.endswith(".cases.yaml"))
FRAGMENTS = sorted(shipped("blueprints").glob("fragments/*.yaml"))
CASES = sorted(shipped("blueprints").glob("*.cases.yaml"))
SITES = sorted(shipped("config").rglob("site.yaml"))
PICKUP = """\
blueprint:
  name: Small pickup
  domain: handover
  version: 1.0.0
  lang: 1
  input:
    bank: {name: Bank, selector: {bank: {}}}
    within: {default: {seconds: 5}, selector: {duration: {max: {minutes: 1}}}}
start: [{on: api}]
deadlines: {hold: {after: {hours: 48}, from: waiting}}
initial: placing
states:
  placing:
    enter:
      - assign: {bank: !input bank, size: "{{ item.size }}"}
    on: {assign.failed: gone, entered: waiting}
  waiting:
    status: reserved
    on:
      credential.accepted: [{when: "{{ attempts < 2 }}", to: opening}, {to: gone}]
      deadline.hold: gone
    after: {for: {minutes: 5}, to: gone}
  opening:
    enter:
      - open: {evidence: door_sensor, within: !input within}
    on: {effect.confirmed: gone, effect.refuted: gone, effect.in_doubt: recovery}
  gone:
    enter: [release]
    final: true
"""
SITE = """\
site: {id: t-1, name: Test, time_zone: Europe/Berlin, currency: EUR}
lines:
  bus1: {url: "serial:///dev/ttyUSB0?baud=9600", kind: rs485}
devices:
  locks: {integration: modbus_locker, line: bus1, address: 1, profile: waveshare_relay_8_d, supply: psu}
supplies:
  psu: {simultaneous: 1, gap: {milliseconds: 300}}
banks:
  main: {thermal: refrigerated, compartments: {A1: {door: locks/1, size: S}}}
people: !include people.yaml
workflows:
  parcels: {use_blueprint: {path: pickup.yaml, input: {bank: main}}}
web:
  tokens: {app: {token: !secret api_token, scopes: [read]}}
"""


class _AsEditorsDo(SiteLoader):
    """Our tags are the text that follows them."""


for _tag in ("!input", "!secret", "!include"):
    _AsEditorsDo.add_constructor(_tag, lambda loader, node: loader.construct_scalar(node))


def _errors(kind: str, text: str) -> list[str]:
    # A subclass of SiteLoader, which makes no objects.
    data = yaml.load(text, Loader=_AsEditorsDo)
    return ["/".join(map(str, e.absolute_path)) for e in _validator(kind).iter_errors(data)]


_VALIDATORS: dict[str, Any] = {}


def _validator(kind: str) -> Any:
    if kind not in _VALIDATORS:
        _VALIDATORS[kind] = Draft202012Validator(schema_of(kind))
    return _VALIDATORS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_a_valid_schema(kind: str) -> None:
    Draft202012Validator.check_schema(schema_of(kind))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        *(pytest.param("blueprint", path, id=path.name) for path in BLUEPRINTS),
        *(pytest.param("fragment", path, id=path.name) for path in FRAGMENTS),
        *(pytest.param("cases", path, id=path.name) for path in CASES),
        *(pytest.param("site", path, id=path.parent.name) for path in SITES),
    ],
)
def test_every_shipped_file_is_accepted(kind: str, path: Path) -> None:
    assert _errors(kind, path.read_text("utf-8")) == []


def test_the_small_examples_are_accepted() -> None:
    assert _errors("blueprint", PICKUP) == []
    assert _errors("site", SITE) == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("domain: handover", "domain: locker", "blueprint/domain"),
        ("version: 1.0.0", "version: '1.0'", "blueprint/version"),
        ("  lang: 1\n", "", "blueprint"),
        ("selector: {bank: {}}", "selector: {banks: {}}", "blueprint/input/bank"),
        ("on: api", "on: apy", "start/0/on"),
        ("{hours: 48}", "{hour: 48}", "deadlines/hold/after"),
        ("status: reserved", "status: reservd", "states/waiting/status"),
        ("- assign:", "- asign:", "states/placing/enter/0"),
        ("evidence: door_sensor", "evidence: door_senser", "states/opening/enter/0"),
        (", within: !input within", "", "states/opening/enter/0"),
        ("credential.accepted:", "credential.acepted:", "states/waiting/on"),
        ("attempts < 2 }}", "attempts < 2", "states/waiting/on/credential.accepted"),
        ("final: true", "final: yes", "states/gone/final"),
        ("initial: placing\n", "", ""),
        ("states:\n", "colour: red\nstates:\n", ""),
    ],
)
def test_a_wrong_blueprint_is_flagged_where_it_is_wrong(old: str, new: str, place: str) -> None:
    assert old in PICKUP
    found = _errors("blueprint", PICKUP.replace(old, new, 1))
    assert [one for one in found if one.startswith(place)], found


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("currency: EUR", "currency: EURO", "site/currency"),
        ("integration: modbus_locker", "integration: modbus_lockr", "devices"),
        ("profile: waveshare_relay_8_d", "profile: waveshare_relay_9", "devices"),
        ("door: locks/1", "door: locks-1", "banks"),
        ("thermal: refrigerated", "thermal: cool", "banks"),
        ("size: S", "size: SMALL", "banks"),
        ("path: pickup.yaml, ", "", "workflows"),
        ("scopes: [read]", "scope: [read]", "web/tokens/app"),
        ("supplies:", "suplies:", ""),
    ],
)
def test_a_wrong_site_is_flagged_where_it_is_wrong(old: str, new: str, place: str) -> None:
    assert old in SITE
    found = _errors("site", SITE.replace(old, new, 1))
    assert [one for one in found if one.startswith(place)], found
