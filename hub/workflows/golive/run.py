"""All go-live checks of a site, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hub.config import Document
from hub.workflows.golive import absent, alerts, chart, credentials, recovery
from hub.workflows.golive.findings import Finding, Outcome, Report
from hub.workflows.rehearsal import Plan


@dataclass(frozen=True, slots=True)
class Question:
    """The site that is asked about. `chart` is its org chart, `chart_name` the file it is looked for in."""

    site: str
    name: str
    plan: Plan
    notifier: str | None = None
    chart: Document | None = None
    chart_name: str = "org-chart.yaml"


def examine(question: Question, at: int, passed: Callable[[str], None] = lambda _: None) -> Report:
    """Run every check; `passed` is told what is about to be looked at. `at` is the date of the report."""
    machines = {name: machine.digest() for name, (machine, _) in question.plan.workflows.items()}
    return Report(question.site, question.name, at, tuple(_findings(question, passed)), machines)


def _findings(question: Question, passed: Callable[[str], None]) -> Iterator[Finding]:
    plan = question.plan
    if not plan.workflows:
        for check in (credentials.CHECK, recovery.CHECK):
            yield Finding(
                check, "workflows", Outcome.NOT_YET, "the site has no workflow that could be rehearsed",
                "add one below workflows: in site.yaml",
            )
    for workflow in plan.workflows:
        yield from credentials.check(plan, workflow, passed)
        yield from recovery.check(plan, workflow, passed)
    passed(chart.CHECK)
    yield from chart.check(plan, question.chart, question.chart_name)
    yield from alerts.check(plan, question.notifier)
    yield from absent.export()
    yield from absent.retention()
