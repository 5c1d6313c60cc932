"""A case's outcome as text: one line when it passed, else what differs and the whole trace."""

from __future__ import annotations

import json
from typing import Any

from hub.config.durations import say_duration
from hub.workflows.cases.run import CaseResult
from hub.workflows.cases.trace import TraceLine


def render_result(result: CaseResult, *, trace: bool = False) -> str:
    """Text for a terminal. `trace` shows the trace of a passed case too."""
    case = result.case
    if result.passed:
        return "\n".join([f"ok    {case.name}", *(_trace(result) if trace else ())])
    lines = [f"FAIL  {case.name}", f"      {case.document.marks.value(case.path)}"]
    for difference in result.differences:
        lines.append(f"      {difference.key}: expected {_say(difference.expected)}  ({difference.mark})")
        lines.append(f"      {' ' * len(difference.key)}     found {_say(difference.found)}")
    return "\n".join([*lines, "      what happened:", *_trace(result)])


def _trace(result: CaseResult) -> list[str]:
    return [line for entry in result.trace for line in _line(entry, result.case.start)]


def _line(entry: TraceLine, start: int) -> list[str]:
    data = " ".join(f"{key}={_say(value)}" for key, value in entry.data.items())
    event = f"{entry.event} {data}".rstrip()
    into = f" -> {entry.entered}" if entry.entered else ""
    about = f"{entry.handover}: " if entry.handover else ""
    place = f"  {entry.place}" if entry.place else ""
    steps = f"  [{', '.join(entry.steps)}]" if entry.steps else ""
    note = f"  ({entry.note})" if entry.note else ""
    lines = [f"        {_clock(entry.at - start)}  {about}{event}{into}{steps}{note}{place}"]
    lines += [f"                     when {source}: {value}" for source, value in entry.guards]
    lines += [f"                     - {step}" for step in entry.details]
    return lines


def _clock(micros: int) -> str:
    """Time since the start: a clock for less than a day, else days too."""
    micros = round(micros, -3)  # what one moment costs the virtual loop is no time
    if micros % 1_000_000:
        return say_duration(micros)
    seconds = micros // 1_000_000
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else f"   {clock}"


def _say(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
