"""The sentences of a report that its formats share. What others named in them is not escaped yet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from docbatch.core.cost_sentences import run_text, spending_text
from docbatch.core.models import RetryClass
from docbatch.core.report import plural, span
from docbatch.core.result_warnings import WarningKind
from docbatch.core.run_reports.values import STATUSES, ReportedDocument, RunReport

SHOWN: Mapping[str, str] = {
    "succeeded": "done",
    "partial": "partial",
    "failed": "failed",
    "problem": "cannot be sent",
    "held": "held for a decision",
    "live": "with the provider",
    "pending": "not sent yet",
}
_ENDED: Mapping[int, str] = {
    0: "done; nothing is due",
    1: "an error",
    4: "incomplete",
    5: "stopped by a budget, or by a vendor whose credits have run out",
    6: "refused by a guard",
    7: "the plan file is stale",
    11: "another run holds the state",
    12: "credentials are missing or were refused",
    64: "the command line or a spec is wrong",
    130: "interrupted",
}
_WARNED: Mapping[str, str] = {
    WarningKind.EMPTY: "empty, with nothing to see in them",
    WarningKind.EMPTY_PAGES: "with pages that show nothing",
    WarningKind.GUESSED: "with something that was guessed",
    WarningKind.OTHER: "with other warnings",
}


@dataclass(frozen=True, slots=True)
class SuggestedCommand:
    """What to do, and what that does."""

    command: str
    why: str


def headline(report: RunReport) -> str:
    """Say in a line how many documents are done, and how many are not."""
    counts = report.counts
    done = f"{counts.get('succeeded', 0):,} of {plural(report.documents, 'document')} done"
    where = "" if report.environment is None else f"environment {report.environment}: "
    return where + ", ".join([done, *_not_done(report)])


def _not_done(report: RunReport) -> Iterator[str]:
    counts = report.counts
    for status in STATUSES[1:]:
        if status in counts:
            yield f"{counts[status]:,} {SHOWN[status]}"
    if report.accepted:
        yield f"{report.accepted:,} of these accepted"
    if report.undelivered:
        yield f"{report.undelivered:,} not written"


def ended(report: RunReport) -> str:
    """Say how the run ended and why; empty where there was none."""
    return "" if report.exit_code is None else f"exit code {report.exit_code}: {why(report)}"


def why(report: RunReport) -> str:
    """Say why the run ended as it did; empty where there was none."""
    if report.exit_code is None:
        return ""
    if report.exit_code == 3:
        are = "is" if report.failing == 1 else "are"
        return f"finished, and {plural(report.failing, 'document')} failed or {are} partial"
    rest = report.unfinished + report.undelivered
    if report.exit_code == 4 and rest:
        return f"{_ENDED[4]}: {plural(rest, 'document')} {'is' if rest == 1 else 'are'} not through"
    return _ENDED.get(report.exit_code, "a failure")


def figures(report: RunReport) -> Iterator[str]:
    """Yield what was selected, what was sent, what that came to, and how long it took."""
    if report.selected:
        yield f"selected: {report.selected}; other documents of these jobs are told as they stand"
    if report.sent is not None:
        yield f"this run sent {plural(report.sent, 'document')}"
    yield from map(run_text, report.spent)
    for job in report.jobs:
        if job.cost is not None:
            yield f"{job.job} in all: {spending_text(job.cost)}"
    for held in report.held:
        yield f"submission {held.submission} on {held.connection} is held with {plural(held.documents, 'document')}: it may be at the provider"
    if report.seconds is not None:
        yield f"it took {span(report.seconds)}" if report.seconds >= 1 else "it took less than a second"


def warnings(report: RunReport) -> Iterator[str]:
    """Yield how many documents have warnings beside what was lost, by their kinds."""
    for kind, told in _WARNED.items():
        count = sum(job.warned.get(kind, 0) for job in report.jobs)
        if count:
            yield f"{plural(count, 'document')} {told}"


def group_title(status: str, kind: str, documents: int) -> str:
    """Name documents that are unwell for the same reason."""
    shown = SHOWN[status]
    return f"{plural(documents, 'document')} {shown}" + ("" if kind == status else f": {kind}")


def reason(document: ReportedDocument, *, with_kind: bool = True) -> str:
    """Say why a document is unwell: its class, the vendor's code, what was said, how often it was tried, and who accepted it."""
    parts = [
        document.kind if with_kind else "",
        f"code {document.code}" if document.code else "",
        document.message,
    ]
    tried = f" ({document.attempts:,} attempts)" if document.attempts > 1 else ""
    accepted = f" ({document.accepted})" if document.accepted else ""
    return ": ".join(filter(None, parts)) + tried + accepted


def next_steps(report: RunReport) -> Iterator[SuggestedCommand]:
    """Yield what to do next, what goes on by itself first."""
    for step in _next_steps(report):
        program, *words = step.command.split(" ")
        where = [] if report.environment is None else ["--env", report.environment]
        yield replace(step, command=" ".join((program, *where, *words)))


def _next_steps(report: RunReport) -> Iterator[SuggestedCommand]:
    failed = [each for each in report.unwell if each.status == "failed" and each.is_failing]
    partial = any(each.status == "partial" and each.is_failing for each in report.unwell)
    again = sum(each.retry is not RetryClass.NEVER for each in failed)
    if report.unfinished or report.undelivered or report.exit_code in {1, 130}:
        yield SuggestedCommand("docbatch apply", "goes on where this ended; nothing is paid twice")
    if report.held or report.counts.get("held"):
        yield SuggestedCommand("docbatch status", "names what is held, and how to decide")
    if again:
        yield SuggestedCommand(
            "docbatch retry", f"queues {plural(again, 'failed document')} for the next apply"
        )
    if partial:
        yield SuggestedCommand("docbatch retry --class lost", "queues partial documents for the next apply")
    if len(failed) > again:
        yield SuggestedCommand(
            "docbatch failures",
            f"tells what to do about each, and how to let it stand; {plural(len(failed) - again, 'failed one')} would fail again as they are",
        )
