"""What differs between two versions of a workflow: between their machines, so comments do not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

import msgspec

from hub.config.durations import say_duration
from hub.config.marks import YamlPath
from hub.core.clock import SECOND
from hub.workflows.machine import After, Arrow, Deadline, Machine, Start, State, StepCall

_STAY = "stay"
#: Values of these names are microseconds.
_DURATIONS = ("within",)


class Kind(StrEnum):
    """What became of a part."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `was` and `now` are words for people; the paths lead to lines in either version."""

    kind: Kind
    what: str
    was: str = ""
    now: str = ""
    old_path: YamlPath = ()
    new_path: YamlPath = ()

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "kind": self.kind.value, "what": self.what, "was": self.was, "now": self.now,
            "old_path": list(self.old_path), "new_path": list(self.new_path),
        }


def diff(old: Machine, new: Machine) -> list[Change]:
    """Every difference, in the order in which a blueprint is read; none only between equal machines."""
    found = [
        *_values("blueprint", _head(old), _head(new), ("blueprint",)),
        *_values("input", _inputs(old), _inputs(new), ("blueprint", "input")),
        *_sequences("start", old.start, new.start, _start, ("start",), ("start",)),
        *_values("deadline", _deadlines(old), _deadlines(new), ("deadlines",)),
        *_values("key", dict(old.keys), dict(new.keys), ("keys",)),
        *_values("", {"initial": old.initial}, {"initial": new.initial}, ()),
        *_states(old, new),
    ]
    if not found:  # the same text may come out otherwise under a newer hub
        was, now = old.digest(), msgspec.structs.replace(new, workflow=old.workflow).digest()
        found += [Change(Kind.CHANGED, "compiled form", was[:8], now[:8])] if was != now else []
    return found


def _head(machine: Machine) -> dict[str, str]:
    return {
        "name": machine.blueprint, "version": machine.version, "lang": str(machine.lang),
        "owner": machine.source_owner, "urgency": machine.urgency, "first_paged": machine.first_paged,
        "minutes": say_duration(machine.promise_micros),
    }


def _inputs(machine: Machine) -> dict[str, str]:
    return {name: _input(value) for name, value in machine.inputs.items()}


def _input(value: Any) -> str:
    """An input's value. No number of a blueprint is as large as the microseconds of a duration."""
    is_duration = isinstance(value, int) and not isinstance(value, bool) and value >= SECOND
    return say_duration(value) if is_duration else _plain(value)


def _deadlines(machine: Machine) -> dict[str, str]:
    return {name: _deadline(value) for name, value in machine.deadlines.items()}


def _values(
    noun: str, old: Mapping[str, str], new: Mapping[str, str], path: YamlPath
) -> Iterator[Change]:
    for name in dict.fromkeys((*new, *old)):
        what = f"{noun} {name}".strip()
        where = (*path, name)
        if name not in old:
            yield Change(Kind.ADDED, what, now=new[name], new_path=where)
        elif name not in new:
            yield Change(Kind.REMOVED, what, was=old[name], old_path=where)
        elif old[name] != new[name]:
            yield Change(Kind.CHANGED, what, old[name], new[name], where, where)


def _states(old: Machine, new: Machine) -> Iterator[Change]:
    for name in dict.fromkeys((*new.states, *old.states)):
        path: YamlPath = ("states", name)
        if name not in old.states:
            yield Change(Kind.ADDED, f"state {name}", now=new.states[name].label, new_path=path)
        elif name not in new.states:
            yield Change(Kind.REMOVED, f"state {name}", was=old.states[name].label, old_path=path)
        elif old.states[name] != new.states[name]:
            yield from _state(old.states[name], new.states[name], path)


def _state(old: State, new: State, path: YamlPath) -> Iterator[Change]:
    noun = f"state {new.name}:"
    yield from _values(noun, _facts(old), _facts(new), path)
    enter: YamlPath = (*path, "enter")
    yield from _sequences(f"{noun} step", old.enter, new.enter, say_step, enter, enter, key=_type_of)
    for event in dict.fromkeys((*new.on, *old.on)):
        before, now = old.on.get(event, ()), new.on.get(event, ())
        if before != now:
            where = (*path, "on", event)
            yield _whole(f"{noun} on {event}", _arrows(before), _arrows(now), where)
    if old.after != new.after:
        where = (*path, "after")
        yield _whole(f"{noun} after", _join(old.after, _after), _join(new.after, _after), where)


def _whole(what: str, was: str, now: str, path: YamlPath) -> Change:
    kind = Kind.CHANGED if was and now else Kind.ADDED if now else Kind.REMOVED
    return Change(kind, what, was, now, path if was else (), path if now else ())


def _facts(state: State) -> dict[str, str]:
    facts = {
        "label": state.label, "status": state.status, "phase": state.phase, "parent": state.parent,
        "each": state.each, "where": state.where, "initial": state.initial,
        "final": "true" if state.final else "",
    }
    return {key: value for key, value in facts.items() if value}


def _sequences(
    what: str, old: Sequence[Any], new: Sequence[Any], say: Any, old_path: YamlPath, new_path: YamlPath,
    key: Any = None,
) -> Iterator[Change]:
    """Added, removed and changed entries; those between two of the same kind are compared, not replaced."""
    before, now = [say(one) for one in old], [say(one) for one in new]
    for tag, i, i_end, j, j_end in SequenceMatcher(a=before, b=now, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        paired = set()
        for a in range(i, i_end):
            b = next((
                b for b in range(j, j_end)
                if b not in paired and (key is None or key(old[a]) == key(new[b]))
            ), None)
            if b is None:
                yield Change(Kind.REMOVED, what, was=before[a], old_path=(*old_path, a))
            else:
                paired.add(b)
                yield Change(Kind.CHANGED, what, before[a], now[b], (*old_path, a), (*new_path, b))
        for b in range(j, j_end):
            if b not in paired:
                yield Change(Kind.ADDED, what, now=now[b], new_path=(*new_path, b))


def _type_of(call: StepCall) -> str:
    return call.type


def say_step(call: StepCall) -> str:
    """A step in a line: `notify {to: recipient, template: expired}`."""
    if call.cases:
        cases = (
            f"[{case.when or 'else'}: {'; '.join(say_step(one) for one in case.do)}]" for case in call.cases
        )
        return f"{call.type} {' '.join(cases)}"
    return f"{call.type} {say_arguments(call.args)}" if call.args else call.type


def say_arguments(args: Mapping[str, Any]) -> str:
    """Arguments as they could be written: `{evidence: door_sensor, within: {seconds: 5}}`."""
    shown = (
        f"{name}: {say_duration(value) if name in _DURATIONS and isinstance(value, int) else _plain(value)}"
        for name, value in args.items()
    )
    return "{" + ", ".join(shown) + "}"


def say_arrow(arrow: Arrow) -> str:
    """An arrow in a line: `waiting when {{ attempts < 2 }}`."""
    return (arrow.to or _STAY) + (f" when {arrow.when}" if arrow.when else "")


def _arrows(arrows: Iterable[Arrow]) -> str:
    return ", else ".join(say_arrow(arrow) for arrow in arrows)


def _after(timer: After) -> str:
    return f"{say_duration(timer.micros)} to {_arrows(timer.arrows)}"


def _join(found: Iterable[Any], say: Any) -> str:
    return "; ".join(say(one) for one in found)


def _deadline(deadline: Deadline) -> str:
    parts = [say_duration(deadline.micros)] if deadline.micros else []
    parts += [f"from {deadline.since}"] if deadline.since else []
    parts += ["until the end of the order's window"] if deadline.until_window else []
    parts += [f"at {deadline.at}"] if deadline.at else []
    parts += [f"until {deadline.time}"] if deadline.time else []
    parts += ["until the next closing"] if deadline.schedule else []
    return ", ".join(parts)


def _start(start: Start) -> str:
    facts = {"terminal": start.terminal, "group": start.group, "keys": start.keys}
    more = "".join(f", {name} {value}" for name, value in facts.items() if value)
    return start.on + more + (", on schedule" if start.schedule else "")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
