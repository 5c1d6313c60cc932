"""From the text of a blueprint to the Machine that a handover pins (S31), or to what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hub.config.loader import load_text, load_yaml
from hub.config.marks import Document, Marks, YamlPath
from hub.config.problems import Problems, suggest
from hub.config.schema import check
from hub.config.selectors import SiteNames
from hub.core.clock import MINUTE
from hub.workflows import machine as compiled
from hub.workflows.checks import check_machine
from hub.workflows.checks.names import check_names
from hub.workflows.engine import HALTED, RECOVERY
from hub.workflows.machine import Arrow, Machine, State, StepCall
from hub.workflows.parse import STAY, Instance, Parsed, parse
from hub.workflows.steps import STEPS, StepType

#: The inherited final state of a handover that the desk has closed (S25).
CLOSED_BY_DESK = "closed_by_desk"
__all__ = ["CLOSED_BY_DESK", "Compiled", "Instance", "compile_blueprint"]


class Compiled(NamedTuple):
    """The machine, or None with the reasons in `problems`. `marks` lead from a path to its line."""

    machine: Machine | None
    problems: Problems
    marks: Marks


def compile_blueprint(
    source: Path | str, workflow: str, inputs: Mapping[str, Any] | None = None,
    names: SiteNames | None = None, *, instance: Instance | None = None, file: str = "blueprint.yaml",
    steps: Mapping[str, StepType] = STEPS,
) -> Compiled:
    """Compile the blueprint at a path, or its text, for one workflow of a site.

    `names` are what selectors choose among, `instance` says where the inputs stand, for errors;
    `steps` may include those of integrations.
    """
    problems = Problems()
    document = (
        load_yaml(source, problems) if isinstance(source, Path) else load_text(source, file, problems)
    )
    if document is None:
        return Compiled(None, problems, Marks(str(source) if isinstance(source, Path) else file))
    parsed = parse(document, inputs or {}, names or SiteNames(), problems, instance)
    if parsed is None:
        return Compiled(None, problems, document.marks)
    machine = _machine(parsed, workflow, steps, problems)
    check_machine(machine, parsed.document, steps, problems)
    check_names(machine, parsed.document, names or SiteNames(), problems)
    return Compiled(None if len(problems) else machine, problems, document.marks)


def _machine(parsed: Parsed, workflow: str, steps: Mapping[str, StepType], problems: Problems) -> Machine:
    head, body = parsed.head, parsed.body
    states = {
        name: _state(name, spec, parsed.document, steps, problems) for name, spec in body["states"].items()
    }
    promise = body.get("promise", {})
    return Machine(
        workflow=workflow, blueprint=head["name"], version=head["version"], lang=head["lang"],
        initial=body["initial"], states=states | _inherited(states),
        deadlines={
            name: compiled.Deadline(spec["after"], spec.get("from", ""), spec.get("until") == "window")
            for name, spec in body.get("deadlines", {}).items()
        },
        start=tuple(compiled.Start(spec["on"], spec.get("terminal", "")) for spec in body["start"]),
        inputs=dict(parsed.inputs), source_owner=body.get("source", {}).get("owner", "hub"),
        urgency=promise.get("urgency", "normal"), first_paged=promise.get("first_paged", "staff"),
        promise_micros=promise.get("minutes", 0) * MINUTE,
    )


def _inherited(own: Mapping[str, State]) -> dict[str, State]:
    """Behaviour that every blueprint has unless it defines its own: nothing ends without an owner (S25)."""
    calls = [call for state in own.values() for call in state.enter]
    if not calls:
        return {}
    halted_kind = "step_failed"
    closing = (Arrow(CLOSED_BY_DESK, "{{ event.verdict == 'closed' }}"),)
    inherited = {
        RECOVERY: State(
            RECOVERY, label="Waits for the desk", phase="attention", on={"incident.resolved": closing}
        ),
        HALTED: State(
            HALTED, label="A step failed", phase="attention",
            enter=(StepCall("raise_incident", {"kind": halted_kind, "urgency": "high"}),),
            on={
                "incident.resolved": (Arrow(CLOSED_BY_DESK, f"{{{{ event.kind == '{halted_kind}' }}}}"),),
                "command.cancel": (Arrow(CLOSED_BY_DESK),),
            },
        ),
        CLOSED_BY_DESK: State(
            CLOSED_BY_DESK, label="Closed by the desk", status="cancelled", phase="closed", final=True
        ),
    }
    if not any(call.effect for call in calls):
        del inherited[RECOVERY]
    return {name: state for name, state in inherited.items() if name not in own}


def _state(
    name: str, spec: Mapping[str, Any], document: Document, steps: Mapping[str, StepType], problems: Problems
) -> State:
    path: YamlPath = ("states", name)
    calls = (
        _call(step, args, (*path, "enter", index), document, steps, problems)
        for index, (step, args) in enumerate(spec.get("enter", ()))
    )
    return State(
        name=name, parent=spec.get("parent", ""), label=spec.get("label", ""), status=spec.get("status", ""),
        phase=spec.get("phase", ""), enter=tuple(call for call in calls if call is not None),
        on={event: _arrows(arrows) for event, arrows in spec.get("on", {}).items()},
        after=tuple(compiled.After(timer["for"], _arrows(timer["to"])) for timer in spec.get("after", ())),
        final=spec.get("final", False), each=spec.get("each", ""), initial=spec.get("initial", ""),
    )


def _arrows(arrows: list[dict[str, str]]) -> tuple[Arrow, ...]:
    return tuple(
        Arrow("" if arrow["to"] == STAY else arrow["to"], arrow.get("when", "")) for arrow in arrows
    )


def _call(
    step: str, args: Any, path: YamlPath, document: Document, steps: Mapping[str, StepType],
    problems: Problems,
) -> StepCall | None:
    kind = steps.get(step)
    where: YamlPath = (*path, step)
    if kind is None:
        problems.add(document.marks.key(where), f"unknown step '{step}'", suggest(step, steps), path)
        return None
    found = check(kind.schema, document, where, problems, args)
    return StepCall(step, found or {}, kind.is_effect)
