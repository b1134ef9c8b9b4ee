"""What a run comes to while it goes on: what was sent and written, what it cost so far, and how long documents took."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from docbatch.core.amounts import MILLION
from docbatch.core.costs import CostLine, summed
from docbatch.engine.clock import Clock
from docbatch.engine.progress_notices import Delivered, Ended, Fetched, Intended, Notice, Observer, Spent
from docbatch.state.costs import CostScope
from docbatch.state.job_shares import JobShare
from docbatch.state.paces import DocumentPace
from docbatch.state.store import Store

KEPT_AFTER = 10.0
"""Seconds after which what was learned of documents' times is recorded."""
DEAREST = 50.0
"""Adding up what was spent takes at most one part in so many of a run's time."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """The run whose notices come: `before` is the last event before it."""

    store: Store
    clock: Clock
    before: int


class RunCounts:
    """An observer that passes on what it is told, and more. `sent` counts documents by connection, `written` outputs by job."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self._watched: _Watched | None = None
        self._paces: dict[str, DocumentPace] = {}
        self._keep_at = self._add_up_at = 0.0
        self._told: dict[str, Spent] = {}
        self._shares: dict[str, dict[str, JobShare]] = {}
        self.sent: Counter[str] = Counter()
        self.written: Counter[str] = Counter()

    def watch(self, store: Store, clock: Clock) -> None:
        """Learn of what is recorded from now on."""
        self._watched = _Watched(store, clock, store.events.last())
        self._keep_at = clock.monotonic() + KEPT_AFTER
        self._shares = store.shares.of_open()

    def __call__(self, notice: Notice) -> None:
        if isinstance(notice, Intended):
            self.sent[notice.connection] += notice.documents
        elif isinstance(notice, Delivered):
            self.written[notice.job] += notice.documents
        elif isinstance(notice, Ended | Fetched) and self._watched is not None:
            notice = notice if notice.by_job else self._shared(notice, self._watched.store)
            if isinstance(notice, Ended):
                self._learn(notice, self._watched)
        self._observe(notice)
        if isinstance(notice, Ended) and self._watched is not None:
            self._tell_what_was_spent(self._watched)

    def end(self) -> None:
        """Record what was learned, and tell what the run came to."""
        if self._watched is not None:
            self._keep(self._watched)
            self._add_up_at = 0.0
            self._tell_what_was_spent(self._watched)

    def _shared(self, notice: Ended | Fetched, store: Store) -> Ended | Fetched:
        """Add whose documents it is, from what is recorded of the submission by now and was before."""
        before = self._shares.pop(notice.submission, {})
        now = store.shares.of_submission(notice.submission)
        if not all(share.is_through for share in now.values()):
            self._shares[notice.submission] = now

        def more(of: Callable[[JobShare], int]) -> dict[str, int]:
            return {job: of(share) - of(before.get(job, JobShare())) for job, share in now.items()}

        if isinstance(notice, Fetched):
            return replace(notice, by_job=more(lambda share: share.collected))
        ended, failed = more(lambda share: share.ended), more(lambda share: share.failed)
        return replace(notice, by_job=ended, failed_by_job=failed)

    def _learn(self, notice: Ended, watched: _Watched) -> None:
        for job, pace in notice.pace_by_job.items():
            self._paces[job] = self._paces.get(job, DocumentPace()) + pace
        if watched.clock.monotonic() >= self._keep_at:
            self._keep(watched)

    def _keep(self, watched: _Watched) -> None:
        watched.store.paces.add(self._paces)
        self._paces = {}
        self._keep_at = watched.clock.monotonic() + KEPT_AFTER

    def _tell_what_was_spent(self, watched: _Watched) -> None:
        clock = watched.clock
        if not self.sent or (began := clock.monotonic()) < self._add_up_at:
            return
        rows = watched.store.costs.rows(CostScope(after=watched.before))
        for line in summed(rows, ("connection",)).lines:
            told = _spent(line)
            if self._told.get(told.connection) != told:
                self._told[told.connection] = told
                self._observe(told)
        now = clock.monotonic()
        self._add_up_at = now + max(1.0, DEAREST * (now - began))


def _spent(line: CostLine) -> Spent:
    spending = line.all
    credits_, money = spending.credits, spending.money
    exact = not (credits_.estimated or money.estimated)
    amounts = credits_.total / MILLION, money.total / MILLION
    return Spent(line.by["connection"] or "", spending.documents, *amounts, exact, money.unknown)
