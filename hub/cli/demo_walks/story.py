"""What happened on a walk, step by step: for the person who watches, and as facts for programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from hub.core.clock import Clock


class WalkFailed(Exception):
    """A walk did not go as it must: what was expected, and what was seen instead."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(f"expected {expected}, saw {seen}")
        self.expected = expected
        self.seen = str(seen)


@dataclass(slots=True)
class Step:
    """One step: when it was done (seconds since the demo began), what, and with which evidence."""

    text: str
    note: str = ""
    at: float = 0.0
    ok: bool = False


@dataclass(slots=True)
class WalkReport:
    """One walk: its steps, what the twin saw, what the hub recorded. `failure` is empty when all is well."""

    name: str
    title: str
    steps: list[Step] = field(default_factory=list)
    witness: dict[str, Any] = field(default_factory=dict)
    record: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    expected: str = ""
    seen: str = ""

    @property
    def ok(self) -> bool:
        """Whether every step went as it must."""
        return not self.expected and all(step.ok for step in self.steps)


class Story:
    """Collects the steps of one walk and shows each as a line, with a tick or a cross."""

    def __init__(self, report: WalkReport, console: Console, clock: Clock, began: float) -> None:
        self.report = report
        self._console = console
        self._clock = clock
        self._began = began

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[Step]:
        """One step. It is shown when it is done; an exception makes it a cross and goes on."""
        step = Step(text)
        self.report.steps.append(step)
        try:
            with self._waiting(text):
                yield step
            step.ok = True
        finally:
            step.at = self._clock.monotonic() - self._began
            show_step(self._console, step)

    def _waiting(self, text: str) -> contextlib.AbstractContextManager[object]:
        """On a terminal, what is awaited just now."""
        if not self._console.is_terminal or self._console.quiet:
            return contextlib.nullcontext()
        return self._console.status(f"{text} ...", spinner="line")


def show_step(console: Console, step: Step) -> None:
    """One line: mark, elapsed time, what, evidence."""
    line = Text("  ")
    line.append(mark(console, step.ok), style="green" if step.ok else "bold red")
    line.append(f" {step.at:5.1f} s  ", style="dim")
    line.append(step.text)
    if step.note:
        line.append(f"  {step.note}", style="cyan")
    console.print(line, soft_wrap=True)


def mark(console: Console, ok: bool) -> str:
    """A tick or a cross that the output can show."""
    if console.encoding.lower().startswith("utf"):
        return "✔" if ok else "✘"
    return "ok" if ok else "XX"
