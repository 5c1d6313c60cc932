"""Draws a trace as a tree, its blueprint's lines at the right: in colour where the output can show it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from rich.text import Text

from hub.config.durations import say_duration
from hub.workflows.tracing import Act, Guard, Happening, Place, Step, Story, Turn
from hub.workflows.versions.diff import say_arguments

_GOOD, _BAD, _WEAK, _NAME, _ACT = "green", "red", "dim", "bold cyan", "magenta"
#: Columns of the tree; with less room beside it than `_BESIDE`, a line's text goes below.
_TREE, _BESIDE = 84, 40
_VERDICTS = {"confirmed": _GOOD, "refuted": "yellow", "in_doubt": _BAD, "intent": _BAD}
_SHORT = 10
#: Larger numbers are UTC microseconds, from 2001 on.
_MOMENTS = 10**15
#: Ids are recognised by their end; `--json` has them whole.
_ID = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b")


@dataclass(frozen=True, slots=True)
class _Node:
    text: Text
    place: Place | None = None
    below: list[_Node] = field(default_factory=list)


def draw(story: Story, zone: str, width: int | None) -> Iterator[Text]:
    """The trace line by line. `width` None: not a terminal, nothing is cut or wrapped."""
    when = _Times(zone, story.created)
    yield from _head(story, when)
    for turn in story.turns:
        yield from _lines(_turn(turn, when), width)
    if story.after:
        yield Text("since then", style=_WEAK)
        for happening in story.after:
            yield from _lines(_happening(happening, when), width)
    for trouble in story.incidents:
        ended = f"{trouble.verdict} at {when.at(trouble.resolved)}" if trouble.resolved else "open"
        yield Text.assemble(
            ("incident ", _BAD), (trouble.kind, "bold"),
            f" {trouble.urgency}, {trouble.owner}, since {when.at(trouble.at)}: ",
            (ended, _GOOD if trouble.resolved else _BAD),
        )


class _Times:
    """Moments in the site's time zone."""

    def __init__(self, zone: str, began: int) -> None:
        self.zone: tzinfo = UTC
        self.name = "UTC"
        with contextlib.suppress(ZoneInfoNotFoundError, ValueError):
            self.zone, self.name = ZoneInfo(zone), zone
        self._day = self._moment(began).date()

    def at(self, micros: int | None) -> str:
        """Time of day with milliseconds; the date too on another day."""
        if micros is None:
            return ""
        moment = self._moment(micros)
        clock = moment.strftime("%H:%M:%S.") + f"{micros // 1000 % 1000:03}"
        return clock if moment.date() == self._day else f"{moment.date()} {clock}"

    def day(self) -> str:
        """The day on which it began."""
        return str(self._day)

    def _moment(self, micros: int) -> datetime:
        return datetime.fromtimestamp(micros // 1_000_000, self.zone)


def _head(story: Story, when: _Times) -> Iterator[Text]:
    yield Text.assemble(
        ("Handover ", ""), (story.id, "bold"), f" of {story.workflow}: {story.blueprint} {story.version} ",
        (f"[{story.machine[:_SHORT]}]", _WEAK),
    )
    ended = "ended" if story.ended else "now"
    began = f"by {story.start} " if story.start else ""
    yield Text.assemble(
        f"began {began}on {when.day()} at {when.at(story.created)} ({when.name}); {ended} in ",
        (story.state, _NAME), f", {story.status}",
    )


def _turn(turn: Turn, when: _Times) -> _Node:
    if turn.evicted:
        node = _Node(Text(f"{when.at(turn.at)}  (what happened here is no longer kept)", style=_WEAK))
    else:
        node = _Node(_event(turn, when), turn.arrow)
    node.below.extend(_guard(guard) for guard in turn.guards)
    node.below.extend(_step(step) for step in turn.steps)
    for happening in turn.happenings:
        node.below.append(_happening(happening, when))
    node.below.extend(_act(act, when) for act in turn.acts)
    return node


def _event(turn: Turn, when: _Times) -> Text:
    text = Text.assemble((when.at(turn.at), _WEAK), "  ", (turn.event, "bold"))
    data = {key: value for key, value in turn.data.items() if value not in (None, "")}
    if data:
        text.append(f" {_shown(data, when)}")
    if turn.entered:
        text.append(" -> ").append(turn.entered, _NAME)
        if turn.label:
            text.append(f" ({turn.label})", _WEAK)
    else:
        text.append(" stays" if turn.handled else " changes nothing here", _WEAK)
    return text


def _guard(guard: Guard) -> _Node:
    style = {"true": _GOOD, "false": _WEAK}.get(guard.value, _BAD)
    return _Node(Text.assemble("when ", guard.when, ": ", (guard.value, style)), guard.place)


def _step(step: Step) -> _Node:
    if step.branch is not None:
        taken = "no branch" if step.branch < 0 else f"branch {step.branch + 1}"
        return _Node(Text.assemble((step.type, "bold"), f": {taken}"), step.place)
    args = f" {say_arguments(step.args)}" if step.args else ""
    text = Text.assemble((step.type, "bold"), args, ": ")
    if step.done:
        text.append("done", _GOOD)
    else:
        text.append(f"failed, {step.reason}" + (f" ({step.detail})" if step.detail else ""), _BAD)
    return _Node(text, step.place)


def _act(act: Act, when: _Times) -> _Node:
    text = Text.assemble((act.kind, f"bold {_ACT}"), f" {act.device}/{act.target}" if act.target else "")
    text.append(f" at {when.at(act.opened)}: ", _WEAK)
    text.append(act.state, _VERDICTS.get(act.state, ""))
    if act.reason:
        text.append(f", {act.reason}")
    if act.settled is not None:
        text.append(f" after {say_duration(max(0, act.settled - act.opened) // 1000 * 1000)}", _WEAK)
    node = _Node(text, act.place)
    if act.evidence:
        node.below.append(_Node(Text(f"evidence {_shown(act.evidence, when)}", style=_WEAK)))
    return node


def _happening(happening: Happening, when: _Times) -> _Node:
    body = happening.body or {}
    told = {key: value for key, value in body.items() if value not in (None, "", [], {})}
    text = Text(happening.type, style=_WEAK)
    if told:
        text.append(f" {_shown(told, when)}", _WEAK)
    return _Node(text)


def _shown(data: Mapping[str, Any], when: _Times) -> str:
    parts = (f"{key}: {_value(value, when)}" for key, value in data.items())
    return "{" + ", ".join(parts) + "}"


def _value(value: Any, when: _Times) -> str:
    if isinstance(value, int) and value > _MOMENTS:
        return when.at(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return _ID.sub(lambda match: f"..{match[0][-6:]}", text)


def _lines(
    node: _Node, width: int | None, lead: str = "", below: str = ""
) -> Iterator[Text]:
    text = Text(lead, style=_WEAK)
    text.append_text(node.text)
    yield from _beside(text, node.place, width, below)
    for index, child in enumerate(node.below):
        last = index == len(node.below) - 1
        yield from _lines(
            child, width, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")
        )


def _beside(text: Text, place: Place | None, width: int | None, below: str) -> Iterator[Text]:
    """The tree's line with the blueprint's beside it, or below it where there is no room."""
    if place is None or not place.file:
        yield text
        return
    source = Text.assemble((f"{Path(place.file).name}:{place.line}", "blue"), f"  {place.text}")
    if width is not None and width < _TREE + _BESIDE:
        yield text
        source.truncate(max(10, width - len(below) - 3), overflow="ellipsis")
        yield Text.assemble((below, _WEAK), "     ", source)
        return
    text.append(" " * max(2, _TREE - text.cell_len))
    if width is not None:
        source.truncate(max(10, width - text.cell_len), overflow="ellipsis")
    text.append_text(source)
    yield text
