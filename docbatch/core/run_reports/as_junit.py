"""A report as JUnit XML: a job is a suite, a document is a case, and one that counts for exit code 3 is a failing case."""

import re
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from docbatch.core.report import plural, visible
from docbatch.core.run_reports.as_json import VERSION
from docbatch.core.run_reports.sentences import SHOWN, ended, figures, headline, reason
from docbatch.core.run_reports.values import (
    ReportedDocument,
    ReportedError,
    ReportedJob,
    RunReport,
)

# What XML 1.0 has no way to write; `visible` leaves few of them.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report_junit(report: RunReport) -> Iterator[str]:
    """Yield the lines of the file.

    Documents that succeeded are cases as far as the report names them; the rest of a job's is one case that says how many.
    What is not through, and what is accepted, is a skipped case, what went wrong beyond documents an erroneous one in a suite of its own.
    """
    errors = len(report.errors)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<!-- {VERSION} -->"
    totals = {"tests": sum(map(_cases, report.jobs)) + errors, "failures": report.failing, "errors": errors,
              "skipped": sum(map(_skipped, report.jobs)), **_time(report)}  # fmt: skip
    yield f"<testsuites{_attributes({'name': 'docbatch', **totals})}>"
    unwell: dict[str, list[ReportedDocument]] = {}
    for each in report.unwell:
        unwell.setdefault(each.job, []).append(each)
    for job in report.jobs:
        yield from _suite(report, job, unwell.get(job.job, []))
    if errors:
        yield f"<testsuite{_attributes({'name': 'docbatch', 'tests': errors, 'failures': 0, 'errors': errors, 'skipped': 0})}>"
        yield from map(_error, report.errors)
        yield "</testsuite>"
    yield "</testsuites>"


def _cases(job: ReportedJob) -> int:
    named = len(job.passed) + job.failing
    return named + _skipped(job) + (_unnamed(job) > 0)


def _skipped(job: ReportedJob) -> int:
    """Held and accepted documents are named; what waits or runs is one case for each of both."""
    return job.counts.get("held", 0) + job.accepted + sum(1 for each in _WAITING if job.counts.get(each))


_WAITING = ("live", "pending")


def _unnamed(job: ReportedJob) -> int:
    return job.counts.get("succeeded", 0) - len(job.passed)


def _suite(report: RunReport, job: ReportedJob, unwell: list[ReportedDocument]) -> Iterator[str]:
    totals = {"tests": _cases(job), "failures": job.failing, "errors": 0, "skipped": _skipped(job)}
    yield f"<testsuite{_attributes({'name': job.job, **totals, 'timestamp': report.made.removesuffix('Z')})}>"
    yield "<properties>"
    for name, value in _properties(report, job):
        yield f"<property{_attributes({'name': name, 'value': value})}/>"
    yield "</properties>"
    yield from (_case(job.job, path) for path in job.passed)
    if rest := _unnamed(job):
        yield _case(job.job, f"{plural(rest, 'more document')} that succeeded")
    for each in unwell:
        yield _failing(each) if each.is_failing else _waiting(job.job, each.path, reason(each))
    for status in _WAITING:
        if count := job.counts.get(status):
            yield _waiting(job.job, f"{plural(count, 'document')} {SHOWN[status]}", SHOWN[status])
    yield "</testsuite>"


def _properties(report: RunReport, job: ReportedJob) -> Iterator[tuple[str, object]]:
    yield "connection", job.connection
    yield from ((f"label.{name}", value) for name, value in job.labels.items())
    yield "documents", job.documents
    yield from job.counts.items()
    yield "empty", job.empty
    yield "undelivered", job.undelivered
    yield "summary", headline(report)
    if told := ended(report):
        yield "ended", told
    for number, told in enumerate(figures(report), 1):
        yield f"figure.{number}", told


def _failing(document: ReportedDocument) -> str:
    told = _attributes({"type": document.kind, "message": reason(document, with_kind=False)})
    text = escape(_plain(reason(document)))
    return _case(document.job, document.path, f"<failure{told}>{text}</failure>")


def _waiting(job: str, name: str, why: str) -> str:
    return _case(job, name, f"<skipped{_attributes({'message': why})}/>")


def _error(error: ReportedError) -> str:
    told = _attributes({"type": "error", "message": "; ".join(filter(None, (error.message, error.hint)))})
    return _case("docbatch", error.message, f"<error{told}/>")


def _case(job: str, name: str, inside: str = "") -> str:
    case = _attributes({"classname": job, "name": name})
    return f"<testcase{case}>{inside}</testcase>" if inside else f"<testcase{case}/>"


def _time(report: RunReport) -> Mapping[str, str]:
    return {} if report.seconds is None else {"time": f"{report.seconds:.3f}"}


def _attributes(values: Mapping[str, object]) -> str:
    return "".join(f" {name}={_quoted(str(value))}" for name, value in values.items())


def _quoted(text: str) -> str:
    return quoteattr(_plain(text))


def _plain(text: str) -> str:
    return _NO_XML.sub("?", visible(text))
