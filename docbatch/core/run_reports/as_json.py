"""A report for programs; `docbatch schema report` prints what it holds."""

from dataclasses import asdict
from typing import Any

from docbatch.core.costs import CostLine
from docbatch.core.run_reports.sentences import next_steps, why
from docbatch.core.run_reports.values import STATUSES, ReportedDocument, ReportedJob, RunReport

VERSION = "docbatch/report/v1"


def report_json(report: RunReport) -> dict[str, Any]:
    """Return the report as a JSON value with a version."""
    return {
        "version": VERSION,
        "type": "report",
        "command": report.command,
        "environment": report.environment,
        "made": report.made,
        "exit_code": report.exit_code,
        "why": why(report) or None,
        "seconds": report.seconds,
        "sent": report.sent,
        "selected": report.selected or None,
        "documents": report.documents,
        "counts": {**dict.fromkeys(STATUSES, 0), **report.counts},
        "accepted": report.accepted,
        "empty": report.empty,
        "undelivered": report.undelivered,
        "classes": [
            {"status": status, "class": kind, "documents": len(found)}
            for (status, kind), found in report.by_class().items()
        ],
        "jobs": list(map(_job, report.jobs)),
        "failures": list(map(_unwell, report.unwell)),
        "warnings": [
            {"job": each.job, "path": each.path, "warnings": list(each.warnings)} for each in report.warned
        ],
        "spent": list(map(_cost, report.spent)),
        "held": list(map(asdict, report.held)),
        "errors": list(map(asdict, report.errors)),
        "next": list(map(asdict, next_steps(report))),
    }


def _job(job: ReportedJob) -> dict[str, Any]:
    return {
        "job": job.job,
        "connection": job.connection,
        "labels": dict(job.labels),
        "documents": job.documents,
        "counts": {**dict.fromkeys(STATUSES, 0), **job.counts},
        "accepted": job.accepted,
        "empty": job.empty,
        "undelivered": job.undelivered,
        "warned": dict(job.warned),
        "cost": None if job.cost is None else job.cost.values(),
    }


def _unwell(document: ReportedDocument) -> dict[str, Any]:
    return {
        "job": document.job,
        "path": document.path,
        "status": document.status,
        "class": document.kind,
        "code": document.code,
        "message": document.message,
        "attempts": document.attempts,
        "accepted": document.accepted or None,
    }


def _cost(line: CostLine) -> dict[str, Any]:
    return {"connection": line.by["connection"], **line.all.values()}
