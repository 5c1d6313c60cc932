"""Records of what crossed a wire: JSON lines, one frame or event each, original and passed bytes both.

The first line says what was recorded and when it began (UTC microseconds); `t` in all others is in seconds
since then. A record that was cut off in mid-line, as by a killed proxy, is readable up to there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from hub.api import Clock

VERSION = 1


class RecordError(ValueError):
    """A file that is no record."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a record: a frame with its bytes, or an event with its text.

    `passed` is what the other side got: None when the frame was lost. `fault` names the rule that hit it.
    """

    t: float
    direction: str = ""
    data: bytes = b""
    passed: bytes | None = b""
    fault: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What was recorded."""

    listen: str
    to: str
    started: int


class Recorder:
    """Writes one record; without a file it only keeps time."""

    def __init__(self, clock: Clock, file: TextIO | None = None) -> None:
        self._clock = clock
        self._file = file
        self._begin = clock.monotonic()

    def begin(self, listen: str, to: str) -> None:
        """Write the first line; time counts from here."""
        self._begin = self._clock.monotonic()
        self._line({"record": VERSION, "listen": listen, "to": to, "started": self._clock.now()})

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock.monotonic() - self._begin

    def frame(self, direction: str, data: bytes, passed: bytes | None, fault: str = "") -> None:
        """Note a frame when its fate is known."""
        line: dict[str, Any] = {"t": round(self.elapsed(), 6), "dir": direction, "data": data.hex()}
        if passed != data:
            line["passed"] = None if passed is None else passed.hex()
        if fault:
            line["fault"] = fault
        self._line(line)

    def event(self, text: str) -> None:
        """Note something that is no frame: a port that went or came, a fault that did not fire."""
        self._line({"t": round(self.elapsed(), 6), "event": text})

    def _line(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


def read_record(path: Path) -> tuple[Header, Iterator[Entry]]:
    """The header, and the entries as they are read. Raises RecordError, OSError."""
    lines = _lines(path)
    _, first = next(lines, (1, {}))
    if first.get("record") != VERSION:
        raise RecordError(f"{path} is no record of version {VERSION}")
    header = Header(str(first.get("listen", "")), str(first.get("to", "")), int(first.get("started", 0)))
    return header, (_entry(path, number, line) for number, line in lines)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
            except ValueError:
                if not text.endswith("\n"):
                    return
                line = None
            if not isinstance(line, dict):
                raise RecordError(f"{path}:{number}: no JSON object")
            yield number, line


def _entry(path: Path, number: int, line: dict[str, Any]) -> Entry:
    try:
        data = bytes.fromhex(line.get("data", ""))
        passed = line.get("passed", line.get("data", ""))
        return Entry(
            float(line["t"]), str(line.get("dir", "")), data,
            None if passed is None else bytes.fromhex(passed),
            str(line.get("fault", "")), str(line.get("event", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path}:{number}: {error}") from error
