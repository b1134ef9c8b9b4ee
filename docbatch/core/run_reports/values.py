"""What a report says, as values: all of its formats are made of one `RunReport`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from docbatch.core.costs import CostLine
from docbatch.core.models import RETRY_CLASS, RetryClass
from docbatch.core.result_warnings import WarningKind

DocumentStatus = Literal["succeeded", "partial", "failed", "problem", "held", "live", "pending"]
"""How a document stands: `problem` cannot be sent, `live` is with the provider, `pending` is not sent yet."""

STATUSES: Sequence[DocumentStatus] = ("succeeded", "partial", "failed", "problem", "held", "live", "pending")
FAILING: frozenset[str] = frozenset({"partial", "failed", "problem"})
"""What a run ends with 3 for."""
OPEN: frozenset[str] = frozenset({"held", "live", "pending"})
"""What a run ends with 4 for."""
_RETRY = {str(kind): way for kind, way in RETRY_CLASS.items()}


@dataclass(frozen=True, slots=True)
class ReportedDocument:
    """A document that is failed, partial, held, or cannot be sent.

    `kind` is its failure class, `lost` for what a partial one lacks, or `held`; `code` is the vendor's own, and `attempts`
    counts how often it was tried. `accepted` says who lets it stand and why, empty where nobody does.
    """

    job: str
    path: str
    status: DocumentStatus
    kind: str
    message: str
    code: str | None = None
    attempts: int = 0
    accepted: str = ""

    @property
    def is_failing(self) -> bool:
        """Say whether it makes the exit code 3."""
        return self.status in FAILING and not self.accepted

    @property
    def retry(self) -> RetryClass | None:
        """What may be done about it; None where that is for a person to decide."""
        return _RETRY.get(self.kind)


@dataclass(frozen=True, slots=True)
class WarnedDocument:
    job: str
    path: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportedJob:
    """A job's documents by how they stand.

    `undelivered` counts those with an output that is not written, `warned` those with warnings by the kinds of these. `cost`
    is what all of its documents came to, this run's and earlier ones', None where nothing was charged. `passed` names the first
    of the documents that succeeded. `accepted` counts those that failed or are partial and do not make the exit code 3.
    """

    job: str
    connection: str
    labels: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    undelivered: int = 0
    warned: Mapping[str, int] = field(default_factory=dict)
    cost: CostLine | None = None
    passed: tuple[str, ...] = ()
    accepted: int = 0

    @property
    def documents(self) -> int:
        return sum(self.counts.values())

    @property
    def failing(self) -> int:
        return sum(self.counts.get(each, 0) for each in FAILING) - self.accepted

    @property
    def unfinished(self) -> int:
        return sum(self.counts.get(each, 0) for each in OPEN)

    @property
    def empty(self) -> int:
        """How many have nothing to see in them."""
        return self.warned.get(WarningKind.EMPTY, 0)


@dataclass(frozen=True, slots=True)
class HeldWork:
    """A submission that a person has to decide about: it may be at the provider, or not."""

    submission: str
    connection: str
    documents: int


@dataclass(frozen=True, slots=True)
class ReportedError:
    """What went wrong beyond single documents, and what to do about it."""

    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """How jobs stand after a run, or now.

    `made` is a moment (UTC) as in 2026-01-15T08:30:00Z. After a run, `exit_code` is the code it ended with, `seconds` how long
    it took, `sent` how many documents it sent, and `spent` what these came to, by connection; None and nothing otherwise. A run of what was `selected`, in options as they are typed, left the other
    documents of its jobs as they stand; empty where it was of all. It is of an `environment`, None for the project itself.
    """

    command: Literal["apply", "status"]
    made: str
    jobs: tuple[ReportedJob, ...]
    unwell: tuple[ReportedDocument, ...] = ()
    warned: tuple[WarnedDocument, ...] = ()
    errors: tuple[ReportedError, ...] = ()
    exit_code: int | None = None
    seconds: float | None = None
    sent: int | None = None
    spent: tuple[CostLine, ...] = ()
    held: tuple[HeldWork, ...] = ()
    environment: str | None = None
    selected: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many documents of all jobs stand where; what none does is left out."""
        sums = {each: sum(job.counts.get(each, 0) for job in self.jobs) for each in STATUSES}
        return {status: count for status, count in sums.items() if count}

    @property
    def documents(self) -> int:
        return sum(job.documents for job in self.jobs)

    @property
    def failing(self) -> int:
        return sum(job.failing for job in self.jobs)

    @property
    def accepted(self) -> int:
        return sum(job.accepted for job in self.jobs)

    @property
    def unfinished(self) -> int:
        return sum(job.unfinished for job in self.jobs)

    @property
    def undelivered(self) -> int:
        return sum(job.undelivered for job in self.jobs)

    @property
    def empty(self) -> int:
        return sum(job.empty for job in self.jobs)

    def by_class(self) -> dict[tuple[str, str], list[ReportedDocument]]:
        """Return what is unwell by status and class, what there is most of first."""
        groups: dict[tuple[str, str], list[ReportedDocument]] = {}
        for each in self.unwell:
            groups.setdefault((each.status, each.kind), []).append(each)
        return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])))
