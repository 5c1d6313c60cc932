"""`hub trace` beside a running hub and after it, in text and JSON, whatever became of the file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hub.app import Hub, Surroundings
from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.workflows.run.service import Order


@pytest.fixture
def traced(workplace: Any, run_hub: Any) -> Any:
    """A handover that nobody may open; the trace as it reads while the hub still runs."""
    assert workplace.check().exit_code == 0
    folder = Path(workplace.path)

    async def main() -> tuple[str, Any]:
        integrations = Integrations.load()
        config, _ = load_site(folder, integrations)
        assert config is not None
        around = Surroundings(SystemClock(), SystemEntropy(), folder / "var", integrations, {})
        hub = await Hub.start(config, around)
        try:
            handover = await hub.handovers.create(Order("parcels", external_ref="order-1"))
            return handover, await asyncio.to_thread(run_hub, "trace", "order-1", str(folder))
        finally:
            await hub.stop()

    return folder, *asyncio.run(main())


def test_it_draws_events_steps_and_lines_beside_a_running_hub(traced):
    _, handover, said = traced
    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert lines[0].startswith(f"Handover {handover} of parcels: Parcel 1.0.0 [")
    assert "(Europe/Berlin)" in lines[1]
    [step] = [line for line in lines if "assign {" in line]
    assert "assign {bank: main, size: S, thermal: refrigerated}: done" in step
    assert "parcel.yaml:14  - assign: {bank: !input bank, size: S, thermal: refrigerated}" in step
    [ended] = [line for line in lines if "-> refused" in line]
    assert "reason: not_entitled" in ended
    assert "\x1b[" not in said.output


def test_it_shows_the_lines_though_the_file_is_gone(traced, run_hub):
    folder, handover, _ = traced
    (folder / "blueprints" / "parcel.yaml").unlink()
    (folder / "site.yaml").unlink()
    again = run_hub("trace", handover, str(folder))
    assert "parcel.yaml:14  - assign" in again.output
    assert "(UTC)" in again.output


def test_as_json_it_has_paths_places_and_whole_ids(traced, run_hub):
    folder, handover, _ = traced
    story = json.loads(run_hub("trace", handover[-8:], str(folder), "--json").output)
    assert (story["id"], story["turns"][0]["event"]) == (handover, "start.api")
    assert story["turns"][0]["steps"][0]["place"]["path"] == "states.placing.enter[0]"


def test_an_unknown_handover_and_a_missing_database_are_said_in_a_line(traced, run_hub, tmp_path):
    folder, _, _ = traced
    unknown = run_hub("trace", "nothing", str(folder))
    assert (unknown.exit_code, unknown.output.count("\n")) == (1, 1)
    assert "there is no handover 'nothing'" in unknown.output
    missing = run_hub("trace", "nothing", str(tmp_path / "elsewhere"))
    assert missing.exit_code == 1
    assert "does not exist" in missing.output
