"""The sites in `config/` pass every check with the shipped integrations and blueprints."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.plugins import Integrations
from hub.site.load import load_site
from hub.workflows.checks.graph import calls_of

CONFIG = Path(__file__).parents[3] / "config"


@pytest.mark.parametrize("folder", [
    CONFIG / "demo", *sorted(path.parent for path in (CONFIG / "examples").glob("*/site.yaml")),
], ids=lambda folder: folder.name)
def test_a_shipped_site_passes_every_check(folder):
    site, problems = load_site(folder, Integrations.load())
    assert problems.render() == ""
    assert site is not None


@pytest.mark.parametrize("folder", sorted(path.parent for path in (CONFIG / "examples").glob("*/site.yaml")),
                         ids=lambda folder: folder.name)
def test_an_example_can_be_tried_on_its_page_to_the_end(folder):
    site, problems = load_site(folder, Integrations.load())
    assert site is not None, problems.render()
    calls = [
        call for workflow in site.workflows.values() for state in workflow.machine.states.values()
        for call, _ in calls_of(state)
    ]
    asked = {call.args["from"] for call in calls if call.type == "request_approval"}
    assert asked <= {role for token in site.web.tokens for role in token.roles}
    assert any("twin" in token.scopes for token in site.web.tokens)


def test_the_demo_site_has_what_the_demo_walks_through():
    site, _ = load_site(CONFIG / "demo", Integrations.load())
    assert [spec.name for spec in site.compartments] == [f"A{number}" for number in range(1, 17)]
    assert {spec.door_device for spec in site.compartments} == {"locks_a", "locks_b"}
    assert site.lines[site.devices["locks_b"].line].url.startswith("tcp://")
    assert site.devices["climate"].line == site.devices["locks_a"].line
    stocked = [spec.product for spec in site.compartments if spec.product]
    assert any(stocked.count(sku) >= 2 for sku in stocked)
    assert {site.products[sku].selection for sku in stocked} == {"11", "12", "13", "14"}
    assert set(site.workflows) == {"parcels", "shop", "meals"}
    assert site.notifier == "mailbox"
    assert "staff" in site.people["anna"].roles


SITE = """\
site: {id: t-1, name: Test, time_zone: Europe/Berlin, currency: EUR}
lines: {l1: {url: "tcp://127.0.0.1:502"}, l2: {url: "tcp://127.0.0.1:503"}}
devices:
  one: {integration: clumsy, line: l1}
  two: {integration: clumsy, line: l2}
"""


@pytest.mark.parametrize("code", [
    "raise RuntimeError('at import')",
    "from hub.api import hookimpl\n@hookimpl\ndef device_schema():\n    raise RuntimeError('in the hook')\n"
    "@hookimpl\ndef create_driver(ctx):\n    return None\n",
])
def test_a_plugin_that_raises_is_named_at_each_of_its_devices(tmp_path, code):
    plugin = tmp_path / "plugins" / "clumsy"
    plugin.mkdir(parents=True)
    (plugin / "manifest.yaml").write_text(
        "domain: clumsy\nname: Clumsy\nversion: 1.0.0\napi_version: 1\ncapabilities: [LockBank]\n"
    )
    (plugin / "__init__.py").write_text(code)
    (tmp_path / "site.yaml").write_text(SITE)

    def load(**options):
        return load_site(tmp_path, Integrations.load([tmp_path / "plugins"], entry_points=False), **options)

    site, problems = load()
    assert site is None
    assert [(p.line, p.column) for p in problems] == [(4, 22), (5, 22)]
    site, problems = load(tolerant=True)
    assert problems.render() == ""
    assert sorted(site.left_out) == ["one", "two"]
