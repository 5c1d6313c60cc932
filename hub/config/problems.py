"""What is wrong with a configuration, where, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hub.config.marks import Mark, YamlPath

_LISTED = 12
_NOT_SHOWN = "secrets.yaml"


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: place, what is wrong, and the mend."""

    file: str
    line: int
    column: int
    message: str
    mend: str = ""
    path: YamlPath = ()

    @property
    def place(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """For machines: `hub check --json` and the API."""
        return {
            "file": self.file, "line": self.line, "column": self.column,
            "message": self.message, "mend": self.mend, "path": list(self.path),
        }


class Problems:
    """Collects problems over a whole run; sorted by place and without repeats when read."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str], Problem] = {}

    def add(self, mark: Mark, message: str, mend: str = "", path: Iterable[str | int] = ()) -> None:
        """Record one problem at `mark`."""
        self.put(Problem(mark.file, mark.line, mark.column, message, mend, tuple(path)))

    def put(self, problem: Problem) -> None:
        """Record a finished problem."""
        key = (problem.file, problem.line, problem.column, problem.message)
        self._found.setdefault(key, problem)

    def extend(self, others: Iterable[Problem]) -> None:
        """Record several."""
        for problem in others:
            self.put(problem)

    def __iter__(self) -> Iterator[Problem]:
        return iter([self._found[key] for key in sorted(self._found)])

    def __len__(self) -> int:
        return len(self._found)

    def render(self) -> str:
        """All problems as text: place and message, the source line with a caret, the mend indented."""
        lines: dict[str, list[str]] = {}
        out: list[str] = []
        for problem in self:
            out.append(str(problem))
            if problem.file not in lines:
                lines[problem.file] = _source(problem.file)
            source = lines[problem.file]
            if 0 < problem.line <= len(source) and source[problem.line - 1].strip():
                out.extend(_excerpt(source[problem.line - 1], problem.column))
            out.extend(f"    {line}" for line in problem.mend.splitlines())
        return "\n".join(out)


def _source(file: str) -> list[str]:
    if Path(file).name == _NOT_SHOWN:
        return []
    try:
        return Path(file).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _excerpt(line: str, column: int) -> list[str]:
    before = "".join("\t" if sign == "\t" else " " for sign in line[: column - 1])
    return [f"    | {line}", f"    | {before}^"]


def nearest(word: object, options: Iterable[object]) -> str | None:
    """The option that `word` was probably meant to be, or None."""
    names = {str(option).lower(): str(option) for option in options}
    text = str(word).lower()
    close = get_close_matches(text, names, 1, 0.6) or get_close_matches(
        text.replace("-", "_").replace(" ", "_"), names, 1, 0.6
    )
    return names[close[0]] if close else None


def suggest(word: object, options: Iterable[object], none: str = "") -> str:
    """The mend for a wrong name: the nearest option, else the list of them, else `none`."""
    known = [str(option) for option in options]
    close = nearest(word, known)
    if close is not None:
        return f"did you mean '{close}'?"
    if not known:
        return none
    shown = ", ".join(sorted(known)[:_LISTED])
    return f"known here: {shown}" + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")
