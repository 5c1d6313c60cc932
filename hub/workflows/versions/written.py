"""What a machine was written as: the text of its files, and the line on which each of its parts stands.

Stored beside the machine that handovers pin, so that a trace shows its lines when the file has changed since
or is gone (S31).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.config.marks import Marks, YamlPath

#: Sections whose lines a trace or a difference may point to.
_SECTIONS = ("states", "deadlines", "start", "keys", "routines", "blueprint", "promise", "source", "initial")
_SIGN = "\x1f"


@dataclass(frozen=True, slots=True)
class Written:
    """The files of one machine by name, and path -> (file, line) of its parts."""

    texts: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Mapping[str, str], marks: Marks) -> Written:
        """What the compiler read, and the marks that it made."""
        lines = {}
        for path, key, value in marks.items():
            if path and path[0] in _SECTIONS:
                mark = key or value
                lines[_joined(path)] = (mark.file, mark.line)
        return cls(dict(texts), lines)

    def place(self, path: Iterable[str | int]) -> tuple[str, int] | None:
        """File and line of the part at `path`, or of the nearest part that it lies in."""
        steps = tuple(path)
        while steps:
            found = self.lines.get(_joined(steps))
            if found is not None:
                return found
            steps = steps[:-1]
        return None

    def line(self, file: str, number: int) -> str:
        """The text of a line, counted from 1; empty when there is none."""
        lines = self.texts.get(file, "").splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def encode(self) -> tuple[bytes, bytes]:
        """Texts and lines as they are stored."""
        files = list(dict.fromkeys(file for file, _ in self.lines.values()))
        number = {file: index for index, file in enumerate(files)}
        packed = {path: (number[file], line) for path, (file, line) in self.lines.items()}
        return msgspec.json.encode(dict(self.texts)), msgspec.json.encode((files, packed))

    @classmethod
    def decode(cls, texts: bytes, lines: bytes) -> Written:
        """What `encode` made."""
        files, packed = msgspec.json.decode(lines, type=tuple[list[str], dict[str, tuple[int, int]]])
        found: dict[str, str] = msgspec.json.decode(texts, type=dict[str, str])
        return cls(found, {path: (files[file], line) for path, (file, line) in packed.items()})


def _joined(path: Iterable[Any]) -> str:
    return _SIGN.join(str(step) for step in path)


def shown(path: YamlPath) -> str:
    """A path as people write it: `states.waiting.on.credential.accepted[0]`."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else str(step)
    return out
