"""The sites in `config/` pass every check with the shipped integrations and blueprints."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.plugins import Integrations
from hub.site.load import load_site

CONFIG = Path(__file__).parents[3] / "config"


@pytest.mark.parametrize("folder", [
    CONFIG / "demo", *sorted(path.parent for path in (CONFIG / "examples").glob("*/site.yaml")),
], ids=lambda folder: folder.name)
def test_a_shipped_site_passes_every_check(folder):
    site, problems = load_site(folder, Integrations.load())
    assert problems.render() == ""
    assert site is not None


def test_the_demo_site_has_what_the_demo_walks_through():
    site, _ = load_site(CONFIG / "demo", Integrations.load())
    assert [spec.name for spec in site.compartments] == [f"A{number}" for number in range(1, 17)]
    assert {spec.door_device for spec in site.compartments} == {"locks_a", "locks_b"}
    assert site.lines[site.devices["locks_b"].line].url.startswith("tcp://")
    assert site.devices["climate"].line == site.devices["locks_a"].line
    stocked = [spec.product for spec in site.compartments if spec.product]
    assert any(stocked.count(sku) >= 2 for sku in stocked)
    assert {site.products[sku].selection for sku in stocked} == {"11", "12", "13", "14"}
    assert set(site.workflows) == {"parcels", "shop"}
    assert site.notifier == "mailbox"
    assert "staff" in site.people["anna"].roles
