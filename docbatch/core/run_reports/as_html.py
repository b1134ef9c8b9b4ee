"""A report as one page of HTML: readable on a phone and in the dark, from disk and without network."""

from collections.abc import Iterable, Iterator, Sequence

from docbatch.core.html_page import html_page, listed, shown
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
from docbatch.core.run_reports.values import FAILING, OPEN, STATUSES, ReportedDocument, ReportedJob, RunReport

MOST_NAMED = 5_000
"""Documents that are named of each list: a browser takes its time with more. report.json names all."""
_FEW = 10
"""Documents that are shown unfolded."""
_STYLE = """\
.figures { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; padding: 0; list-style: none; }
.figures li { border: 1px solid #8886; border-radius: 6px; padding: .4rem .8rem; min-width: 6.5rem; }
.figures b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.bad { border-left: 4px solid #dc2626 !important; }
.open { border-left: 4px solid #d97706 !important; }
.good { border-left: 4px solid #16a34a !important; }
details { margin: .5rem 0; }
summary { cursor: pointer; padding: .3rem 0; font-weight: 600; overflow-wrap: anywhere; }
.document { border-bottom: 1px solid #8884; padding: .4rem 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem .6rem; margin: .5rem 0; border: 1px solid #8888;
  border-radius: 6px; background: Field; color: FieldText; }
[hidden] { display: none !important; }
"""
_SEARCH = """
const box = document.createElement("input");
box.type = "search";
box.placeholder = "search names, jobs and messages";
box.setAttribute("aria-label", box.placeholder);
const lists = [...document.querySelectorAll("[data-list]")];
const were = new Map(lists.filter(each => each.tagName === "DETAILS").map(each => [each, each.open]));
box.addEventListener("input", () => {
  const wanted = box.value.trim().toLowerCase();
  for (const list of lists) {
    let found = 0;
    for (const row of list.querySelectorAll(".document")) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
      found += row.hidden ? 0 : 1;
    }
    list.hidden = found === 0;
    if (were.has(list)) list.open = wanted === "" ? were.get(list) : found > 0;
  }
});
const first = document.getElementById("documents");
if (first !== null) first.after(box);
"""


def report_html(report: RunReport) -> str:
    """Return the report as a page for a browser."""
    parts = (_head(report), _figures(report), _next(report), _jobs(report), _unwell(report), _warned(report))
    body = [f"<!-- {VERSION} -->", *(line for part in parts for line in part)]
    return html_page(f"docbatch: {headline(report)}", body, style=_STYLE, script=_SEARCH)


def _head(report: RunReport) -> Iterator[str]:
    yield f"<h1>{shown(headline(report))}</h1>"
    if told := ended(report):
        kind = "rest" if report.exit_code == 0 else "caution"
        yield f'<p class="{kind}">{shown(told)}</p>'
    yield f'<p class="rest">docbatch {report.command}, {shown(report.made)}</p>'
    for each in report.errors:
        hint = "" if each.hint is None else f"<br><small>{shown(each.hint)}</small>"
        yield f'<p class="caution">{shown(each.message)}{hint}</p>'


def _figures(report: RunReport) -> Iterator[str]:
    counts = report.counts
    tiles = [_tile(counts[each], SHOWN[each], _look(each)) for each in STATUSES if each in counts]
    if report.undelivered:
        tiles.append(_tile(report.undelivered, "not written", "open"))
    if report.empty:
        tiles.append(_tile(report.empty, "empty", ""))
    yield f'<ul class="figures">{"".join(tiles)}</ul>'
    if told := [shown(each) for each in (*figures(report), *warnings(report))]:
        yield listed(told)


def _look(status: str) -> str:
    return "bad" if status in FAILING else "open" if status in OPEN else "good"


def _tile(count: int, what: str, look: str) -> str:
    return f'<li class="{look}"><b>{count:,}</b>{what}</li>'


def _next(report: RunReport) -> Iterator[str]:
    if steps := [f"<code>{each.command}</code> {shown(each.why)}" for each in next_steps(report)]:
        yield "<h2>what to do next</h2>"
        yield listed(steps)


def _jobs(report: RunReport) -> Iterator[str]:
    counts = report.counts
    columns = [each for each in STATUSES if each in counts]
    heads = "".join(f'<th class="number">{SHOWN[each]}</th>' for each in columns)
    yield "<h2>jobs</h2>"
    yield '<div class="wide"><table>'
    yield f'<tr><th>job</th><th class="number">documents</th>{heads}</tr>'
    yield from (_job(job, columns) for job in report.jobs)
    yield "</table></div>"


def _job(job: ReportedJob, columns: Sequence[str]) -> str:
    cells = "".join(f'<td class="number">{job.counts.get(each, 0):,}</td>' for each in columns)
    labels = ", ".join(f"{name}: {value}" for name, value in job.labels.items())
    about = f" <small>{shown(', '.join(filter(None, (job.connection, labels))))}</small>"
    return f'<tr><td>{shown(job.job)}{about}</td><td class="number">{job.documents:,}</td>{cells}</tr>'


def _unwell(report: RunReport) -> Iterator[str]:
    groups = report.by_class()
    if groups:
        yield '<h2 id="documents">documents that are not well</h2>'
    for why, found in groups.items():
        yield from _list(group_title(*why, len(found)), map(_named, found[:MOST_NAMED]), len(found))


def _warned(report: RunReport) -> Iterator[str]:
    if report.warned:
        yield "<h2>documents with warnings</h2>"
        rows = (
            _document(each.path, each.job, "<br>".join(map(shown, each.warnings)))
            for each in report.warned[:MOST_NAMED]
        )
        yield from _list(f"{plural(len(report.warned), 'document')} with warnings", rows, len(report.warned))


def _list(title: str, rows: Iterable[str], number: int) -> Iterator[str]:
    """Yield a list of documents, folded where it is long."""
    opened = " open" if number <= _FEW else ""
    yield f"<details data-list{opened}><summary>{shown(title)}</summary>"
    yield from rows
    if number > MOST_NAMED:
        yield f"<p>and {number - MOST_NAMED:,} more; report.json names all</p>"
    yield "</details>"


def _named(document: ReportedDocument) -> str:
    return _document(document.path, document.job, shown(reason(document, with_kind=False)))


def _document(path: str, job: str, told: str) -> str:
    return (
        f'<div class="document"><code>{shown(path)}</code> <small>{shown(job)}</small><div>{told}</div></div>'
    )
