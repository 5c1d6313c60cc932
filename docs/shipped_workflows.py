"""The shipped workflows as an installer looks them up: ways to begin, inputs, incidents, messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hub.config.loader import load_yaml
from hub.config.problems import Problems
from hub.config.shipped import shipped
from hub.workflows.checks.graph import calls_of
from hub.workflows.compile import compile_blueprint
from hub.workflows.fragments import assemble
from hub.workflows.machine import Machine

_STARTS = {
    "api": "the API", "desk": "the desk", "tag": "a badge at the terminal", "selection": "a number keyed",
    "code": "a code read in a visit", "schedule": "opening hours",
}


def lines() -> Iterator[str]:
    """The page below its title."""
    yield "Every input, and where a workflow begins. The pages that tell how each one works:"
    yield ""
    for path in _files():
        yield f"- [{path.stem}](../workflows/{path.stem}.md)"
    for path in _files():
        yield from _workflow(path)


def _files() -> list[Path]:
    found = sorted(shipped("blueprints").glob("*.yaml"))
    return [path for path in found if not path.name.endswith(".cases.yaml")]


def _workflow(path: Path) -> Iterator[str]:
    problems = Problems()
    loaded = load_yaml(path, problems)
    assert loaded is not None, problems.render()
    head = assemble(loaded, problems).data["blueprint"]
    inputs = dict(_inputs(head.get("input", {})))
    machine = compile_blueprint(path, path.stem, _given(inputs)).machine
    assert machine is not None
    yield from ("", f"## {path.stem}", "", f"{head['description']} Version {machine.version}.", "")
    begin = ", ".join(dict.fromkeys(_STARTS[start.on] for start in machine.start))
    yield f"Begins with {begin}. The {machine.first_paged} are paged first; {machine.urgency} urgency."
    yield from ("", "| input | what it is | default |", "|---|---|---|")
    for name, spec in inputs.items():
        yield f"| `{name}` | {_said(spec, name)} | {_default(spec)} |"
    yield from ("", f"Incidents: {_words(machine, 'raise_incident', 'kind')}.", "")
    yield f"Messages: {_words(machine, 'notify', 'template')}."


def _inputs(declared: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, spec in declared.items():
        if "input" in spec:
            yield from spec["input"].items()
        else:
            yield name, spec


def _given(inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """A word for each input that has to be given: without a site every name passes."""
    return {
        name: "main" for name, spec in inputs.items() if "default" not in spec and spec.get("required", True)
    }


def _said(spec: Mapping[str, Any], name: str) -> str:
    about = str(spec.get("name", name))
    return f"{about}. {spec['description']}" if "description" in spec else about


def _default(spec: Mapping[str, Any]) -> str:
    if "default" not in spec:
        return "" if spec.get("required", True) else "none"
    value = spec["default"]
    if isinstance(value, Mapping):
        return ", ".join(f"{number} {unit}" for unit, number in value.items())
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(machine: Machine, step: str, argument: str) -> str:
    calls = (call for state in machine.states.values() for call, _ in calls_of(state) if call.type == step)
    return ", ".join(sorted({str(call.args[argument]) for call in calls})) or "none"
