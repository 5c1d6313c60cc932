"""What `hub check` demands of a compiled blueprint, each complaint at its line."""

from __future__ import annotations

from collections.abc import Mapping

from hub.config.marks import Document
from hub.config.problems import Problems
from hub.workflows.checks.expressions import check_expressions
from hub.workflows.checks.facts import check_needs
from hub.workflows.checks.graph import Graph
from hub.workflows.checks.paths import check_paths
from hub.workflows.checks.retries import check_retries
from hub.workflows.checks.states import check_states
from hub.workflows.checks.targets import check_targets
from hub.workflows.machine import Machine
from hub.workflows.steps.types import StepType


def check_machine(
    machine: Machine, document: Document, steps: Mapping[str, StepType], problems: Problems
) -> None:
    """Report everything that is wrong with `machine`; what later checks build on is checked first."""
    before = len(problems)
    check_targets(machine, document, problems)
    check_expressions(machine, document, steps, problems)
    check_states(machine, document, steps, problems)
    if len(problems) > before:
        return
    graph = Graph.of(machine)
    check_paths(graph, document, problems)
    check_retries(graph, document, steps, problems)
    check_needs(graph, document, steps, problems)
