"""A file that changes on disk is offered; only an apply gives it to new handovers, and none is stranded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest_asyncio

from hub.app import Hub, Surroundings
from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.site.load import load_site
from hub.store.cursors import read_stream
from hub.workflows.run import records

PICKUP = """\
blueprint:
  name: Small pickup
  domain: handover
  version: 1.0.0
  lang: 1
  input:
    bank: {name: Bank, selector: {bank: {}}}
    access: {name: Opens with, default: [pin], selector: {select: {options: [pin, qr], multiple: true}}}
start: [{on: api}]
deadlines: {hold: {after: {hours: 48}, from: waiting}}
initial: preparing
states:
  preparing:
    enter: [{assign: {bank: !input bank, size: "{{ item.size }}"}}]
    on: {assign.failed: full, entered: waiting}
  waiting:
    label: Ready for pickup
    status: reserved
    enter: [{set: {ways: !input access}}]
    on: {command.cancel: over, deadline.hold: over}
  full: {final: true}
  over: {enter: [release], final: true}
"""


def _write(world: Any, text: str) -> Path:
    """The site's own copy of the blueprint, which is found before the shipped one."""
    file = world.hub.config.folder / "blueprints" / "pickup.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return Path(file)


def _edited() -> str:
    assert "label: Ready for pickup" in PICKUP
    return PICKUP.replace("label: Ready for pickup", "label: Waits for you").replace(
        "version: 1.0.0", "version: 1.1.0"
    )


@pytest_asyncio.fixture
async def ours(world: Any) -> Any:
    """The site with a small blueprint of its own, applied."""
    _write(world, PICKUP)
    answer = await world.post("workflows/parcels/apply")
    assert answer.status == 200, answer.body
    return world


async def _shown(world: Any) -> dict[str, Any]:
    answer = await world.get("workflows")
    assert answer.status == 200, answer.body
    [found] = answer.body["workflows"]
    return found


async def _pinned(world: Any, handover: str) -> str:
    return str((await world.hub.store.read(lambda r: records.load(r, handover))).machine)


async def test_a_changed_file_is_offered_and_new_handovers_get_it_once_it_is_applied(ours):
    before = await ours.order()
    first = await _shown(ours)
    assert (first["state"], first["applied"]["who"]) == ("current", "token:desk")
    _write(ours, _edited())
    offered = await _shown(ours)
    assert (offered["state"], offered["offered"]["version"]) == ("offered", "1.1.0")
    between = await ours.order()
    assert await _pinned(ours, between) == await _pinned(ours, before) == first["applied"]["machine"]
    answer = await ours.post("workflows/parcels/apply", {
        "machine": offered["offered"]["machine"], "why": "shorter words",
    })
    assert (answer.status, answer.body["changed"], answer.body["stay"]) == (200, True, 2)
    after = await ours.order()
    assert await _pinned(ours, after) == offered["offered"]["machine"]
    assert await _pinned(ours, before) == first["applied"]["machine"]
    shown = await _shown(ours)
    assert [(one["version"], one["count"]) for one in shown["live"]] == [("1.0.0", 2), ("1.1.0", 1)]
    events = await ours.hub.store.read(lambda r: read_stream(r, "workflow/parcels"))
    assert (events[-1].body["who"], events[-1].body["why"]) == ("token:desk", "shorter words")


async def test_a_broken_file_is_shown_with_its_line_and_what_is_applied_goes_on(ours):
    file = _write(ours, PICKUP.replace("entered: waiting}", "entered: wating}"))
    shown = await _shown(ours)
    assert (shown["state"], shown["serving"], shown["offered"]) == ("invalid", True, None)
    [problem, *_] = [one for one in shown["problems"] if "wating" in one["message"]]
    line = next(n for n, text in enumerate(PICKUP.splitlines(), 1) if "entered: waiting}" in text)
    assert (problem["file"], problem["line"]) == (str(file), line)
    assert "'waiting'" in problem["mend"]
    assert (await ours.post("workflows/parcels/apply")).kind == "invalid-workflow"
    await ours.order()


async def test_a_renamed_input_under_live_handovers_is_answered_with_its_line_and_strands_none(ours):
    before = await ours.order()
    _write(ours, PICKUP.replace("access: {", "opens_with: {").replace("!input access", "!input opens_with"))
    shown = await _shown(ours)
    [problem] = shown["problems"]
    site = ours.hub.config.folder / "site.yaml"
    line = next(n for n, text in enumerate(site.read_text().splitlines(), 1) if "access: [pin" in text)
    assert (problem["file"], problem["line"]) == (str(site), line)
    assert problem["message"] == "unknown input 'access'"
    assert shown["live"] == [
        {"machine": await _pinned(ours, before), "version": "1.0.0", "count": 1, "states": {"waiting": 1}}
    ]
    assert (await ours.post(f"handovers/{before}/cancel")).status == 200


async def test_a_deleted_file_leaves_the_workflow_visible_and_its_handovers_served(ours):
    folder = ours.hub.config.folder
    site = (folder / "site.yaml").read_text()
    (folder / "site.yaml").write_text(site.replace("path: pickup.yaml", "path: ours.yaml"))
    own = folder / "blueprints" / "ours.yaml"
    own.write_text(_edited(), "utf-8")
    await ours.post("workflows/parcels/apply")
    handover = await ours.order()
    own.unlink()
    shown = await _shown(ours)
    assert (shown["state"], shown["live"][0]["count"]) == ("invalid", 1)
    assert "unknown blueprint 'ours.yaml'" in shown["problems"][0]["message"]
    assert (await ours.post(f"handovers/{handover}/cancel")).status == 200


async def test_a_version_that_was_not_looked_at_is_not_applied(ours):
    shown = await _shown(ours)
    _write(ours, _edited())
    answer = await ours.post("workflows/parcels/apply", {"machine": shown["applied"]["machine"]})
    assert answer.kind == "other-version"
    assert (await _shown(ours))["state"] == "offered"


async def test_applying_needs_the_permission_and_a_workflow_of_the_site(ours):
    assert (await ours.post("workflows/parcels/apply", token="shop")).kind == "forbidden"
    assert (await ours.post("workflows/parcel/apply")).kind == "no-such-workflow"
    assert (await ours.get("workflows", token="shop")).status == 200


async def test_what_names_things_that_the_running_site_lacks_waits_for_a_restart(ours):
    folder = ours.hub.config.folder
    site = (folder / "site.yaml").read_text()
    more = site.replace("input: {bank: main,", "input: {bank: cold,").replace(
        "products:", "  cold: {thermal: frozen, compartments: {C1: {door: locks/4, size: M}}}\nproducts:"
    )
    (folder / "site.yaml").write_text(more)
    answer = await ours.post("workflows/parcels/apply")
    assert answer.kind == "restart-needed", answer.body
    assert "unknown bank 'cold'" in answer.body["detail"]


async def test_a_hub_that_starts_again_goes_on_with_what_was_applied(ours, integrations, tmp_path, caplog):
    folder = ours.hub.config.folder
    around = Surroundings(SystemClock(), SystemEntropy(), tmp_path / "again", integrations, {})

    async def started() -> Any:
        config, problems = load_site(folder, integrations, tolerant=True)
        assert config is not None, problems.render()
        hub = await Hub.start(config, around)
        offered, states = dict(hub.handovers.offered), [s.state for s in (await hub.versions.status())[0]]
        await hub.stop()
        return {name: one.digest for name, one in offered.items()}, states

    first, _ = await started()
    _write(ours, _edited())
    assert await started() == (first, ["offered"])
    assert "Workflow parcels goes on as it was applied; its file holds another version" in caplog.text
    _write(ours, "blueprint: {name: nothing}\n")
    assert await started() == (first, ["invalid"])
