"""The installer's reference says what the schemas say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _generator() -> Any:
    sys.path.insert(0, str(ROOT / "docs"))  # as it is for `make docs`
    spec = importlib.util.spec_from_file_location("write_reference", ROOT / "docs" / "write_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()


@pytest.mark.parametrize("name", GENERATOR.pages())
def test_each_page_is_as_the_schemas_are_now(name: str) -> None:
    written = (GENERATOR.FOLDER / name).read_text("utf-8")
    assert written == GENERATOR.pages()[name], "stale: make docs"


def test_every_step_event_and_command_is_in_it() -> None:
    from hub.workflows.steps import STEPS
    from hub.workflows.vocabulary import COMMANDS, FACTS

    pages = GENERATOR.pages()
    assert [name for name in STEPS if f"### `{name}`" not in pages["steps.md"]] == []
    assert [name for name in FACTS if f"| `{name}` |" not in pages["events.md"]] == []
    assert [name for name in COMMANDS if f"| `{name}` |" not in pages["commands.md"]] == []
