"""Where every value of a YAML document stands (rule S38): a side table keyed by path.

The values stay plain Python, so that any schema library can validate them; whoever finds something
wrong asks the table for the key or the value at a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

#: Keys and list positions from the document's root to a value.
YamlPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1, the column in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Marks:
    """Marks of all keys and values of one document, its includes among them."""

    def __init__(self, file: str) -> None:
        self._start = Mark(file, 1, 1)
        self._keys: dict[YamlPath, Mark] = {}
        self._values: dict[YamlPath, Mark] = {}

    def put(self, path: YamlPath, key: Mark | None, value: Mark) -> None:
        """Record where the value at `path` begins, and its key if it has one."""
        self._values[path] = value
        if key is not None:
            self._keys[path] = key

    def value(self, path: Iterable[Any]) -> Mark:
        """Where the value at `path` begins; its nearest known parent when the path is not there."""
        return self._find(tuple(path), self._values)

    def key(self, path: Iterable[Any]) -> Mark:
        """Where the key of `path` stands (the value itself in a list); else the nearest known parent's."""
        whole = tuple(path)
        found = self._keys.get(whole) or self._values.get(whole)
        if found is not None:
            return found
        return self.key(whole[:-1]) if whole else self._start

    def __contains__(self, path: object) -> bool:
        return path in self._values

    def items(self) -> Iterator[tuple[YamlPath, Mark | None, Mark]]:
        """Every path with the mark of its key, if it has one, and of its value."""
        for path, value in self._values.items():
            yield path, self._keys.get(path), value

    def _find(self, path: YamlPath, table: dict[YamlPath, Mark]) -> Mark:
        while path:
            found = table.get(path)
            if found is not None:
                return found
            path = path[:-1]
        return table.get((), self._start)


@dataclass(frozen=True, slots=True)
class Input:
    """`!input name` in a blueprint, to be replaced by the installer's value."""

    name: str


class SecretText(str):
    """Text that came from `secrets.yaml`: ordinary text, but its repr does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(secret)"


@dataclass(frozen=True, slots=True)
class Document:
    """A loaded file with its includes: plain values, their marks, and what could not be filled in.

    `broken` names the paths whose value is only a stand-in, because its problem is already reported;
    nothing further should be said about them. `texts` holds what the files said.
    """

    data: Any
    marks: Marks
    path: Path
    files: tuple[Path, ...]
    broken: frozenset[YamlPath]
    texts: Mapping[str, str] = field(default_factory=dict)

    def is_broken(self, path: Iterable[Any]) -> bool:
        """Whether the value at `path`, or one that it lies in, is a stand-in."""
        whole = tuple(path)
        return any(whole[:length] in self.broken for length in range(len(whole) + 1))

    def at(self, path: Iterable[Any]) -> Any:
        """The value at `path`, or None when there is none."""
        value = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value
