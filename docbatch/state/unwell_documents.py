"""Documents that are not well: failed, partial, held, or such as cannot be sent, and which of these somebody accepted."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from docbatch.core.acceptances import Acceptance, AcceptedDocuments
from docbatch.core.demands import INCOMPLETE
from docbatch.core.models import ItemStatus
from docbatch.state.checksum import Value
from docbatch.state.database import Database, marked
from docbatch.state.standing import KIND, Unwell, unwell
from docbatch.state.void import demands_of, void_under

ACCEPTED = (
    "acceptance.job = document.job AND acceptance.path = document.path"
    f" AND acceptance.item IS document.item AND acceptance.class = {KIND}"
)
"""An acceptance is of one failure of some bytes: with another item or class it says nothing."""
_STANDS = "acceptance.reason IS NOT NULL AND (acceptance.until IS NULL OR acceptance.until > :now)"


@dataclass(frozen=True, slots=True)
class UnwellDocument:
    """A document of a job, how it stands (by item status, or 'problem'), and why.

    `item` is its item's row, None where there is none. `attempts` counts how often it was tried; `first` and `last` are when
    that failed first and last (wall time), None where it failed before times were kept. `acceptance` is what somebody said of
    this failure, also where it is over by now; `by_job` says that its job accepts partial documents.
    """

    job: str
    path: bytes
    status: str
    why: Unwell
    item: int | None = None
    attempts: int = 0
    first: float | None = None
    last: float | None = None
    acceptance: Acceptance | None = None
    by_job: bool = False

    def is_accepted(self, now: float) -> bool:
        """Say whether it does not make the exit code 3, although it is not well."""
        return self.by_job or (self.acceptance is not None and not self.acceptance.is_over(now))


class UnwellDocuments:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, job: str, limit: int = -1, *, counted_at: float | None = None) -> Iterator[UnwellDocument]:
        """Yield a job's documents that are not well, in path order; with `counted_at`, those that are not accepted then."""
        accepts_partial = demands_of(self._database, job).on_partial == "accept"
        left_out = f" AND NOT ({_STANDS})" if counted_at is not None else ""
        if accepts_partial and counted_at is not None:
            left_out += " AND item.status IS NOT 'partial'"
        return self._read(job, left_out, {"limit": limit, "now": counted_at})

    def _read(self, job: str, clause: str, parameters: Mapping[str, Value]) -> Iterator[UnwellDocument]:
        demands = demands_of(self._database, job)
        accepts_partial = demands.on_partial == "accept"
        query = _QUERY.replace("{void}", void_under(demands)) + clause
        rows = self._database.execute(
            f"{query} ORDER BY document.path LIMIT :limit", {"limit": -1, **parameters, "job": job}
        )
        for path, status, kind, message, code, warnings, item_status, *times, reason, who, at, until in rows:
            item, attempt, noted, first, last = times
            why = unwell(kind, message, code, warnings, item_status)
            if status == ItemStatus.FAILED and item_status == ItemStatus.PARTIAL:
                why = replace(why, message=f"{why.message}; {INCOMPLETE.message.partition(', and ')[2]}")
            yield UnwellDocument(
                job, path, status, why, item,
                attempts=0 if item is None else max(attempt, -1 if noted is None else noted) + 1,
                first=first, last=last,
                acceptance=None if reason is None else Acceptance(reason, who, at, until),
                by_job=accepts_partial and status == ItemStatus.PARTIAL,
            )  # fmt: skip

    def get(self, job: str, path: bytes) -> UnwellDocument | None:
        """Return one document; None where it is well."""
        return next(self._read(job, " AND document.path = :path", {"path": path}), None)

    def failures(self, job: str, limit: int = -1) -> Iterator[tuple[bytes, str, Unwell]]:
        """Yield (path, status, reason) of the same documents."""
        return ((each.path, each.status, each.why) for each in self.of(job, limit))

    def queued(self, jobs: Collection[str] = ()) -> int:
        """Return how many documents of some jobs, or of all, wait to be tried again."""
        chosen = f" AND {marked('document.job', jobs)}" if jobs else ""
        row = self._database.execute(
            "SELECT count(*) FROM item CROSS JOIN document ON document.item = item.id"
            f" WHERE item.status = 'pending' AND item.attempt > 0 AND document.wanted = 1{chosen}",
            list(jobs),
        ).fetchone()
        return int(row[0])

    def accepted(self, job: str, now: float) -> AcceptedDocuments:
        """Count what is accepted of a job at a moment (wall time). Quick: few failures are."""
        demands = demands_of(self._database, job)
        status = f"CASE WHEN {void_under(demands)} THEN 'failed' ELSE coalesce(item.status, 'problem') END"
        rows = self._database.execute(
            f"SELECT {status}, acceptance.until FROM acceptance CROSS JOIN document ON {ACCEPTED}"
            " AND document.wanted = 1 LEFT JOIN item ON item.id = document.item"
            f" WHERE acceptance.job = ? AND {_UNWELL.replace('{void}', void_under(demands))}",
            (job,),
        )
        accepted, waived, over = Counter[str](), Counter[str](), 0
        for standing, until in rows:
            if until is None:
                accepted[standing] += 1
            elif until > now:
                waived[standing] += 1
            else:
                over += 1
        made = AcceptedDocuments.under(demands.on_partial)
        return replace(made, accepted=dict(accepted), waived=dict(waived), over=over)


_UNWELL = "(document.item IS NULL OR item.status IN ('failed', 'partial', 'held') OR {void})"
_QUERY = (
    "SELECT document.path, CASE WHEN {void} THEN 'failed' ELSE coalesce(item.status, 'problem') END,"
    f" {KIND}, coalesce(item.failure_message, document.problem_message), item.failure_code, item.warnings, item.status,"
    " document.item, item.attempt, (SELECT max(attempt) FROM failure WHERE failure.item = document.item),"
    " coalesce(problem.since, (SELECT min(at) FROM failure WHERE failure.item = document.item)),"
    " coalesce(problem.since, (SELECT max(at) FROM failure WHERE failure.item = document.item)),"
    " acceptance.reason, acceptance.who, acceptance.at, acceptance.until"
    " FROM document LEFT JOIN item ON item.id = document.item"
    " LEFT JOIN problem ON document.item IS NULL AND problem.job = document.job AND problem.path = document.path"
    f" LEFT JOIN acceptance ON {ACCEPTED}"
    f" WHERE document.job = :job AND document.wanted = 1 AND {_UNWELL}"
)
