"""The go-live checks of one site: rehearsed on virtual time with its own machines, people and terminals."""

from hub.workflows.golive.findings import CHECKS, Finding, Outcome, Report, overall
from hub.workflows.golive.run import Question, examine

__all__ = ["CHECKS", "Finding", "Outcome", "Question", "Report", "examine", "overall"]
