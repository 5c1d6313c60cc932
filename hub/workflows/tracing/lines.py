"""Finds the parts of a pinned machine that a record speaks of, and the lines they were written on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hub.config.marks import YamlPath
from hub.workflows.machine import Arrow, Machine, StepCall
from hub.workflows.tracing.story import Guard, Place, Step
from hub.workflows.versions.written import Written, shown

_PART = re.compile(r"(\d+)(?:\.choose\[(-?\d+)\]\.do)?|\[(\d+)\](?:\.choose\[(-?\d+)\]\.do)?")


class Lines:
    """One machine with what it was written as."""

    def __init__(self, machine: Machine, written: Written) -> None:
        self._machine = machine
        self._written = written

    def place(self, path: YamlPath) -> Place:
        """The place of a part. Without file and line where every blueprint inherits it."""
        found = self._written.place(path)
        if found is None:
            return Place(shown(path))
        return Place(shown(path), *found, self._written.line(*found).strip())

    def effect(self, state: str) -> Place | None:
        """The effect step of a state: the last of its `enter`."""
        found = self._machine.states.get(state)
        if found is None or not found.enter:
            return None
        return self.place(("states", state, "enter", len(found.enter) - 1))

    def arrow(
        self, event: str, state: str, asked: str, data: Mapping[str, Any], guards: Sequence[Sequence[str]]
    ) -> tuple[Place | None, tuple[Guard, ...]]:
        """The arrow that was taken, told from the values of the guards on the way; and those with places."""
        waiting = list(guards)
        told: list[Guard] = []
        for arrow, path in self._candidates(event, state, asked, data):
            if not arrow.when:
                return self.place(path), (*told, *_plain(waiting))
            if waiting and waiting[0][0] == arrow.when:
                when, value = waiting.pop(0)
                told.append(Guard(when, value, self.place(path)))
                if value == "true":
                    return self.place(path), (*told, *_plain(waiting))
        return None, (*told, *_plain(waiting))

    def _candidates(
        self, event: str, state: str, asked: str, data: Mapping[str, Any]
    ) -> list[tuple[Arrow, YamlPath]]:
        """Arrows in the order in which the engine asks them."""
        found = self._machine.states.get(state)
        if found is None:
            return []
        if event.startswith("after."):
            index = event.rpartition(".")[2]
            if not index.isdecimal() or int(index) >= len(found.after):
                return []
            arrows = found.after[int(index)].arrows
            base: YamlPath = ("states", state, "after", int(index), "to")
            return [(arrow, (*base, n)) for n, arrow in enumerate(arrows)]
        arrows_of = self._of(state, event) + (self._of(found.parent, event) if found.parent else [])
        if asked and event == "incident.resolved":
            verdict = f"effect.{data.get('verdict', '')}"
            parent = self._machine.states[asked].parent if asked in self._machine.states else ""
            arrows_of += self._of(asked, verdict) + (self._of(parent, verdict) if parent else [])
        return arrows_of

    def _of(self, state: str, event: str) -> list[tuple[Arrow, YamlPath]]:
        found = self._machine.states.get(state)
        if found is None:
            return []
        return [
            (arrow, ("states", state, "on", event, index))
            for index, arrow in enumerate(found.on.get(event, ()))
        ]

    def steps(self, state: str, logged: Sequence[Sequence[Any]]) -> tuple[Step, ...]:
        """The records of a transition's steps with what the machine says of them."""
        return tuple(self._step(state, *record) for record in logged)

    def _step(
        self, state: str, where: int | str, told: Mapping[str, Any] | None = None,
        failure: Mapping[str, Any] | None = None,
    ) -> Step:
        call, path = self._call(state, where)
        place = self.place(path)
        if call is None:
            return Step("?", dict(told or {}), place=place)
        if call.cases and told is not None and "branch" in told:
            return Step(call.type, {}, branch=int(told["branch"]), place=place)
        args = {**call.args, **(told or {})}
        if failure is None:
            return Step(call.type, args, place=place)
        return Step(
            call.type, args, False, str(failure.get("reason", "")), str(failure.get("detail", "")),
            place=place,
        )

    def _call(self, state: str, where: int | str) -> tuple[StepCall | None, YamlPath]:
        """The step at a place such as `1.choose[0].do[2]`, and its path."""
        path: list[str | int] = ["states", state, "enter"]
        found = self._machine.states.get(state)
        calls: Sequence[StepCall] = found.enter if found is not None else ()
        call: StepCall | None = None
        for match in _PART.finditer(str(where)):
            index = int(match[1] if match[1] is not None else match[3])
            branch = match[2] if match[2] is not None else match[4]
            call = calls[index] if index < len(calls) else None
            path.append(index)
            if call is None:
                break
            if branch is not None:
                path += ["choose", int(branch), "do"]
                calls = call.cases[int(branch)].do
        return call, tuple(path)


def _plain(guards: Sequence[Sequence[str]]) -> tuple[Guard, ...]:
    return tuple(Guard(when, value) for when, value in guards)
