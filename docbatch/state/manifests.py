"""Manifests of jobs: where each was written, and whether it still says what is recorded; and what it is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from typing import NamedTuple

from docbatch.state.companions import are_any
from docbatch.state.database import Database
from docbatch.state.digests import as_text
from docbatch.state.void import void


@dataclass(frozen=True, slots=True)
class RecordedManifest:
    """`stamp` is that of the file at `place`, an absolute path; it is `behind` where something it says has changed since."""

    place: bytes
    stamp: str
    behind: bool


class ListedDocument(NamedTuple):
    """A document of a job that has a result; `recipe` is a row."""

    path: bytes
    digest: str
    media_type: str
    status: str
    result: str
    recipe: int


class ListedOutput(NamedTuple):
    """A document's output in one sink, as it was written; size and digest are None where they are not known."""

    path: bytes
    output: bytes
    result: str
    stamp: str
    size: int | None
    digest: str | None


class Manifests:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job: str) -> RecordedManifest | None:
        row = self._database.execute(
            "SELECT place, stamp, behind FROM manifest WHERE job = ?", (job,)
        ).fetchone()
        return None if row is None else RecordedManifest(row[0], row[1], bool(row[2]))

    def all(self) -> list[tuple[str, bytes, str]]:
        """Return job, place and stamp of every manifest that was ever written and not taken away."""
        return self._database.execute("SELECT job, place, stamp FROM manifest ORDER BY job").fetchall()

    def put(self, job: str, place: bytes, stamp: str) -> None:
        with self._database.write():
            self._database.execute("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?, 0)", (job, place, stamp))

    def forget(self, job: str) -> None:
        """Inside the current transaction: a job has no manifest any more."""
        self._database.execute("DELETE FROM manifest WHERE job = ?", (job,))

    def documents(self, job: str) -> Iterator[ListedDocument]:
        """Yield what a job wants and has results of, in path order."""
        rows = self._database.execute(
            f"SELECT document.path, {as_text('item.digest')}, item.media_type, item.status, {as_text('item.result')}, item.recipe"
            " FROM document JOIN item ON item.id = document.item WHERE document.job = ? AND document.wanted = 1"
            f" AND item.result IS NOT NULL AND NOT {void(self._database, job)} ORDER BY document.path",
            (job,),
        )
        return (ListedDocument(*row) for row in rows)

    def recipes(self, job: str) -> list[int]:
        """Return the rows of the recipes by which a job's documents were read."""
        rows = self._database.execute(
            "SELECT DISTINCT item.recipe FROM document JOIN item ON item.id = document.item"
            " WHERE document.job = ? AND document.wanted = 1 AND item.result IS NOT NULL",
            (job,),
        )
        return sorted(row for (row,) in rows)

    def outputs(self, sink: int) -> Iterator[ListedOutput]:
        """Yield a sink's outputs of documents that are wanted, in path order, what lies beside each behind it."""
        rows = self._database.execute(
            f"SELECT delivery.path, delivery.output, {as_text('delivery.result')}, delivery.stamp, written.size,"
            f" {as_text('written.digest')} FROM delivery JOIN sink ON sink.id = delivery.sink"
            " JOIN document ON document.job = sink.job AND document.path = delivery.path AND document.wanted = 1"
            " LEFT JOIN written ON written.sink = delivery.sink AND written.path = delivery.path"
            " WHERE delivery.sink = ? AND delivery.stamp IS NOT NULL AND delivery.result IS NOT NULL ORDER BY delivery.path",
            (sink,),
        )
        found = (ListedOutput(*row) for row in rows)
        return merge(found, self._beside(sink), key=itemgetter(0)) if are_any(self._database, sink) else found

    def _beside(self, sink: int) -> Iterator[ListedOutput]:
        """Yield what lies beside outputs that hold their documents' results, in path order."""
        rows = self._database.execute(
            f"SELECT companion.path, companion.output, {as_text('delivery.result')}, companion.stamp, companion.size,"
            f" {as_text('companion.digest')} FROM companion JOIN delivery ON delivery.sink = companion.sink"
            " AND delivery.path = companion.path JOIN sink ON sink.id = companion.sink"
            " JOIN document ON document.job = sink.job AND document.path = companion.path AND document.wanted = 1"
            " WHERE companion.sink = ? AND companion.wanted = 1 AND companion.stamp IS NOT NULL AND delivery.stamp IS NOT NULL"
            " AND delivery.result IS NOT NULL ORDER BY companion.path, companion.output",
            (sink,),
        )
        return (ListedOutput(*row) for row in rows)

    def unproven(self, sink: int, after: bytes, limit: int) -> list[tuple[bytes, bytes, str]]:
        """Return path, output and stamp of outputs of which it is not known what their bytes come to, behind a path."""
        return self._database.execute(
            "SELECT path, output, stamp FROM delivery WHERE sink = ? AND path > ? AND stamp IS NOT NULL AND result IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM written WHERE written.sink = delivery.sink AND written.path = delivery.path)"
            " ORDER BY path LIMIT ?",
            (sink, after, limit),
        ).fetchall()


def outdate(database: Database, job: str) -> None:
    """Inside the current transaction: what a job's manifest says may be true no longer."""
    database.execute("UPDATE manifest SET behind = 1 WHERE job = ? AND NOT behind", (job,))


def outdate_of_sink(database: Database, sink: int) -> None:
    """Inside the current transaction: do the same for the job of a sink, and for those that share its one output."""
    database.execute(
        "UPDATE manifest SET behind = 1 WHERE NOT behind AND job IN (SELECT other.job FROM sink AS other, sink AS own"
        " WHERE own.id = ? AND (other.id = own.id OR (other.root = own.root AND other.output = own.output)))",
        (sink,),
    )
