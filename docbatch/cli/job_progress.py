"""How far the documents of a run are, by job, as its notices add up."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import docbatch
from docbatch import Notice
from docbatch.core.time_left import TimeLeft, left_text, rate_text

EXISTS = frozenset({"accepted", "found"})
"""What becomes of a create after which a vendor has the work."""


@dataclass(frozen=True, slots=True)
class ExpectedDocuments:
    """How many documents are to end in a run: in all, and by job, where that is known; `running` are with a vendor already."""

    documents: int = 0
    by_job: Mapping[str, int] | None = None
    running: Mapping[str, int] | None = None


def expected_documents(plan: "docbatch.PlanReport", most_new: int | None) -> ExpectedDocuments:
    """Return what is to be expected of a plan of which so many new documents are sent."""
    by_job: dict[str, int] = {}
    running: dict[str, int] = {}
    for line in plan.lines:
        if line.kind in {"send", "wait"}:
            by_job[line.job] = by_job.get(line.job, 0) + line.documents
        if line.kind == "wait":
            running[line.job] = running.get(line.job, 0) + line.documents
    is_cut = most_new is not None and most_new < plan.send_items
    return ExpectedDocuments(plan.expected(most_new), None if is_cut else by_job, running)


@dataclass(slots=True)
class JobCounts:
    """The documents of a job; `total` is None where it is not known how many are to end."""

    total: int | None = None
    uploaded: int = 0
    submitted: int = 0
    running: int = 0
    ended: int = 0
    collected: int = 0
    failed: int = 0

    def __str__(self) -> str:
        told = {
            "uploaded": self.uploaded,
            "submitted": self.submitted,
            "running": self.running,
            "collected": self.collected,
            "failed": self.failed,
        }
        return ", ".join(f"{count:,} {name}" for name, count in told.items() if count)


@dataclass(slots=True)
class _Sent:
    """A submission on its way. `refused` says that its documents are counted as ended already."""

    by_job: Mapping[str, int]
    documents: int
    running: bool = False
    refused: bool = False


class RunProgress:
    """What the notices of a run add up to. `slowest` is the document that took longest, `spent` what connections came to."""

    def __init__(self) -> None:
        self.expected = self.ended = self.failed = self.delivered = 0
        self.jobs: dict[str, JobCounts] = {}
        self.slowest: tuple[str, float] | None = None
        self.spent: dict[str, docbatch.Spent] = {}
        self.left = TimeLeft(time.monotonic())
        self._sent: dict[str, _Sent] = {}

    def expect(self, documents: ExpectedDocuments) -> None:
        self.expected = documents.documents
        for job, number in (documents.by_job or {}).items():
            self._job(job).total = number
        for job, number in (documents.running or {}).items():
            self._job(job).running = number
        self.left = TimeLeft(time.monotonic())

    def add(self, notice: Notice) -> None:
        match notice:
            case docbatch.Uploaded():
                for job, number in notice.by_job.items():
                    self._job(job).uploaded += number
            case docbatch.Intended():
                self._sent[notice.submission] = _Sent(notice.by_job, notice.documents)
            case docbatch.Answered():
                self._answered(notice)
            case docbatch.Ended():
                self._ended(notice)
            case docbatch.Fetched():
                for job, number in notice.by_job.items():
                    self._job(job).collected += number
            case docbatch.Delivered():
                self.delivered += notice.documents
            case docbatch.Spent():
                self.spent[notice.connection] = notice

    def seconds_left(self) -> float | None:
        """Return how long the rest takes, None while that is not known."""
        rest = max(0, self.expected - self.ended)
        return self.left.seconds(time.monotonic(), rest) if rest else None

    def facts(self) -> list[str]:
        """Return what is known of the run as a whole, in a few words each."""
        found = []
        if (rate := self.left.rate(time.monotonic())) is not None:
            found.append(rate_text(rate))
        if self.slowest is not None and self.slowest[1] >= 1:
            from docbatch.core.report import span, visible

            name = self.slowest[0]
            shown = name if len(name) <= 40 else f"…{name[-39:]}"
            found.append(f"slowest {span(self.slowest[1])}: {visible(shown)}")
        found.extend(filter(None, [self.money()]))
        left = self.seconds_left()
        return found if left is None else [*found, left_text(left)]

    def money(self) -> str:
        """Say what the run came to so far; nothing where it costs nothing, or nobody knows."""
        usd, credits_ = (
            sum(getattr(each, unit) for each in self.spent.values()) for unit in ("usd", "credits")
        )
        amount = f"{usd:,.2f} USD" if usd else f"{credits_:,g} credits" if credits_ else ""
        most = "" if all(each.exact for each in self.spent.values()) else "at most "
        return f"{most}{amount} so far" if amount else ""

    def _job(self, name: str) -> JobCounts:
        return self.jobs.setdefault(name, JobCounts())

    def _answered(self, notice: docbatch.Answered) -> None:
        sent = self._sent.get(notice.submission)
        if sent is None:
            return
        if notice.outcome in EXISTS and not sent.running:
            sent.running = True
            for job, number in sent.by_job.items():
                self._job(job).submitted += number
                self._job(job).running += number
        elif notice.outcome == "refused":
            sent.refused = True
            self._count(sent.documents, sent.documents, sent.by_job, sent.by_job)

    def _ended(self, notice: docbatch.Ended) -> None:
        sent = self._sent.get(notice.submission)
        if sent is None or not sent.refused:
            self._count(notice.documents, notice.failed, notice.by_job, notice.failed_by_job)
        if sent is not None:
            sent.documents -= notice.documents
            if sent.documents <= 0:
                del self._sent[notice.submission]
        if notice.slowest is not None and (self.slowest is None or notice.slowest[1] > self.slowest[1]):
            self.slowest = notice.slowest

    def _count(
        self, documents: int, failed: int, by_job: Mapping[str, int], failed_by_job: Mapping[str, int]
    ) -> None:
        for job, number in by_job.items():
            counts = self._job(job)
            counts.running = max(0, counts.running - number)
            counts.ended += number
        for job, number in failed_by_job.items():
            self._job(job).failed += number
        self.ended += documents
        self.failed += failed
        self.left.note(time.monotonic(), documents)

    def __str__(self) -> str:
        failed = f", {self.failed:,} of them failed" if self.failed else ""
        several = len(self.jobs) > 1
        jobs = [
            f"{each.ended:,} of {jobs}"
            for jobs, each in sorted(self.jobs.items())
            if jobs and each.ended and several
        ]
        which = f" ({'; '.join(jobs)})" if jobs else ""
        # What is tried again by itself ends more than once.
        total = max(self.expected, self.ended)
        return (
            f"{self.ended:,} of {total:,} documents ended{which}{failed}, {self.delivered:,} outputs written"
        )
