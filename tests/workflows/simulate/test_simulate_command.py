"""`hub simulate`: what it prints, the page that it writes, what it says of wrong files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli.simulate import command

ROOT = Path(__file__).parents[3]
DEMO = str(ROOT / "config" / "demo")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_the_report_is_one_file_that_needs_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    shown = run(DEMO, "--days", "1", "--users", "busy", "--report", str(page))
    assert shown.exit_code == 0, shown.output
    assert "all hold" in shown.output
    text = page.read_text("utf-8")
    assert text.count("<svg") >= 4
    assert not re.search(r"(src|href)=|<script|@import|url\(", text)
    for words in ("prefers-color-scheme:dark", "width=device-width", "Handovers by day", "Money by day"):
        assert words in text


def test_a_users_file_changes_what_people_do(tmp_path: Path) -> None:
    users = tmp_path / "users.yaml"
    users.write_text("like: low\nno_show: 1.0\nper_day: {shop: 0}\n")
    shown = run(DEMO, "--days", "1", "--users", str(users))
    assert shown.exit_code == 0, shown.output


@pytest.mark.parametrize(
    ("text", "option", "message"),
    [
        ("no_shows: 0.5\n", "--users", "did you mean 'no_show'?"),
        ("late: often\n", "--users", "expected a number"),
        ("like: buzy\n", "--users", "low, normal, busy"),
        ("stuk: 0.1\n", "--faults", "did you mean 'stuck'?"),
    ],
)
def test_what_is_wrong_in_a_profile_is_named_with_its_line(
    tmp_path: Path, text: str, option: str, message: str
) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text("# mine\n" + text)
    shown = run(DEMO, option, str(path))
    assert shown.exit_code == 1
    assert "profile.yaml:2:" in shown.output
    assert message in shown.output


def test_a_file_of_cases_is_replayed_with_its_trace(tmp_path: Path) -> None:
    path = tmp_path / "found.cases.yaml"
    path.write_text(
        f"blueprint: {ROOT / 'blueprints' / 'pickup.yaml'}\n"
        "given: {inputs: {bank: main}, banks: {main: {A1: {size: M}}}}\n"
        "cases:\n  - {name: a counter-example, when: [command: cancel], then: {state: cancelled}}\n"
    )
    shown = run("--case", str(path))
    assert shown.exit_code == 0, shown.output
    assert "-> cancelled" in shown.output


def test_a_site_that_is_not_right_is_not_simulated(tmp_path: Path) -> None:
    shown = run(str(tmp_path))
    assert shown.exit_code == 1
    assert "there is no site.yaml" in shown.output
