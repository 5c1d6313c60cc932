"""`hub blueprint diff`, `plan`, `apply` and `list`, on the files of a site and beside its database."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hub.app import Hub, Surroundings
from hub.cli.web import ports_of
from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.store import Store
from hub.web.server import WebServer
from hub.workflows.run.versions import applied


def _site(workplace: Any) -> Path:
    result = workplace.check()
    assert result.exit_code == 0, result.output
    return Path(workplace.path)


@pytest.fixture
def runs_once():
    """Starts a hub on a site and does something with it."""

    def run(folder: Path, act: Any = None) -> Any:
        async def main() -> Any:
            integrations = Integrations.load()
            config, problems = load_site(folder, integrations, tolerant=True)
            assert config is not None, problems.render()
            around = Surroundings(SystemClock(), SystemEntropy(), folder / "var", integrations, {})
            hub = await Hub.start(config, around)
            try:
                return await act(hub) if act is not None else None
            finally:
                await hub.stop()

        return asyncio.run(main())

    return run


def _applied(folder: Path) -> Any:
    async def read() -> Any:
        store = await Store.open(folder / "var" / "hub.db", SystemClock(), SystemEntropy())
        try:
            return (await store.read(applied))["parcels"]
        finally:
            await store.close()

    return asyncio.run(read())


def _raise_version(workplace: Any) -> Path:
    workplace.change("version: 1.0.0", "version: 1.1.0", "blueprints/parcel")
    workplace.change("{seconds: 5}", "{seconds: 9}", "blueprints/parcel")
    return _site(workplace)


def test_diff_names_every_changed_part_with_both_lines(workplace, run_hub, tmp_path):
    old = tmp_path / "old.yaml"
    old.write_text(workplace.texts["blueprints/parcel"])
    new = tmp_path / "new.yaml"
    new.write_text(
        workplace.texts["blueprints/parcel"]
        .replace("version: 1.0.0", "version: 1.1.0")
        .replace("within: {seconds: 5}", "within: {seconds: 9}")
        .replace("attempts < 2", "attempts < 3")
        .replace("{to: refused}]", "{to: given_up}]")
        .replace("  refused: {", "  given_up: {status: cancelled, final: true}\n  refused: {")
    )
    result = run_hub("blueprint", "diff", str(old), str(new))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "~ blueprint version: 1.0.0 -> 1.1.0   (old.yaml:4 -> new.yaml:4)",
        "~ state opening: step: open {evidence: door_sensor, within: {seconds: 5}} -> "
        "open {evidence: door_sensor, within: {seconds: 9}}   (old.yaml:18 -> new.yaml:18)",
        "~ state opening: on effect.refuted: opening when {{ attempts < 2 }}, else refused -> "
        "opening when {{ attempts < 3 }}, else given_up   (old.yaml:21 -> new.yaml:21)",
        "+ state given_up   (new.yaml:23)",
        "1 setting changed, 1 step changed, 1 arrow changed, 1 state added",
    ]


def test_comments_and_order_are_no_difference(workplace, run_hub, tmp_path):
    text = workplace.texts["blueprints/parcel"]
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(text)
    last = "  done: {status: completed, final: true}\n"
    new.write_text("# a comment\n" + text.replace(last, "").replace("states:\n", "states:\n" + last))
    result = run_hub("blueprint", "diff", str(old), str(new))
    assert (result.exit_code, result.output) == (0, "nothing changed\n")


def test_a_blueprint_that_is_wrong_cannot_be_compared_and_says_where(workplace, run_hub, tmp_path):
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(workplace.texts["blueprints/parcel"])
    new.write_text(workplace.texts["blueprints/parcel"].replace("to: refused}]", "to: refuse}]"))
    result = run_hub("blueprint", "diff", str(old), str(new))
    assert result.exit_code == 1
    assert f"{new}:21:" in result.output
    assert "did you mean 'refused'?" in result.output


def test_a_plan_says_what_differs_and_what_to_type(workplace, run_hub, runs_once):
    runs_once(_site(workplace))
    folder = _raise_version(workplace)
    said = run_hub("blueprint", "plan", str(folder)).output
    assert "parcels: the files hold another version than the one that runs" in said
    assert "~ state opening: step: open" in said
    assert f"new handovers get 1.0.0 until: hub blueprint apply {folder} parcels" in said
    [found] = json.loads(run_hub("blueprint", "plan", str(folder), "--json").output)
    assert (found["state"], found["offered"]["version"]) == ("offered", "1.1.0")


def test_a_plan_over_a_renamed_input_names_the_line_and_what_goes_on(workplace, run_hub, runs_once):
    runs_once(_site(workplace))
    workplace.change("    hold: {name", "    hold_for: {name", "blueprints/parcel")
    assert workplace.check().exit_code == 1
    said = run_hub("blueprint", "plan", str(workplace.path)).output
    line = next(n for n, text in enumerate(workplace.texts["site"].splitlines(), 1) if "hold: {" in text)
    assert f"site.yaml:{line}:9: unknown input 'hold'" in said
    assert "did you mean 'hold_for'?" in said
    assert "new handovers go on getting 1.0.0" in said


def test_apply_makes_the_files_current_and_says_who_did_it(workplace, run_hub, runs_once):
    runs_once(_site(workplace))
    folder = _raise_version(workplace)
    result = run_hub("blueprint", "apply", str(folder), "--yes", "--why", "slow doors")
    assert result.exit_code == 0, result.output
    found = _applied(folder)
    assert (found.version, found.who.partition(":")[0]) == ("1.1.0", "cli")
    again = run_hub("blueprint", "apply", str(folder), "--yes")
    assert (again.exit_code, again.output) == (0, "Nothing to apply: the files say what runs.\n")


def test_apply_asks_first(workplace, run_hub, runs_once):
    runs_once(_site(workplace))
    folder = _raise_version(workplace)
    assert run_hub("blueprint", "apply", str(folder)).exit_code == 1
    assert _applied(folder).version == "1.0.0"


def test_apply_refuses_what_cannot_run(workplace, run_hub, runs_once):
    runs_once(_site(workplace))
    workplace.change("entered: opening}", "entered: opning}", "blueprints/parcel")
    workplace.check()
    result = run_hub("blueprint", "apply", str(workplace.path), "parcels", "--yes")
    assert result.exit_code == 1
    assert "did you mean 'opening'?" in result.output
    assert "not applied: parcels cannot run as written" in result.output


def test_apply_goes_through_a_hub_that_runs(workplace, run_hub, runs_once):
    workplace.change("scopes: [read]", "scopes: [read, admin]")
    runs_once(_site(workplace))

    async def while_it_runs(hub: Any) -> Any:
        server = WebServer(ports_of(hub), 0)
        await server.start()
        try:
            folder = _raise_version(workplace)
            words = ("blueprint", "apply", str(folder), "--yes", "--url", server.address)
            result = await asyncio.to_thread(run_hub, *words)
            return result, hub.handovers.offered["parcels"].machine.version
        finally:
            await server.stop()

    result, version = runs_once(workplace.path, while_it_runs)
    assert result.exit_code == 0, result.output
    assert version == "1.1.0"


def test_apply_beside_a_hub_without_a_fitting_token_says_which_is_missing(workplace, run_hub, runs_once):
    runs_once(_site(workplace))

    async def while_it_runs(hub: Any) -> Any:
        folder = _raise_version(workplace)
        return await asyncio.to_thread(run_hub, "blueprint", "apply", str(folder), "--yes")

    result = runs_once(workplace.path, while_it_runs)
    assert result.exit_code == 1
    assert "no token of site.yaml may apply" in result.output


def test_list_shows_where_blueprints_come_from_and_what_runs(workplace, run_hub, runs_once):
    folder = _site(workplace)
    runs_once(folder)
    said = run_hub("blueprint", "list", str(folder)).output
    assert "Parcel (the site's own)" in said
    assert "Reserved pickup (shipped)" in said
    assert "current, 0 live" in said


def test_check_says_which_workflows_run_another_version(workplace, run_hub, runs_once):
    runs_once(_site(workplace))
    folder = _raise_version(workplace)
    said = run_hub("check", str(folder))
    assert said.exit_code == 0
    assert f"parcels runs another version than this: hub blueprint plan {folder} parcels" in said.output
    assert json.loads(run_hub("check", str(folder), "--json").output)["workflows"] == {"parcels": "offered"}


def test_a_workflow_of_a_site_is_compared_with_what_runs_there(workplace, run_hub, runs_once):
    folder = _site(workplace)
    new = run_hub("blueprint", "diff", str(folder), "parcels")
    assert (new.exit_code, "there are no two versions to compare" in new.output) == (1, True)
    runs_once(folder)
    same = run_hub("blueprint", "diff", str(folder), "parcels")
    assert (same.exit_code, same.output) == (0, "nothing changed\n")
    _raise_version(workplace)
    said = run_hub("blueprint", "diff", str(folder), "parcels")
    assert said.exit_code == 1
    assert "~ blueprint version: 1.0.0 -> 1.1.0   (parcel.yaml:4)" in said.output
    unknown = run_hub("blueprint", "diff", str(folder), "parcel")
    assert "did you mean 'parcels'?" in unknown.output
