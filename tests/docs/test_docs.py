"""What README and docs show is true: sites pass, blueprints compile, commands and links exist."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import yaml
from click.testing import CliRunner

from hil.cli import hil
from hub.cli.main import hub
from hub.cli.twin import _COMMON as TWIN_ACTIONS
from hub.web.calls import API
from hub.web.routes import ROUTES
from hub.workflows.cases import load_cases, run_case

_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
_REQUIREMENT = re.compile(r"\b[A-Z]{2}-\d{2}\b")
_INLINE = re.compile(r"`((?:hub|hil|make) [^`]+)`")
_TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
_URL = re.compile(rf"{API}(/[^\s'\"?]*)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def test_a_site_passes_every_check(site_block, write_site):
    result = CliRunner().invoke(hub, ["check", str(write_site(site_block))])
    assert (result.exit_code, result.output[:2]) == (0, "OK"), result.output


def test_a_wrong_site_is_answered_as_the_page_says(wrong_block, following, write_site):
    folder = write_site(wrong_block)
    result = CliRunner().invoke(hub, ["check", str(folder)])
    expected = following(wrong_block)
    assert expected.info == "text"
    said = [line.strip() for line in result.stdout.replace(f"{folder}/", "").splitlines()]
    shown = [line.strip() for line in expected.text.splitlines()]
    # The line numbers of a fragment differ from those of the whole site that it is checked in.
    assert [_without_place(line) for line in shown] == [_without_place(line) for line in said]
    assert result.exit_code == 1


def test_a_blueprint_compiles_in_a_site(blueprint_block, root, tmp_path):
    shutil.copytree(root / "config" / "demo", tmp_path / "site", ignore=shutil.ignore_patterns("var"))
    site = tmp_path / "site"
    (site / "blueprints").mkdir()
    (site / "blueprints" / "mine.yaml").write_text(blueprint_block.text)
    text = (site / "site.yaml").read_text()
    head, _, _ = text.partition("workflows:")
    _, _, tail = text.partition("notifier:")
    use = "workflows: {mine: {use_blueprint: {path: mine.yaml, input: {bank: main}}}}\n"
    (site / "site.yaml").write_text(f"{head}{use}notifier:{tail}")
    result = CliRunner().invoke(hub, ["check", str(site)])
    assert result.exit_code == 0, result.output


def test_a_workflow_that_a_page_shows_is_one_of_a_whole_site(workflow_block, root):
    """The mixed bank runs every shipped workflow; the site itself is checked where all shipped sites are."""
    folder = root / "config" / "examples" / "mixed-bank"
    site = yaml.safe_load(_without_tags((folder / "site.yaml").read_text()))
    for name, shown in yaml.safe_load(workflow_block.text).items():
        assert site["workflows"][name] == shown


def _without_tags(text: str) -> str:
    return re.sub(r"!(include|secret) ", "", text)


def test_cases_pass(cases_block, root, tmp_path):
    shutil.copy(root / "blueprints" / "pickup.yaml", tmp_path)
    (tmp_path / "pickup.cases.yaml").write_text(cases_block.text)
    loaded = load_cases(tmp_path / "pickup.cases.yaml")
    assert loaded.problems.render() == ""
    assert loaded.cases
    assert [case.name for case in loaded.cases if not run_case(case).passed] == []


def test_commands_and_their_options_exist(console_block, root):
    for line in _commands(console_block.text):
        _check_command(line, root)


def test_commands_named_in_the_text_exist(page, root):
    text = _FENCED.sub("", (root / page).read_text("utf-8"))
    for line in _INLINE.findall(text):
        _check_command(line, root)


def test_a_walk_through_commands_prints_what_the_page_says(run_block, tmp_path):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    steps = re.split(r"^\$ ", run_block.text, flags=re.MULTILINE)[1:]
    for step in steps:
        command, _, expected = step.partition("\n")
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=os.environ | {"PATH": path, "COLUMNS": "100"},
            capture_output=True, text=True, check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        shown = [line for line in expected.splitlines() if line.strip() and line.strip() != "..."]
        missing = [line for line in shown if line.strip() not in done.stdout]
        assert missing == [], f"{command} printed:\n{done.stdout}"


def test_quoted_code_stands_in_its_file(quote_block, root):
    source = (root / quote_block.info.split()[1]).read_text("utf-8")
    at = 0
    for piece in quote_block.text.split("...\n"):
        found = source.find(piece.strip("\n"), at)
        assert found >= 0, piece
        at = found + len(piece.strip("\n"))


def test_staff_can_read_what_each_incident_of_a_shipped_blueprint_asks_of_them(root):
    text = (root / "docs" / "staff" / "README.md").read_text("utf-8")
    shipped = "".join(path.read_text("utf-8") for path in (root / "blueprints").glob("*.yaml"))
    kinds = set(re.findall(r"raise_incident: \{kind: ([a-z_]+)", shipped))
    assert kinds
    assert {kind for kind in kinds if kind not in text} == set()


def test_links_lead_to_files(page, root):
    text = _FENCED.sub("", (root / page).read_text("utf-8"))
    missing = [link for link in _LINK.findall(text) if not (root / page.parent / link).exists()]
    assert missing == []


def test_requirements_exist(page, root):
    with (root / "docs" / "requirements.tsv").open(encoding="utf-8") as file:
        known = {row["id"] for row in csv.DictReader(file, delimiter="\t")}
    prefixes = {name.partition("-")[0] for name in known}
    named = {n for n in _REQUIREMENT.findall((root / page).read_text("utf-8")) if n[:2] in prefixes}
    assert named - known == set()


def test_addresses_of_the_api_exist(page, root):
    for address in _URL.findall((root / page).read_text("utf-8")):
        path = address.rstrip("`.,;:)|").split("#")[0]
        known = (*(route.path for route in ROUTES), "/ws", "/openapi.json")
        assert any(_matches(route, path) for route in known), address


def _without_place(line: str) -> str:
    return re.sub(r":\d+:\d+", ":", line)


def _commands(text: str) -> list[str]:
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


def _check_command(line: str, root: Path) -> None:
    for part in re.split(r"\s(?:\||&&|;)\s", line):
        words = shlex.split(part, comments=True)
        while words and "=" in words[0]:
            words = words[1:]
        if words and words[0] == "make":
            targets = _TARGET.findall((root / "Makefile").read_text())
            assert all(word in targets or "=" in word for word in words[1:]), part
        elif words and words[0] in ("hub", "hil"):
            _check_options(hub if words[0] == "hub" else hil, words[1:], part)


def _check_options(command: click.Command, words: list[str], line: str) -> None:
    context = click.Context(command)
    while isinstance(command, click.Group) and words:
        if words[0].startswith("-"):
            break
        name = words[0]
        if command.name == "twin" and name.isupper():
            return
        if command.name == "twin" and name not in command.commands:
            assert name in TWIN_ACTIONS.split() or name in ("free", "take", "cancel"), line
        found = command.get_command(context, name)
        assert found is not None, line
        command, words = found, words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    used = [word.partition("=")[0] for word in words if word.startswith("--")]
    assert set(used) <= options | {"--help", "--version"}, line


def _matches(route: str, path: str) -> bool:
    pattern = re.sub(r"\{[a-z]+\}", "[^/]+", route)
    return re.fullmatch(pattern, path) is not None


def test_every_decision_stands_in_the_index(root):
    pages = {page.name for page in (root / "docs/decisions").glob("0*.md")}
    index = (root / "docs/decisions/README.md").read_text(encoding="utf-8")
    assert {name for name in pages if name not in index} == set()
