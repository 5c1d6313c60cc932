"""Differences as lines for people, each with the lines of the files that it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from hub.config.marks import YamlPath
from hub.workflows.versions.diff import Change, Kind
from hub.workflows.versions.written import Written

_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~"}
_NOUNS = ("state", "arrow", "step", "input", "deadline")


def lines(changes: Iterable[Change], old: Written, new: Written) -> Iterator[str]:
    """One line for each change: sign, what, before and after, and where it is written."""
    for change in changes:
        yield f"{_SIGNS[change.kind]} {change.what}{_said(change)}{_places(change, old, new)}"


def places(change: Change, old: Written, new: Written) -> list[str]:
    """`file:line` of the old place, then of the new one, as far as they are known."""
    return [place for place in (_place(old, change.old_path), _place(new, change.new_path)) if place]


def summary(changes: Iterable[Change]) -> str:
    """How much changed: `2 states added, 1 arrow changed`."""
    counts: dict[tuple[str, str], int] = {}
    for change in changes:
        counts[noun_of(change), change.kind] = counts.get((noun_of(change), change.kind), 0) + 1
    return ", ".join(
        f"{count} {noun}{'s' if count != 1 else ''} {kind}" for (noun, kind), count in counts.items()
    ) or "nothing changed"


def noun_of(change: Change) -> str:
    """What sort of part a change concerns."""
    _, _, rest = change.what.partition(": ")
    if rest.startswith("step"):
        return "step"
    if rest.startswith(("on ", "after")):
        return "arrow"
    noun = change.what.split()[0]
    return noun if noun in _NOUNS else "setting"


def _said(change: Change) -> str:
    if change.kind is Kind.CHANGED:
        return f": {change.was} -> {change.now}"
    text = change.now or change.was
    return f": {text}" if text else ""


def _places(change: Change, old: Written, new: Written) -> str:
    found = places(change, old, new)
    return f"   ({' -> '.join(dict.fromkeys(found))})" if found else ""


def _place(written: Written, path: YamlPath) -> str:
    if not path:
        return ""
    found = written.place(path)
    return f"{Path(found[0]).name}:{found[1]}" if found is not None else ""
