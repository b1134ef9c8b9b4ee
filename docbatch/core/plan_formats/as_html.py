"""A plan as one page of HTML that needs nothing else."""

from collections.abc import Iterator

from docbatch.core.html_page import html_page, listed, shown
from docbatch.core.plan_formats.figures import figures, reasons
from docbatch.core.plan_formats.sentences import (
    FREE,
    SIGNS,
    STATES,
    VERBS,
    change,
    head,
    jobs,
    kept_to,
    of_guards,
    on_one_line,
    part,
    summary,
    why_not,
)
from docbatch.core.report import NotDue, PlanLine, PlanReport, human, plural

_FEW = 10
"""Documents that are shown unfolded."""
_COLUMNS = (
    '<table>\n<tr><th>what</th><th>why</th><th class="number">documents</th><th class="number">size</th></tr>'
)


def plan_html(report: PlanReport) -> str:
    """Return the plan as a page for a browser."""
    parts = (_head(report), _jobs(report), _open(report), _versions(report), _notes(report))
    return html_page("Plan: docbatch", (line for part in parts for line in part))


def _head(report: PlanReport) -> Iterator[str]:
    yield f"<h1>Plan: {shown(summary(report))}</h1>"
    if STATES[report.state]:
        kind = ' class="caution"' if report.state == "none" else ""
        yield f"<p{kind}>{shown(STATES[report.state])}</p>"
    yield f"<p>{shown(head(report))}</p>"
    if report.selected is not None:
        yield f"<p>{shown(part(report.selected))}</p>"
    yield from (f'<p class="caution">{shown(on_one_line(each))}</p>' for each in of_guards(report))


def _jobs(report: PlanReport) -> Iterator[str]:
    for job, lines, rest in jobs(report):
        yield f"<h2>{shown(job)}</h2>"
        if lines:
            yield _COLUMNS
            yield from map(_row, lines)
            yield "</table>"
        yield from _figures(report, job)
        if rest is not None:
            yield _not_due(rest)


def _figures(report: PlanReport, job: str) -> Iterator[str]:
    yield from (f"<p>{shown(each)}</p>" for each in figures(report, job))
    if why := list(reasons(report, job)):
        yield listed(map(shown, why))


def _row(line: PlanLine) -> str:
    why = "".join(
        (
            shown(line.reason),
            "; free of charge" if line.action in FREE else "",
            *_values(line),
            *_documents(line),
        )
    )
    return (
        f'<tr><td class="action" title="{shown(VERBS[line.action])}">{SIGNS[line.action]} {line.action}</td>'
        f'<td>{why}</td><td class="number">{line.documents:,}</td><td class="number">{human(line.size)}</td></tr>'
    )


def _values(line: PlanLine) -> Iterator[str]:
    if line.values:
        yield listed(f"<code>{shown(change(value))}</code>" for value in line.values)


def _documents(line: PlanLine) -> Iterator[str]:
    if not line.examples:
        return
    left = line.documents - len(line.examples)
    more = [f"and {left:,} more"] if left > 0 else []
    names = listed([*(_named(*example) for example in line.examples), *more])
    folded = f"<details><summary>{plural(line.documents, 'document')}</summary>{names}</details>"
    yield names if len(line.examples) <= _FEW else folded


def _named(path: str, detail: str) -> str:
    return f"<code>{shown(path)}</code>" + (f" <small>{shown(detail)}</small>" if detail else "")


def _not_due(rest: NotDue) -> str:
    return f'<p class="rest">not due: {shown(why_not(rest))}</p>'


def _open(report: PlanReport) -> Iterator[str]:
    if report.open:
        yield "<h2>open submissions</h2>"
        yield listed(
            f"<code>{shown(each.submission)}</code> {shown(f'{each.connection}, {each.status}: {each.next}')}"
            for each in report.open
        )


def _versions(report: PlanReport) -> Iterator[str]:
    if report.versions:
        yield "<h2>versions</h2>"
        yield listed(shown(f"{each.job}: {kept_to(each)}") for each in report.versions)


def _notes(report: PlanReport) -> Iterator[str]:
    if report.notes:
        yield "<h2>notes</h2>"
        yield listed(map(shown, report.notes))
