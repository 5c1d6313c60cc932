"""Checks whose subsystem this release does not have: they say so, and never pass."""

from __future__ import annotations

from collections.abc import Iterator

from hub.workflows.golive.findings import Finding, Outcome

#: Classes of records for which a period has to be decided (PR-02).
CLASSES = (
    "routine handovers", "access attempts", "custody and evidence of doors", "money",
    "overrides and incidents", "messages to people", "people and their keys",
)


def export() -> Iterator[Finding]:
    """GL-04."""
    yield Finding(
        "GL-04", "export", Outcome.NOT_YET,
        "this release has no export: its columns cannot be compared with what finance or operations ask for",
        "take what you need from the API until then: GET /api/v1/handovers",
    )


def retention() -> Iterator[Finding]:
    """PR-02, PR-03."""
    yield Finding(
        "PR-03", "every class", Outcome.NOT_YET,
        f"{', '.join(CLASSES)}: kept for ever, no period can be set in this release",
        "decide the periods before opening, and write them down until they can be set",
    )
