"""A plan as a comment on a pull request: below GitHub's limit whatever it holds, long lists folded, names escaped."""

import re
from collections.abc import Iterator, Sequence

from docbatch.core.outside_text import markdown
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
    summary,
    why_not,
)
from docbatch.core.report import PlanLine, PlanReport, human, plural

LIMIT = 65_536
"""Characters of a comment that GitHub takes, those beyond U+FFFF counted as two."""
_ALL = 60_000
_TABLE, _REST, _REMARKS = 16_000, 6_000, 10_000
"""What there is room for in all, and at most in each part; documents have what is left."""
_FEW = 10
"""Documents that are shown unfolded."""
_LONGEST, _LONGEST_NOTE = 300, 1500
"""Characters of a name, and of a note, that are shown."""
_MOST_VALUES = 6
_SMALLEST, _AROUND = 600, 90
"""Room that a list of documents has at least, and what of it is taken by its frame, but for the title."""
_LONGEST_TITLE = 240
"""Characters of a job's name in a title, where they are escaped."""
_ESCAPE = re.compile(r"\\([\W_])")


def plan_markdown(report: PlanReport) -> str:
    """Return the plan for a pull request's comment; the first line is the summary."""
    parts = [
        [f"### docbatch plan: {_clipped(summary(report))}"],
        [f"**{STATES[report.state]}**"] if STATES[report.state] else [],
        [head(report)],
        [f"- {_clipped(on_one_line(each), _LONGEST_NOTE)}" for each in of_guards(report)],
        _table(report),
        _figures(report),
        _remarks(report),
        _not_due(report),
    ]
    text = "\n\n".join("\n".join(part) for part in parts if part)
    documents = _documents(report, _ALL - _length(text))
    return "\n\n".join([text, *documents]) + "\n"


def _table(report: PlanReport) -> list[str]:
    rows = [_row(line) for _, lines, _ in jobs(report) for line in lines]
    shown, left = _fitting(rows, _TABLE)
    if not rows:
        return []
    more = [f"| | | and {plural(left, 'more row')} | | |"] if left else []
    return ["| job | what | why | documents | size |", "|---|---|---|---:|---:|", *shown, *more]


def _row(line: PlanLine) -> str:
    changed = [change(value) for value in line.values]
    more = [f"{plural(len(changed) - _MOST_VALUES, 'more value')}"] if len(changed) > _MOST_VALUES else []
    why = "; ".join(map(_clipped, [line.reason, *changed[:_MOST_VALUES], *more]))
    action = f"{SIGNS[line.action]} {line.action}{', free of charge' if line.action in FREE else ''}"
    return f"| {_clipped(line.job)} | {action} | {why} | {line.documents:,} | {human(line.size)} |"


def _figures(report: PlanReport) -> list[str]:
    told = {job: "; ".join([*figures(report, job), *reasons(report, job)]) for job, _, _ in jobs(report)}
    rows = [f"- {_clipped(job)}: {_clipped(each, _LONGEST_NOTE)}" for job, each in told.items() if each]
    shown, left = _fitting(rows, _REST)
    return [*shown, *([f"- and what {plural(left, 'more job')} come to"] if left else [])]


def _remarks(report: PlanReport) -> list[str]:
    """What else there is to say: notes first, and nothing of it is folded."""
    opened = [
        f"- `{each.submission}` on {_clipped(f'{each.connection}: {each.status}, {each.next}')}"
        for each in report.open
    ]
    versions = [f"- {_clipped(f'{each.job} keeps to {kept_to(each)}')}" for each in report.versions]
    # A sentence of ours with others' names in it: what helps stands at its end.
    notes = [f"- {_clipped(note, _LONGEST_NOTE)}" for note in report.notes]
    shown, left = _fitting([*notes, *opened, *versions], _REMARKS)
    return [*shown, *([f"- and {plural(left, 'more remark')}"] if left else [])]


def _not_due(report: PlanReport) -> list[str]:
    rows = [f"- {_clipped(job)}: {why_not(rest)}" for job, _, rest in jobs(report) if rest is not None]
    shown, left = _fitting(rows, _REST)
    if not rows:
        return []
    listed = [*shown, *([f"- and {plural(left, 'more job')}"] if left else [])]
    number = sum(rest.documents for rest in report.not_due)
    return _folded(f"not due: {plural(number, 'document')}", listed)


def _documents(report: PlanReport, room: int) -> Iterator[str]:
    """Yield lists of the documents by name, each cut to its share of the room."""
    groups = [line for _, lines, _ in jobs(report) for line in lines if line.examples]
    shown = groups[: room // _SMALLEST]
    left = len(groups) - len(shown)
    room -= _SMALLEST if left else 0
    whole = ["\n".join(_group(line, _ALL)) for line in shown]
    shares = _shares([_length(text) + 2 for text in whole], room)
    for line, text, share in zip(shown, whole, shares, strict=True):
        yield text if _length(text) + 2 <= share else "\n".join(_group(line, share))
    if left:
        yield f"{plural(left, 'more list')} of documents left out"


def _shares(needs: Sequence[int], room: int) -> list[int]:
    """Share room out: what one needs less than its even share is left to the others."""
    shares = [0] * len(needs)
    for number, position in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        shares[position] = min(needs[position], room // (len(needs) - number))
        room -= shares[position]
    return shares


def _group(line: PlanLine, room: int) -> list[str]:
    job = _clipped(line.job, 60)
    why = f"{job if len(job) <= _LONGEST_TITLE else _clipped(line.job, 20)}, {_clipped(line.reason, 80)}"
    title = f"{SIGNS[line.action]} {line.action}: {plural(line.documents, 'document')} ({why})"
    names = [f"- {_named(*example)}" for example in line.examples]
    shown, _ = _fitting(names, room - _length(title) - _AROUND)
    left = line.documents - len(shown)
    listed = [*shown, *([f"- and {left:,} more"] if left > 0 else [])]
    return [f"**{title}**", "", *listed] if len(names) <= _FEW else _folded(title, listed)


def _named(path: str, detail: str) -> str:
    return _clipped(path) + (f" ({_clipped(detail)})" if detail else "")


def _folded(title: str, listed: Sequence[str]) -> list[str]:
    # Within a line of HTML a backslash is one that is shown.
    plain = _ESCAPE.sub(r"\1", title)
    return [f"<details><summary>{plain}</summary>", "", *listed, "", "</details>"]


def _clipped(text: str, longest: int = _LONGEST) -> str:
    """Return text of others' making, escaped, and not longer than anybody reads."""
    return markdown(text if len(text) <= longest else text[: longest - 1] + "…")


def _fitting(rows: Sequence[str], room: int) -> tuple[list[str], int]:
    """Return the rows that there is room for, and how many are left."""
    shown: list[str] = []
    for row in rows:
        room -= _length(row) + 1
        if room < 0:
            break
        shown.append(row)
    return shown, len(rows) - len(shown)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
