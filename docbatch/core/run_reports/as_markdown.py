"""A report as a comment on a pull request: counts first, failures by class, below GitHub's limit, names escaped."""

from collections.abc import Iterator, Sequence

from docbatch.core.comment_text import ROOM, clipped, comment_length, fitting, folded, rendered, shares
from docbatch.core.report import plural
from docbatch.core.run_reports.as_json import VERSION
from docbatch.core.run_reports.sentences import (
    SHOWN,
    ended,
    figures,
    group_title,
    headline,
    next_steps,
    reason,
    warnings,
)
from docbatch.core.run_reports.values import (
    STATUSES,
    ReportedDocument,
    ReportedError,
    RunReport,
    WarnedDocument,
)

_JOBS, _REMARKS, _WARNED = 10_000, 8_000, 6_000
"""What there is room for at most in each part; documents that are not well have what is left."""
_FEW = 10
"""Documents that are shown unfolded."""
_SMALLEST, _FRAME = 600, 90
"""Room that a list of documents has at least, and what of it is taken by its frame, but for the title."""
_LONGEST_MESSAGE = 400


def report_markdown(report: RunReport) -> str:
    """Return the report for a pull request's comment; what is counted stands first."""
    parts = [
        [f"<!-- {VERSION} -->", f"### docbatch: {headline(report)}"],
        [f"**{ended(report)}**"] if ended(report) else [],
        _errors(report),
        _classes(report),
        [f"- {clipped(each)}" for each in (*figures(report), *warnings(report))],
        [f"- `{step.command}` {step.why}" for step in next_steps(report)],
        _jobs(report),
        _warned(report),
    ]
    text = "\n\n".join("\n".join(part) for part in parts if part)
    return "\n\n".join([text, *_unwell(report, ROOM - comment_length(text))]) + "\n"


def _errors(report: RunReport) -> list[str]:
    shown, left = rendered(report.errors, _error, _REMARKS)
    return [*shown, *([f"- and {plural(left, 'more error')}"] if left else [])]


def _error(error: ReportedError) -> str:
    told = "; ".join(filter(None, (error.message, error.hint)))
    return f"- error: {clipped(told, _LONGEST_MESSAGE)}"


def _classes(report: RunReport) -> list[str]:
    groups = report.by_class()
    rows = [
        f"| {clipped(kind)} | {SHOWN[status]} | {len(found):,} |" for (status, kind), found in groups.items()
    ]
    return ["| class | status | documents |", "|---|---|---:|", *rows] if rows else []


def _jobs(report: RunReport) -> list[str]:
    counts = report.counts
    columns = [each for each in STATUSES if each in counts]
    rows = [
        f"| {clipped(job.job)} | {job.documents:,} |"
        + "".join(f" {job.counts.get(each, 0):,} |" for each in columns)
        for job in report.jobs
    ]
    shown, left = fitting(rows, _JOBS)
    more = [f"| and {plural(left, 'more job')} |" + " |" * (len(columns) + 1)] if left else []
    head = ["| job | documents |" + "".join(f" {SHOWN[each]} |" for each in columns)]
    return [*head, "|---|---:|" + "---:|" * len(columns), *shown, *more] if rows else []


def _warned(report: RunReport) -> list[str]:
    if not report.warned:
        return []
    shown, left = rendered(report.warned, _warning, _WARNED)
    listed = [*shown, *([f"- and {left:,} more"] if left else [])]
    return folded(f"{plural(len(report.warned), 'document')} with warnings", listed)


def _warning(document: WarnedDocument) -> str:
    first, *others = document.warnings
    told = clipped(f"{document.job}: {document.path}: {first}")
    return f"- {told}" + (f" (and {len(others):,} more)" if others else "")


def _unwell(report: RunReport, room: int) -> Iterator[str]:
    """Yield lists of what is not well, each cut to its share of the room."""
    groups = [(group_title(*why, len(found)), found) for why, found in report.by_class().items()]
    shown = groups[: room // _SMALLEST]
    left = len(groups) - len(shown)
    room -= _SMALLEST if left else 0
    whole = ["\n".join(_group(*group, ROOM)) for group in shown]
    shared = shares([comment_length(text) + 2 for text in whole], room)
    for group, text, share in zip(shown, whole, shared, strict=True):
        yield text if comment_length(text) + 2 <= share else "\n".join(_group(*group, share))
    if left:
        yield f"{plural(left, 'more list')} of documents left out"


def _group(title: str, found: Sequence[ReportedDocument], room: int) -> list[str]:
    told = clipped(title)
    shown, left = rendered(found, _named, room - comment_length(told) - _FRAME)
    listed = [*shown, *([f"- and {left:,} more"] if left else [])]
    return [f"**{told}**", "", *listed] if len(found) <= _FEW else folded(told, listed)


def _named(document: ReportedDocument) -> str:
    return f"- {clipped(document.path)} ({clipped(document.job, 60)}): {_why(document)}"


def _why(document: ReportedDocument) -> str:
    return clipped(reason(document, with_kind=False), _LONGEST_MESSAGE)
