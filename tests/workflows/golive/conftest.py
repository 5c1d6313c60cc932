"""The site of the go-live page: one bank, a scanner, two people. A test breaks it in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.config import Problems, load_yaml
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.site.rehearsed import plan_of
from hub.workflows.golive import Question, Report, examine

SITE = """\
site: {id: t-1, name: Test, time_zone: Europe/Berlin, currency: EUR}
lines:
  bus1: {url: "serial:///dev/ttyUSB0?baud=9600", kind: rs485}
  scan1: {url: "serial:///dev/ttyUSB1"}
devices:
  locks: {integration: modbus_locker, line: bus1, address: 1, profile: waveshare_relay_8_d, supply: psu}
  scanner: {integration: scanner, line: scan1, profile: keypad_terminal}
  mailbox: {integration: mailbox}
supplies:
  psu: {simultaneous: 1, gap: {milliseconds: 300}}
banks:
  main:
    thermal: ambient
    compartments:
      A1: {door: locks/1, size: S}
      A2: {door: locks/2, size: M}
terminals:
  front: {readers: [scanner], banks: [main]}
people: !include people.yaml
workflows:
  parcels:
    use_blueprint:
      path: pickup.yaml
      input: {bank: main, hold_window: {days: 2}, access: [pin, qr]}
notifier: mailbox
"""
PEOPLE = """\
anna: {name: Anna, roles: [staff], phone: "+49 30 23125100"}
ben:  {name: Ben, roles: [supervisor], email: ben@example.org}
"""
CHART = """\
people:
  anna:
    roles: [staff]
    may:
      - handover.load
      - {verb: handover.cancel, status: reserved}
      - {verb: handover.refund, approval: supervisor}
    may_not: [workflow.apply, {verb: handover.cancel, status: completed}]
  ben:
    may: [handover.refund]
    may_not: [twin.act]
"""


class Place:
    """A folder with a right site and a right org chart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts = {"site": SITE, "people": PEOPLE, "org-chart": CHART}

    def change(self, file: str, old: str, new: str) -> Place:
        """Replace something that stands in one of its files."""
        assert old in self.texts[file]
        self.texts[file] = self.texts[file].replace(old, new, 1)
        return self

    def write(self) -> Path:
        """Its folder, with everything written."""
        for name, text in self.texts.items():
            (self.folder / f"{name}.yaml").write_text(text)
        return self.folder

    def examine(self) -> Report:
        """What the checks say of it."""
        folder, problems = self.write(), Problems()
        site, wrong = load_site(folder, Integrations.load())
        assert site is not None, wrong.render()
        chart = load_yaml(folder / "org-chart.yaml", problems) if "org-chart" in self.texts else None
        return examine(Question(site.site.id, site.site.name, plan_of(site), site.notifier, chart), 0)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def found() -> Callable[..., list[str]]:
    """The details of a report's findings with that outcome, of one check, with place and mend."""

    def find(report: Report, check: str, outcome: str) -> list[str]:
        return [
            f"{one.place.rpartition('/')[2]} {one.subject}: {one.detail} [{one.mend}]".strip()
            for one in report.of(check) if one.outcome == outcome
        ]

    return find
