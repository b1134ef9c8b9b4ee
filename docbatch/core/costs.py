"""What paid work came to, by what people ask for. Pure; amounts are whole numbers, see `amounts`."""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from docbatch.core.amounts import MILLION
from docbatch.core.errors import UsageError
from docbatch.core.limits import Limit, Measure, next_period
from docbatch.core.outside_text import escaped

LABEL = "label."
FACETS = ("job", "month", "day", "connection")
"""What costs are told by, beside labels, which are named as in label.team."""


@dataclass(frozen=True, slots=True)
class CountedAmount:
    """What some documents came to in one measure, and how sure that is.

    `exact` is what vendors told, `estimated` what the others came to at most as it was estimated before they were sent, and
    `unknown` of how many documents neither is known. `expected` is what had been estimated for all of them at most, None
    where it had not been for some.
    """

    exact: int = 0
    estimated: int = 0
    unknown: int = 0
    expected: int | None = 0

    def __add__(self, other: "CountedAmount") -> "CountedAmount":
        is_expected = self.expected is not None and other.expected is not None
        return CountedAmount(
            self.exact + other.exact,
            self.estimated + other.estimated,
            self.unknown + other.unknown,
            (self.expected or 0) + (other.expected or 0) if is_expected else None,
        )

    @property
    def total(self) -> int:
        return self.exact + self.estimated


@dataclass(frozen=True, slots=True)
class Spending:
    """What documents came to. Of pages vendors tell nothing: they are counted before documents are sent."""

    documents: int = 0
    pages: CountedAmount = CountedAmount()
    credits: CountedAmount = CountedAmount()
    money: CountedAmount = CountedAmount()

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(
            self.documents + other.documents,
            self.pages + other.pages,
            self.credits + other.credits,
            self.money + other.money,
        )

    def of(self, measure: Measure) -> CountedAmount:
        if measure is Measure.DOCUMENTS:
            return CountedAmount(exact=self.documents, expected=self.documents)
        found: CountedAmount = getattr(self, measure.value)
        return found

    def values(self) -> dict[str, Any]:
        """Return it as JSON has it: credits and US dollars as numbers, not in millionths."""
        amounts = {_KEYS[each]: _values(each, self.of(each)) for each in _KEYS}
        return {"documents": self.documents, **amounts}


_KEYS = {Measure.PAGES: "pages", Measure.CREDITS: "credits", Measure.MONEY: "usd"}


def number(measure: Measure, amount: int) -> float | int:
    """Return an amount as JSON has it."""
    if measure in {Measure.DOCUMENTS, Measure.PAGES}:
        return amount
    whole, rest = divmod(amount, MILLION)
    return amount / MILLION if rest else whole


def _values(measure: Measure, amount: CountedAmount) -> dict[str, Any]:
    return {
        "exact": number(measure, amount.exact),
        "estimated": number(measure, amount.estimated),
        "unknown": amount.unknown,
        "expected": None if amount.expected is None else number(measure, amount.expected),
    }


@dataclass(frozen=True, slots=True)
class CostRow:
    """What a job's documents on one connection came to, under the labels that the job had then. `job` is None where nobody has the documents.

    `when` is a day or a month, as in 2026-01-15. `reserved` says that the work is not through, `uncertain` how many of its
    documents may not have arrived at the vendor at all.
    """

    job: str | None
    connection: str
    labels: Mapping[str, str]
    when: str
    spending: Spending
    reserved: bool = False
    uncertain: int = 0

    def named(self, facet: str) -> str | None:
        """Return what a row has of one facet, None where it has nothing."""
        if facet.startswith(LABEL):
            return self.labels.get(facet.removeprefix(LABEL))
        found = {"job": self.job, "connection": self.connection, "month": self.when[:7], "day": self.when}
        return found[facet]


@dataclass(frozen=True, slots=True)
class CostLine:
    """What one group of documents came to. `by` has what they have in common, None for what they have not.

    `charged` is work that is through, `reserved` work that is not: it is with a vendor, or held, and counts for what it may
    come to. `uncertain` is how many of the reserved documents may not have arrived at the vendor.
    """

    by: Mapping[str, str | None] = field(default_factory=dict)
    charged: Spending = Spending()
    reserved: Spending = Spending()
    uncertain: int = 0

    def with_row(self, row: CostRow) -> "CostLine":
        none = Spending()
        return CostLine(
            self.by,
            self.charged + (none if row.reserved else row.spending),
            self.reserved + (row.spending if row.reserved else none),
            self.uncertain + row.uncertain,
        )

    @property
    def all(self) -> Spending:
        return self.charged + self.reserved

    def values(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        reserved = {**self.reserved.values(), "uncertain": self.uncertain}
        return {"by": dict(self.by), **self.charged.values(), "reserved": reserved}


@dataclass(frozen=True, slots=True)
class CostReport:
    """`lines` by what was asked for, in order, and all of them together as `total`.

    `since` and `until` are the first and the last day (UTC) of what is counted, None where there is no bound. `connections` are
    those that charged: the credits of several are each vendor's own.
    """

    by: tuple[str, ...]
    lines: tuple[CostLine, ...]
    total: CostLine
    since: date | None = None
    until: date | None = None
    job: str | None = None
    connections: tuple[str, ...] = ()

    def values(self) -> list[dict[str, Any]]:
        """Return a JSON value for each line, and one for the total, which is the last."""
        bounds = {
            "since": _told(self.since),
            "until": _told(self.until),
            "job": self.job,
            "connections": list(self.connections),
        }
        lines = [{"type": "cost", **line.values()} for line in self.lines]
        return [*lines, {"type": "total", **bounds, **self.total.values()}]


def _told(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def summed(rows: Iterable[CostRow], by: Sequence[str]) -> CostReport:
    """Return a line for each group of rows, in order of their names, and one for all."""
    total = CostLine()
    connections = set()
    groups: dict[tuple[str | None, ...], CostLine] = {}
    for row in rows:
        names = tuple(row.named(facet) for facet in by)
        known = groups.get(names) or CostLine(dict(zip(by, names, strict=True)))
        groups[names] = known.with_row(row)
        total = total.with_row(row)
        connections.add(row.connection)
    order = sorted(groups, key=lambda names: [(name is None, name or "") for name in names])
    lines = tuple(groups[names] for names in order)
    return CostReport(tuple(by), lines, total, connections=tuple(sorted(connections)))


def checked_facets(words: Iterable[str]) -> tuple[str, ...]:
    """Return what costs are to be told by, each once. Raises UsageError for what they cannot be."""
    for word in words:
        if word not in FACETS and not (word.startswith(LABEL) and len(word) > len(LABEL)):
            near = get_close_matches(word, FACETS, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"costs cannot be told by '{escaped(word)}'",
                hint=f"{meant}there is {', '.join(FACETS)} and label.NAME, as in label.team; several in as many --by",
            )
    return tuple(dict.fromkeys(words))


def first_day(text: str, name: str) -> date:
    """Return the day that is written as 2026-01-15, or the first one of the month that is written as 2026-01. Raises UsageError."""
    written = re.fullmatch(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?", text, re.ASCII)
    try:
        year, month, day = written.groups("01") if written else ()
        return date(int(year), int(month), int(day))
    except ValueError:
        raise UsageError(
            f"{name} is '{escaped(text)}', which is no day and no month", hint="write 2026-01-15, or 2026-01"
        ) from None


def last_day(text: str, name: str) -> date:
    """Return the day that is written, or the last one of the month. Raises UsageError."""
    first = first_day(text, name)
    if len(text) > len("2026-01"):
        return first
    return first.replace(day=monthrange(first.year, first.month)[1])


@dataclass(frozen=True, slots=True)
class LimitStanding:
    """How a limit stands: what counts by now, how much of that is work that is not through, and the first day (UTC) of the next period.

    `unknown` is how many documents are in none of it, since nothing tells how much they come to. What one run may send is counted
    anew by each.
    """

    limit: Limit
    spent: int = 0
    reserved: int = 0
    unknown: int = 0
    until: date | None = None

    @property
    def left(self) -> int:
        return max(0, self.limit.most - self.spent)

    def values(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        limit = self.limit
        amounts = {"most": limit.most, "spent": self.spent, "reserved": self.reserved, "left": self.left}
        return {
            "per": str(limit.per),
            "measure": str(limit.measure),
            "job": limit.job,
            "connection": limit.connection,
            "place": limit.place,
            "mode": "enforce" if limit.enforce else "audit",
            **{name: number(limit.measure, amount) for name, amount in amounts.items()},
            "unknown": self.unknown,
            "until": _told(self.until),
        }


def standing(limit: Limit, counted: CostLine, day: date) -> LimitStanding:
    """Return how a limit stands on a day, by what was counted in its period."""
    amount = counted.all.of(limit.measure)
    reserved = counted.reserved.of(limit.measure).total
    return LimitStanding(limit, amount.total, reserved, amount.unknown, next_period(limit.per, day))
