"""What costs, apply and status say of what was spent."""

from collections.abc import Iterator, Sequence
from datetime import date

from docbatch import CostLine, CostReport, CountedAmount, LimitStanding, Spending
from docbatch.core.cost_sentences import CHARGED
from docbatch.core.limits import Measure, Period
from docbatch.core.outside_text import escaped
from docbatch.core.report import plural

LONGEST_NAME = 60
"""Characters that are shown of a name; JSON has all of it."""
NONE = "(none)"
_HEAD = ("documents", "pages", "credits", "USD")


def costs_text(report: CostReport) -> str:
    """Return what `docbatch costs` shows, ending in a line break."""
    if not report.total.all.documents:
        return f"Nothing was charged{_bounds(report)}. Work that is free, such as the local engine's, is not counted.\n"
    head = (*report.by, *_HEAD) if report.by else ("", *_HEAD)
    rows = [head]
    for line in report.lines if report.by else ():
        rows.extend(_rows(line, [_name(name) for name in line.by.values()]))
    rows.extend(_rows(report.total, ["total", *[""] * (len(report.by) - 1)]))
    left = len(head) - len(_HEAD)
    lines = [*_aligned(rows, left), "", *_notes(report)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _bounds(report: CostReport) -> str:
    parts = (
        ("of job", report.job),
        ("from", report.since),
        ("to", report.until),
    )
    return "".join(f" {word} {value}" for word, value in parts if value is not None)


def _name(name: str | None) -> str:
    shown = NONE if name is None else escaped(name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def _rows(line: CostLine, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of what was charged, and of what is reserved, where there is any."""
    if line.charged.documents or not line.reserved.documents:
        yield (*names, *_cells(line.charged))
    if line.reserved.documents:
        yield (*names, *_cells(line.reserved), "reserved")


def _cells(spending: Spending) -> Iterator[str]:
    yield f"{spending.documents:,}"
    yield _cell(Measure.PAGES, spending.pages, spending.documents, most="")
    for measure in CHARGED:
        yield _cell(measure, spending.of(measure), spending.documents)


def _cell(measure: Measure, amount: CountedAmount, documents: int, most: str = "≤ ") -> str:
    if amount.unknown and amount.unknown == documents:
        return "?"
    sign = most if amount.estimated else ""
    return f"{sign}{measure.digits(amount.total)}" + (" + ?" if amount.unknown else "")


def _aligned(rows: Sequence[Sequence[str]], left: int) -> Iterator[str]:
    """Yield lines of columns, the first `left` of them and what follows the numbers to the left."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield "  ".join([*cells, *row[len(widths) :]])


def _notes(report: CostReport) -> Iterator[str]:
    """Say how sure the numbers are."""
    total, everything = report.total, report.total.all
    if len(report.connections) > 1 and everything.credits.total:
        yield "credits: each vendor's own, added up"
    lacking = everything.pages.unknown
    if lacking:
        yield f"pages: as counted before documents were sent; not known of {plural(lacking, 'document')}"
    for measure in CHARGED:
        amount = everything.of(measure)
        if amount.estimated or amount.unknown:
            yield f"{_measured(measure)}: {', '.join(_sure(measure, amount))}"
    if total.reserved.documents:
        held = (
            f", {total.uncertain:,} of them held or perhaps not even there, as 'docbatch status' tells"
            if total.uncertain
            else ""
        )
        yield f"reserved: {plural(total.reserved.documents, 'document')} with a vendor and not through{held}"


def _measured(measure: Measure) -> str:
    return "USD" if measure is Measure.MONEY else str(measure)


def _sure(measure: Measure, amount: CountedAmount) -> Iterator[str]:
    if amount.exact:
        how = "by what vendors told" if measure is Measure.MONEY else "as vendors told"
        yield f"{measure.digits(amount.exact)} {how}"
    if amount.estimated:
        yield f"{measure.digits(amount.estimated)} estimated at most"
    if amount.unknown:
        yield f"not known of {plural(amount.unknown, 'document')}"


def limit_text(standing: LimitStanding) -> str:
    """Say how a limit stands."""
    limit = standing.limit
    mode = "" if limit.enforce else ", which only reports"
    head = f"limit of {escaped(limit.shown)}{mode}"
    if limit.per is Period.RUN:
        return f"{head}: counted anew by each run"
    shown = limit.measure.shown
    parts = [f"{shown(standing.spent)} counted"]
    if standing.reserved:
        parts.append(f"{limit.measure.digits(standing.reserved)} of that reserved")
    if standing.unknown:
        parts.append(f"not known of {plural(standing.unknown, 'document')}")
    over = standing.spent - limit.most
    parts.append(
        f"{limit.measure.digits(over)} over it" if over > 0 else f"{limit.measure.digits(standing.left)} left"
    )
    return f"{head}: {', '.join(parts)}{_ends(standing.until)}"


def _ends(until: date | None) -> str:
    return "" if until is None else f"; anew from {until} (UTC)"
