"""What the go-live checks find, and what a site may make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Outcome(StrEnum):
    """How one thing stands. NOT YET is what nobody could look at: it never counts as a pass."""

    PASS = "PASS"  # noqa: S105  a word of the report
    FAIL = "FAIL"
    NOT_YET = "NOT YET"
    NOT_NEEDED = "n/a"


#: Requirement -> what is asked there, in the order of the report.
CHECKS: Final[Mapping[str, str]] = {
    "GL-01": "Credentials: in time, early, late, revoked, at the wrong reader",
    "GL-02": "Permissions match the org chart, allowed and denied",
    "GL-03": "Every alert reaches a person",
    "GL-04": "The export has the columns asked for",
    "GL-05": "Recovery: network drop, door fault, disputed pickup",
    "PR-03": "Retention is set for every class of event",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `mend` says what to write or do, `place` is file:line:column where known."""

    check: str
    subject: str
    outcome: Outcome
    detail: str
    mend: str = ""
    place: str = ""

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return {
            "check": self.check, "subject": self.subject, "outcome": self.outcome.value,
            "detail": self.detail, "mend": self.mend, "place": self.place,
        }


def overall(findings: Iterable[Finding]) -> Outcome:
    """The worst of them; nothing looked at is NOT YET."""
    seen = {finding.outcome for finding in findings}
    for outcome in (Outcome.FAIL, Outcome.NOT_YET, Outcome.PASS, Outcome.NOT_NEEDED):
        if outcome in seen:
            return outcome
    return Outcome.NOT_YET


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one site. `at` is when it was examined (UTC microseconds)."""

    site: str
    name: str
    at: int
    findings: tuple[Finding, ...]
    #: Workflow -> hash of the machine that was rehearsed.
    machines: Mapping[str, str]

    def of(self, check: str) -> tuple[Finding, ...]:
        """The findings of one check."""
        return tuple(finding for finding in self.findings if finding.check == check)

    @property
    def outcome(self) -> Outcome:
        """Of the whole site: every check counts, also one that found nothing."""
        each = [Finding(check, "", overall(self.of(check)), "") for check in CHECKS]
        return overall(each)

    def as_json(self) -> dict[str, Any]:
        """For programs, and for the record."""
        return {
            "site": self.site, "name": self.name, "at": self.at, "outcome": self.outcome.value,
            "machines": dict(self.machines),
            "checks": [
                {"id": check, "title": title, "outcome": overall(self.of(check)).value,
                 "findings": [finding.as_json() for finding in self.of(check)]}
                for check, title in CHECKS.items()
            ],
        }
