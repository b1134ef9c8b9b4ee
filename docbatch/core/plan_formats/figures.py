"""What documents to be sent come to, in words: pages, sheets, credits and money."""

from collections.abc import Iterator

from docbatch.core.amounts import Bounds, exactly, said
from docbatch.core.extents import ExtentTotal
from docbatch.core.report import JobCost, PlanReport, plural


def figures(report: PlanReport, job: str) -> Iterator[str]:
    """Yield how much a job sends and what that comes to, as far as it was counted."""
    yield from (extent(each) for each in report.pages or () if each.job == job)
    yield from (cost(each) for each in report.costs if each.job == job)


def reasons(report: PlanReport, job: str) -> Iterator[str]:
    """Yield what makes a range of what a job comes to."""
    for each in report.costs:
        if each.job == job:
            yield from each.notes


def extent(total: ExtentTotal) -> str:
    """Say how much a job sends, and of how many documents that is not known."""
    parts = []
    if total.paged:
        stated = f" ({total.stated:,} of them as the documents say)" if total.stated else ""
        parts.append(f"{plural(total.pages, 'page')} in {plural(total.paged, 'document')}{stated}")
    if total.books:
        parts.append(
            f"{plural(total.sheets, 'sheet')} with {plural(total.cells, 'cell')} in {plural(total.books, 'workbook')}"
        )
    if total.unknown:
        whose = "" if parts else f" {'document' if total.unknown == 1 else 'documents'}"
        parts.append(f"{total.unknown:,}{whose} of unknown length")
    return ", ".join(parts)


def cost(cost: JobCost) -> str:
    """Say what a job comes to."""
    spent = "" if cost.credits.high == 0 else f" ({said(cost.credits, 'credits')})"
    return f"{said(cost.money, 'USD')}{spent}{_expected(cost)}"


def _expected(cost: JobCost) -> str:
    """Say what it comes to if it is as before, where that is news."""
    if cost.expected is None or cost.credits == exactly(cost.expected.credits):
        return ""
    spent = said(exactly(cost.expected.credits), "credits")
    if cost.expected.money is not None:
        spent = f"{said(exactly(cost.expected.money), 'USD')} ({spent})"
    return f"; about {spent} if it is as with the last {plural(cost.expected.documents, 'document')}"


def money(report: PlanReport) -> str:
    """Say what all of it comes to."""
    if not report.costs:
        return "charged by the provider"
    total = sum((each.money for each in report.costs), Bounds())
    if total.high is None and not total.low:
        return "charged by the provider; what that comes to is not known"
    return f"charged by the provider, {said(total, 'USD')}" + (
        "; nothing says how much at most" if total.high is None else ""
    )
