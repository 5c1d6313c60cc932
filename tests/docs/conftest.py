"""The fenced blocks of README and docs, by what their first line says they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<info>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^([a-z_]+):", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block; `number` counts the blocks of its page."""

    page: Path
    number: int
    info: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}-{self.number}"


@dataclass
class Sections:
    """A YAML text by its top-level keys, so that a fragment can replace some of them."""

    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Sections:
        starts = [(match.start(), match.group(1)) for match in _SECTION.finditer(text)]
        ends = [start for start, _ in starts[1:]] + [len(text)]
        return cls({key: text[start:end] for (start, key), end in zip(starts, ends, strict=True)})

    def over(self, base: Sections) -> str:
        return "".join({**base.texts, **self.texts}.values())


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks() -> list[Block]:
    return [
        Block(page, number, match["info"], match["text"])
        for page in pages() for number, match in enumerate(_FENCE.finditer(page.read_text("utf-8")))
    ]


def _parametrize(metafunc: pytest.Metafunc, name: str, found: list) -> None:
    if name in metafunc.fixturenames:
        metafunc.parametrize(name, found, ids=lambda entry: getattr(entry, "name", str(entry)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    every = blocks()
    for name, info in {
        "site_block": "yaml site", "wrong_block": "yaml site wrong", "blueprint_block": "yaml blueprint",
        "workflow_block": "yaml workflow",
        "cases_block": "yaml cases", "console_block": "console", "run_block": "console run",
    }.items():
        _parametrize(metafunc, name, [block for block in every if block.info == info])
    quotes = [block for block in every if "/" in block.info]
    _parametrize(metafunc, "quote_block", quotes)
    _parametrize(metafunc, "page", [page.relative_to(ROOT) for page in pages()])


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def write_site(tmp_path):
    """Writes the site of a block: a fragment takes the place of its sections in the page's whole site."""

    def write(block: Block) -> Path:
        given = Sections.of(block.text)
        whole = next(
            b for b in blocks()
            if b.info == "yaml site" and "site" in Sections.of(b.text).texts
            and b.page.parent == block.page.parent
        )
        (tmp_path / "site.yaml").write_text(given.over(Sections.of(whole.text)))
        (tmp_path / "secrets.yaml").write_text(
            'api_token: "0f0f0f0f0f0f0f0f"\ncounter_token: "1f1f1f1f1f1f1f1f"\n'
            'office_token: "2f2f2f2f2f2f2f2f"\nanna_pin: "471100"\n'
        )
        return tmp_path

    return write


@pytest.fixture
def following():
    """The block right after another one on its page."""

    def find(block: Block) -> Block:
        return next(b for b in blocks() if b.page == block.page and b.number == block.number + 1)

    return find
