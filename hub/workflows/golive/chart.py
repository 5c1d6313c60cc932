"""GL-02: what an org chart says people may and may not do, held against the site's policy.

people:
  anna: {roles: [staff], may: [handover.load], may_not: [handover.refund]}
  ben:  {may: [{verb: handover.refund, approval: supervisor}], may_not: [device.restart]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.access import Decision, PersonSpec, Policy, Target
from hub.access.default_policy import DEFAULT_POLICY
from hub.config import Document, suggest
from hub.core.commands import Actor
from hub.workflows.golive.alerts import calls
from hub.workflows.golive.findings import Finding, Outcome
from hub.workflows.rehearsal import Plan
from hub.workflows.run.approving import APPROVAL_VERBS
from hub.workflows.run.desk_verbs import DESK_VERBS
from hub.workflows.run.verbs import VERBS

CHECK = "GL-02"
#: Asked by the web page of a simulated site only.
_TWIN = "twin.act"
_STATUS = ("created", "reserved", "completed", "partially_completed", "expired", "refunded", "cancelled")
_KEYS = ("verb", "workflow", "status", "own", "approval")
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the chart: what somebody may, or may not, do. Empty conditions mean: wherever."""

    verb: str
    path: _Path
    allowed: bool
    workflow: str = ""
    status: str = ""
    own: bool = False
    approval: str = ""


def known_verbs() -> tuple[str, ...]:
    """Every verb that the hub asks a policy about."""
    listed = {
        verb for rules in DEFAULT_POLICY.values() for rule in rules
        for verb in ([rule] if isinstance(rule, str) else rule["verbs"]) if "*" not in verb
    }
    handovers = {f"handover.{verb}" for verb in VERBS}
    return tuple(sorted({*listed, *handovers, *DESK_VERBS, *APPROVAL_VERBS, _TWIN}))


def check(plan: Plan, chart: Document | None, name: str) -> Iterator[Finding]:
    """Every difference; one line per person who is as the chart says."""
    yield from _approvals(plan)
    if chart is None:
        yield Finding(
            CHECK, "org chart", Outcome.NOT_YET, f"there is no {name} to hold the policy against",
            f"write {name} beside site.yaml: people: {{NAME: {{may: [VERB], may_not: [VERB]}}}}",
        )
        return
    people = chart.at(("people",))
    if not isinstance(people, dict) or not people:
        yield _wrong(chart, (), "org chart", "it names nobody", "begin with: people: {NAME: {may: [VERB]}}")
        return
    site = {person.key: person for person in plan.people}
    for key, person in site.items():
        if key not in people:
            yield _wrong(
                chart, ("people",), key, f"works at the site with {_roles(person)}, and the chart does not "
                "name them", f"add {key}, or take them out of people.yaml",
            )
    for key, entry in people.items():
        yield from _person(plan, chart, str(key), entry, site)


def _approvals(plan: Plan) -> Iterator[Finding]:
    """Whether the site has the people whom its workflows ask for consent: different ones, by role."""
    for workflow, (machine, _) in plan.workflows.items():
        wanted: dict[str, int] = {}
        for call in calls(machine):
            if call.type == "request_approval" and isinstance(call.args.get("count", 1), int):
                role = str(call.args["from"])
                wanted[role] = max(wanted.get(role, 0), call.args.get("count", 1))
        for role, count in sorted(wanted.items()):
            there = [person.key for person in plan.people if role in person.roles]
            subject = f"{workflow}: consent of {role}"
            names = ", ".join(there) or "nobody"
            if len(there) < count:
                yield Finding(
                    CHECK, subject, Outcome.FAIL, f"{count} wanted, and the site has {names}",
                    f"give somebody in people.yaml roles: [{role}], or ask for fewer",
                )
            else:
                yield Finding(CHECK, subject, Outcome.PASS, f"{count} wanted: {names}")


def _person(
    plan: Plan, chart: Document, key: str, entry: Any, site: Mapping[str, PersonSpec]
) -> Iterator[Finding]:
    path: _Path = ("people", key)
    person = site.get(key)
    if person is None:
        yield _wrong(
            chart, path, key, "nobody of the site has this name", suggest(key, site, "the site has no people")
        )
        return
    findings = [*_form(chart, path, key, entry)]
    lines = [] if findings else [*_lines(chart, path, entry, findings, key)]
    if not findings:
        findings += _same_roles(chart, path, entry, person)
        findings += [found for line in lines for found in _compare(plan, chart, person, line)]
    if not findings and {line.allowed for line in lines} != {True, False}:
        missing = "may_not" if all(line.allowed for line in lines) and lines else "may"
        findings.append(_wrong(
            chart, path, key, f"the chart has nothing under {missing}: only one half can be checked",
            f"add {missing}: [VERB]",
        ))
    if findings:
        yield from findings
        return
    yes = sum(line.allowed for line in lines)
    detail = f"{yes} allowed and {len(lines) - yes} denied, as the chart says ({_roles(person)})"
    yield Finding(CHECK, key, Outcome.PASS, detail)


def _form(chart: Document, path: _Path, key: str, entry: Any) -> Iterator[Finding]:
    if not isinstance(entry, dict):
        yield _wrong(chart, path, key, "expected may and may_not", "write {may: [VERB], may_not: [VERB]}")
        return
    for word, value in entry.items():
        if word not in ("roles", "may", "may_not"):
            mend = suggest(str(word), ("roles", "may", "may_not"))
            yield _wrong(chart, (*path, word), key, f"unknown key '{word}'", mend)
        elif not isinstance(value, list):
            yield _wrong(chart, (*path, word), key, f"{word} is a list", f"write {word}: [...]")


def _lines(
    chart: Document, path: _Path, entry: Mapping[str, Any], findings: list[Finding], key: str
) -> Iterator[Line]:
    verbs = known_verbs()
    for word in ("may", "may_not"):
        for index, value in enumerate(entry.get(word, ())):
            place = (*path, word, index)
            given = {"verb": value} if isinstance(value, str) else value
            if not isinstance(given, dict) or not isinstance(given.get("verb"), str):
                findings.append(_wrong(
                    chart, place, key, "expected a verb, or a mapping with verb", "for example: handover.load"
                ))
                continue
            unknown = next((name for name in given if name not in _KEYS), None)
            if unknown is not None:
                mend = suggest(str(unknown), _KEYS)
                findings.append(_wrong(chart, place, key, f"unknown key '{unknown}'", mend))
            elif given["verb"] not in verbs:
                findings.append(_wrong(
                    chart, place, key, f"unknown verb '{given['verb']}'", suggest(given["verb"], verbs)
                ))
            else:
                yield Line(
                    given["verb"], place, word == "may", str(given.get("workflow", "")),
                    str(given.get("status", "")), bool(given.get("own", False)),
                    str(given.get("approval", "")),
                )


def _same_roles(chart: Document, path: _Path, entry: Mapping[str, Any], person: PersonSpec) -> list[Finding]:
    if "roles" not in entry or set(entry["roles"]) == set(person.roles):
        return []
    listed = ", ".join(map(str, entry["roles"])) or "none"
    return [_wrong(
        chart, (*path, "roles"), person.key,
        f"the chart says roles {listed}, the site gives {_roles(person)}",
        "make people.yaml and the chart say the same",
    )]


def _compare(plan: Plan, chart: Document, person: PersonSpec, line: Line) -> list[Finding]:
    found = _decisions(plan.policy, plan, person, line)
    yes = [one for one in found if one.allowed]
    if not line.allowed:
        if not yes:
            return []
        consent = yes[0].needs_approval
        how = f"with the consent of {consent}" if consent else "alone"
        return [_wrong(
            chart, line.path, person.key, f"may not {_said(line)}, but the policy lets them, {how}",
            f"narrow the rule {yes[0].rule} of policy, or take the role from {person.key}",
        )]
    if not yes:
        return [_wrong(
            chart, line.path, person.key, f"may {_said(line)}, but the policy denies it",
            f"give {person.key} a role whose rules name {line.verb}",
        )]
    return _consent(chart, person, line, yes)


def _consent(chart: Document, person: PersonSpec, line: Line, yes: Sequence[Decision]) -> list[Finding]:
    """What somebody may: alone, or with the consent that the chart names."""
    alone = next((one.rule for one in yes if not one.needs_approval), None)
    if line.approval and alone is not None:
        return [_wrong(
            chart, line.path, person.key,
            f"may {_said(line)} only with the consent of {line.approval}, but the policy asks for none",
            f"add approval: {line.approval} to the rule {alone}",
        )]
    asked = sorted({one.needs_approval for one in yes if one.needs_approval})
    if alone is not None or asked == [line.approval]:
        return []
    who = " or ".join(asked)
    return [_wrong(
        chart, line.path, person.key, f"may {_said(line)}, but the policy asks for the consent of {who}",
        f"if that is right write {{verb: {line.verb}, approval: {asked[0]}}}",
    )]


def _decisions(policy: Policy, plan: Plan, person: PersonSpec, line: Line) -> list[Decision]:
    """What the policy says wherever the line holds: every workflow and status that it does not name."""
    actor = Actor(f"person:{person.key}", frozenset(person.roles))
    workflows = [line.workflow] if line.workflow else ["", *plan.workflows]
    statuses = [line.status] if line.status else ["", *_STATUS]
    owner = actor.ref if line.own else ""
    return [
        policy.decide(actor, line.verb, Target(workflow=workflow, status=status, person_ref=owner))
        for workflow in workflows for status in statuses
    ]


def _said(line: Line) -> str:
    more = [word for word in (
        f"in {line.workflow}" if line.workflow else "", f"when {line.status}" if line.status else "",
        "of their own" if line.own else "",
    ) if word]
    return " ".join((line.verb, *more))


def _roles(person: PersonSpec) -> str:
    return f"roles {', '.join(person.roles)}" if person.roles else "no role"


def _wrong(chart: Document, path: Sequence[str | int], subject: str, detail: str, mend: str) -> Finding:
    return Finding(CHECK, subject, Outcome.FAIL, detail, mend, str(chart.marks.key(path)))
