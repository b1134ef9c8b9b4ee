"""Documents whose rows lie in places that keep many: of which of them nothing is wanted any more, and that they are gone or back."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from docbatch.state.database import Database, marked
from docbatch.state.digests import as_bytes, as_text
from docbatch.state.manifests import outdate_of_sink
from docbatch.state.outputs import KnownSink

_DOCUMENT = "document.job = sink.job AND document.path = delivery.path AND document.wanted = 1"


class HeldDocument(NamedTuple):
    """A document whose rows were written, and of which result; a failure that was written has none. `sink` is the row of the last one."""

    sink: int
    path: bytes
    result: str | None
    stamp: str | None


class HeldRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    def sinks(self) -> list[KnownSink]:
        """Return every sink there is or was, with an empty root where it has no place in the file system."""
        rows = self._database.execute(
            "SELECT id, job, identity, coalesce(root, x''), output, stamp, wanted FROM sink ORDER BY job, id"
        ).fetchall()
        return [KnownSink._make((*row[:-1], bool(row[-1]))) for row in rows]

    def left(self, sinks: Sequence[int], after: bytes, limit: int, *, every: bool) -> list[HeldDocument]:
        """Return documents behind a path that these sinks of one place wrote: those no longer wanted, or `every` one."""
        rows = self._database.execute(
            f"SELECT max(delivery.sink), delivery.path, {as_text('delivery.result')}, delivery.stamp FROM delivery"
            f" JOIN sink ON sink.id = delivery.sink WHERE {marked('delivery.sink', sinks)} AND delivery.path > ?"
            " AND (delivery.result IS NOT NULL OR (? AND delivery.stamp IS NOT NULL))"
            f" AND (? OR NOT EXISTS (SELECT 1 FROM document WHERE {_DOCUMENT}))"
            " GROUP BY delivery.path ORDER BY delivery.path LIMIT ?",
            (*sinks, after, every, every, limit),
        )
        return [HeldDocument._make(row) for row in rows]

    def count(self, sinks: Sequence[int]) -> int:
        """Return of how many documents these sinks of one place have written rows."""
        (number,) = self._database.execute(
            f"SELECT count(DISTINCT path) FROM delivery WHERE {marked('sink', sinks)} AND result IS NOT NULL",
            tuple(sinks),
        ).fetchone()
        return int(number)

    def count_left(self, sink: int) -> int:
        """Return of how many documents that are no longer wanted a sink has written rows."""
        (number,) = self._database.execute(
            "SELECT count(*) FROM delivery JOIN sink ON sink.id = delivery.sink"
            f" WHERE delivery.sink = ? AND delivery.result IS NOT NULL AND NOT EXISTS (SELECT 1 FROM document WHERE {_DOCUMENT})",
            (sink,),
        ).fetchone()
        return int(number)

    def release(self, sinks: Sequence[int], paths: Iterable[bytes]) -> None:
        """Inside the current transaction: rows of these documents are gone from the place of these sinks."""
        self._database.executemany(
            f"UPDATE delivery SET stamp = NULL, result = NULL WHERE {marked('sink', sinks)} AND path = ?",
            [(*sinks, path) for path in paths],
        )

    def put_back(self, sinks: Sequence[int], documents: Iterable[HeldDocument]) -> None:
        """Inside the current transaction: rows stand again in the place of these sinks, the last of which had them."""
        self._database.executemany(
            "UPDATE delivery SET stamp = ?, result = ? WHERE path = ? AND stamp IS NULL AND result IS NULL"
            f" AND sink = (SELECT max(sink) FROM delivery AS known WHERE known.path = delivery.path AND {marked('known.sink', sinks)})",
            [
                (each.stamp, None if each.result is None else as_bytes(each.result), each.path, *sinks)
                for each in documents
            ],
        )

    def restamp(self, sinks: Sequence[int], before: str, after: str) -> None:
        """Inside the current transaction: a place that bore a stamp bears another one, since docbatch took something out or put it back."""
        for sink in sinks:
            changed = self._database.execute(
                "UPDATE sink SET stamp = ? WHERE id = ? AND stamp = ?", (after, sink, before)
            )
            if changed.rowcount:
                outdate_of_sink(self._database, sink)
