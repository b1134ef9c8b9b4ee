"""Guards of what is paid: what would be sent that nobody expected, before anything is. Pure: numbers and names in, findings out.

Work that is free counts for none of them.
"""

import enum
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from docbatch.core.amounts import Bounds
from docbatch.core.changes import Reason
from docbatch.core.errors import GuardRefused
from docbatch.core.guard import Permission, listed_names
from docbatch.core.limits import Measure
from docbatch.core.report import plural, visible

FEWEST = 20
"""From how many documents on a share of them says something."""
TRIAL = 2 * FEWEST
"""How many documents are with providers at most until so few have ended: a batch may hold thousands, and all of them fail."""
PERCENT = 100
_WHOLE = 100 * PERCENT
_MOST_JOBS = 3

RESENT = frozenset(
    {Reason.TYPE, Reason.HANDED_OVER, Reason.PROVIDER, Reason.ACCOUNT, Reason.OPERATION, Reason.CONFIG}
)
"""Why documents are sent whose bytes are the same, as far as is known, without anybody having asked for that."""
CHANGED = RESENT | {Reason.BYTES, Reason.OBJECT, Reason.REFERENCE, Reason.VERSION}


class GuardName(enum.StrEnum):
    """What docbatch.yaml calls them."""

    MAX_CHANGED = "max_changed"
    MAX_NEW = "max_new"
    MAX_MONEY = "max_money"
    MAX_RESENT = "max_resent"
    MAX_FAILED = "max_failed"
    APPROVAL = "require_approval_over"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number of documents, or a share of those known in hundredths of a percent. `place` is where it is written."""

    number: int = 0
    share: int | None = None
    place: str = ""

    def is_passed(self, count: int, known: int) -> bool:
        """Say whether so many are more than it allows; a share says nothing of a few."""
        if self.share is None:
            return count > self.number
        return known >= FEWEST and count * _WHOLE > known * self.share

    @property
    def shown(self) -> str:
        if self.share is None:
            return f"{self.number:,}"
        whole, rest = divmod(self.share, PERCENT)
        return f"{whole:,}.{rest:02}".rstrip("0") + "%" if rest else f"{whole:,}%"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """An amount of money in millionths of a US dollar. `place` is where it is written."""

    most: int
    place: str = ""

    def is_passed(self, money: Bounds | None) -> bool:
        """Say whether it may be more; what has no upper bound may be any amount."""
        return money is None or money.high is None or money.high > self.most

    @property
    def shown(self) -> str:
        return Measure.MONEY.shown(self.most)


@dataclass(frozen=True, slots=True)
class Guards:
    """What a project says. None is no guard."""

    max_changed: Threshold | None = None
    max_new: Threshold | None = None
    max_money: Ceiling | None = None
    max_resent: Threshold | None = Threshold(100)
    max_failed: Threshold | None = None
    approval: Ceiling | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Paid documents, identical ones once, the jobs that send them, and the first of them."""

    documents: int = 0
    jobs: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedSpending:
    """What is to be paid. `known` counts the documents of paid jobs that the state knows; `money` is None where nobody counted it."""

    sent: Counted
    new: Counted
    changed: Counted
    resent: Counted
    known: int = 0
    money: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """What a guard says: its name, why it lets no run begin, the option that lets one, and where its line is, if it has one."""

    guard: str
    message: str
    option: str
    place: str = ""


def objections(
    guards: Guards,
    spending: PlannedSpending,
    allowed: Collection[str],
    *,
    digest: str = "",
    approved: str | None = None,
) -> tuple[Objection, ...]:
    """Return what keeps a run from beginning. `digest` names what would be sent, `approved` what a person agreed to."""
    if not spending.sent.documents:
        return ()
    return (
        *_of_documents(guards, spending, allowed),
        *_of_money(guards.max_money, spending, allowed),
        *_of_approval(guards.approval, spending, digest, approved),
    )


def refusal(found: Sequence[Objection]) -> GuardRefused:
    """Return what is raised for one or several."""
    message = "\n".join(each.message for each in found)
    return GuardRefused(message, hint=f"nothing was sent; {remedy(found)}")


def remedy(found: Sequence[Objection]) -> str:
    """Return what lets the run begin: one command for all of them, and the lines that would do so for good."""
    allowed = [each for each in found if each.guard != GuardName.APPROVAL]
    options = ["--allow", ",".join(each.option for each in allowed)] if allowed else []
    for each in found:
        options += ["--approve", each.option] if each not in allowed else []
    lines = " and ".join(_line(each.guard, each.place) for each in allowed)
    for_good = f"; for good, change {lines}" if lines else ""
    return f"'docbatch apply {' '.join(options)}' lets it pass this once{for_good}"


def _of_documents(guards: Guards, spending: PlannedSpending, allowed: Collection[str]) -> Iterator[Objection]:
    told = (
        (
            GuardName.MAX_CHANGED,
            guards.max_changed,
            Permission.CHANGED,
            spending.changed,
            "would be sent again, changed or to be made otherwise",
        ),
        (GuardName.MAX_NEW, guards.max_new, Permission.NEW, spending.new, "would be sent for the first time"),
        (
            GuardName.MAX_RESENT,
            guards.max_resent,
            Permission.RESENT,
            spending.resent,
            "would be paid again with the same bytes, as config, provider, operation or account changed",
        ),
    )
    for name, threshold, permission, counted, what in told:
        passed = threshold is not None and threshold.is_passed(counted.documents, spending.known)
        if threshold is None or not passed or permission in allowed:
            continue
        yield Objection(
            name,
            f"{plural(counted.documents, 'document')} of {_jobs(counted)} {what}{_of_known(threshold, counted, spending)};"
            f" {_allows(name, threshold)}\n  {_examples(counted)}",
            permission,
            threshold.place,
        )


def _of_known(threshold: Threshold, counted: Counted, spending: PlannedSpending) -> str:
    if threshold.share is None:
        return ""
    return f", {_share(counted.documents, spending.known)} of {spending.known:,} that are known"


def _of_money(
    ceiling: Ceiling | None, spending: PlannedSpending, allowed: Collection[str]
) -> Iterator[Objection]:
    if ceiling is None or Permission.MONEY in allowed or not ceiling.is_passed(spending.money):
        return
    message = f"{_cost(spending)}; {_allows(GuardName.MAX_MONEY, ceiling)}\n  {_examples(spending.sent)}"
    yield Objection(GuardName.MAX_MONEY, message, Permission.MONEY, ceiling.place)


def _of_approval(
    ceiling: Ceiling | None, spending: PlannedSpending, digest: str, approved: str | None
) -> Iterator[Objection]:
    if approved is not None and approved != digest:
        what = f"what was approved is not what would be sent now, {_documents(spending)}"
    elif approved is None and ceiling is not None and ceiling.is_passed(spending.money):
        what = f"{_cost(spending)}; above {ceiling.shown} somebody has to approve ({visible(ceiling.place)})"
    else:
        return
    place = "" if ceiling is None else ceiling.place
    yield Objection(GuardName.APPROVAL, f"{what}\n  {_examples(spending.sent)}", digest, place)


def _cost(spending: PlannedSpending) -> str:
    """Say what it may cost, or what is not known of that."""
    what = _documents(spending)
    if spending.money is None:
        return f"nobody knows what {what} may cost"
    if spending.money.high is None:
        return f"{what} cost {Measure.MONEY.shown(spending.money.low)} at least, and nobody knows how much at most"
    return f"{what} may cost {Measure.MONEY.shown(spending.money.high)}"


def _documents(spending: PlannedSpending) -> str:
    return f"{plural(spending.sent.documents, 'document')} of {_jobs(spending.sent)}"


def _allows(name: str, limit: Threshold | Ceiling) -> str:
    where = f"({visible(limit.place)})" if limit.place else "where docbatch.yaml says nothing else"
    return f"{name} allows {limit.shown} {where}"


def _line(name: str, place: str) -> str:
    return f"'{name}' in {visible(place)}" if place else f"'{name}' below 'guards:' in docbatch.yaml"


def _share(count: int, known: int) -> str:
    whole, rest = divmod(-(-count * 10 * PERCENT // known), 10)
    return f"{whole:,}.{rest}%" if rest else f"{whole:,}%"


def _examples(counted: Counted) -> str:
    return listed_names(counted.examples, number=counted.documents)


def _jobs(counted: Counted) -> str:
    first = ", ".join(f"'{job}'" for job in counted.jobs[:_MOST_JOBS])
    more = f" and {len(counted.jobs) - _MOST_JOBS:,} more" if len(counted.jobs) > _MOST_JOBS else ""
    return f"{'job' if len(counted.jobs) == 1 else 'jobs'} {first}{more}"


@dataclass
class Breaker:
    """Ends sending where too much of what was paid fails. It counts what ended in one run, and stays open."""

    threshold: Threshold | None
    ended: int = 0
    failed: int = 0
    is_open: bool = False

    def count(self, *, ended: int = 0, failed: int = 0) -> None:
        """Count documents that ended, and those of them, or of earlier ones, that failed."""
        self.ended += ended
        self.failed += failed
        if self.threshold is not None and self.threshold.is_passed(self.failed, self.ended):
            self.is_open = True

    def room(self, in_flight: int) -> int | None:
        """Return how many more documents may be sent while so many are with providers, None for any number."""
        if self.is_open:
            return 0
        if self.threshold is None or self.ended >= FEWEST:
            return None
        return max(0, TRIAL - self.ended - in_flight)

    def error(self, waiting: int, jobs: Sequence[str], examples: Sequence[str]) -> GuardRefused:
        """Return what is told at the end of the run; `waiting` documents were not sent. `examples` failed, of `jobs`."""
        assert self.threshold is not None
        name, counted = GuardName.MAX_FAILED, Counted(self.failed, tuple(jobs), tuple(examples))
        first = _examples(counted).replace("\n ", ";")
        return GuardRefused(
            f"{self.failed:,} of {plural(self.ended, 'paid document')} that ended in this run failed"
            f" ({_share(self.failed, self.ended)}), of {_jobs(counted)}; {_allows(name, self.threshold)},"
            f" so {plural(waiting, 'document')} wait{'s' if waiting == 1 else ''}; failed are {first}",
            hint="nothing more was sent; mend the cause and apply again, or let"
            f" 'docbatch apply --allow {Permission.FAILED}' send the rest all the same;"
            f" for good, change {_line(name, self.threshold.place)}",
        )
