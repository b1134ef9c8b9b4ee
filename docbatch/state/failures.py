"""Failed attempts of items, and since when documents cannot be sent. Nothing is decided by them; times are for people.

What became of an attempt is noted in the transaction that records it.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docbatch.core.demands import EMPTY
from docbatch.core.models import Failure, ItemStatus
from docbatch.core.result_warnings import WarningKind, kinds_of, losses
from docbatch.state.database import Database
from docbatch.state.records import Collected

MOST_ATTEMPTS = 50
"""How many attempts are kept of an item that goes on failing: the first, and so many of the last."""


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt that ended without a whole result; `attempt` counts from 0, `at` is wall time.

    `kind` is a failure class, 'lost' for a partial result, or 'held'. `submission` is None where there was none.
    """

    attempt: int
    kind: str
    code: str | None
    message: str
    at: float
    submission: str | None


class FailedAttempts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, item: int) -> Iterator[FailedAttempt]:
        """Yield what is kept of an item's failed attempts, the first one first."""
        rows = self._database.execute(
            "SELECT attempt, class, code, message, at, submission FROM failure WHERE item = ? ORDER BY attempt",
            (item,),
        )
        return (FailedAttempt(*row) for row in rows.fetchall())


class AttemptEnd(NamedTuple):
    """How an attempt ended without a whole result: in a failure class, as 'lost' or as 'held'."""

    kind: str
    message: str
    code: str | None = None


def note_failure(
    database: Database, item: int, attempt: int, failure: Failure, submission: str | None = None
) -> None:
    """Note inside the current transaction how an attempt at an item, by its row, ended."""
    note_ended(database, item, attempt, AttemptEnd(failure.kind, failure.message, failure.code), submission)


def note_ended(
    database: Database, item: int, attempt: int, ending: AttemptEnd, submission: str | None = None
) -> None:
    """Do the same for what is no failure of the item; one of which the attempt is noted already counts as one more."""
    (number,) = database.execute(
        "SELECT max(?, coalesce(max(attempt) + 1, 0)) FROM failure WHERE item = ?", (attempt, item)
    ).fetchone()
    database.execute(
        "INSERT INTO failure (item, attempt, submission, class, code, message, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (item, number, submission, str(ending.kind), ending.code, ending.message, time.time()),
    )
    if number > MOST_ATTEMPTS:
        database.execute(
            "DELETE FROM failure WHERE item = ? AND attempt <= ?"
            " AND attempt > (SELECT min(attempt) FROM failure WHERE item = ?)",
            (item, number - MOST_ATTEMPTS, item),
        )


def note_doubtful(
    database: Database, results: Iterable[tuple[int, Collected]], submission: str | None = None
) -> None:
    """Note inside the current transaction which results, recorded for items by row, are partial, or of empty documents that a job refuses."""
    for item, collected in results:
        is_empty = bool(collected.warnings) and WarningKind.EMPTY in kinds_of(collected.warnings)
        if not (collected.partial or is_empty):
            continue
        row = database.execute(_ENDED, (item,)).fetchone()
        if row is not None:
            attempt, status = row
            ending = (
                AttemptEnd(WarningKind.LOST, lost_text(collected.warnings))
                if status == ItemStatus.PARTIAL
                else AttemptEnd(EMPTY.kind, EMPTY.message)
            )
            note_ended(database, item, attempt, ending, submission)


_ENDED = (
    "SELECT item.attempt, item.status FROM item WHERE item.id = ? AND (item.status = 'partial'"
    " OR (item.status = 'succeeded' AND item.empty = 1 AND EXISTS (SELECT 1 FROM document JOIN job ON job.name = document.job"
    " WHERE document.item = item.id AND document.wanted = 1 AND job.on_empty = 'fail')))"
    # A result that was lost here and fetched once more is no further attempt.
    " AND NOT EXISTS (SELECT 1 FROM failure WHERE failure.item = item.id AND failure.attempt = item.attempt"
    " AND failure.class IN ('lost', 'empty'))"
)


_UNTOLD = "what is missing is named in its result, as a sink with format: json writes it"


def lost_text(warnings: Iterable[str]) -> str:
    """Return what a partial result lacks, given its warnings."""
    told = losses(warnings)
    more = f" (and {len(told) - 1:,} more)" if len(told) > 1 else ""
    return told[0] + more if told else _UNTOLD


def note_problem(database: Database, job: str, path: bytes) -> None:
    """Note inside the current transaction that a document cannot be sent, unless it could not before."""
    database.execute(
        "INSERT OR IGNORE INTO problem (job, path, since) VALUES (?, ?, ?)", (job, path, time.time())
    )


def clear_problems(database: Database, job: str, paths: Sequence[bytes]) -> None:
    """Note inside the current transaction that documents can be sent, or are let go.

    Who accepted that one could not be sent did not mean what may keep it from that later.
    """
    if database.execute("SELECT 1 FROM problem WHERE job = ? LIMIT 1", (job,)).fetchone() is None:
        return
    for path in paths:
        if database.execute("DELETE FROM problem WHERE job = ? AND path = ?", (job, path)).rowcount:
            database.execute(
                "DELETE FROM acceptance WHERE job = ? AND path = ? AND item IS NULL", (job, path)
            )
