"""From the text of a blueprint to the Machine that a handover pins (S31), or to what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hub.config.loader import load_shared, load_text
from hub.config.marks import Document, Marks, YamlPath
from hub.config.problems import Problems, suggest
from hub.config.schema import check
from hub.config.selectors import SiteNames
from hub.core.clock import MINUTE
from hub.workflows import machine as compiled
from hub.workflows.checks import check_machine
from hub.workflows.checks.names import check_names
from hub.workflows.checks.rails import check_rails
from hub.workflows.engine import COMPLETED_BY_HAND, HALTED, RECOVERY
from hub.workflows.fragments import assemble
from hub.workflows.machine import Arrow, Machine, State, StepCall
from hub.workflows.parse import Instance, Parsed, parse
from hub.workflows.routines import inline
from hub.workflows.shape import STAY, branch_list
from hub.workflows.steps import STEPS, StepType

#: The inherited final state of a handover that the desk has closed (S25).
CLOSED_BY_DESK = "closed_by_desk"
#: The step that decides between lists of steps.
CHOOSE = "choose"
__all__ = ["CLOSED_BY_DESK", "Compiled", "Instance", "compile_blueprint"]


class Compiled(NamedTuple):
    """The machine, or None with the reasons in `problems`.

    `marks` lead from a path to its file and line, `sources` hold the text of every file that it is made of.
    """

    machine: Machine | None
    problems: Problems
    marks: Marks
    sources: Mapping[str, str] = {}


def compile_blueprint(
    source: Path | str, workflow: str, inputs: Mapping[str, Any] | None = None,
    names: SiteNames | None = None, *, instance: Instance | None = None, file: str = "blueprint.yaml",
    steps: Mapping[str, StepType] = STEPS, library: Sequence[Path] = (),
) -> Compiled:
    """Compile the blueprint at a path, or its text, for one workflow of a site.

    `names` are what selectors choose among, `instance` says where the inputs stand, for errors;
    `steps` may include those of integrations. Fragments are looked for beside the file, then in the folders
    of `library`, then among the shipped ones.
    """
    problems = Problems()
    document = (
        load_shared(source, problems) if isinstance(source, Path) else load_text(source, file, problems)
    )
    if document is None:
        return Compiled(None, problems, Marks(str(source) if isinstance(source, Path) else file))
    document = inline(assemble(document, problems, library), problems)
    parsed = parse(document, inputs or {}, names or SiteNames(), problems, instance)
    if parsed is None or len(problems):
        return Compiled(None, problems, document.marks, document.texts)
    zone = names.zone if names is not None else "UTC"
    machine = _without_unused(_machine(parsed, workflow, zone, steps, problems), document)
    check_machine(machine, parsed.document, steps, problems)
    check_names(machine, parsed.document, names or SiteNames(), problems)
    check_rails(machine, parsed.document, names or SiteNames(), problems)
    return Compiled(None if len(problems) else machine, problems, document.marks, document.texts)


def _without_unused(machine: Machine, document: Document) -> Machine:
    """Take away the states of other files that nothing in this blueprint leads to.

    Not all of a fragment is needed everywhere. An unreachable state of its own is a mistake, and stays to be
    reported.
    """
    if machine.initial not in machine.states or len(document.texts) < 2:
        return machine
    own, names = str(document.path), set(machine.states)
    foreign = {
        name for name in names
        if ("states", name) in document.marks and document.marks.key(("states", name)).file != own
    }
    kept = {machine.initial, *(names - foreign)}
    waiting = list(kept)
    while waiting:
        state = machine.states[waiting.pop()]
        timed = (arrow for timer in state.after for arrow in timer.arrows)
        arrows = (arrow for several in state.on.values() for arrow in several)
        for target in (state.initial, state.parent, *(arrow.to for arrow in (*arrows, *timed))):
            if target in names and target not in kept:
                kept.add(target)
                waiting.append(target)
    return msgspec.structs.replace(
        machine, states={name: state for name, state in machine.states.items() if name in kept}
    )


def _machine(
    parsed: Parsed, workflow: str, zone: str, steps: Mapping[str, StepType], problems: Problems
) -> Machine:
    head, body = parsed.head, parsed.body
    states = {
        name: _state(name, spec, parsed.document, steps, problems) for name, spec in body["states"].items()
    }
    promise = body.get("promise", {})
    return Machine(
        workflow=workflow, blueprint=head["name"], version=head["version"], lang=head["lang"],
        initial=body["initial"], states=states | _inherited(states),
        deadlines={name: _deadline(spec, zone) for name, spec in body.get("deadlines", {}).items()},
        start=tuple(compiled.Start(**spec) for spec in body["start"]), keys=body.get("keys", {}),
        inputs=dict(parsed.inputs), source_owner=body.get("source", {}).get("owner", "hub"),
        urgency=promise.get("urgency", "normal"), first_paged=promise.get("first_paged", "staff"),
        promise_micros=promise.get("minutes", 0) * MINUTE,
    )


def _deadline(spec: Mapping[str, Any], zone: str) -> compiled.Deadline:
    until = spec.get("until", "")
    time = until if until not in ("", "window", "closing") else ""
    return compiled.Deadline(
        micros=spec.get("after", 0), since=spec.get("from", ""), until_window=until == "window",
        at=spec.get("at", ""), schedule=spec.get("schedule", {}) if until == "closing" else {},
        time=time, zone=zone if time else "",
    )


def _inherited(own: Mapping[str, State]) -> dict[str, State]:
    """Behaviour that every blueprint has unless it defines its own: nothing ends without an owner (S25)."""
    calls = [call for state in own.values() for call in state.enter]
    if not calls:
        return {}
    halted_kind = "step_failed"
    held = "{{ allocation is defined }}"
    handed_over = (StepCall("transfer_custody", {"to": "recipient"}), StepCall("release"))
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
        COMPLETED_BY_HAND: State(
            COMPLETED_BY_HAND, label="Completed by hand", status="completed", phase="completed", final=True,
            enter=(
                StepCall("revoke_credential"), StepCall("choose", cases=(compiled.Case(handed_over, held),)),
            ),
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
        final=spec.get("final", False), each=spec.get("each", ""), where=spec.get("where", ""),
        initial=spec.get("initial", ""),
    )


def _arrows(arrows: list[dict[str, str]]) -> tuple[Arrow, ...]:
    return tuple(
        Arrow("" if arrow["to"] == STAY else arrow["to"], arrow.get("when", "")) for arrow in arrows
    )


def _call(
    step: str, args: Any, path: YamlPath, document: Document, steps: Mapping[str, StepType],
    problems: Problems,
) -> StepCall | None:
    where: YamlPath = (*path, step)
    if step == CHOOSE:
        return _choose(args, where, document, steps, problems)
    kind = steps.get(step)
    if kind is None:
        problems.add(document.marks.key(where), f"unknown step '{step}'", suggest(step, steps), path)
        return None
    found = check(kind.schema, document, where, problems, args)
    return StepCall(step, found or {}, kind.is_effect)


def _choose(
    args: Any, where: YamlPath, document: Document, steps: Mapping[str, StepType], problems: Problems
) -> StepCall | None:
    """A `choose`: branches of database steps, the first whose `when` holds."""
    branches = check(branch_list, document, where, problems, args)
    if branches is None:
        return None
    cases = []
    for index, branch in enumerate(branches):
        path: YamlPath = (*where, index, "do")
        found = (
            _call(step, inner, (*path, at), document, steps, problems)
            for at, (step, inner) in enumerate(branch["do"])
        )
        calls = tuple(call for call in found if call is not None)
        for at, call in enumerate(calls):
            if call.effect:
                mark = document.marks.key((*path, at, call.type))
                problems.add(
                    mark, f"{call.type} acts: it cannot stand in choose",
                    "lead to a state of its own instead: entered: [{when: ..., to: STATE}]", path,
                )
        cases.append(compiled.Case(calls, branch.get("when", "")))
    return StepCall(CHOOSE, cases=tuple(cases))
