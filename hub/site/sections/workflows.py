"""`workflows:`, each a blueprint with its inputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from hub.config import Problems, SiteNames, Wrong, YamlPath, mapping, suggest, text
from hub.config.forms import form
from hub.config.schema import kind_of
from hub.config.shipped import blueprint_folders
from hub.site.sections.machines import slot_names
from hub.site.sections.reading import Reading
from hub.site.sections.thermal import check_watched
from hub.site.specs import WorkflowSpec
from hub.workflows.parse import Instance

if TYPE_CHECKING:
    from hub.workflows.compile import Compiled

#: Compiles one blueprint file with the inputs of one workflow.
Compile = Callable[[Path, str, Mapping[str, Any], SiteNames, Instance], "Compiled"]


@form({"type": "object"})
def _inputs(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = f"expected the blueprint's inputs, found {kind_of(value)}"
        raise Wrong(message, "for example: input: {bank: main}")
    return value


_USE = mapping({
    vol.Required("path", description="add: path: pickup.yaml"): text,
    vol.Optional("input", default=dict): _inputs,
})
WORKFLOW = mapping({
    vol.Required("use_blueprint", description="add: use_blueprint: {path: pickup.yaml, input: {...}}"): _USE,
    vol.Optional("terminal"): text,
})


def site_names(reading: Reading, roles: Collection[str]) -> SiteNames:
    """What selectors may choose among: everything the site names, right or wrong inside."""
    banks = reading.document.at(("banks",))
    compartments = [
        f"{bank}/{key}"
        for bank, entry in (banks.items() if isinstance(banks, dict) else ())
        if isinstance(entry, dict) and isinstance(entry.get("compartments"), dict)
        for key in entry["compartments"]
    ]
    devices = reading.names("devices")
    return SiteNames(
        currency=reading.currency,
        banks=reading.names("banks"),
        compartments=None if reading.names("banks") is None else compartments,
        devices=None if devices is None else {key: reading.capabilities.get(key, ()) for key in devices},
        products=reading.names("products"),
        terminals=reading.names("terminals"),
        roles=sorted(roles),
        machines=reading.names("machines"), slots=slot_names(reading),
        person_groups=_groups(reading),
    )


def _groups(reading: Reading) -> list[str] | None:
    """The groups that people are in."""
    if reading.names("people") is None:
        return None
    people = reading.document.at(("people",)) or {}
    named = [one.get("groups") for one in people.values() if isinstance(one, dict)]
    return sorted({str(group) for groups in named if isinstance(groups, list) for group in groups})


def read_workflows(reading: Reading, names: SiteNames, compile_one: Compile) -> dict[str, WorkflowSpec]:
    """Every workflow whose blueprint compiles with its inputs.

    What is wrong with one stands in `reading.broken` when the site is read to run: one broken blueprint keeps
    no other from serving, and it does not vanish.
    """
    workflows: dict[str, WorkflowSpec] = {}
    everything = reading.problems
    for key, path in reading.entries("workflows"):
        reading.problems = Problems()
        try:
            spec = _workflow(reading, key, path, names, compile_one)
        finally:
            found, reading.problems = reading.problems, everything
        if spec is not None and not len(found):
            workflows[key] = spec
        elif reading.tolerant:
            reading.broken[key] = tuple(found)
        else:
            everything.extend(found)
    return workflows


def _workflow(
    reading: Reading, key: str, path: YamlPath, names: SiteNames, compile_one: Compile
) -> WorkflowSpec | None:
    good = reading.check(WORKFLOW, path)
    raw = reading.document.at((*path, "terminal"))
    if isinstance(raw, str):
        reading.refers("terminals", "terminal", raw, (*path, "terminal"))
    if good is None:
        return None
    use = (*path, "use_blueprint")
    file = _find(reading, good["use_blueprint"]["path"])
    if file is None:
        word = good["use_blueprint"]["path"]
        known = {p.name for folder in blueprint_folders(reading.folder) for p in _blueprints(folder)}
        mend = suggest(word, known, f"put the file into {reading.folder / 'blueprints'}")
        reading.bad((*use, "path"), f"unknown blueprint '{word}'", mend)
        return None
    given = good["use_blueprint"]["input"]
    where = (*use, "input") if (*use, "input") in reading.document.marks else use
    compiled = compile_one(file, key, given, names, Instance(reading.document, where))
    reading.problems.extend(compiled.problems)
    if compiled.machine is None:
        return None
    check_watched(reading, compiled.machine, path)
    return WorkflowSpec(
        key, file, given, compiled.machine, good.get("terminal"),
        compiled.sources, compiled.marks,
    )


def _blueprints(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.yaml") if not path.name.endswith(".cases.yaml")]


def _find(reading: Reading, word: str) -> Path | None:
    for folder in blueprint_folders(reading.folder):
        file = folder / word
        if file.resolve().is_relative_to(folder.resolve()) and file.is_file():
            return file
    return None
