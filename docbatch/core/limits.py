"""Limits of what is spent: what they allow of the work that waits. Pure; amounts are whole numbers, see `amounts`."""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import attrgetter

from docbatch.core.amounts import plain
from docbatch.core.report import plural, visible

DAY_ONE = date(1, 1, 1)


class Period(enum.StrEnum):
    """How long what was spent counts. Days and months are those of UTC."""

    RUN = "run"
    DAY = "day"
    MONTH = "month"
    TOTAL = "total"

    def begins(self, today: date) -> date:
        """Return the first day of the one that a day is part of."""
        if self is Period.MONTH:
            return today.replace(day=1)
        return today if self is Period.DAY else DAY_ONE


class Measure(enum.StrEnum):
    """What is counted."""

    DOCUMENTS = "documents"
    PAGES = "pages"
    CREDITS = "credits"
    MONEY = "money"

    def shown(self, amount: int) -> str:
        """Say an amount as people do."""
        match self:
            case Measure.DOCUMENTS:
                return plural(amount, "document")
            case Measure.PAGES:
                return plural(amount, "page")
            case Measure.CREDITS:
                return f"{self.digits(amount)} credits"
            case _:
                return f"{self.digits(amount)} USD"

    def digits(self, amount: int) -> str:
        """Say an amount without what it is of."""
        return f"{amount:,}" if self in {Measure.DOCUMENTS, Measure.PAGES} else plain(amount)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one document comes to at most; None where nothing says how much that may be. It is charged to one job."""

    documents: int = 1
    pages: int | None = None
    credits: int | None = None
    money: int | None = None

    def of(self, measure: Measure) -> int | None:
        found: int | None = getattr(self, measure.value)
        return found


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` of one measure in a period, of all the project, of one connection or of one job.

    One that does not `enforce` only reports. `place` says where it is written. `assume_pages` is how many pages a document
    of unknown length counts for.
    """

    per: Period
    measure: Measure
    most: int
    enforce: bool = True
    job: str | None = None
    connection: str | None = None
    assume_pages: int | None = None
    place: str = ""

    def concerns(self, job: str, connection: str) -> bool:
        return self.job in {None, job} and self.connection in {None, connection}

    @property
    def scope(self) -> str:
        """Say of what it is, for people."""
        if self.job is not None:
            return f"job '{self.job}'"
        return "the project" if self.connection is None else f"connection '{self.connection}'"

    @property
    def shown(self) -> str:
        """Say what it allows, and where it is written."""
        period = "in all" if self.per is Period.TOTAL else f"per {self.per}"
        return f"{self.measure.shown(self.most)} {period} of {self.scope}" + (
            f" ({visible(self.place)})" if self.place else ""
        )


def assumed(limits: Iterable[Limit], job: str, connection: str) -> int | None:
    """Return how many pages a document of unknown length counts for: the most that a limit says, None where none does."""
    told = [each.assume_pages for each in limits if each.assume_pages and each.concerns(job, connection)]
    return max(told, default=None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document is not sent: what is left of a limit is too little for it, or it cannot be told whether it is.

    `alone` is what it comes to where that is more than the limit ever allows: others may be sent all the same. Of several,
    that with the lowest `rank` is told.
    """

    limit: Limit
    is_unknown: bool
    alone: int = 0
    rank: int = field(default=0, compare=False)


def _refusals(limit: Limit, spent: int, counted: int | None) -> Iterator[Refusal]:
    if spent + (counted or 0) > limit.most or (counted is None and spent >= limit.most):
        if spent >= limit.most:
            yield Refusal(limit, is_unknown=False)
        elif counted is not None and counted > limit.most:
            yield Refusal(limit, is_unknown=False, alone=counted, rank=1)
        else:
            yield Refusal(limit, is_unknown=False, rank=2)
    elif counted is None:
        yield Refusal(limit, is_unknown=True, rank=3)


@dataclass
class Budget:
    """What limits leave. `spent` is what was counted of each, in their order, before and by now."""

    limits: Sequence[Limit]
    spent: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spent = [*self.spent, *[0] * (len(self.limits) - len(self.spent))]

    def refusal(self, job: str, connection: str, cost: Cost) -> Refusal | None:
        """Return what keeps a document from being sent, if anything does. Where nothing is left, that is said first."""
        found = [
            refusal
            for limit, spent in zip(self.limits, self.spent, strict=True)
            if limit.enforce and limit.concerns(job, connection)
            for refusal in _refusals(limit, spent, cost.of(limit.measure))
        ]
        return min(found, key=attrgetter("rank"), default=None)

    def take(self, job: str, connection: str, cost: Cost, times: int = 1) -> None:
        """Count a document, or with `times` -1 one no more."""
        for position, limit in enumerate(self.limits):
            if limit.concerns(job, connection):
                self.spent[position] += times * (cost.of(limit.measure) or 0)

    def passed(self) -> Iterable[tuple[Limit, int]]:
        """Yield the limits of which more is spent than they allow, and how much that is."""
        for limit, spent in zip(self.limits, self.spent, strict=True):
            if spent > limit.most:
                yield limit, spent


def today(now: float, last: str | None) -> date:
    """Return the UTC day on which what is sent now counts: a clock that was set back opens no earlier day again.

    `now` is in seconds since the epoch; `last` is the last day of anything that was counted, as YYYY-MM-DD.
    """
    told = datetime.fromtimestamp(now, UTC).date()
    return told if last is None else max(told, date.fromisoformat(last))


def next_period(per: Period, day: date) -> date | None:
    """Return the first day of the next period, None where there is none."""
    if per is Period.DAY:
        return date.fromordinal(day.toordinal() + 1)
    if per is Period.MONTH:
        return date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return None


@dataclass(frozen=True, slots=True)
class Stop:
    """Documents that a limit keeps from being sent: how many wait, and how many of them are of unknown length, or more.

    Where each of them comes to more than the limit ever allows, `alone` is what the largest does.
    """

    limit: Limit
    spent: int
    waiting: int
    unknown: int = 0
    or_more: bool = False
    alone: int = 0


def stop_told(stop: Stop, day: date) -> tuple[str, str]:
    """Return what stopped and what to do about it."""
    limit = stop.limit
    if stop.alone:
        number = f"{'at least ' if stop.or_more else ''}{plural(stop.waiting, 'document')}"
        message = f"the limit of {limit.shown} is too small for {number}: one alone comes to {limit.measure.shown(stop.alone)}"
        return message, "raise it there to have such documents sent"
    if stop.unknown:
        what = "pages" if limit.measure is Measure.PAGES else f"{limit.measure} for them"
        message = (
            f"the limit of {limit.shown} cannot be kept for {'at least ' if stop.or_more else ''}"
            f"{plural(stop.unknown, 'document')}:"
            f" nothing tells how many {what} there are"
        )
        return message, _for_unknown(limit)
    message = (
        f"the limit of {limit.shown} is reached: {limit.measure.shown(stop.spent)} counted,"
        f" {plural(stop.waiting, 'document')} not sent"
    )
    then = next_period(limit.per, day)
    if not limit.most:
        return message, "raise it there to go on"
    when = {Period.RUN: "the next 'docbatch apply' goes on", Period.TOTAL: "raise it there to go on"}
    told = when.get(limit.per) or f"'docbatch apply' goes on from {then} (UTC), or once the limit is raised"
    return message, told


def _for_unknown(limit: Limit) -> str:
    if limit.measure is Measure.PAGES:
        return "'assume_pages: 20' beside the limit says how many pages such a document counts for"
    return "'mode: audit' has the limit report only; a limit of documents or pages holds for any price"


def charged_job(wanting: Mapping[str, int]) -> str:
    """Return which of the jobs that want a document pays for it: lowest priority number, then by name."""
    return min(wanting, key=lambda name: (wanting[name], name))
