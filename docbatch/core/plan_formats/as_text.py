"""A plan for a terminal: counts first, documents by name where they are asked for."""

from collections.abc import Iterator

from docbatch.core.plan_formats.figures import figures, reasons
from docbatch.core.plan_formats.sentences import (
    SIGNS,
    STATES,
    change,
    head,
    jobs,
    kept_to,
    of_guards,
    part,
    summary,
    what,
    why_not,
)
from docbatch.core.report import PlanLine, PlanReport, visible

NOT_DONE = frozenset({"fail", "stand", "held", "skip"})


def plan_text(report: PlanReport, *, named: bool = False, most_new: int | None = None) -> str:
    """Return the plan for a terminal, ending in a line break; with `named`, the documents it has as examples.

    `most_new` is how many new documents the run sends at most that it is shown by.

    What is not done is named in any case: nobody should have to ask for that.
    """
    parts = (
        _head(report),
        _jobs(report, named=named),
        _open(report),
        _versions(report),
        _notes(report),
        _guards(report),
        _end(report, most_new),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(report: PlanReport) -> Iterator[str]:
    yield head(report)
    if report.selected is not None:
        yield visible(part(report.selected))
    if STATES[report.state]:
        yield STATES[report.state]


def _jobs(report: PlanReport, *, named: bool) -> Iterator[str]:
    for job, lines, rest in jobs(report):
        yield f"\n{visible(job)}"
        for line in lines:
            if line.kind == "send":
                yield from _line(line, named=named)
        yield from _figures(report, job)
        for line in lines:
            if line.kind != "send":
                yield from _line(line, named=named)
        if rest is not None:
            yield f"  = not due: {why_not(rest)}"


def _line(line: PlanLine, *, named: bool) -> Iterator[str]:
    yield visible(f"  {SIGNS[line.action]} {line.action}: {line.documents:,} {what(line)}")
    for value in line.values:
        yield f"      {visible(change(value))}"
    if line.examples and (named or line.kind in NOT_DONE):
        for path, detail in line.examples:
            yield f"      {visible(path)}" + (f"  ({visible(detail)})" if detail else "")
        if line.documents > len(line.examples):
            yield f"      and {line.documents - len(line.examples):,} more"


def _figures(report: PlanReport, job: str) -> Iterator[str]:
    yield from (f"      {each}" for each in figures(report, job))
    yield from (f"        {visible(each)}" for each in reasons(report, job))


def _open(report: PlanReport) -> Iterator[str]:
    if report.open:
        yield "\nopen submissions"
    for each in report.open:
        yield visible(f"  {each.submission}  {each.connection}  {each.status}: {each.next}")


def _versions(report: PlanReport) -> Iterator[str]:
    if report.versions:
        yield "\nversions"
    for each in report.versions:
        yield visible(f"  {each.job}: {kept_to(each)}")


def _notes(report: PlanReport) -> Iterator[str]:
    for note in report.notes:
        yield f"\nnote: {visible(note)}"


def _guards(report: PlanReport) -> Iterator[str]:
    yield from (f"\n{each}" for each in of_guards(report))


def _end(report: PlanReport, most_new: int | None) -> Iterator[str]:
    yield f"\n{visible(summary(report, most_new))}"
