"""Shipped blueprints, compiled once for checking."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from hub.workflows.machine import Machine
from hub.workflows.verify.inputs import compile_for_check

sys.path.insert(0, str(Path(__file__).parent))
BLUEPRINTS = Path(__file__).parents[3] / "blueprints"


@cache
def _compiled(name: str) -> Machine:
    machine, problems, *_ = compile_for_check(BLUEPRINTS / f"{name}.yaml")
    assert machine is not None, problems.render()
    return machine


@pytest.fixture
def shipped() -> Callable[[str], Machine]:
    """The machine of a shipped blueprint."""
    return _compiled
