"""Outputs as they are recorded when they have been written, and as what is left in a place once they lie elsewhere.

No place that an output left is forgotten, since what was written there is no document. Without a stamp nothing of ours is there any more.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from docbatch.state.companions import WrittenCompanion, record
from docbatch.state.database import Database
from docbatch.state.digests import as_bytes, as_text
from docbatch.state.failure_rows import hold_failures
from docbatch.state.kept_lines import forget_others
from docbatch.state.manifests import outdate_of_sink
from docbatch.state.renamed_rows import forget as forget_former_names

WrittenOutput = tuple[bytes, int, str]
"""A document's path, and the size and SHA-256 of its output; the path is empty for the one output of a job."""


def delivered(
    database: Database,
    sink: int,
    receipts: Iterable[tuple[bytes, str | None, str]],
    stamp: str | None = None,
    written: Iterable[tuple[bytes, int | None, str | None]] = (),
    *,
    companions: Sequence[WrittenCompanion] = (),
) -> None:
    """Record outputs that are durable: path, stamp, result each; `stamp` is that of a sink's one output.

    Of those not among `written`, or with no size or digest there, it is no longer known what their bytes come to. What lies beside
    them now are these `companions` alone.
    """
    rows = [(as_bytes(result), own, sink, path) for path, own, result in receipts]
    known = {
        path: (size, digest) for path, size, digest in written if size is not None and digest is not None
    }
    with database.write():
        database.executemany(
            "UPDATE delivery SET result = ?, stamp = ?, due = 0 WHERE sink = ? AND path = ?", rows
        )
        if database.execute("SELECT 1 FROM written WHERE sink = ? LIMIT 1", (sink,)).fetchone() is not None:
            # Of most sinks that have no files nothing is there to be forgotten.
            forget(database, sink, [path for *_, path in rows if path not in known])
        note(database, sink, ((path, *found) for path, found in known.items()))
        record(database, sink, [path for *_, path in rows], companions)
        if stamp is not None:
            database.execute("UPDATE sink SET stamp = ? WHERE id = ?", (stamp, sink))
            forget(database, sink, [b""])
        outdate_of_sink(database, sink)


def receipts_came(database: Database, sink: int, paths: Iterable[bytes]) -> None:
    """Record that documents are durable in an output that keeps many, with the results that they have now."""
    with database.write():
        database.executemany(
            "UPDATE delivery SET due = 0, stamp = NULL, result = (SELECT item.result FROM sink"
            " JOIN document ON document.job = sink.job AND document.path = delivery.path"
            " JOIN item ON item.id = document.item WHERE sink.id = delivery.sink) WHERE sink = ? AND path = ?",
            ((sink, path) for path in paths),
        )
        outdate_of_sink(database, sink)


def fall_due(database: Database, sink: int, paths: Iterable[bytes]) -> None:
    """Record of documents that have been written that they are to be written again."""
    with database.write():
        database.executemany(
            "UPDATE delivery SET due = 1 WHERE sink = ? AND path = ? AND due = 0",
            ((sink, path) for path in paths),
        )


def doubt(database: Database, sink: int) -> None:
    """Record of all that a sink was handed that it is to be written again."""
    with database.write():
        database.execute(
            "UPDATE delivery SET due = 1 WHERE sink = ? AND due = 0 AND result IS NOT NULL", (sink,)
        )


def published(
    database: Database, sink: int, revision: int, stamp: str | None, failures: str | None = None
) -> None:
    """Record that a whole sink holds its job as of `revision`, and these failures.

    What may be known of its documents one by one is from a time before its kind was whole, but for those that stay.
    """
    with database.write():
        forget_others(database, sink)
        hold_failures(database, sink, failures)
        forget_former_names(database, sink)
        database.execute("UPDATE sink SET revision = ?, stamp = ? WHERE id = ?", (revision, stamp, sink))
        forget(database, sink, [b""])
        outdate_of_sink(database, sink)


def touched(database: Database, sink: int, stamp: str | None) -> None:
    """Inside the current transaction: record that the one output of a sink bears another stamp, and holds what it held."""
    database.execute("UPDATE sink SET stamp = ? WHERE id = ? AND stamp IS NOT NULL", (stamp, sink))
    outdate_of_sink(database, sink)


def note(database: Database, sink: int, written: Iterable[WrittenOutput]) -> None:
    """Inside the current transaction: note what the bytes of a sink's outputs come to."""
    database.executemany(
        "INSERT OR REPLACE INTO written VALUES (?, ?, ?, ?)",
        ((sink, path, size, as_bytes(digest)) for path, size, digest in written),
    )


def forget(database: Database, sink: int, paths: Iterable[bytes]) -> None:
    """Inside the current transaction: what the bytes of outputs come to is not known any more."""
    database.executemany("DELETE FROM written WHERE sink = ? AND path = ?", ((sink, path) for path in paths))


_WRITTEN_AGAIN = (
    "SELECT 1 FROM delivery WHERE delivery.sink = left_place.sink AND delivery.path = left_place.path"
    " AND delivery.output = left_place.output AND delivery.stamp IS NOT NULL"
)
"""Of an output that came back to its place, what is recorded as its document's is newer."""


def leave(database: Database, moved: Iterable[tuple[int, bytes, bytes]]) -> None:
    """Inside the current transaction: outputs are about to be recorded elsewhere, sink, path and new output each."""
    database.executemany(
        "INSERT OR REPLACE INTO left_place (sink, output, folded, path, stamp, size, digest)"
        " SELECT delivery.sink, delivery.output, delivery.folded, delivery.path, delivery.stamp, written.size, written.digest"
        " FROM delivery LEFT JOIN written ON written.sink = delivery.sink AND written.path = delivery.path"
        " WHERE delivery.sink = ? AND delivery.path = ? AND delivery.output <> ?"
        " AND delivery.stamp IS NOT NULL AND delivery.folded IS NOT NULL",
        moved,
    )


def left_in(database: Database, sink: int, after: bytes, limit: int) -> Sequence[tuple[Any, ...]]:
    """Return what outputs of a sink left behind a place, in the order of places, with the columns of `KnownOutput`."""
    return database.execute(
        f"SELECT sink, path, output, NULL, stamp, size, {as_text('digest')}, folded FROM left_place"
        f" WHERE sink = ? AND output > ? AND stamp IS NOT NULL AND NOT EXISTS ({_WRITTEN_AGAIN})"
        " ORDER BY output LIMIT ?",
        (sink, after, limit),
    ).fetchall()


def let_go(database: Database, sink: int, output: bytes, stamp: str) -> None:
    """Inside the current transaction: what was left in a place is gone, if it had this stamp."""
    database.execute(
        "UPDATE left_place SET stamp = NULL WHERE sink = ? AND output = ? AND stamp = ?",
        (sink, output, stamp),
    )


def come_back(
    database: Database,
    place: tuple[int, bytes, bytes, int],
    stamp: str,
    size: int | None,
    digest: str | None,
) -> None:
    """Inside the current transaction: what lay in a place, (sink, path, output, collision key), lies there again.

    Nothing is recorded where that is the place of its document's output.
    """
    database.execute(
        "INSERT INTO left_place (sink, path, output, folded, stamp, size, digest)"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
        " WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE sink = ?1 AND path = ?2 AND output = ?3)"
        " ON CONFLICT (sink, output) DO UPDATE SET path = excluded.path, stamp = excluded.stamp, size = excluded.size,"
        " digest = excluded.digest WHERE stamp IS NULL",
        (*place, stamp, size, None if digest is None else as_bytes(digest)),
    )
