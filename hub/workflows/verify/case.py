"""A counter-example as a case (docs/installer/cases.md), so that it can be played on the real hub.

The case expects the very path that the checker found: while it passes, the fault is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from hub.config.loader import load_yaml
from hub.config.problems import Problems
from hub.core.clock import SECOND
from hub.workflows.compile import Compiled
from hub.workflows.machine import Machine
from hub.workflows.verify.explore import Found, Stride
from hub.workflows.verify.inputs import stand_ins

#: How long a device takes for an act in the middle of which the hub is killed.
_SLOW = 5
_CONFIRMED: Mapping[str, str] = {
    "open": "opens", "dispense": "drops", "authorise": "paid", "capture": "done", "void": "done",
    "refund": "done", "check_age": "old enough",
}
_REFUTED: Mapping[str, str] = {
    "no_motion": "stuck", "not_sent": "not sent", "rejected": "refused", "no_refund": "refused",
}
_UNKNOWN, _UNSEEN = "nobody knows", "opens unseen"
_SITE: Mapping[str, Any] = {
    "banks": {"main": {f"A{n}": {"size": "M"} for n in range(1, 5)}}, "item": {"sku": "parcel", "size": "M"},
}


def counter_case(found: Found, compiled: Compiled) -> dict[str, Any]:
    """One entry of `cases:`."""
    assert compiled.machine is not None
    writing = _Writing(compiled.machine)
    for stride in found.way:
        writing.add(stride)
    last = found.way[-1].after
    path = [stride.after.state for stride in found.way]
    name = f"{found.violation.property}: {found.violation.message}"
    case: dict[str, Any] = {"name": name}
    given = {"answers": writing.answers, "fails": writing.fails}
    if any(given.values()):
        case["given"] = {key: value for key, value in given.items() if value}
    case["when"] = writing.when
    case["then"] = {"state": last.state, "ended": last.ended, "path": _without_repeats(path)}
    return case


def write_cases(path: Path, blueprint: Path, cases: Iterable[Mapping[str, Any]]) -> None:
    """Write cases into a file of their own, for the site of the cases beside the blueprint or a small one."""
    given = _given(blueprint)
    data = {"blueprint": _relative(blueprint, path.parent), "given": given, "cases": list(cases)}
    head = "# Written by hub verify. Each case shows a fault: it passes while the fault is there.\n"
    path.write_text(head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110), "utf-8")


def _given(blueprint: Path) -> dict[str, Any]:
    beside = blueprint.with_name(f"{blueprint.stem}.cases.yaml")
    known = load_yaml(beside, Problems()) if beside.is_file() else None
    given = dict(known.data.get("given", {})) if known is not None and isinstance(known.data, dict) else {}
    for key in ("answers", "fails"):
        given.pop(key, None)
    if not given:
        given = dict(_SITE)
    document = load_yaml(blueprint, Problems())
    inputs = stand_ins(document.data) if document is not None else {}
    return {**given, "inputs": {**inputs, **given.get("inputs", {})}}


def _relative(blueprint: Path, folder: Path) -> str:
    try:
        return str(blueprint.resolve().relative_to(folder.resolve()))
    except ValueError:
        return str(blueprint.resolve())


def _without_repeats(names: list[str]) -> list[str]:
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


class _Writing:
    """Collects what happens and how devices answer."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.when: list[dict[str, Any]] = []
        self.answers: dict[str, list[Any]] = {}
        self.fails: dict[str, list[str]] = {}

    def add(self, stride: Stride) -> None:
        """One stride: a happening, an answer, or both."""
        word, _, rest = stride.what.partition(".")
        for note in stride.notes:
            self._aside(note)
        match word:
            case "start":
                first = self._machine.start[0].on if self._machine.start else "api"
                if rest != first or rest not in ("api", "selection", "desk"):
                    self.when.append({"start": rest})
            case "command":
                self.when.append({"command": rest})
            case "effect":
                self._answer(stride.before.effect, self._word(stride, rest))
            case "crash":
                verdict = next(n.partition(":")[2] for n in stride.notes if ".after_restart:" in n)
                said = {"answer": self._word(stride, verdict), "takes": {"seconds": _SLOW}}
                self._answer(stride.before.effect, said)
                self.when.append({"restart": True, "after": {"seconds": 1}})
            case "after":
                timer = self._machine.states[stride.before.state].after[int(rest)]
                self.when.append({"after": _seconds(timer.micros)})
            case "deadline":
                self.when.append({"after": _seconds(self._machine.deadlines[rest].micros)})
            case "incident":
                kind, verdict, _ = stride.detail.split(":")
                self.when.append({"desk": verdict, "incident": kind})
            case _:
                self.when.append(self._fact(stride))

    def _fact(self, stride: Stride) -> dict[str, Any]:
        match stride.what:
            case "door.closed":
                return {"door": "closes"}
            case "door.opened":
                return {"door": "opens"}
            case "door.breach":
                return {"door": "breach"}
            case "approval.given":
                return {"approve": True}
            case "approval.denied":
                return {"deny": True}
            case "thermal.breach":
                return {"thermal": {"state": "breach"}}
            case "credential.accepted":
                access = self._machine.inputs.get("access")
                method = access[0] if isinstance(access, list) and access else "pin"
                more = {} if stride.detail == "recipient" else {"of": stride.detail}
                return {"credential": method, **more}
        return {"fact": stride.what}

    def _word(self, stride: Stride, result: str) -> str:
        kind = stride.before.effect
        if result == "confirmed":
            return _CONFIRMED.get(kind, "done")
        if result == "in_doubt":
            return _UNSEEN if kind == "open" and stride.after.truth else _UNKNOWN
        reason = stride.detail.partition(":")[2] or "not_sent"
        return _REFUTED.get(reason, reason.replace("_", " "))

    def _aside(self, note: str) -> None:
        step, _, reason = note.partition(":")
        name, _, how = step.partition(".")
        if how == "failed" and reason != "no_allocation":
            self.fails.setdefault(name, []).append(reason)
        elif how == "refused" and reason == "offline":
            self._answer(name, "offline")

    def _answer(self, kind: str, word: Any) -> None:
        if kind in _CONFIRMED:
            self.answers.setdefault(kind, []).append(word)


def _seconds(micros: int) -> dict[str, int]:
    return {"seconds": micros // SECOND + 2}
