"""Names of the site that a blueprint writes out instead of taking them as inputs."""

from __future__ import annotations

from collections.abc import Collection

from hub.config.marks import Document, YamlPath
from hub.config.problems import Problems, suggest
from hub.config.selectors import SiteNames
from hub.workflows.checks.graph import calls_of
from hub.workflows.expressions import body_of
from hub.workflows.machine import Machine


def check_names(machine: Machine, document: Document, names: SiteNames, problems: Problems) -> None:
    """Banks and products of `assign`, and the terminals of `start`, must exist where the site is known."""
    places = None if names.banks is None else (*names.banks, *(names.machines or ()))
    for state in machine.states.values():
        for call, path in calls_of(state):
            if call.type == "assign":
                _known("bank", call.args.get("bank"), places, (*path, "bank"), document, problems)
                product = call.args.get("product")
                _known("product", product, names.products, (*path, "product"), document, problems)
            to = str(call.args.get("to", ""))
            group = to.removeprefix("group:") if to.startswith("group:") else None
            _known("person group", group, names.person_groups, (*path, "to"), document, problems)
    for index, start in enumerate(machine.start):
        where: YamlPath = ("start", index, "terminal")
        _known("person group", start.group or None, names.person_groups, (*where[:2], "group"), document,
               problems)
        _known("terminal", start.terminal or None, names.terminals, where, document, problems)


def _known(
    what: str, value: object, known: Collection[str] | None, path: YamlPath, document: Document,
    problems: Problems,
) -> None:
    if value is None or known is None or body_of(value) is not None or value in known:
        return
    mend = suggest(value, known, f"this site has no {what}")
    problems.add(document.marks.value(path), f"unknown {what} '{value}'", mend, path)
