"""A plan as one page of HTML that needs nothing else: no script, no picture, no style from elsewhere."""

from collections.abc import Iterable, Iterator
from html import escape

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
    summary,
    why_not,
)
from docbatch.core.report import NotDue, PlanLine, PlanReport, human, plural, visible

_FEW = 10
"""Documents that are shown unfolded."""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plan: docbatch</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.3rem; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid #8884; padding: .35rem .6rem; text-align: left; vertical-align: top; }}
td {{ overflow-wrap: anywhere; }}
th.number, td.number {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
td.action {{ white-space: nowrap; font-weight: 600; }}
code, li {{ overflow-wrap: anywhere; }}
code {{ font: .9em ui-monospace, monospace; background: #8882; padding: 0 .25em; border-radius: 3px; }}
ul {{ margin: .3rem 0; padding-left: 1.2rem; }}
.caution {{ border-left: 4px solid #d97706; background: #d9770622; padding: .5rem .8rem; }}
.rest, small {{ opacity: .75; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
_COLUMNS = (
    '<table>\n<tr><th>what</th><th>why</th><th class="number">documents</th><th class="number">size</th></tr>'
)


def plan_html(report: PlanReport) -> str:
    """Return the plan as a page for a browser."""
    parts = (_head(report), _jobs(report), _open(report), _versions(report), _notes(report))
    return _PAGE.format(body="\n".join(line for part in parts for line in part))


def _head(report: PlanReport) -> Iterator[str]:
    yield f"<h1>Plan: {_plain(summary(report))}</h1>"
    if STATES[report.state]:
        kind = ' class="caution"' if report.state == "none" else ""
        yield f"<p{kind}>{_plain(STATES[report.state])}</p>"
    yield f"<p>{_plain(head(report))}</p>"
    yield from (f'<p class="caution">{_plain(on_one_line(each))}</p>' for each in of_guards(report))


def _jobs(report: PlanReport) -> Iterator[str]:
    for job, lines, rest in jobs(report):
        yield f"<h2>{_plain(job)}</h2>"
        if lines:
            yield _COLUMNS
            yield from map(_row, lines)
            yield "</table>"
        yield from _figures(report, job)
        if rest is not None:
            yield _not_due(rest)


def _figures(report: PlanReport, job: str) -> Iterator[str]:
    yield from (f"<p>{_plain(each)}</p>" for each in figures(report, job))
    if why := list(reasons(report, job)):
        yield _listed(map(_plain, why))


def _row(line: PlanLine) -> str:
    why = "".join(
        (
            _plain(line.reason),
            "; free of charge" if line.action in FREE else "",
            *_values(line),
            *_documents(line),
        )
    )
    return (
        f'<tr><td class="action" title="{_plain(VERBS[line.action])}">{SIGNS[line.action]} {line.action}</td>'
        f'<td>{why}</td><td class="number">{line.documents:,}</td><td class="number">{human(line.size)}</td></tr>'
    )


def _values(line: PlanLine) -> Iterator[str]:
    if line.values:
        yield _listed(f"<code>{_plain(change(value))}</code>" for value in line.values)


def _documents(line: PlanLine) -> Iterator[str]:
    if not line.examples:
        return
    left = line.documents - len(line.examples)
    more = [f"and {left:,} more"] if left > 0 else []
    listed = _listed([*(_named(*example) for example in line.examples), *more])
    folded = f"<details><summary>{plural(line.documents, 'document')}</summary>{listed}</details>"
    yield listed if len(line.examples) <= _FEW else folded


def _named(path: str, detail: str) -> str:
    return f"<code>{_plain(path)}</code>" + (f" <small>{_plain(detail)}</small>" if detail else "")


def _not_due(rest: NotDue) -> str:
    return f'<p class="rest">not due: {_plain(why_not(rest))}</p>'


def _open(report: PlanReport) -> Iterator[str]:
    if report.open:
        yield "<h2>open submissions</h2>"
        yield _listed(
            f"<code>{_plain(each.submission)}</code> {_plain(f'{each.connection}, {each.status}: {each.next}')}"
            for each in report.open
        )


def _versions(report: PlanReport) -> Iterator[str]:
    if report.versions:
        yield "<h2>versions</h2>"
        yield _listed(_plain(f"{each.job}: {kept_to(each)}") for each in report.versions)


def _notes(report: PlanReport) -> Iterator[str]:
    if report.notes:
        yield "<h2>notes</h2>"
        yield _listed(map(_plain, report.notes))


def _listed(rows: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{row}</li>' for row in rows)}</ul>"


def _plain(text: str) -> str:
    return escape(visible(text))
