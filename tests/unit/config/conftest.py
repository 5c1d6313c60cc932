"""Helpers for reading YAML in tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.config import Document, Problems, load_yaml


class Folder:
    """A folder of YAML files with one way to read the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems = Problems()

    def read(self, text: str | bytes, **others: str) -> Document | None:
        for name, content in others.items():
            (self.path / f"{name}.yaml").write_text(content)
        file = self.path / "site.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_yaml(file, self.problems)

    def places(self) -> list[tuple[str, int, int]]:
        return [(Path(p.file).name, p.line, p.column) for p in self.problems]

    def messages(self) -> list[str]:
        return [p.message for p in self.problems]

    def mends(self) -> list[str]:
        return [p.mend for p in self.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def value_of(folder: Folder) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        document = folder.read(f"v: {text}\n")
        assert document is not None and not folder.problems
        return document.data["v"]

    return read
