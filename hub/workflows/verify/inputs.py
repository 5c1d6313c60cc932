"""Compiles a blueprint for checking: inputs without a default get a stand-in of the right kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.config.loader import load_yaml
from hub.config.problems import Problems
from hub.config.selectors import SiteNames
from hub.workflows.compile import Compiled, compile_blueprint
from hub.workflows.fragments import assemble

#: A stand-in for each kind of selector that names something of a site.
_STAND_INS: Mapping[str, Any] = {
    "bank": "main", "terminal": "front", "compartment": "main/A1", "machine": "machine", "slot": "machine/1",
    "product": "product", "role": "staff", "person_group": "people", "template": "ready_for_pickup",
    "schedule": "always", "device": "device", "text": "text", "boolean": False, "time": "18:00",
    "money": "1.00", "duration": {"hours": 1},
}
_ALWAYS = {"zone": "UTC", "week": [[[0, 86_400]]] * 7, "except": {}}


def compile_for_check(path: Path) -> Compiled:
    """The blueprint with stand-ins for what only a site knows."""
    document = load_yaml(path, Problems())
    given = {} if document is None else stand_ins(assemble(document, Problems(), ()).data)
    return compile_blueprint(path, path.stem, given, SiteNames(schedules={"always": _ALWAYS}))


def stand_ins(data: Any) -> dict[str, Any]:
    """Values for the required inputs of a blueprint, those of its sections and fragments among them."""
    head = data.get("blueprint") if isinstance(data, Mapping) else None
    found: dict[str, Any] = {}
    _fill(head.get("input") if isinstance(head, Mapping) else None, found)
    return found


def _fill(inputs: Any, found: dict[str, Any]) -> None:
    for name, spec in inputs.items() if isinstance(inputs, Mapping) else ():
        if not isinstance(spec, Mapping):
            continue
        if isinstance(spec.get("input"), Mapping):
            _fill(spec["input"], found)
        elif "default" not in spec and spec.get("required", True):
            found[str(name)] = _stand_in(spec.get("selector"))


def _stand_in(selector: Any) -> Any:
    if isinstance(selector, str):
        selector = {selector: None}
    if not isinstance(selector, Mapping) or len(selector) != 1:
        return "text"
    ((kind, options),) = selector.items()
    options = options if isinstance(options, Mapping) else {}
    if kind == "select":
        value = (options.get("options") or ["text"])[0]
    elif kind == "number":
        value = options.get("min", 1)
    elif kind == "duration":
        value = options.get("min", _STAND_INS["duration"])
    else:
        value = _STAND_INS.get(str(kind), "text")
    return [value] if options.get("multiple") else value
