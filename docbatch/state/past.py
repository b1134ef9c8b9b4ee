"""What documents and jobs were before: former bytes, changes of declarations, and every time that a document was sent."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from docbatch.core.recipe_changes import Difference
from docbatch.state.charges import COUNTED, CREDITS, MONEY, ROWS
from docbatch.state.database import Database
from docbatch.state.digests import as_bytes
from docbatch.state.standing import Unwell

DECLARED = "job"
"""What is told of a job that is declared, and of one that is not any more, beside what changed in it."""


@dataclass(frozen=True, slots=True)
class JobChange:
    """What changed in a job's declaration; `at` is seconds since the epoch."""

    job: str
    difference: Difference
    at: float


@dataclass(frozen=True, slots=True)
class FormerBytes:
    """The item, by its row, that a document was until a moment, in seconds since the epoch."""

    item: int
    until: float


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """A document in one submission. `status` is how it stands there, `submission_status` how that does.

    `batch_id` and `remote_id` are what the vendor calls them. `events` are the submission's, in order, each with its time in
    UTC. `failure` is how it ended, where that is recorded and was a failure.
    """

    item: int
    submission: str
    connection: str
    status: str
    submission_status: str
    batch_id: str | None
    remote_id: str | None
    intended_at: float
    events: tuple[tuple[str, str], ...]
    failure: Unwell | None


@dataclass(frozen=True, slots=True)
class ItemCharge:
    """What a document came to in one submission, in millionths; `is_told` says that the vendor told the credits."""

    submission: str
    job: str
    day: str
    pages: int | None
    credits: int | None
    money: int | None
    is_told: bool


class Past:
    def __init__(self, database: Database) -> None:
        self._database = database

    def changed(self, job: str, differences: Iterable[Difference], now: float) -> None:
        """Keep inside the current transaction what changed in a job's declaration."""
        self._database.executemany(
            "INSERT INTO job_change (job, what, old, new, at) VALUES (?, ?, ?, ?, ?)",
            [(job, each.what, each.old, each.new, now) for each in differences],
        )

    def changes(self, job: str) -> list[JobChange]:
        """Return what changed in a job's declaration, the oldest first."""
        rows = self._database.execute(
            "SELECT what, old, new, at FROM job_change WHERE job = ? ORDER BY id", (job,)
        )
        return [JobChange(job, Difference(what, old, new), at) for what, old, new, at in rows]

    def bytes_of(self, job: str, path: bytes) -> list[FormerBytes]:
        """Return which bytes a document had before, the oldest first."""
        rows = self._database.execute(
            "SELECT item, until FROM former WHERE job = ? AND path = ? AND item IS NOT NULL ORDER BY until",
            (job, path),
        )
        return [FormerBytes(*row) for row in rows]

    def attempts(self, items: Sequence[int]) -> Iterator[RecordedAttempt]:
        """Yield every time that one of these items was part of a submission, the oldest first."""
        rows = self._database.execute(
            "SELECT entry.item, submission.id, submission.connection, entry.status, submission.status,"
            " submission.remote_id, entry.remote_id, submission.intended_at, failure.class, failure.message, failure.code"
            " FROM submission_item AS entry JOIN submission ON submission.id = entry.submission"
            " LEFT JOIN failure ON failure.item = entry.item AND failure.submission = submission.id"
            " WHERE entry.item IN (SELECT value FROM json_each(?)) ORDER BY submission.sequence, failure.attempt",
            (json.dumps(list(items)),),
        ).fetchall()
        for *columns, kind, message, code in rows:
            failure = None if kind is None else Unwell(kind, message, code)
            yield RecordedAttempt(*(*columns, self._events(columns[1]), failure))

    def _events(self, submission: str) -> tuple[tuple[str, str], ...]:
        rows = self._database.execute(
            "SELECT kind, at FROM event WHERE submission = ? ORDER BY sequence", (submission,)
        )
        return tuple(rows.fetchall())

    def charges(self, items: Sequence[int]) -> list[ItemCharge]:
        """Return what these items came to, by submission, in order of days."""
        rows = self._database.execute(
            f"SELECT charge.submission, payer.job, charge.day, charge.pages, {CREDITS}, {MONEY}, entry.credits IS NOT NULL"
            f" FROM {ROWS} WHERE {COUNTED} AND entry.item IN (SELECT value FROM json_each(?)) ORDER BY charge.day, submission.sequence",
            (json.dumps(list(items)),),
        )
        return [ItemCharge(*(*columns, bool(told))) for *columns, told in rows]

    def alike(self, digest: str) -> list[tuple[str, bytes]]:
        """Return (job, path) of the wanted documents that have these bytes, under whatever recipe. Reads all items."""
        return self._database.execute(
            "SELECT document.job, document.path FROM document JOIN item ON item.id = document.item"
            " WHERE item.digest = ? AND document.wanted = 1 ORDER BY 1, 2",
            (as_bytes(digest),),
        ).fetchall()

    def ending(self, name: bytes, limit: int) -> list[tuple[str, bytes]]:
        """Return (job, path) of the first documents that are or were there and whose path ends with a name. Reads all documents."""
        return self._database.execute(
            "SELECT job, path FROM document WHERE substr(path, -length(:name)) = :name"
            " AND (length(path) = length(:name) OR substr(path, -length(:name) - 1, 1) = x'2f')"
            " ORDER BY wanted DESC, job, path LIMIT :limit",
            {"name": name, "limit": limit},
        ).fetchall()
