"""Items that a person queued again, and how they stood before, so that what was not sent since can be put back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from docbatch.core.models import Failure, FailureClass, ItemStatus, SubmissionStatus
from docbatch.state.database import Database
from docbatch.state.items import Items, RecordedItem
from docbatch.state.selected_items import forget
from docbatch.state.standing import Unwell, unwell


@dataclass(frozen=True, slots=True)
class QueuedPlace:
    """A document whose item was queued again: why it had not been well, and when it failed last (wall time).

    `obstacle` says why it cannot be put back, None where it can.
    """

    job: str
    path: bytes
    item: int
    why: Unwell
    last: float | None
    obstacle: str | None


@dataclass(frozen=True, slots=True)
class _Before:
    """How an item stood before it was queued. `was_sent` says whether it was in a submission since."""

    attempt: int
    status: ItemStatus
    failure: Failure | None
    was_sent: bool

    def obstacle(self, now: RecordedItem) -> str | None:
        """Say why an item cannot be as it was; None where it can."""
        match now.status:
            case ItemStatus.LIVE:
                return "it was sent already; 'docbatch status' shows the submission it travels in"
            case ItemStatus.PENDING if self.was_sent or now.attempt != self.attempt + 1:
                return "it was tried since, and waits to be sent once more"
            case ItemStatus.PENDING if self.status is ItemStatus.PARTIAL and now.result is None:
                return "what had been read of it was lost here, so that it has to be read again"
            case ItemStatus.PENDING:
                return None
            case _:
                return f"it was tried since, and is {now.status}"


class QueuedAgain:
    def __init__(self, database: Database, items: Items) -> None:
        self._database = database
        self._items = items

    def queue(self, rows: Sequence[int]) -> None:
        """Queue items again that failed, are partial or held, and keep how they stood."""
        with self._database.write():
            for row in rows:
                every = [self._items.by_row(each) for each in (row, *self._items.parts(row))]
                self._items.requeue(row)
                forget(self._database, row)
                for before in every:
                    if self._items.by_row(before.row).attempt != before.attempt:
                        self._keep(before)

    def of(self, job: str) -> Iterator[QueuedPlace]:
        """Yield a job's documents that were queued again, in path order, also those that were sent since."""
        for path, row, last, warnings in self._database.execute(_QUEUED, (job,)).fetchall():
            before, now = self._before(row), self._items.by_row(row)
            failure = before.failure
            kind, message, code = (
                (str(before.status), None, None)
                if failure is None
                else (failure.kind, failure.message, failure.code)
            )
            why = unwell(kind, message, code, warnings, before.status)
            yield QueuedPlace(job, path, row, why, last, self._obstacle(before, now))

    def put_back(self, rows: Sequence[int]) -> None:
        """Have items be as they were before they were queued; what was sent since is left alone."""
        with self._database.write():
            for row in rows:
                if self._obstacle(self._before(row), self._items.by_row(row)) is None:
                    for each in (*self._queued_parts(row), row):
                        self._restore(each)

    def _restore(self, row: int) -> None:
        before, now = self._before(row), self._items.by_row(row)
        was = replace(now, attempt=before.attempt, failure=before.failure)
        self._items.restore(was, before.status)
        self._database.execute("DELETE FROM queued_again WHERE item = ?", (row,))

    def _obstacle(self, before: "_Before", now: RecordedItem) -> str | None:
        """Say why an item cannot be as it was, or one of its parts; None where all can."""
        parts = ((self._before(row), self._items.by_row(row)) for row in self._queued_parts(now.row))
        found = (one.obstacle(other) for one, other in ((before, now), *parts))
        return next((each for each in found if each is not None), None)

    def _queued_parts(self, row: int) -> list[int]:
        queued = "SELECT 1 FROM queued_again WHERE item = ?"
        return [each for each in self._items.parts(row) if self._database.execute(queued, (each,)).fetchone()]

    def _keep(self, before: RecordedItem) -> None:
        failure = before.failure
        said = (None, None, None) if failure is None else (str(failure.kind), failure.code, failure.message)
        self._database.execute(_KEEP, (before.row, before.attempt, str(before.status), *said))

    def _before(self, row: int) -> _Before:
        attempt, status, kind, code, message, was_sent = self._database.execute(
            _BEFORE, (SubmissionStatus.UNSENT, row)
        ).fetchone()
        failure = None if kind is None else Failure(FailureClass(kind), message, code)
        return _Before(attempt, ItemStatus(status), failure, bool(was_sent))


_KEEP = (
    "INSERT OR REPLACE INTO queued_again (item, attempt, sequence, status, class, code, message)"
    " VALUES (?, ?, (SELECT coalesce(max(sequence), 0) FROM submission), ?, ?, ?, ?)"
)
_BEFORE = (
    "SELECT attempt, status, class, code, message, EXISTS ("
    " SELECT 1 FROM submission_item AS entry JOIN submission ON submission.id = entry.submission"
    " WHERE entry.item = queued_again.item AND submission.sequence > queued_again.sequence AND submission.status <> ?)"
    " FROM queued_again WHERE item = ?"
)
"""An attempt that certainly never left counts as none; all others may have been paid, whatever came of them."""
_QUEUED = (
    "SELECT document.path, queued_again.item,"
    " (SELECT max(at) FROM failure WHERE failure.item = queued_again.item), item.warnings"
    " FROM queued_again CROSS JOIN item ON item.id = queued_again.item"
    " CROSS JOIN document ON document.item = queued_again.item AND document.wanted = 1"
    " WHERE document.job = ? ORDER BY document.path"
)
