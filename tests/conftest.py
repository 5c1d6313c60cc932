"""Shared by all tests: the requirement marks, and `pytest --collect-only --matrix` that prints them."""

from __future__ import annotations

import csv
import logging
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are drawn says how busy the machine is, and nothing of the code.
settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hub")

_TABLE = Path(__file__).parent.parent / "docs" / "requirements.tsv"


@pytest.fixture(autouse=True)
def _what_is_logged_stays_as_it_was() -> Iterator[None]:
    """Commands make the hub quieter or louder for their own process; the next test has a voice of its own."""
    logger = logging.getLogger("hub")
    level = logger.level
    yield
    logger.setLevel(level)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--matrix", action="store_true", help="print requirement -> tests with the gaps")


def requirements() -> dict[str, str]:
    with _TABLE.open(encoding="utf-8") as file:
        return {row["id"]: row["requirement"] for row in csv.DictReader(file, delimiter="\t")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = requirements()
    for item in items:
        for mark in item.iter_markers("req"):
            for name in mark.args:
                if name not in known:
                    raise pytest.UsageError(f"{item.nodeid} names requirement {name!r}, which does not exist")


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.getoption("--matrix"):
        return
    shown: dict[str, list[str]] = defaultdict(list)
    for item in session.items:
        for mark in item.iter_markers("req"):
            for name in mark.args:
                test = item.nodeid.split("[")[0]
                if test not in shown[name]:
                    shown[name].append(test)
    known = requirements()
    for name, text in known.items():
        print(f"{name}  {text}")
        for test in shown.get(name, ["-- no test --"]):
            print(f"       {test}")
    gaps = [name for name in known if name not in shown]
    print(f"\n{len(known) - len(gaps)} of {len(known)} requirements are shown by a test")
    print(f"gaps: {', '.join(gaps)}")
    session.items.clear()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--matrix"):
        session.exitstatus = pytest.ExitCode.OK  # printing is what was asked for, not running
