"""Named lists of steps: `call: NAME` is replaced by the steps under `routines: NAME:`, marks and all."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from hub.config.marks import Document, Marks, YamlPath
from hub.config.problems import Problems, suggest
from hub.config.schema import kind_of

_CALL = "call"


def inline(document: Document, problems: Problems) -> Document:
    """`document` without `routines:` and with the steps of each in the place of its calls."""
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("states"), dict):
        return document
    work = _Inlining(document, problems)
    states = {key: work.state(key, spec) for key, spec in data["states"].items()}
    if not work.used and "routines" not in data:
        return document
    kept = {key: value for key, value in data.items() if key != "routines"} | {"states": states}
    return dataclasses.replace(document, data=kept, marks=work.marks())


class _Inlining:
    """One run over a document. `moves` says where in the source each new place comes from."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self._document = document
        self._problems = problems
        found = document.data.get("routines")
        self._routines: Mapping[str, Any] = found if isinstance(found, dict) else {}
        self._moves: list[tuple[YamlPath, YamlPath]] = []
        self.used = False
        if found is not None and not isinstance(found, dict):
            what = f"expected lists of steps by name, found {kind_of(found)}"
            self._bad(("routines",), what, "for example: routines: {recall: [revoke_credential, release]}")

    def state(self, key: str, spec: Any) -> Any:
        """A state with the calls of its `enter` replaced."""
        if not isinstance(spec, dict) or not isinstance(spec.get("enter"), list) or not _calls(spec["enter"]):
            return spec
        self.used = True
        path: YamlPath = ("states", key, "enter")
        return {**spec, "enter": self._steps(spec["enter"], path, path, ())}

    def _steps(
        self, steps: list[Any], source: YamlPath, place: YamlPath, chain: tuple[str, ...]
    ) -> list[Any]:
        out: list[Any] = []
        for index, step in enumerate(steps):
            self._step(step, (*source, index), out, place, chain)
        return out

    def _step(
        self, step: Any, source: YamlPath, out: list[Any], place: YamlPath, chain: tuple[str, ...]
    ) -> None:
        if isinstance(step, dict) and len(step) == 1 and _CALL in step:
            self._call(step[_CALL], (*source, _CALL), out, place, chain)
            return
        here: YamlPath = (*place, len(out))
        self._moves.append((here, source))
        if isinstance(step, dict) and isinstance(step.get("choose"), list):
            branches = []
            for index, branch in enumerate(step["choose"]):
                tail: YamlPath = ("choose", index, "do")
                if isinstance(branch, dict) and isinstance(branch.get("do"), list):
                    inner = self._steps(branch["do"], (*source, *tail), (*here, *tail), chain)
                    branches.append({**branch, "do": inner})
                else:
                    branches.append(branch)
            step = {**step, "choose": branches}
        out.append(step)

    def _call(
        self, routine: Any, source: YamlPath, out: list[Any], place: YamlPath, chain: tuple[str, ...]
    ) -> None:
        steps = self._routines.get(routine) if isinstance(routine, str) else None
        if steps is None:
            mend = suggest(str(routine), self._routines, "add it under routines:")
            self._bad(source, f"unknown routine '{routine}'", mend)
            return
        if routine in chain:
            circle = " -> ".join((*chain, routine))
            self._bad(source, f"these routines call each other in a circle: {circle}", "take this call away")
            return
        path: YamlPath = ("routines", routine)
        if not isinstance(steps, list):
            what = f"expected a list of steps, found {kind_of(steps)}"
            self._bad(path, what, "begin each step with a dash: - assign: ...")
            return
        for index, step in enumerate(steps):
            self._step(step, (*path, index), out, place, (*chain, routine))

    def _bad(self, path: YamlPath, message: str, mend: str) -> None:
        self._problems.add(self._document.marks.value(path), message, mend, path)

    def marks(self) -> Marks:
        """Marks of the new document: a step that came from a routine keeps that routine's lines."""
        old = self._document.marks
        below: defaultdict[YamlPath, list[YamlPath]] = defaultdict(list)
        known: dict[YamlPath, tuple[Any, Any]] = {}
        for path, key, value in old.items():
            known[path] = (key, value)
            if path:
                below[path[:-1]].append(path)
        replaced = {place[:3] for place, _ in self._moves}
        new = Marks(str(self._document.path))
        for path, (key, value) in known.items():
            if not (path[:3] in replaced and len(path) > 3):
                new.put(path, key, value)

        def graft(source: YamlPath, place: YamlPath) -> None:
            if source in known:
                new.put(place, *known[source])
            for child in below[source]:
                graft(child, (*place, child[-1]))

        for place, source in self._moves:  # outer places come first, what lies in them overwrites
            graft(source, place)
        return new


def _calls(steps: list[Any]) -> bool:
    """Whether a list of steps calls a routine, in a branch of a `choose` at the deepest."""
    for step in steps:
        if isinstance(step, dict):
            if _CALL in step:
                return True
            branches = step.get("choose")
            if isinstance(branches, list):
                lists = (branch.get("do") for branch in branches if isinstance(branch, dict))
                if any(_calls(inner) for inner in lists if isinstance(inner, list)):
                    return True
    return False
