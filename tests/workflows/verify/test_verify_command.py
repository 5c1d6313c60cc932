"""`hub verify` says what holds, and tells what does not as a story and as a case."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.main import hub
from hub.workflows.cases import load_cases, run_case

BLUEPRINTS = Path(__file__).parents[3] / "blueprints"


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A pickup whose expired items can still be opened with the credential that was sent."""
    text = (BLUEPRINTS / "pickup.yaml").read_text()
    text += """
  expired:
    label: Not collected in time
    status: expired
    enter:
      - bar: {reason: clear_out}
      - raise_incident: {kind: clear_out}
"""
    path = tmp_path / "faulty.yaml"
    path.write_text(text)
    (tmp_path / "faulty.cases.yaml").write_text((BLUEPRINTS / "pickup.cases.yaml").read_text())
    return path


def verify(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(hub, ["verify", *map(str, arguments)])
    return result.exit_code, result.output


def test_a_sound_blueprint_holds_everything() -> None:
    code, said = verify(BLUEPRINTS / "sale.yaml")
    assert code == 0
    assert re.search(r"sale +\d+ +\d+ +\d+ +all +[\d,]+ +11 hold", said)


def test_the_shortest_way_is_told_with_its_lines(faulty: Path, tmp_path: Path) -> None:
    code, said = verify(faulty, "--out", tmp_path)
    assert code == 1
    lines = faulty.read_text().splitlines()
    line = max(n for n, text in enumerate(lines, 1) if "deadline.hold: expired" in text)
    assert f"the deadline 'hold' passes -> uncollected   {faulty}:{line}" in said
    assert "its credential is still good" in said


def test_a_story_is_a_case_that_the_real_hub_plays(faulty: Path, tmp_path: Path) -> None:
    verify(faulty, "--out", tmp_path)
    loaded = load_cases(tmp_path / "faulty.found.cases.yaml")
    assert loaded.problems.render() == ""
    assert [run_case(case).passed for case in loaded.cases] == [True] * len(loaded.cases)
    assert loaded.cases


def test_a_bound_is_stated(tmp_path: Path) -> None:
    code, said = verify(BLUEPRINTS / "pickup.yaml", "--bound", 50)
    assert code == 0
    assert "first 50" in said


def test_json_is_for_programs(faulty: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(hub, ["verify", str(faulty), "--json", "--out", str(tmp_path)])
    (found,) = json.loads(result.stdout)
    assert found["ok"] is False
    assert found["properties"]["entitlement"] is False
    assert found["properties"]["stranded"] is True
    assert found["violations"][0]["case"]["then"]["state"] == "uncollected"


def test_what_does_not_compile_is_said_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("blueprint: {name: Broken}\n")
    code, said = verify(path)
    assert code == 1
    assert f"{path}:1" in said


def test_a_folder_without_blueprints_is_refused(tmp_path: Path) -> None:
    code, said = verify(tmp_path)
    assert (code, "no blueprints there" in said) == (2, True)
