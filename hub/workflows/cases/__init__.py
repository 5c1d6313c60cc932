"""Cases: tests of a blueprint in the installer's language, run on virtual time."""

from hub.workflows.cases.parse import Case, CaseFile, load_cases
from hub.workflows.cases.report import render_result
from hub.workflows.cases.run import CaseResult, run_case

__all__ = ["Case", "CaseFile", "CaseResult", "load_cases", "render_result", "run_case"]
