"""What was spent, in words. Pure."""

from docbatch.core.costs import CostLine, CountedAmount
from docbatch.core.limits import Measure
from docbatch.core.outside_text import escaped
from docbatch.core.report import plural

CHARGED = (Measure.CREDITS, Measure.MONEY)


def run_text(line: CostLine) -> str:
    """Say what a run sent on one connection came to, as far as that is known."""
    return f"this run on {escaped(line.by['connection'] or '')}: {spending_text(line)}"


def spending_text(line: CostLine) -> str:
    """Say of how many documents it is, and what they came to, as far as that is known."""
    spending = line.all
    told = [plural(spending.documents, "document")]
    for measure in (Measure.PAGES, *CHARGED):
        amount = spending.of(measure)
        if amount.total:
            told.append(_amount(measure, amount, spending.documents))
    return ", ".join(told)


def _amount(measure: Measure, amount: CountedAmount, documents: int) -> str:
    known = documents - amount.unknown
    most = "at most " if amount.estimated and measure is not Measure.PAGES else ""
    some = f" for {known:,} of them" if amount.unknown else ""
    is_told = measure in CHARGED and not amount.estimated and not amount.unknown
    expected = (
        f" (estimated at most {measure.digits(amount.expected)})" if is_told and amount.expected else ""
    )
    return f"{most}{measure.shown(amount.total)}{some}{expected}"
