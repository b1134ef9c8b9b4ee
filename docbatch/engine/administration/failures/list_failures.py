"""The list of documents that are not well: why, what was tried and when, what was accepted, and what to do next."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from docbatch.core.acceptances import Acceptance, FormerAcceptance
from docbatch.core.moments import iso_moment, iso_moment_or_none
from docbatch.core.next_steps import NextStep, next_step, selecting, withdrawing
from docbatch.engine.administration.failures.retry_failures import charges
from docbatch.engine.administration.failures.select_failures import FailureSelectors, nothing_selected, select
from docbatch.naming.pathtext import escape
from docbatch.state.failures import FailedAttempt
from docbatch.state.store import Store
from docbatch.state.unwell_documents import UnwellDocument


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A document that failed, is partial, held, or cannot be sent.

    `kind` is its failure class, `lost` for a partial one, or `held`; `code` is the vendor's own. `attempts` counts how often
    it was tried, `first` and `last` are when that failed first and last (wall time; None where that was not kept), `tried` has
    each attempt. `acceptance` is what somebody said of this failure; `is_accepted` says whether that holds, or the job
    accepts partial documents, so that the exit code is not 3 for it. `again` is when apply tries it again by itself (wall time).
    `former` is what was said of its failures before, the oldest first.
    """

    job: str
    path: str
    status: str
    kind: str
    message: str
    code: str | None
    attempts: int
    first: float | None
    last: float | None
    tried: tuple[FailedAttempt, ...]
    acceptance: Acceptance | None
    is_accepted: bool
    by_job: bool
    next: NextStep
    again: float | None = None
    former: tuple[FormerAcceptance, ...] = ()

    def values(self, now: float) -> dict[str, Any]:
        """Return it for JSON."""
        said = None if self.acceptance is None else self.acceptance.values(now)
        return {
            "job": self.job,
            "path": self.path,
            "status": self.status,
            "class": self.kind,
            "code": self.code,
            "message": self.message,
            "attempts": self.attempts,
            "first": iso_moment_or_none(self.first),
            "last": iso_moment_or_none(self.last),
            "tried": [_attempt_values(each) for each in self.tried],
            "accepted": self.is_accepted,
            "accepted_by_job": self.by_job,
            "acceptance": said,
            "former_acceptances": [each.values() for each in self.former],
            "next": self.next.command,
            "advice": self.next.advice,
            "again": iso_moment_or_none(self.again),
        }


def _attempt_values(attempt: FailedAttempt) -> dict[str, Any]:
    values = {("class" if name == "kind" else name): value for name, value in asdict(attempt).items()}
    return {**values, "at": iso_moment(attempt.at)}


@dataclass(frozen=True, slots=True)
class FailureList:
    """The documents that were asked for, as they stood at `now` (wall time). `remark` says what would match where none does."""

    documents: tuple[FailedDocument, ...]
    now: float
    remark: str | None = None
    steps: Mapping[tuple[str, str, str], NextStep] = field(default_factory=dict)
    """What to do about all of a job, status and class."""

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each class, the most first."""
        return dict(Counter(each.kind for each in self.documents).most_common())

    @property
    def accepted(self) -> int:
        return sum(each.is_accepted for each in self.documents)

    @property
    def over(self) -> int:
        """How many there are whose waiver has ended."""
        return sum(
            each.acceptance is not None and each.acceptance.is_over(self.now) for each in self.documents
        )

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield one JSON value for each document, and one with the numbers."""
        for each in self.documents:
            yield {"type": "failure", **each.values(self.now)}
        yield {"type": "summary", "documents": len(self.documents), "classes": self.counts,
               "accepted": self.accepted, "over": self.over, "counted": self.counted, "remark": self.remark}  # fmt: skip

    @property
    def counted(self) -> int:
        """How many of them make the exit code 3."""
        return sum(not each.is_accepted and each.status != "held" for each in self.documents)


def list_failures(store: Store, selectors: FailureSelectors, now: float) -> FailureList:
    """Read which documents are not well. Raises UsageError, see `select`."""
    costs = cache(lambda job: charges(store, job))
    chosen = select(store, selectors, now)
    remark = None if chosen else nothing_selected(store, selectors)
    steps = {
        (each.job, each.status, str(each.why.kind)): _step(store, each, None, charges=costs(each.job))
        for each in chosen
    }
    documents = tuple(_listed(store, each, now, charges=costs(each.job)) for each in chosen)
    return FailureList(documents, now, remark, steps)


def _step(store: Store, document: UnwellDocument, path: str | None, *, charges: bool) -> NextStep:
    kind = str(document.why.kind)
    in_parts = document.item is not None and bool(store.items.parts(document.item))
    which = selecting(document.job, kind, path)
    return next_step(document.status, kind, which, charges=charges, in_parts=in_parts)


def _listed(store: Store, document: UnwellDocument, now: float, *, charges: bool) -> FailedDocument:
    path = escape(document.path)
    accepted = document.is_accepted(now)
    step = _step(store, document, path, charges=charges)
    if accepted and not document.by_job:
        options = selecting(document.job, str(document.why.kind), path)
        step = NextStep("nothing; it counts again after", withdrawing(options))
    return FailedDocument(
        job=document.job,
        path=path,
        status=document.status,
        kind=str(document.why.kind),
        message=document.why.message,
        code=document.why.code,
        attempts=document.attempts,
        first=document.first,
        last=document.last,
        tried=() if document.item is None else tuple(store.failed_attempts.of(document.item)),
        acceptance=document.acceptance,
        is_accepted=accepted,
        by_job=document.by_job,
        next=step,
        again=None if document.item is None else store.later_tries.coming_for(document.item),
        former=tuple(store.acceptances.former(document.job, document.path)),
    )
