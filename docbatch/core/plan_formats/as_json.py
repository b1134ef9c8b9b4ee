"""A plan for programs; `docbatch schema plan` prints what it holds."""

from dataclasses import asdict
from typing import Any

from docbatch.core.plan_formats.sentences import STATES
from docbatch.core.report import PlanLine, PlanReport

VERSION = "docbatch/plan/v1"


def plan_json(report: PlanReport) -> dict[str, Any]:
    """Return the plan as a JSON value with a version."""
    return {
        "version": VERSION,
        "type": "plan",
        **asdict(report),
        "lines": list(map(_line, report.lines)),
        "has_changes": report.has_changes,
        "state_note": STATES[report.state] or None,
    }


def _line(line: PlanLine) -> dict[str, Any]:
    examples = [{"path": path, "detail": detail} for path, detail in line.examples]
    return {**asdict(line), "action": line.action, "examples": examples}
