"""The spans of a run, made from its notices: the run, its plan, each submission, what was fetched, and what was delivered.

Names of jobs, connections and providers are on them, and numbers. Those of documents, paths, messages and keys are not.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import Span, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue

import docbatch
from docbatch import CheckedJob, Notice, PlanReport

GONE: Final = frozenset({"refused", "not_sent", "absent"})
"""What becomes of a create after which nothing of it is with a vendor."""
WRONG: Final = frozenset({"refused", "held"})

MOST_EVENTS: Final = 100
"""Documents may end one by one: of a submission so many events are told, and then its counts alone."""

Attributes = dict[str, AttributeValue]


@dataclass(slots=True)
class _Repeated:
    """What is done again and again, in one span from the first time to the last."""

    span: Span
    documents: int = 0
    until: int = 0

    def add(self, documents: int) -> int:
        """Count documents and return the moment."""
        self.documents += documents
        self.until = time.time_ns()
        return self.until

    def end(self) -> None:
        self.span.set_attribute("docbatch.documents", self.documents)
        self.span.end(self.until)


@dataclass(slots=True)
class _Sent:
    """A submission with its span. `documents` is None where it was sent in an earlier run.

    `since` is when documents of it were first seen to have ended, and `by` whose it is.
    """

    span: Span
    documents: int | None
    by: Attributes
    ended: int = 0
    failed: int = 0
    since: int = 0
    events: int = 0
    fetching: _Repeated | None = None

    @property
    def fetched(self) -> int:
        return 0 if self.fetching is None else self.fetching.documents

    @property
    def is_through(self) -> bool:
        return self.documents is not None and self.documents <= min(self.ended, self.failed + self.fetched)


@dataclass(slots=True)
class _Totals:
    documents: int = 0
    failed: int = 0
    submissions: int = 0


@dataclass(slots=True)
class _Known:
    """What the plan tells of jobs: by which connections they go, and whose those are."""

    connections: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)

    def about(self, jobs: Iterable[str], connection: str | None = None) -> Attributes:
        names = sorted(jobs)
        found = connection or next((self.connections[job] for job in names if job in self.connections), None)
        about: Attributes = {"docbatch.jobs": names} if names else {}
        if found is not None:
            about["docbatch.connection"] = found
            if found in self.providers:
                about["docbatch.provider"] = self.providers[found]
        return about


class RunSpans:
    """Begins with the span of the run; `end` ends whatever is open."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._run = tracer.start_span("apply")
        self._below = set_span_in_context(self._run)
        self._plan: Span | None = tracer.start_span("plan", self._below)
        self._known = _Known()
        self._sent: dict[str, _Sent] = {}
        self._through: set[str] = set()
        self._delivering: dict[str, _Repeated] = {}
        self._since = time.time_ns()
        self._totals = _Totals()

    def planned(self, report: PlanReport, jobs: Iterable[CheckedJob]) -> None:
        """End the span of the plan."""
        every = list(jobs)
        self._known = _Known(
            {job.name: job.connection for job in every}, {job.connection: job.provider for job in every}
        )
        self._run.set_attribute("docbatch.jobs", list(report.jobs))
        if self._plan is not None:
            about = {"docbatch.found": report.found, "docbatch.documents": report.send_documents}
            self._plan.set_attributes({"docbatch.jobs": list(report.jobs), **about})
            self._plan.end()
            self._plan = None

    def add(self, notice: Notice) -> None:
        match notice:
            case docbatch.Intended():
                self._intended(notice)
            case docbatch.Answered():
                self._answered(notice)
            case docbatch.Ended():
                self._ended(notice)
            case docbatch.Fetched():
                self._fetched(notice)
            case docbatch.Delivered():
                self._delivered(notice)
            case docbatch.Hindered() | docbatch.Relieved():
                about = {"docbatch.connection": notice.connection, "docbatch.call": notice.call}
                self._run.add_event(type(notice).__name__.lower(), about)
            case docbatch.Trouble() | docbatch.LimitExceeded() | docbatch.Stopping():
                self._run.add_event(type(notice).__name__.lower())

    def failed(self, error: str) -> None:
        """Learn which error ended the run, and with it the plan where that was not made."""
        for span in (self._run, self._plan):
            if span is not None:
                span.set_attribute("error.type", error)
                span.set_status(StatusCode.ERROR)

    def end(self, code: int | None) -> None:
        for sent in self._sent.values():
            sent.span.set_attribute("docbatch.open", True)
            self._end(sent)
        for each in self._delivering.values():
            each.end()
        if self._plan is not None:
            self._plan.end()
        totals = self._totals
        about = {"documents": totals.documents, "failed": totals.failed, "submissions": totals.submissions}
        self._run.set_attributes({f"docbatch.{name}": number for name, number in about.items()})
        if code is not None:
            self._run.set_attribute("docbatch.exit_code", code)
            if code:
                self._run.set_status(StatusCode.ERROR)
        self._run.end()

    def _intended(self, notice: docbatch.Intended) -> None:
        self._totals.documents += notice.documents
        self._totals.submissions += 1
        before = self._sent.pop(notice.submission, None)
        if before is not None:
            self._end(before)
        self._through.discard(notice.submission)
        about = self._known.about(notice.by_job, notice.connection)
        about["docbatch.documents"] = notice.documents
        self._begin(notice.submission, notice.documents, about)

    def _begin(self, submission: str, documents: int | None, about: Attributes) -> _Sent:
        attributes: Attributes = {"docbatch.submission": submission, **about}
        span = self._tracer.start_span("submission", self._below, attributes=attributes)
        self._sent[submission] = made = _Sent(span, documents, about)
        return made

    def _found(self, submission: str, jobs: Iterable[str] = ()) -> _Sent | None:
        """Return what the notice is about: a submission of an earlier run begins here; one that is through has no more."""
        if submission in self._through:
            return None
        if submission not in self._sent:
            about = self._known.about(jobs)
            self._begin(submission, None, {**about, "docbatch.resumed": True})
        return self._sent[submission]

    def _answered(self, notice: docbatch.Answered) -> None:
        sent = self._found(notice.submission)
        if sent is None:
            return
        sent.span.add_event(notice.outcome)
        if notice.outcome in WRONG:
            sent.span.set_status(StatusCode.ERROR)
        if notice.outcome in GONE:
            self._close(notice.submission)

    def _ended(self, notice: docbatch.Ended) -> None:
        self._totals.failed += notice.failed
        sent = self._found(notice.submission, notice.jobs)
        if sent is None:
            return
        counts = {"docbatch.documents": notice.documents, "docbatch.failed": notice.failed}
        sent.events += 1
        if sent.events <= MOST_EVENTS:
            sent.span.add_event("ended", counts)
        sent.ended += notice.documents
        sent.failed += notice.failed
        sent.since = sent.since or time.time_ns()
        if sent.is_through:
            self._close(notice.submission)

    def _fetched(self, notice: docbatch.Fetched) -> None:
        sent = self._found(notice.submission, notice.jobs)
        if sent is None:
            return
        if sent.fetching is None:
            about = {**sent.by, "docbatch.submission": notice.submission}
            began = sent.since or time.time_ns()
            sent.fetching = _Repeated(self._span("fetch", set_span_in_context(sent.span), began, about))
        self._since = sent.fetching.add(notice.documents)
        if sent.is_through:
            self._close(notice.submission)

    def _delivered(self, notice: docbatch.Delivered) -> None:
        about = self._known.about([notice.job])
        if notice.job not in self._delivering:
            span = self._span("deliver", self._below, self._since, about)
            self._delivering[notice.job] = _Repeated(span)
        self._since = self._delivering[notice.job].add(notice.documents)

    def _span(self, name: str, below: Context, began: int, about: Attributes) -> Span:
        return self._tracer.start_span(name, below, attributes=about, start_time=began)

    def _close(self, submission: str) -> None:
        self._through.add(submission)
        self._end(self._sent.pop(submission))

    @staticmethod
    def _end(sent: _Sent) -> None:
        if sent.fetching is not None:
            sent.fetching.end()
        counts = {"docbatch.failed": sent.failed, "docbatch.fetched": sent.fetched}
        sent.span.set_attributes(counts)
        if sent.failed:
            sent.span.set_status(StatusCode.ERROR)
        sent.span.end()
