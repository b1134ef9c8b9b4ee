"""What differs, in a temporary database, so that memory does not grow with the number of files.

Totals, duplicates and collisions are questions to it.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from docbatch.core.changes import ChangeKind, Reason
from docbatch.core.extents import Extent, ExtentTotal
from docbatch.core.models import Failure, FailureClass
from docbatch.engine.planning.amounts.items_to_send import ItemToSend, SizedItem
from docbatch.engine.planning.narrowing.touched_documents import TouchedDocuments

SCHEMA = """
CREATE TABLE change (
    job TEXT, path BLOB, kind TEXT, reason TEXT, adopt INTEGER, key TEXT, digest TEXT, media_type TEXT, size INTEGER,
    problem_class TEXT, problem_message TEXT, again INTEGER, PRIMARY KEY (job, path)
) WITHOUT ROWID;
CREATE TABLE output (job TEXT, sink TEXT, path BLOB, output BLOB, folded INTEGER, reason TEXT, former BLOB,
    PRIMARY KEY (job, path, sink))
WITHOUT ROWID;
CREATE TABLE whole (job TEXT, sink TEXT, reason TEXT, former BLOB, PRIMARY KEY (job, sink)) WITHOUT ROWID;
CREATE TABLE extent (key TEXT PRIMARY KEY, pages INTEGER, sheets INTEGER, cells INTEGER) WITHOUT ROWID;
CREATE TABLE turn (job TEXT PRIMARY KEY, place INTEGER) WITHOUT ROWID;
CREATE VIEW to_send AS SELECT key, job, media_type, digest, size, path, min(place) FROM change JOIN turn USING (job) WHERE kind = 'send' GROUP BY key;
"""
"""In `to_send` each item is once: for the job that pays for it, and as that job has it."""
WINDOW = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """A document for which something is due or stands. `key` is its item's key, empty when it is no item.

    `again` says that something was sent for it as it was before.
    """

    job: str
    path: bytes
    kind: ChangeKind
    reason: Reason
    adopt: bool
    key: str = ""
    digest: str = ""
    media_type: str = ""
    size: int = 0
    problem: Failure | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """An output that is to be written, for the reason given. `folded` is its collision key, None for no file of its own.

    `former` is the absolute path where it lies until then, where that is another.
    """

    job: str
    sink: str
    path: bytes
    output: bytes
    folded: int | None
    reason: Reason
    former: bytes | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Documents of one job for which the same is due for the same reason; `items` counts what is distinct and sent."""

    job: str
    kind: ChangeKind
    reason: Reason
    documents: int
    items: int
    size: int


class Differences:
    def __init__(self) -> None:
        # Without a name SQLite keeps it in a file that is gone with the process, however that ends.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
        self._database.execute("BEGIN")
        self.touched = TouchedDocuments(self._database.execute, self._database.executemany)

    def order(self, jobs: Iterable[str]) -> None:
        """Note in which order jobs pay for what several of them have."""
        self._database.executemany("INSERT OR REPLACE INTO turn VALUES (?2, ?1)", enumerate(jobs))

    def change(self, changes: Iterable[Change]) -> None:
        self._database.executemany(
            "INSERT OR REPLACE INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (c.job, c.path, str(c.kind), str(c.reason), c.adopt, c.key, c.digest, c.media_type, c.size,
                 c.problem and str(c.problem.kind), c.problem and c.problem.message, c.again)
                for c in changes
            ),
        )  # fmt: skip

    def output(self, outputs: Iterable[Output]) -> None:
        self._database.executemany(
            "INSERT OR REPLACE INTO output VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((o.job, o.sink, o.path, o.output, o.folded, str(o.reason), o.former) for o in outputs),
        )

    def whole(self, job: str, sink: str, reason: Reason, former: bytes | None = None) -> None:
        """Note that a sink with one output per job has to be written again; `former` is where it lies until then."""
        self._database.execute(
            "INSERT OR REPLACE INTO whole VALUES (?, ?, ?, ?)", (job, sink, str(reason), former)
        )

    def wholes(self, job: str) -> dict[str, Reason]:
        rows = self._database.execute("SELECT sink, reason FROM whole WHERE job = ?", (job,))
        return {sink: Reason(reason) for sink, reason in rows}

    def totals(self) -> list[Total]:
        """Return what is due and what stands, per job, kind and reason."""
        rows = self._database.execute(
            "SELECT job, kind, reason, count(*), count(DISTINCT key), coalesce(sum(size), 0) FROM change"
            " GROUP BY job, kind, reason ORDER BY job, kind, reason"
        )
        return [
            Total(job, ChangeKind(kind), Reason(reason), *numbers) for job, kind, reason, *numbers in rows
        ]

    def sends_anything(self) -> bool:
        row = self._database.execute("SELECT 1 FROM change WHERE kind = 'send' LIMIT 1").fetchone()
        return row is not None

    def to_send(self) -> tuple[int, int]:
        """Return how many distinct items are to be sent, over all jobs, and their bytes."""
        row = self._database.execute(
            "SELECT count(*), coalesce(sum(size), 0) FROM (SELECT DISTINCT key, size FROM change WHERE kind = 'send')"
        ).fetchone()
        return int(row[0]), int(row[1])

    def outputs_due_alone(self) -> list[tuple[str, Reason, int]]:
        """Return (job, reason, documents) of outputs to be written for documents that are as they were."""
        rows = self._database.execute(
            "SELECT output.job, output.reason, count(DISTINCT output.path) FROM output"
            " LEFT JOIN change ON change.job = output.job AND change.path = output.path"
            " WHERE change.path IS NULL GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return [(job, Reason(reason), count) for job, reason, count in rows]

    def output_examples(self, job: str, reason: Reason, limit: int) -> list[Output]:
        """Return such outputs, one for each document."""
        rows = self._database.execute(
            "SELECT output.* FROM output"
            " LEFT JOIN change ON change.job = output.job AND change.path = output.path"
            " WHERE change.path IS NULL AND output.job = ? AND output.reason = ?"
            " GROUP BY output.path ORDER BY output.path LIMIT ?",
            (job, str(reason), limit),
        )
        return [_output(row) for row in rows]

    def wholes_due(self) -> list[Output]:
        rows = self._database.execute("SELECT job, sink, reason, former FROM whole ORDER BY job, sink")
        return [
            Output(job, sink, b"", b"", None, Reason(reason), former) for job, sink, reason, former in rows
        ]

    def examples(self, job: str, kind: ChangeKind, reason: Reason, limit: int) -> list[Change]:
        rows = self._database.execute(
            "SELECT * FROM change WHERE job = ? AND kind = ? AND reason = ? ORDER BY path LIMIT ?",
            (job, str(kind), str(reason), limit),
        )
        return [_change(row) for row in rows]

    def keys_to_send(self, jobs: Collection[str] | None = None) -> Iterator[str]:
        """Yield the distinct keys of what is to be sent, of some jobs or of all, in order."""
        for row in self._database.execute(
            "SELECT DISTINCT key FROM change WHERE kind = 'send'"
            " AND (?1 IS NULL OR job IN (SELECT value FROM json_each(?1))) ORDER BY key",
            (None if jobs is None else json.dumps(list(jobs)),),
        ):
            yield row[0]

    def sent(self) -> Iterator[tuple[str, bytes, str, str]]:
        """Yield (job, path, key, digest) of the documents that are to be sent, in order."""
        yield from self._database.execute(
            "SELECT job, path, key, digest FROM change WHERE kind = 'send' ORDER BY job, path"
        )

    def items_to_send(self, jobs: Collection[str]) -> Iterator[list[ItemToSend]]:
        """Yield windows of what these jobs send, each item once."""
        rows = self._database.execute(
            "SELECT key, job, media_type, digest, size, path FROM to_send WHERE job IN (SELECT value FROM json_each(?))",
            (json.dumps(list(jobs)),),
        )
        while window := rows.fetchmany(WINDOW):
            yield [ItemToSend(*row) for row in window]

    def extent(self, counted: Iterable[tuple[str, Extent]]) -> None:
        """Note how much there is of items, by their keys."""
        self._database.executemany(
            "INSERT OR REPLACE INTO extent VALUES (?, ?, ?, ?)",
            ((key, each.pages, each.sheets, each.cells) for key, each in counted),
        )

    def extent_of(self, key: str) -> Extent | None:
        """Return how much there is of an item, None where it was not counted."""
        asked = "SELECT pages, sheets, cells FROM extent WHERE key = ?"
        row = self._database.execute(asked, (key,)).fetchone()
        return None if row is None else Extent(*row)

    def extent_totals(self, stated: Collection[str]) -> list[ExtentTotal]:
        """Return how much each job sends; what is of the media types in `stated` says of itself how many pages it has."""
        rows = self._database.execute(
            "SELECT job, count(*), count(pages), coalesce(sum(pages), 0),"
            " coalesce(sum(pages) FILTER (WHERE media_type IN (SELECT value FROM json_each(?))), 0),"
            " count(sheets), coalesce(sum(sheets), 0), coalesce(sum(cells), 0),"
            " count(*) FILTER (WHERE pages IS NULL AND sheets IS NULL) FROM to_send LEFT JOIN extent USING (key)"
            " GROUP BY job ORDER BY job",
            (json.dumps(list(stated)),),
        )
        return [ExtentTotal(*row) for row in rows]

    def sized(self) -> Iterator[list[SizedItem]]:
        """Yield windows of all that is to be sent, each item once, with what is known of it."""
        rows = self._database.execute(
            "SELECT job, key, media_type, size, pages, sheets, cells FROM to_send LEFT JOIN extent USING (key)"
        )
        while window := rows.fetchmany(WINDOW):
            yield [
                SizedItem(job, key, kind, size, Extent(*numbers)) for job, key, kind, size, *numbers in window
            ]

    def sent_for(
        self, jobs: Collection[str], reasons: Iterable[Reason], *, shown: int, again: bool = False
    ) -> tuple[int, list[tuple[str, bytes, str]]]:
        """Count distinct items to be sent for these reasons, with `again` what was sent before; name each job's first: job, path of its first document, key."""
        rows = self._database.execute(
            "WITH chosen AS (SELECT job, min(path) AS path, key FROM change WHERE kind = 'send' AND again >= ?"
            " AND job IN (SELECT value FROM json_each(?)) AND reason IN (SELECT value FROM json_each(?)) GROUP BY job, key)"
            " SELECT (SELECT count(DISTINCT key) FROM chosen), job, path, key FROM"
            " (SELECT *, row_number() OVER (PARTITION BY job ORDER BY path) AS place FROM chosen)"
            " WHERE place <= ? ORDER BY job, path",
            (again, json.dumps(list(jobs)), json.dumps(list(map(str, reasons))), shown),
        ).fetchall()
        return (rows[0][0] if rows else 0), [(job, path, key) for _, job, path, key in rows]

    def change_of(self, job: str, path: bytes) -> Change | None:
        """Return what is due for one document, None where it is as it was."""
        row = self._database.execute(
            "SELECT * FROM change WHERE job = ? AND path = ?", (job, path)
        ).fetchone()
        return None if row is None else _change(row)

    def changes(self, job: str) -> Iterator[Change]:
        """Yield a job's changes in path order."""
        yield from map(
            _change, self._database.execute("SELECT * FROM change WHERE job = ? ORDER BY path", (job,))
        )

    def outputs_of(self, job: str, first: bytes, last: bytes) -> Iterator[Output]:
        """Yield the outputs of the documents in a range of paths."""
        rows = self._database.execute(
            "SELECT * FROM output WHERE job = ? AND path BETWEEN ? AND ? ORDER BY path, sink",
            (job, first, last),
        )
        yield from map(_output, rows)

    def outputs_alone(self, job: str) -> Iterator[Output]:
        """Yield outputs of documents that need not be adopted."""
        rows = self._database.execute(
            "SELECT output.* FROM output LEFT JOIN change ON change.job = output.job AND change.path = output.path"
            " WHERE output.job = ? AND coalesce(change.adopt, 0) = 0 ORDER BY output.path, output.sink",
            (job,),
        )
        yield from map(_output, rows)

    def collisions(self, limit: int) -> list[tuple[Output, Output]]:
        """Return pairs of outputs that one file system may keep as the same file."""
        self._index()
        rows = self._database.execute(
            "SELECT a.*, b.* FROM output AS a JOIN output AS b ON a.folded = b.folded"
            " AND (a.job, a.sink, a.path) < (b.job, b.sink, b.path) LIMIT ?",
            (limit,),
        )
        return [(_output(row[:7]), _output(row[7:])) for row in rows]

    def files(self) -> Iterator[Output]:
        """Yield all outputs that will be files of their own, those of one folder after each other."""
        cursor = self._database.execute(
            "SELECT * FROM output WHERE folded IS NOT NULL ORDER BY job, sink, output"
        )
        yield from map(_output, cursor)

    def at(self, folded: Sequence[int]) -> list[Output]:
        """Return the outputs with these collision keys."""
        self._index()
        rows = self._database.execute(
            "SELECT output.* FROM output JOIN json_each(?) AS wanted ON output.folded = wanted.value",
            (json.dumps(list(folded)),),
        )
        return [_output(row) for row in rows]

    def folded(self) -> Iterator[list[tuple[int, str, bytes]]]:
        """Yield windows of (collision key, job, path) of all outputs that will be files of their own."""
        cursor = self._database.execute("SELECT folded, job, path FROM output WHERE folded IS NOT NULL")
        while window := cursor.fetchmany(500):
            yield window

    def is_removed(self, job: str, path: bytes) -> bool:
        row = self._database.execute(
            "SELECT 1 FROM change WHERE job = ? AND path = ? AND kind = 'remove'", (job, path)
        ).fetchone()
        return row is not None

    def is_moved(self, job: str, path: bytes, folded: int) -> bool:
        """Say whether a document's outputs are all written elsewhere from now on."""
        row = self._database.execute(
            "SELECT count(*), coalesce(sum(folded = ?), 0) FROM output WHERE job = ? AND path = ?",
            (folded, job, path),
        ).fetchone()
        return bool(row[0] > 0 and row[1] == 0)

    def _index(self) -> None:
        self._database.execute("CREATE INDEX IF NOT EXISTS output_folded ON output (folded)")

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _change(columns: Sequence[Any]) -> Change:
    job, path, kind, reason, adopt, key, digest, media_type, size, problem, message, again = columns
    failure = None if problem is None else Failure(FailureClass(problem), message)
    return Change(
        job, path, ChangeKind(kind), Reason(reason), bool(adopt), key, digest, media_type, size, failure, bool(again)
    )  # fmt: skip


def _output(columns: Sequence[Any]) -> Output:
    job, sink, path, output, folded, reason, former = columns
    return Output(job, sink, path, output, folded, Reason(reason), former)
