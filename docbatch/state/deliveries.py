"""Sinks and deliveries: what lies where, and what has to be written."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import merge
from operator import itemgetter
from typing import NamedTuple

from docbatch.state.database import Database, among, marked, windows
from docbatch.state.digests import as_text
from docbatch.state.kept_lines import (
    all_kept_lines,
    hold_on,
    kept_lines,
    let_lines_go,
    let_wait,
    rename,
)
from docbatch.state.manifests import outdate
from docbatch.state.void import TAKEN_BY_ITS_JOB, let_void_go, void
from docbatch.state.written import delivered, doubt, fall_due, leave, published, receipts_came, touched

_DOCUMENTS = "document JOIN item ON item.id = document.item JOIN job ON job.name = document.job"
_TAKEN = f"document.wanted = 1 AND {TAKEN_BY_ITS_JOB}"
"""Of these, what a job wants and, where it has a result, takes it."""

FAULTED = 2


@dataclass(frozen=True, slots=True)
class RecordedSink:
    """A sink as declared.

    `root` is its absolute folder, None for one that has no place in the file system. `output` is set for a sink with one output for
    the job: its path below the root, empty where there is no root. `stamp` is that output's, `failures` stands for those in it.
    """

    row: int
    job: str
    identity: str
    root: bytes | None
    output: bytes | None
    revision: int
    stamp: str | None
    failures: str | None = None


class DueDelivery(NamedTuple):
    """A result that has to be written: the document's path, where to, and which payload of which item.

    `item` is its row, None for a document that is no longer found and stays in an output for the whole job. `folded` is the
    output's collision key, None where it has no file of its own.
    """

    item: int | None
    path: bytes
    output: bytes
    result: str
    digest: str
    size: int
    media_type: str
    expected: str | None
    folded: int | None = None


OutputRow = tuple[bytes, bytes, str | None, str | None, int]
"""Path, output, result, stamp, due: a plain tuple, because there may be millions."""


_ROW = f"path, output, {as_text('result')}, stamp, due"
_RESULT = f"{as_text('item.result')}, {as_text('item.digest')}, item.size, item.media_type"


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.lines_kept = partial(all_kept_lines, database)
        self.let_wait = partial(let_wait, database)
        self.let_void_go = partial(let_void_go, database)
        self.delivered = partial(delivered, database)
        self.receipts_came = partial(receipts_came, database)
        self.fall_due = partial(fall_due, database)
        self.doubt = partial(doubt, database)
        self.published = partial(published, database)
        self.touched = partial(touched, database)
        self.let_lines_go = partial(let_lines_go, database)
        self.rename = partial(rename, database)

    def sinks(self, job: str) -> list[RecordedSink]:
        """Return the job's current sinks."""
        rows = self._database.execute(
            "SELECT id, job, identity, root, output, revision, stamp, mark FROM sink"
            " LEFT JOIN failures_held ON failures_held.sink = sink.id WHERE job = ? AND wanted = 1 ORDER BY id",
            (job,),
        )
        return [RecordedSink(*row) for row in rows]

    def stream(self, sink: int, only: Collection[bytes] | None = None) -> Iterator[OutputRow]:
        """Yield a sink's deliveries in path order; `only` those of a few documents."""
        return iter(
            self._database.execute(
                f"SELECT {_ROW} FROM delivery WHERE sink = ?{among('path', only)} ORDER BY path",
                (sink, *(only or ())),
            )
        )

    def taken(self, folded: Sequence[int]) -> Iterator[tuple[int, str, bytes, bytes, bytes]]:
        """Yield recorded outputs with these collision keys: key, job, path, sink root, output."""
        for window in windows(folded):
            yield from self._database.execute(
                "SELECT delivery.folded, sink.job, delivery.path, sink.root, delivery.output FROM delivery"
                " JOIN sink ON sink.id = delivery.sink JOIN document"
                " ON document.job = sink.job AND document.path = delivery.path AND document.wanted = 1"
                f" WHERE sink.wanted = 1 AND {marked('delivery.folded', window)}",
                window,
            ).fetchall()

    def unwritten(self) -> Iterator[tuple[str, bytes, bytes, bytes]]:
        """Yield job, path, sink root and output of wanted documents whose files were never written, those of one folder after each other."""
        yield from self._database.execute(
            "SELECT sink.job, delivery.path, sink.root, delivery.output FROM delivery"
            " JOIN sink ON sink.id = delivery.sink JOIN document"
            " ON document.job = sink.job AND document.path = delivery.path AND document.wanted = 1"
            " WHERE sink.wanted = 1 AND delivery.result IS NULL AND delivery.folded IS NOT NULL"
            " ORDER BY delivery.sink, delivery.output"
        )

    def is_output(self, root: bytes, output: bytes, folded: int) -> bool:
        """Say whether some sink ever wrote this output below this root, or a file beside one; outputs are never sources."""
        tables = ("companion", "delivery", "left_place")
        query = " UNION ALL ".join(
            f"SELECT 1 FROM {table} JOIN sink ON sink.id = {table}.sink"
            f" WHERE {table}.folded = :folded AND {table}.output = :output AND sink.root = :root"
            for table in tables
        )
        place = {"folded": folded, "output": output, "root": root}
        return self._database.execute(f"{query} LIMIT 1", place).fetchone() is not None

    def is_single(self, root: bytes, output: bytes) -> bool:
        """Say whether this was ever declared as the one output of a job."""
        row = self._database.execute(
            "SELECT 1 FROM sink WHERE root = ? AND output = ? LIMIT 1", (root, output)
        ).fetchone()
        return row is not None

    def of(self, sink: int, path: bytes) -> OutputRow | None:
        """Return what is recorded of one document's output in a sink."""
        row: OutputRow | None = self._database.execute(
            f"SELECT {_ROW} FROM delivery WHERE sink = ? AND path = ?", (sink, path)
        ).fetchone()
        return row

    def places(self, job: str, path: bytes) -> list[tuple[bytes, bytes, str | None]]:
        """Return sink root, output and stamp of what is recorded of a document in sinks of files, wanted or not."""
        return self._database.execute(
            "SELECT sink.root, delivery.output, delivery.stamp FROM sink"
            " JOIN delivery ON delivery.sink = sink.id AND delivery.path = ?"
            " WHERE sink.job = ? AND sink.root IS NOT NULL",
            (path, job),
        ).fetchall()

    def roots(self) -> list[bytes]:
        """Return the root of every sink of files there ever was."""
        rows = self._database.execute("SELECT DISTINCT root FROM sink WHERE root IS NOT NULL ORDER BY root")
        return [row[0] for row in rows]

    def due(self, sink: int, limit: int, after: bytes = b"") -> list[DueDelivery]:
        """Return what is to be written of a sink behind a path, in path order."""
        rows = self._database.execute(
            f"SELECT item.id, delivery.path, delivery.output, {_RESULT},"
            " delivery.stamp, delivery.folded"
            " FROM delivery JOIN sink ON sink.id = delivery.sink"
            " JOIN document ON document.job = sink.job AND document.path = delivery.path"
            " JOIN item ON item.id = document.item"
            " WHERE delivery.sink = ? AND delivery.due = 1 AND document.wanted = 1 AND item.result IS NOT NULL"
            " AND delivery.path > ? ORDER BY delivery.path LIMIT ?",
            (sink, after, limit),
        )
        return [DueDelivery._make(row) for row in rows]

    def holdings(self, sink: RecordedSink) -> Iterator[DueDelivery]:
        """Yield everything a whole sink should hold, in path order: the job's documents, and those that stay in it."""
        rows = self._database.execute(
            f"SELECT item.id, document.path, x'', {_RESULT}, ?"
            " FROM document JOIN item ON item.id = document.item"
            " WHERE document.job = ? AND document.wanted = 1 AND item.result IS NOT NULL"
            f" AND NOT {void(self._database, sink.job)} ORDER BY document.path",
            (sink.stamp, sink.job),
        )
        kept = ((*row, sink.stamp) for row in kept_lines(self._database, sink.row))
        for row in merge((row for row in rows), kept, key=itemgetter(1)):
            yield DueDelivery(*row)

    def delivered_outside(self, sink: RecordedSink, first: bytes, last: bytes) -> tuple[bytes, str] | None:
        """Return (path, result) of a wanted document that the sink has, before or behind a range of paths."""
        for beyond, edge in (("path < :edge", first), ("path > :edge", last)):
            row: tuple[bytes, str] | None = self._database.execute(
                f"SELECT path, {as_text('result')} FROM delivery WHERE sink = :sink AND {beyond} AND due = 0 AND result IS NOT NULL"
                " AND EXISTS (SELECT 1 FROM document WHERE job = :job AND document.path = delivery.path AND wanted = 1)"
                " LIMIT 1",
                {"sink": sink.row, "edge": edge, "job": sink.job},
            ).fetchone()
            if row is not None:
                return row
        return None

    def counts_due(self, jobs: Sequence[str]) -> list[tuple[str, int, int]]:
        """Return (job, sink, how many) for sinks with deliveries due."""
        if not jobs:
            return []
        return self._database.execute(
            "SELECT sink.job, sink.id, count(*) FROM delivery INDEXED BY delivery_due"
            " JOIN sink ON sink.id = delivery.sink"
            f" WHERE delivery.due = 1 AND sink.wanted = 1 AND {marked('sink.job', jobs)} GROUP BY sink.id",
            list(jobs),
        ).fetchall()

    def undelivered(self, job: str) -> int:
        """Return how many of the job's documents that succeeded have an output that should have been written and is not."""
        row = self._database.execute(
            "SELECT count(*) FROM document JOIN item ON item.id = document.item"
            " WHERE document.job = :job AND document.wanted = 1 AND item.status = 'succeeded' AND document.path IN"
            " (SELECT path FROM delivery WHERE due = 1 AND sink IN (SELECT id FROM sink WHERE job = :job AND wanted = 1)"
            " UNION SELECT path FROM delivery"
            " WHERE due = 2 AND sink IN (SELECT id FROM sink WHERE job = :job AND wanted = 1))",
            {"job": job},
        ).fetchone()
        return int(row[0])

    def stale(self, jobs: Sequence[str]) -> list[tuple[str, int]]:
        """Return (job, sink) of whole sinks that are behind their job."""
        return self._database.execute(
            "SELECT sink.job, sink.id FROM sink JOIN job ON job.name = sink.job"
            " WHERE sink.wanted = 1 AND sink.output IS NOT NULL AND sink.revision <> job.revision"
            f" AND {marked('sink.job', jobs)} ORDER BY sink.id",
            list(jobs),
        ).fetchall()

    def make_due(self, items: Iterable[int]) -> None:
        """Inside the current transaction: these items have results, so all documents that are they are to be written."""
        jobs: set[str] = set()
        for window in windows(list(items)):
            these = f"{marked('document.item', window)} AND {_TAKEN}"
            self._database.execute(
                f"UPDATE delivery SET due = 1 WHERE (sink, path) IN (SELECT sink.id, document.path FROM {_DOCUMENTS}"
                f" JOIN sink ON sink.job = job.name AND sink.wanted = 1 WHERE {these})",
                window,
            )
            found = self._database.execute(
                f"SELECT DISTINCT job.name FROM {_DOCUMENTS} WHERE {these}", window
            )
            jobs.update(job for (job,) in found)
        self._database.executemany(
            "UPDATE job SET revision = revision + 1 WHERE name = ?", [(job,) for job in jobs]
        )

    def lose(self, item: int) -> None:
        """Inside the current transaction: an item has no result any more, so nothing is to be written of it for now.

        A whole output that holds it counts as touched from now on: what is written in its place may lack the item.
        """
        places = self._database.execute(
            "SELECT sink.id, document.path FROM document JOIN sink ON sink.job = document.job WHERE document.item = ?",
            (item,),
        ).fetchall()
        self._database.executemany(
            "UPDATE delivery SET due = 0 WHERE sink = ? AND path = ? AND due <> 0", places
        )
        self._database.execute(
            "UPDATE sink SET stamp = NULL, revision = -1 WHERE output IS NOT NULL"
            " AND job IN (SELECT job FROM document WHERE item = ? AND wanted = 1)",
            (item,),
        )

    def retire_job(self, job: str) -> None:
        """Inside the current transaction: a job is no longer declared. Its outputs stay, and stay known as ours."""
        hold_on(self._database, job)
        outdate(self._database, job)
        self._database.execute("UPDATE sink SET wanted = 0 WHERE job = ?", (job,))
        self._database.execute("UPDATE document SET wanted = 0 WHERE job = ?", (job,))

    def declare(self, job: str, identity: str, root: bytes | None, output: bytes | None) -> int:
        """Return the sink's row inside the current transaction, making it when it is new."""
        self._database.execute(
            "INSERT INTO sink (job, identity, root, output) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (job, identity) DO UPDATE SET wanted = 1, root = excluded.root, output = excluded.output",
            (job, identity, root, output),
        )
        row = self._database.execute(
            "SELECT id FROM sink WHERE job = ? AND identity = ?", (job, identity)
        ).fetchone()
        return int(row[0])

    def retire(self, job: str, keep: Iterable[str]) -> None:
        """Inside the current transaction: sinks no longer declared keep their records, so that outputs stay known."""
        kept = set(keep)
        for sink in self.sinks(job):
            if sink.identity not in kept:
                self._database.execute("UPDATE sink SET wanted = 0 WHERE id = ?", (sink.row,))

    def put(self, sink: int, path: bytes, output: bytes, folded: int | None, *, due: bool) -> None:
        """Inside the current transaction: record where a document's output belongs.

        `folded` is its collision key, None where it has no file of its own.
        """
        self.put_many([(sink, path, output, folded, due)])

    def put_many(self, places: Iterable[tuple[int, bytes, bytes, int | None, bool]]) -> None:
        """Inside the current transaction: record of outputs what `put` does of one, given in that order.

        What lies in the place of before stays known as ours, as it was written.
        """
        places = list(places)
        leave(self._database, ((sink, path, output) for sink, path, output, _, _ in places))
        self._database.executemany(
            "INSERT INTO delivery (sink, path, output, folded, due) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (sink, path) DO UPDATE SET"
            " stamp = CASE WHEN output = excluded.output THEN stamp END,"
            " output = excluded.output, folded = excluded.folded, due = excluded.due",
            places,
        )

    def outdate(self, sink: int) -> None:
        """Inside the current transaction: a whole sink has to be written again."""
        self._database.execute("UPDATE sink SET revision = -1 WHERE id = ?", (sink,))

    def fault(self, sink: int, paths: Iterable[bytes]) -> None:
        """Set deliveries aside that cannot be written in this run."""
        with self._database.write():
            self._database.executemany(
                f"UPDATE delivery SET due = {FAULTED} WHERE sink = ? AND path = ?",
                [(sink, path) for path in paths],
            )

    def forgive(self) -> None:
        """Take up deliveries again that an earlier run had to set aside."""
        aside = f"due = {FAULTED}"
        if self._database.execute(f"SELECT 1 FROM delivery WHERE {aside} LIMIT 1").fetchone() is not None:
            with self._database.write():
                self._database.execute(f"UPDATE delivery SET due = 1 WHERE {aside}")
