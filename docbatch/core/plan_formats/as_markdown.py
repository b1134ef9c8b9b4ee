"""A plan as a comment on a pull request: below GitHub's limit whatever it holds, long lists folded, names escaped."""

from collections.abc import Iterator

from docbatch.core.comment_text import ROOM, clipped, comment_length, fitting, folded, shares
from docbatch.core.plan_formats.figures import figures, reasons
from docbatch.core.plan_formats.sentences import (
    FREE,
    SIGNS,
    STATES,
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
from docbatch.core.report import PlanLine, PlanReport, human, plural

_TABLE, _REST, _REMARKS = 16_000, 6_000, 10_000
"""What there is room for at most in each part; documents have what is left."""
_FEW = 10
"""Documents that are shown unfolded."""
_LONGEST_NOTE = 1500
"""Characters of a note that are shown."""
_MOST_VALUES = 6
_SMALLEST, _AROUND = 600, 90
"""Room that a list of documents has at least, and what of it is taken by its frame, but for the title."""
_LONGEST_TITLE = 240
"""Characters of a job's name in a title, where they are escaped."""


def plan_markdown(report: PlanReport) -> str:
    """Return the plan for a pull request's comment; the first line is the summary."""
    parts = [
        [f"### docbatch plan: {clipped(summary(report))}"],
        [f"**{STATES[report.state]}**"] if STATES[report.state] else [],
        [head(report)],
        [] if report.selected is None else [clipped(part(report.selected), _LONGEST_NOTE)],
        [f"- {clipped(on_one_line(each), _LONGEST_NOTE)}" for each in of_guards(report)],
        _table(report),
        _figures(report),
        _remarks(report),
        _not_due(report),
    ]
    text = "\n\n".join("\n".join(part) for part in parts if part)
    documents = _documents(report, ROOM - comment_length(text))
    return "\n\n".join([text, *documents]) + "\n"


def _table(report: PlanReport) -> list[str]:
    rows = [_row(line) for _, lines, _ in jobs(report) for line in lines]
    shown, left = fitting(rows, _TABLE)
    if not rows:
        return []
    more = [f"| | | and {plural(left, 'more row')} | | |"] if left else []
    return ["| job | what | why | documents | size |", "|---|---|---|---:|---:|", *shown, *more]


def _row(line: PlanLine) -> str:
    changed = [change(value) for value in line.values]
    more = [f"{plural(len(changed) - _MOST_VALUES, 'more value')}"] if len(changed) > _MOST_VALUES else []
    why = "; ".join(map(clipped, [line.reason, *changed[:_MOST_VALUES], *more]))
    action = f"{SIGNS[line.action]} {line.action}{', free of charge' if line.action in FREE else ''}"
    return f"| {clipped(line.job)} | {action} | {why} | {line.documents:,} | {human(line.size)} |"


def _figures(report: PlanReport) -> list[str]:
    told = {job: "; ".join([*figures(report, job), *reasons(report, job)]) for job, _, _ in jobs(report)}
    rows = [f"- {clipped(job)}: {clipped(each, _LONGEST_NOTE)}" for job, each in told.items() if each]
    shown, left = fitting(rows, _REST)
    return [*shown, *([f"- and what {plural(left, 'more job')} come to"] if left else [])]


def _remarks(report: PlanReport) -> list[str]:
    """What else there is to say: notes first, and nothing of it is folded."""
    opened = [
        f"- `{each.submission}` on {clipped(f'{each.connection}: {each.status}, {each.next}')}"
        for each in report.open
    ]
    versions = [f"- {clipped(f'{each.job} keeps to {kept_to(each)}')}" for each in report.versions]
    # A sentence of ours with others' names in it: what helps stands at its end.
    notes = [f"- {clipped(note, _LONGEST_NOTE)}" for note in report.notes]
    shown, left = fitting([*notes, *opened, *versions], _REMARKS)
    return [*shown, *([f"- and {plural(left, 'more remark')}"] if left else [])]


def _not_due(report: PlanReport) -> list[str]:
    rows = [f"- {clipped(job)}: {why_not(rest)}" for job, _, rest in jobs(report) if rest is not None]
    shown, left = fitting(rows, _REST)
    if not rows:
        return []
    listed = [*shown, *([f"- and {plural(left, 'more job')}"] if left else [])]
    number = sum(rest.documents for rest in report.not_due)
    return folded(f"not due: {plural(number, 'document')}", listed)


def _documents(report: PlanReport, room: int) -> Iterator[str]:
    """Yield lists of the documents by name, each cut to its share of the room."""
    groups = [line for _, lines, _ in jobs(report) for line in lines if line.examples]
    shown = groups[: room // _SMALLEST]
    left = len(groups) - len(shown)
    room -= _SMALLEST if left else 0
    whole = ["\n".join(_group(line, ROOM)) for line in shown]
    shared = shares([comment_length(text) + 2 for text in whole], room)
    for line, text, share in zip(shown, whole, shared, strict=True):
        yield text if comment_length(text) + 2 <= share else "\n".join(_group(line, share))
    if left:
        yield f"{plural(left, 'more list')} of documents left out"


def _group(line: PlanLine, room: int) -> list[str]:
    job = clipped(line.job, 60)
    why = f"{job if len(job) <= _LONGEST_TITLE else clipped(line.job, 20)}, {clipped(line.reason, 80)}"
    title = f"{SIGNS[line.action]} {line.action}: {plural(line.documents, 'document')} ({why})"
    names = [f"- {_named(*example)}" for example in line.examples]
    shown, _ = fitting(names, room - comment_length(title) - _AROUND)
    left = line.documents - len(shown)
    listed = [*shown, *([f"- and {left:,} more"] if left > 0 else [])]
    return [f"**{title}**", "", *listed] if len(names) <= _FEW else folded(title, listed)


def _named(path: str, detail: str) -> str:
    return clipped(path) + (f" ({clipped(detail)})" if detail else "")
